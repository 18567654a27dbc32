//! The command-line wallet's vault: a file of keys that only its owner can read. Honest about what it is: whoever
//! reads this file has the keys, which is why a phone keeps them in hardware instead.

use crate::failure::Failure;
use crypto::hpke::Decapsulate;
use crypto::p256::{Sign, SigningKey};
use crypto::{CryptoError, Secret, SecretString, SystemRandom, x25519};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use wallet::{MemoryVault, StateKey, Vault};
use zeroize::{Zeroize, Zeroizing};

/// The form of the file that this program knows.
const VERSION: u8 = 1;

/// Room for the whole text, so that growing leaves no copies of keys behind.
const TEXT_LEN_USUAL: usize = 1_024;

/// The wallet's keys.
pub(super) struct FileVault(MemoryVault);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    version: u8,
    device_key: String,
    online_key: String,
    confirmation_key: String,
    state_key: String,
}

impl Drop for Text {
    fn drop(&mut self) {
        let Self { version: _, device_key, online_key, confirmation_key, state_key } = self;
        for key in [device_key, online_key, confirmation_key, state_key] {
            key.zeroize();
        }
    }
}

impl FileVault {
    /// Fresh keys.
    pub(super) fn make() -> Self {
        Self(MemoryVault::make(&mut SystemRandom))
    }

    /// The file's text.
    pub(super) fn to_text(&self) -> Result<SecretString, Failure> {
        let text = Text {
            version: VERSION,
            device_key: BASE64URL_NOPAD.encode(self.0.device.to_scalar().expose()),
            online_key: BASE64URL_NOPAD.encode(self.0.online.to_scalar().expose()),
            confirmation_key: BASE64URL_NOPAD.encode(self.0.confirmation.to_bytes().expose()),
            state_key: BASE64URL_NOPAD.encode(self.0.state_key.secret().expose()),
        };
        let mut json = Zeroizing::new(Vec::with_capacity(TEXT_LEN_USUAL));
        serde_json::to_writer(&mut *json, &text)?;
        let json = String::from_utf8(core::mem::take(&mut *json))?;
        Ok(SecretString::from_string(json))
    }

    /// The keys in the file's text. What is wrong is told without repeating any of it.
    pub(super) fn from_text(text: &SecretString) -> Result<Self, Failure> {
        let damaged =
            || Failure::new("the vault is damaged; restore it from a backup, or activate a new wallet");
        let text: Text = serde_json::from_str(text.expose()).map_err(|_| damaged())?;
        if text.version != VERSION {
            return Err(Failure::new("the vault was written by another version of this program"));
        }
        let key = |text: &str| -> Result<Zeroizing<[u8; 32]>, Failure> {
            let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map(Zeroizing::new).map_err(|_| damaged())?;
            <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new).map_err(|_| damaged())
        };
        Ok(Self(MemoryVault {
            device: SigningKey::from_scalar(&*key(&text.device_key)?).map_err(|_| damaged())?,
            online: SigningKey::from_scalar(&*key(&text.online_key)?).map_err(|_| damaged())?,
            confirmation: x25519::SecretKey::from_bytes(&*key(&text.confirmation_key)?),
            state_key: StateKey::from_secret(Secret::from_bytes(*key(&text.state_key)?)),
        }))
    }
}

impl Vault for FileVault {
    fn device_key(&self) -> &dyn Sign {
        self.0.device_key()
    }

    fn online_key(&self) -> &dyn Sign {
        self.0.online_key()
    }

    fn confirmation_key(&self) -> &dyn Decapsulate {
        self.0.confirmation_key()
    }

    fn state_key(&self) -> Result<StateKey, CryptoError> {
        self.0.state_key()
    }
}
