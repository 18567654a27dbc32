//! Whom a code is sealed to.

use core::fmt;
use crypto::hpke::PublicKey;
use serde::{Deserialize, Serialize};

use super::Suite;
use crate::realm::Realm;

/// Names one recipient key of a realm: its server key epoch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KeyId(pub u16);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A server's public key for payment codes, as its key bundle gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecipientKey {
    /// The name that codes carry.
    pub key_id: KeyId,
    /// The installation that it belongs to.
    pub realm: Realm,
    /// What codes are sealed to.
    pub public_key: PublicKey,
}

impl RecipientKey {
    /// What codes to it are made with.
    #[must_use]
    pub fn suite(&self) -> Suite {
        Suite::of(self.public_key.kem())
    }
}
