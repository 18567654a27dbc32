//! What is signed of a list: its version, its time, and the digest of its entries.

use crypto::p256::{Sign, Signature, VerifyingKey};
use model::Timestamp;
use serde::{Deserialize, Serialize};

use super::{RuleEntry, RuleList, WHAT, entry};
use crate::{
    base64url::{self, VersionOne},
    error::ProtocolError,
    json,
    key_bundle::root_key_id,
    realm::Realm,
};

const LABEL: &str = "batzen/rule-list/v1";
const PAYLOAD_LEN_MAX: usize = 1_024;
/// How far a phone's clock may be behind the server's when a list is fresh.
const ISSUED_AHEAD_MS_MAX: i64 = 300_000;

/// What a list says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RuleListHead {
    /// The realm it is for.
    pub realm: Realm,
    /// Rises with every list, from 1.
    pub list_version: u32,
    /// From when on it is valid.
    pub issued_at: Timestamp,
    /// Until when it is valid.
    pub expires_at: Timestamp,
    /// SHA-256 over its entries in the form of the specification.
    pub entries_digest: [u8; 32],
}

/// A head as it travels: signed JSON, byte for byte.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedRuleListHead {
    #[serde(with = "base64url")]
    payload: Vec<u8>,
    // Raw, not parsed: a high-s signature is a bad signature, not a malformed list.
    #[serde(with = "base64url")]
    signature: [u8; 64],
    key: String,
}

/// What a list is checked against.
#[derive(Clone, Copy, Debug)]
pub struct RuleListTrust<'a> {
    /// The keys that may sign lists, from the key bundle.
    pub keys: &'a [VerifyingKey],
    /// Our realm.
    pub realm: &'a Realm,
    /// The server's time.
    pub at: Timestamp,
    /// The highest version accepted before; 0 if none.
    pub last_version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    version: VersionOne,
    realm: Realm,
    list_version: u32,
    issued_at_ms: Timestamp,
    expires_at_ms: Timestamp,
    #[serde(with = "base64url")]
    entries_digest: [u8; 32],
}

impl RuleListHead {
    /// Signs a list of these entries.
    ///
    /// # Errors
    /// [`ProtocolError::Size`], [`ProtocolError::Malformed`] if no phone would take it; [`ProtocolError::Unavailable`] if
    /// the key's holder fails.
    pub fn sign(
        realm: &Realm,
        list_version: u32,
        (issued_at, expires_at): (Timestamp, Timestamp),
        entries: Vec<RuleEntry>,
        key: &dyn Sign,
    ) -> Result<RuleList, ProtocolError> {
        entry::check(&entries)?;
        let entries_digest = entry::digest(&entries);
        let head = Self { realm: realm.clone(), list_version, issued_at, expires_at, entries_digest };
        head.well_formed()?;
        let payload = json::write(&Payload {
            version: VersionOne,
            realm: head.realm,
            list_version,
            issued_at_ms: issued_at,
            expires_at_ms: expires_at,
            entries_digest,
        });
        let signature = key
            .sign(&[&realm.context(LABEL), &payload])
            .map_err(|_| ProtocolError::Unavailable(WHAT))?
            .to_bytes();
        RuleList::new(
            SignedRuleListHead { payload, signature, key: root_key_id(key.verifying_key()) },
            entries,
        )
    }

    fn well_formed(&self) -> Result<(), ProtocolError> {
        let good = self.list_version > 0 && self.issued_at < self.expires_at;
        if good { Ok(()) } else { Err(ProtocolError::Malformed(WHAT)) }
    }
}

impl SignedRuleListHead {
    /// Checks signature, realm, time and version, in the order of the specification.
    pub(super) fn verify(&self, trust: &RuleListTrust<'_>) -> Result<RuleListHead, ProtocolError> {
        if self.payload.len() > PAYLOAD_LEN_MAX {
            return Err(ProtocolError::Size(WHAT));
        }
        let key = trust.keys.iter().find(|key| root_key_id(key) == self.key);
        let key = key.ok_or(ProtocolError::KeyUnknown(WHAT))?;
        let bad = |_| ProtocolError::SignatureBad(WHAT);
        let signature = Signature::from_bytes(&self.signature).map_err(bad)?;
        key.verify(&[&trust.realm.context(LABEL), &self.payload], &signature).map_err(bad)?;
        let head = self.read()?;
        if head.realm != *trust.realm {
            return Err(ProtocolError::RealmMismatch(WHAT));
        }
        if trust.at < head.issued_at.plus_ms(-ISSUED_AHEAD_MS_MAX) || trust.at >= head.expires_at {
            return Err(ProtocolError::Expired(WHAT));
        }
        if head.list_version < trust.last_version {
            return Err(ProtocolError::RolledBack(WHAT));
        }
        Ok(head)
    }

    /// What it says, unchecked.
    pub(super) fn read(&self) -> Result<RuleListHead, ProtocolError> {
        let payload: Payload = json::parse_versioned(&self.payload, PAYLOAD_LEN_MAX, WHAT)?;
        let head = RuleListHead {
            realm: payload.realm,
            list_version: payload.list_version,
            issued_at: payload.issued_at_ms,
            expires_at: payload.expires_at_ms,
            entries_digest: payload.entries_digest,
        };
        head.well_formed()?;
        Ok(head)
    }
}
