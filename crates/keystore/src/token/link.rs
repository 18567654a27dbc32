//! The connection to a token: sessions, one per caller at a time, and connecting again when the token was away.

use std::{
    fmt,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError, RwLock},
    time::{Duration, Instant},
};

use crypto::{CryptoError, SecretString};
use cryptoki::{
    context::{CInitializeArgs, CInitializeFlags, Pkcs11},
    error::{Error, RvError},
    session::{Session, UserType},
    slot::Slot,
    types::AuthPin,
};

use super::TokenAddress;
use crate::KeyStoreError;

/// Sessions that wait for work; more are opened when needed and closed after.
const IDLE_SESSIONS_MAX: usize = 16;
/// A token that is away is asked again at most so often.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// A connection that makes itself anew.
pub(super) struct Link {
    module: PathBuf,
    token: String,
    pin: SecretString,
    /// Held for reading while the token works, for writing while it is connected anew.
    state: RwLock<State>,
    idle: Mutex<Vec<(u64, Session)>>,
}

struct State {
    /// Counts connections.
    generation: u64,
    connected: Option<Connected>,
    tried_at: Option<Instant>,
}

struct Connected {
    library: Pkcs11,
    slot: Slot,
    /// As long as one session lives the user stays logged in.
    _login: Mutex<Session>,
}

/// Why a token did not do what it was asked to.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is not there, or has forgotten us.
    Away(String),
    /// There is no such key in it.
    Absent,
    /// It refused sealed bytes.
    Sealed,
    /// It said no, or nonsense.
    Failed(String),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        use RvError as Rv;
        match &error {
            Error::Pkcs11(Rv::EncryptedDataInvalid | Rv::EncryptedDataLenRange, _) => Self::Sealed,
            Error::Pkcs11(
                Rv::DeviceError
                | Rv::DeviceRemoved
                | Rv::TokenNotPresent
                | Rv::TokenNotRecognized
                | Rv::SessionClosed
                | Rv::SessionHandleInvalid
                | Rv::SlotIdInvalid
                | Rv::UserNotLoggedIn
                | Rv::KeyHandleInvalid
                | Rv::ObjectHandleInvalid
                | Rv::CryptokiNotInitialized,
                _,
            ) => Self::Away(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(cause) => {
                write!(f, "it does not answer ({cause}); see that it is there and reachable")
            }
            Self::Absent => {
                f.write_str("a key that the register names is not in it; restore the token's backup")
            }
            Self::Sealed => f.write_str("sealed bytes do not open"),
            Self::Failed(cause) => f.write_str(cause),
        }
    }
}

impl Trouble {
    pub(super) const fn to_crypto(&self) -> CryptoError {
        match self {
            Self::Away(_) => CryptoError::KeyStore("the token does not answer"),
            Self::Absent => CryptoError::KeyStore("the key is not in the token"),
            Self::Sealed => CryptoError::Sealed,
            Self::Failed(_) => CryptoError::KeyStore("the token failed"),
        }
    }
}

impl Link {
    /// Connects, or says why not.
    pub(super) fn open(address: TokenAddress) -> Result<Self, KeyStoreError> {
        let TokenAddress { module, token, pin } = address;
        let link = Self {
            module,
            token,
            pin,
            state: RwLock::new(State { generation: 0, connected: None, tried_at: None }),
            idle: Mutex::default(),
        };
        link.connect(0).map_err(|trouble| link.explain(&trouble.to_string()))?;
        Ok(link)
    }

    pub(super) fn explain(&self, cause: &str) -> KeyStoreError {
        KeyStoreError::Token { token: self.token.clone(), cause: cause.to_owned() }
    }

    /// Lets the token work; if it was away, connects anew and tries once more.
    pub(super) fn with<T>(&self, work: impl Fn(&Session) -> Result<T, Trouble>) -> Result<T, Trouble> {
        self.with_generation(|session, _| work(session))
    }

    /// The same, and tells the work whether the connection is a new one.
    pub(super) fn with_generation<T>(
        &self,
        work: impl Fn(&Session, bool) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        let (generation, first) = self.once(|session| work(session, false));
        match first {
            Err(Trouble::Away(_)) => {
                self.connect(generation)?;
                self.once(|session| work(session, true)).1
            }
            result => result,
        }
    }

    fn once<T>(&self, work: impl Fn(&Session) -> Result<T, Trouble>) -> (u64, Result<T, Trouble>) {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        let generation = state.generation;
        let Some(connected) = &state.connected else {
            return (generation, Err(Trouble::Away("not connected".to_owned())));
        };
        let waiting = self.idle().pop();
        let session = match waiting {
            Some((of, session)) if of == generation => Ok(session),
            _ => connected.library.open_rw_session(connected.slot).map_err(Trouble::from),
        };
        let result = session.and_then(|session| {
            let result = work(&session);
            let mut idle = self.idle();
            if !matches!(result, Err(Trouble::Away(_))) && idle.len() < IDLE_SESSIONS_MAX {
                idle.push((generation, session));
            }
            result
        });
        (generation, result)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(u64, Session)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Connects anew, unless another caller has since `seen`. A token that is away is not asked all the time.
    fn connect(&self, seen: u64) -> Result<(), Trouble> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if state.generation > seen && state.connected.is_some() {
            return Ok(());
        }
        if state.tried_at.is_some_and(|at| at.elapsed() < RETRY_AFTER) && state.connected.is_none() {
            return Err(Trouble::Away("it was away a moment ago".to_owned()));
        }
        state.tried_at = Some(Instant::now());
        self.idle().clear();
        if let Some(Connected { library, _login, .. }) = state.connected.take() {
            drop(_login);
            // What the library keeps of the lost connection goes with this; it may say that nothing is left.
            let _ = library.finalize();
        }
        let connected = self.log_in()?;
        state.generation += 1;
        state.connected = Some(connected);
        Ok(())
    }

    fn log_in(&self) -> Result<Connected, Trouble> {
        let away = |cause: String| Trouble::Away(cause);
        let library = Pkcs11::new(&self.module).map_err(|error| {
            away(format!("the PKCS#11 module {} cannot be loaded: {error}", self.module.display()))
        })?;
        match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(away(error.to_string())),
        }
        let found = self.find_slot(&library).and_then(|slot| {
            let session = library.open_rw_session(slot).map_err(|error| away(error.to_string()))?;
            let pin = AuthPin::new(self.pin.expose().into());
            match session.login(UserType::User, Some(&pin)) {
                Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok((slot, session)),
                Err(Error::Pkcs11(RvError::PinIncorrect, _)) => Err(Trouble::Failed(
                    "the PIN is wrong; tokens lock themselves after a few wrong ones".to_owned(),
                )),
                Err(Error::Pkcs11(RvError::PinLocked, _)) => Err(Trouble::Failed(
                    "the PIN is locked; the token's security officer can set another".to_owned(),
                )),
                Err(error) => Err(away(error.to_string())),
            }
        });
        match found {
            Ok((slot, session)) => Ok(Connected { library, slot, _login: Mutex::new(session) }),
            Err(trouble) => {
                let _ = library.finalize();
                Err(trouble)
            }
        }
    }

    fn find_slot(&self, library: &Pkcs11) -> Result<Slot, Trouble> {
        let away = |error: Error| Trouble::Away(error.to_string());
        for slot in library.get_slots_with_token().map_err(away)? {
            let facts = library.get_token_info(slot).map_err(away)?;
            if facts.label().trim_end() == self.token {
                return Ok(slot);
            }
        }
        Err(Trouble::Away("no slot has a token of this label".to_owned()))
    }
}
