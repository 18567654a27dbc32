//! The state at rest: sealed under the vault's state key, which no PIN has anything to do with.
//!
//! `"BATZENW1"` ‖ version (1) ‖ mark of the key (8) ‖ AES-256-GCM with all before as associated data.

use crypto::{Random, Secret, SecretBytes, aead, mac};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{State, state::Stored};

/// The most bytes of a sealed state.
pub const STATE_LEN_MAX: usize = 1024 * 1024;

const MAGIC: &[u8; 8] = b"BATZENW1";
const VERSION: u8 = 1;
const MARK_LEN: usize = 8;
const HEADER_LEN: usize = MAGIC.len() + 1 + MARK_LEN;
const MARK_LABEL: &[u8] = b"batzen/wallet-state/v1/key-mark";
/// Room for a usual state, so that growing leaves no copies of its secrets behind.
const PLAIN_LEN_USUAL: usize = 192 * 1024;

/// Why a sealed state does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// Something else, or cut short.
    #[error("this is not a wallet's state")]
    NotAState,
    /// Made by a later version.
    #[error(
        "the wallet's state was written by a newer version of this program (form {0}, this one knows {VERSION})"
    )]
    Newer(u8),
    /// Sealed under another vault's key.
    #[error("the wallet's state belongs to another key vault")]
    Foreign,
    /// Changed since it was written.
    #[error("the wallet's state is damaged: it was changed since it was written")]
    Damaged,
}

/// What the state is sealed under: 32 random bytes of the vault's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateKey(Secret<32>);

impl StateKey {
    /// Draws a fresh one, for a vault that is being made.
    pub fn make(random: &mut dyn Random) -> Self {
        Self(Secret::make(random))
    }

    /// Takes back one that a vault kept.
    #[must_use]
    pub fn from_secret(secret: Secret<32>) -> Self {
        Self(secret)
    }

    /// To be kept by a vault.
    #[must_use]
    pub fn secret(&self) -> &Secret<32> {
        &self.0
    }

    /// Tells keys apart without telling anything of them.
    fn mark(&self) -> [u8; MARK_LEN] {
        let tag = mac::hmac_sha256(self.0.expose(), &[MARK_LABEL]);
        *tag.first_chunk().expect("32 bytes begin with 8")
    }

    fn header(&self) -> [u8; HEADER_LEN] {
        let mut header = [0; HEADER_LEN];
        header[..MAGIC.len()].copy_from_slice(MAGIC);
        header[MAGIC.len()] = VERSION;
        header[MAGIC.len() + 1..].copy_from_slice(&self.mark());
        header
    }
}

/// What is inside the seal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<T> {
    version: u8,
    state: T,
}

impl State {
    /// The state as it is stored: sealed under the vault's key.
    #[must_use]
    pub fn seal(&self, key: &StateKey, random: &mut dyn Random) -> Vec<u8> {
        let mut plain = Zeroizing::new(Vec::with_capacity(PLAIN_LEN_USUAL));
        let envelope = Envelope { version: VERSION, state: Stored::from_state(self) };
        serde_json::to_writer(&mut *plain, &envelope).expect("a state has string keys and no failing parts");
        let header = key.header();
        let sealed = aead::seal(key.secret(), random, &header, &plain);
        [&header[..], &sealed].concat()
    }

    /// Takes back a stored state.
    ///
    /// # Errors
    /// [`SealError`]: not one, a newer one, another vault's, or damaged.
    pub fn open(key: &StateKey, sealed: &[u8]) -> Result<Self, SealError> {
        let plain = open_plain(key, sealed)?;
        let envelope: Envelope<Stored> =
            serde_json::from_slice(plain.expose()).map_err(|_| SealError::Damaged)?;
        if envelope.version != VERSION {
            return Err(SealError::Newer(envelope.version));
        }
        envelope.state.into_state().ok_or(SealError::Damaged)
    }
}

/// The plain JSON inside the seal.
fn open_plain(key: &StateKey, sealed: &[u8]) -> Result<SecretBytes, SealError> {
    if sealed.len() > STATE_LEN_MAX {
        return Err(SealError::NotAState);
    }
    let (header, body) = sealed.split_first_chunk::<HEADER_LEN>().ok_or(SealError::NotAState)?;
    if !header.starts_with(MAGIC) {
        return Err(SealError::NotAState);
    }
    match header[MAGIC.len()] {
        VERSION => {}
        0 => return Err(SealError::NotAState),
        newer => return Err(SealError::Newer(newer)),
    }
    if header[MAGIC.len() + 1..] != key.mark() {
        return Err(SealError::Foreign);
    }
    aead::open(key.secret(), header, body).map_err(|_| SealError::Damaged)
}

#[cfg(test)]
pub(crate) fn plain_json(key: &StateKey, sealed: &[u8]) -> serde_json::Value {
    serde_json::from_slice(open_plain(key, sealed).unwrap().expose()).unwrap()
}
