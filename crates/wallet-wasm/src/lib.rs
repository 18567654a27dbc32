//! Floor 5: the wallet core in a browser, a thin door to `wallet`.
//!
//! The page asks, and hands in time, the stored state and what WebCrypto's keys signed or agreed on: those keys
//! cannot be taken out of the browser, so every step that signs has a half before and a half after. Randomness is
//! the browser's `crypto.getRandomValues`. What is shown goes out as JSON, what is sealed or signed as bytes.
//!
//! This room decides nothing: what may be done, and in which order, are `wallet`'s types. It must not know pages,
//! storage or the network.
#![forbid(unsafe_code)]

mod activation;
mod agreed;
mod approvals;
mod code;
mod confirmations;
mod devices;
mod fault;
mod pin_change;
mod request;
mod symbol;
mod view;

pub use activation::{ActivationDraft, UnsentRequest};
pub use approvals::{AnswerDraft, OpenedQuestion, question_enc};
pub use code::{PendingCode, ShownCode, SignableCode};
pub use confirmations::confirmation_encs;
pub use devices::{RenewalDraft, check_device_name, notice_encs};
pub use request::PreparedRequest;

use crypto::{
    Secret, SystemRandom,
    p256::{Signature, VerifyingKey},
    x25519,
};
use fault::{Fault, Outcome};
use model::{TerminalNumber, Timestamp};
use protocol::{activation_code::ActivationCode, payment_code::Pin, realm_file::RealmFile};
use wallet::{PinSession, State, StateKey};
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

/// The wallet, as long as the page is open.
#[wasm_bindgen]
pub struct Wallet {
    state: State,
    /// The derived PIN key of the code that is shown, for its renewals.
    session: Option<PinSession>,
}

#[wasm_bindgen]
impl Wallet {
    /// A wallet that is not activated, of the realm in this file.
    ///
    /// # Errors
    /// A fault of kind `refused` if the file is not one.
    pub fn fresh(realm_file: &str) -> Outcome<Self> {
        Ok(Self { state: State::new(RealmFile::parse(realm_file.as_bytes())?), session: None })
    }

    /// Takes the file that an updated app ships with. Ask how the wallet stands afterwards, and store the state.
    ///
    /// # Errors
    /// A fault of kind `refused` if it is not one, or of another installation.
    pub fn update_app(&mut self, realm_file: &str) -> Outcome<()> {
        Ok(self.state.update_app(RealmFile::parse(realm_file.as_bytes())?)?)
    }

    /// Opens a stored state.
    ///
    /// # Errors
    /// A fault of kind `damaged`.
    pub fn open(state_key: Vec<u8>, sealed: &[u8]) -> Outcome<Self> {
        Ok(Self { state: State::open(&read_state_key(state_key)?, sealed)?, session: None })
    }

    /// The state as it is to be stored.
    ///
    /// # Errors
    /// A fault of kind `vault` if the key is none.
    pub fn seal(&self, state_key: Vec<u8>) -> Outcome<Vec<u8>> {
        Ok(self.state.seal(&read_state_key(state_key)?, &mut SystemRandom))
    }

    /// Forgets the derived PIN key: nothing can be renewed afterwards.
    pub fn wipe(&mut self) {
        self.session = None;
    }
}

/// Why this cannot be a new PIN, as a fault's kind; nothing if it can.
#[wasm_bindgen]
#[must_use]
pub fn check_pin(pin: Vec<u8>) -> Option<String> {
    read_pin(&Zeroizing::new(pin), true).err().map(|fault| fault.kind().to_owned())
}

/// Whether this is a till's number with its check digit.
#[wasm_bindgen]
#[must_use]
pub fn check_till(text: &str) -> bool {
    text.parse::<TerminalNumber>().is_ok()
}

/// Whether this has the form of an activation code.
#[wasm_bindgen]
#[must_use]
pub fn check_activation_code(text: &str) -> bool {
    text.parse::<ActivationCode>().is_ok()
}

/// The QR Code of a text, as JSON: `side`, and `modules` as a text of `0` and `1`, row by row.
///
/// # Errors
/// A fault of kind `unexpected` if the text is empty or too long.
#[wasm_bindgen]
pub fn qr(text: &str) -> Outcome<String> {
    symbol::Drawn::of(text).map(|drawn| drawn.to_json())
}

fn read_state_key(bytes: Vec<u8>) -> Result<StateKey, Fault> {
    let bytes = Zeroizing::new(bytes);
    let key = <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new);
    let key = key.map_err(|_| Fault::new("vault", "a state key has 32 bytes"))?;
    Ok(StateKey::from_secret(Secret::from_bytes(*key)))
}

fn read_activation_code(text: &str) -> Result<ActivationCode, Fault> {
    text.parse().map_err(|_| Fault::new("bad_activation_code", "that is not an activation code"))
}

fn read_pin(digits: &[u8], is_new: bool) -> Result<Pin, Fault> {
    let text = core::str::from_utf8(digits).map_err(|_| Fault::new("pin_digits", "a PIN has digits only"))?;
    Ok(if is_new { Pin::parse_new(text)? } else { Pin::parse(text)? })
}

/// A WebCrypto key's public half, as `exportKey('raw', …)` gives it.
fn read_p256(bytes: &[u8]) -> Result<VerifyingKey, Fault> {
    VerifyingKey::from_sec1(bytes).map_err(Fault::vault)
}

fn read_x25519(bytes: &[u8]) -> Result<x25519::PublicKey, Fault> {
    let bytes = bytes.try_into().map_err(|_| Fault::new("vault", "an X25519 key has 32 bytes"))?;
    Ok(x25519::PublicKey(bytes))
}

/// WebCrypto's signatures are r and s, and s may be either of two: ours is the lower.
fn read_signature(bytes: &[u8]) -> Result<Signature, Fault> {
    let bytes = bytes.try_into().map_err(|_| Fault::new("vault", "a signature has 64 bytes"))?;
    Signature::normalized_from_raw(bytes).map_err(Fault::vault)
}

/// A page's `Date.now()`.
fn timestamp(ms: f64) -> Timestamp {
    Timestamp::from_ms(whole(ms))
}

/// JavaScript's numbers are exact up to 2⁵³; beyond, and for what is no number, the nearest there is.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and NaN becomes 0")]
fn whole(number: f64) -> i64 {
    number as i64
}
