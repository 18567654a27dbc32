//! Customers log in: tries are counted before the password is looked at, so that parallel ones cannot exceed the
//! limit, and every failure looks and costs the same.

use crate::accounts::PASSWORD_BYTES;
use crate::store::{CUSTOMERS, Customer, Source, put};
use crate::{Bank, Refusal, StoreError};
use bank_api::{CustomerNumber, LoginAnswer, LoginRequest, ProblemType, Session};
use crypto::hash::sha256;
use crypto::mac::constant_time_eq;
use crypto::{Secret, SystemRandom, password};
use data_encoding::BASE64URL_NOPAD;
use model::Timestamp;
use redb::WriteTransaction;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Logins that may fail in a row.
const TRIES_MAX: u32 = 5;
/// Seconds for which a customer is locked out then.
const LOCK_S: i64 = 15 * 60;
/// Seconds for which a session lasts.
const SESSION_LIFETIME_S: i64 = 600;
/// Sessions at once.
const SESSIONS_MAX: usize = 10_000;
/// Passwords hashed at once; each takes 19 MiB.
const HASHING_MAX: usize = 2;

/// A customer that is logged in. Only a session makes one.
#[derive(Clone, Debug)]
pub struct CustomerSession {
    pub(crate) customer: CustomerNumber,
}

/// The sessions, in memory: after a restart customers log in again.
#[derive(Debug)]
pub(crate) struct Sessions {
    /// By SHA-256 of the session's text.
    open: Mutex<HashMap<[u8; 32], (CustomerNumber, Timestamp)>>,
    hashing: Semaphore,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { open: Mutex::new(HashMap::new()), hashing: Semaphore::new(HASHING_MAX) }
    }
}

impl Bank {
    /// Opens a session.
    ///
    /// # Errors
    /// [`ProblemType::LoginRefused`] for every cause, [`ProblemType::Unavailable`] with too many sessions,
    /// [`Refusal::Store`].
    pub async fn login(&self, request: LoginRequest) -> Result<LoginAnswer, Refusal> {
        if request.password.expose().len() > *PASSWORD_BYTES.end() {
            return Err(ProblemType::InvalidRequest.into());
        }
        let (number, now) = (request.customer_number.clone(), self.now());
        let known = self.store.write(move |t| begin(t, &number, now)).await?;
        // An unknown or locked number costs a hash too.
        let Expected { salt, key: expected } = known.unwrap_or_default();
        let place = self.sessions.hashing.acquire().await.map_err(|_| StoreError::Closed)?;
        let given = request.password;
        let hashing = move || password::derive_key(given.expose().as_bytes(), &salt);
        let key = tokio::task::spawn_blocking(hashing).await.map_err(|_| StoreError::Closed)?;
        drop(place);
        if known.is_none() || !constant_time_eq(key.expose(), &expected) {
            return Err(ProblemType::LoginRefused.into());
        }
        let number = request.customer_number;
        let customer = number.clone();
        self.store.write(move |t| succeed(t, &customer)).await?;
        self.open_session(number, now)
    }

    /// The customer whose session this is.
    ///
    /// # Errors
    /// [`ProblemType::SessionEnded`].
    pub fn session(&self, session: &Session) -> Result<CustomerSession, Refusal> {
        let open = self.sessions.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get(&derive_session_hash(session)) {
            Some((customer, ends_at)) if *ends_at > self.now() => {
                Ok(CustomerSession { customer: customer.clone() })
            }
            _ => Err(ProblemType::SessionEnded.into()),
        }
    }

    /// Ends the session, if there is one.
    pub fn logout(&self, session: &Session) {
        let mut open = self.sessions.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.remove(&derive_session_hash(session));
    }

    fn open_session(&self, customer: CustomerNumber, now: Timestamp) -> Result<LoginAnswer, Refusal> {
        let secret = Secret::<32>::make(&mut SystemRandom);
        let session = Session::from_string(BASE64URL_NOPAD.encode(secret.expose()));
        let ends_at = now.plus_s(SESSION_LIFETIME_S);
        let mut open = self.sessions.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, (_, ends_at)| *ends_at > now);
        if open.len() >= SESSIONS_MAX {
            return Err(ProblemType::Unavailable.into());
        }
        open.insert(derive_session_hash(&session), (customer, ends_at));
        Ok(LoginAnswer { session, expires_at_ms: ends_at })
    }
}

/// What a password is compared with.
#[derive(Clone, Copy, Default)]
struct Expected {
    salt: [u8; 16],
    key: [u8; 32],
}

/// Counts the try. Gives salt and key to compare with, unless the number is unknown or locked.
fn begin(
    transaction: &WriteTransaction,
    number: &CustomerNumber,
    now: Timestamp,
) -> Result<Option<Expected>, StoreError> {
    let Some(mut customer) = transaction.row::<_, Customer>(CUSTOMERS, number.as_str())? else {
        return Ok(None);
    };
    match customer.locked_until {
        Some(until) if until > now => return Ok(None),
        Some(_) => (customer.logins_begun, customer.locked_until) = (0, None),
        None => {}
    }
    customer.logins_begun += 1;
    if customer.logins_begun >= TRIES_MAX {
        // The last try is still looked at; if it succeeds, the lock is taken away.
        customer.locked_until = Some(now.plus_s(LOCK_S));
    }
    put(transaction, CUSTOMERS, number.as_str(), &customer)?;
    Ok(Some(Expected { salt: customer.password_salt, key: customer.password_key }))
}

fn succeed(transaction: &WriteTransaction, number: &CustomerNumber) -> Result<(), StoreError> {
    if let Some(mut customer) = transaction.row::<_, Customer>(CUSTOMERS, number.as_str())? {
        (customer.logins_begun, customer.locked_until) = (0, None);
        put(transaction, CUSTOMERS, number.as_str(), &customer)?;
    }
    Ok(())
}

fn derive_session_hash(session: &Session) -> [u8; 32] {
    sha256(&[b"batzen-bank session\0", session.expose().as_bytes()])
}
