//! Which keys a realm has: names, public halves, certificates and states. Nothing in it is secret; whoever may write
//! it decides which keys are used.

use std::fmt;

use data_encoding::BASE64;
use model::Timestamp;
use protocol::{key_bundle::KeyId, realm::Realm};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Algorithm, KeyStoreError, Role};

/// The most keys of one role that a realm has at once, retired ones aside.
const LIVE_KEYS_MAX: usize = 16;
/// The most entries; the oldest retired ones go first.
const ENTRIES_MAX: usize = 512;

/// Where a key is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyState {
    /// Made and known, not yet used: what it makes is already understood everywhere.
    Next,
    /// Used for what is new.
    Present,
    /// No longer used for what is new; what it made is still accepted and opened.
    Former,
    /// Its private half is gone.
    Retired,
}

/// A key's name in its place: role and id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct KeyName {
    /// What it is for.
    pub role: Role,
    /// Which one.
    pub key_id: KeyId,
}

/// In which times phones seal to a payment key, and until when it opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochTimes {
    /// Phones seal to it from this second on.
    pub not_before_s: i64,
    /// From this second on they do not.
    pub not_after_s: i64,
    /// Until when codes sealed to it are opened.
    pub open_until_ms: Timestamp,
}

/// One key.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// What it is for.
    pub role: Role,
    /// Which one of its role.
    pub key_id: KeyId,
    /// What is done with it.
    pub algorithm: Algorithm,
    /// Where it is in its life.
    pub state: KeyState,
    /// When it was made.
    pub made_at_ms: Timestamp,
    /// When it came into this state.
    pub since_ms: Timestamp,
    /// SEC 1 uncompressed point (65 bytes) or X25519 (32); empty for secret keys without a public half.
    pub public_key: Bytes,
    /// DER, if the root certified it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Bytes>,
    /// Of payment keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<EpochTimes>,
}

/// Bytes that stand as base64.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Bytes(pub Vec<u8>);

/// All keys of a realm.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Whose keys they are.
    pub realm: Realm,
    /// Rises with every change.
    pub revision: u64,
    /// When the first of them were made.
    pub made_at_ms: Timestamp,
    /// The keys, oldest first.
    pub keys: Vec<KeyEntry>,
}

impl KeyEntry {
    /// Its name.
    #[must_use]
    pub const fn name(&self) -> KeyName {
        KeyName { role: self.role, key_id: self.key_id }
    }
}

impl KeyEntry {
    /// Whether its private half is where the other keys are. A root's may be elsewhere.
    pub(crate) fn is_in_place(&self) -> bool {
        self.state != KeyState::Retired && self.role != Role::Root
    }
}

impl Register {
    pub(crate) const fn new(realm: Realm, now: Timestamp) -> Self {
        Self { realm, revision: 0, made_at_ms: now, keys: Vec::new() }
    }

    /// The key of this role that is used for what is new.
    #[must_use]
    pub fn present(&self, role: Role) -> Option<&KeyEntry> {
        self.of(role).find(|entry| entry.state == KeyState::Present)
    }

    /// The keys of this role whose private halves are there, oldest first.
    pub fn live(&self, role: Role) -> impl Iterator<Item = &KeyEntry> {
        self.of(role).filter(|entry| entry.state != KeyState::Retired)
    }

    /// One key.
    #[must_use]
    pub fn key(&self, name: KeyName) -> Option<&KeyEntry> {
        self.keys.iter().find(|entry| entry.name() == name)
    }

    fn of(&self, role: Role) -> impl Iterator<Item = &KeyEntry> {
        self.keys.iter().filter(move |entry| entry.role == role)
    }

    /// Adds a key. The first of its role is used at once.
    pub(crate) fn add(&mut self, entry: KeyEntry) -> Result<(), KeyStoreError> {
        let refused = |why| Err(KeyStoreError::Refused(why));
        if self.key(entry.name()).is_some() {
            return refused("there is a key of this role and id already");
        }
        if self.live(entry.role).count() >= LIVE_KEYS_MAX {
            return refused("there are 16 keys of this role; retire one first");
        }
        if self.keys.len() >= ENTRIES_MAX {
            let oldest = self.keys.iter().position(|entry| entry.state == KeyState::Retired);
            self.keys.remove(oldest.unwrap_or(0));
        }
        self.keys.push(entry);
        Ok(())
    }

    /// The next key of this role becomes the present one, and the present one a former.
    pub(crate) fn promote(&mut self, role: Role, now: Timestamp) -> Result<KeyName, KeyStoreError> {
        let next = self.keys.iter().rposition(|entry| entry.role == role && entry.state == KeyState::Next);
        let Some(next) = next else {
            return Err(KeyStoreError::Refused(
                "no key of this role waits to be used; make one with `rotate`",
            ));
        };
        for entry in &mut self.keys {
            if entry.role == role && entry.state == KeyState::Present {
                (entry.state, entry.since_ms) = (KeyState::Former, now);
            }
        }
        let entry = &mut self.keys[next];
        (entry.state, entry.since_ms) = (KeyState::Present, now);
        if let Some(times) = &mut entry.times {
            times.not_before_s = now.s();
        }
        Ok(entry.name())
    }

    /// Ends a key's life. Without `at_once` only what nothing can need any more.
    pub(crate) fn retire(
        &mut self,
        name: KeyName,
        at_once: bool,
        now: Timestamp,
    ) -> Result<(), KeyStoreError> {
        let Some(entry) = self.keys.iter_mut().find(|entry| entry.name() == name) else {
            return Err(KeyStoreError::Refused("there is no such key"));
        };
        let may_open = entry.times.is_some_and(|times| now < times.open_until_ms);
        let refusal = match (entry.state, name.role) {
            (KeyState::Retired, _) => Some("it is retired already"),
            (KeyState::Present, _) => {
                Some("it is in use; make another with `rotate` and let it take over with `promote`")
            }
            (KeyState::Former, Role::Payment) if may_open && !at_once => Some(
                "phones may still show codes sealed to it; wait until it closes, or retire it with --at-once and \
                 have those codes refused",
            ),
            (KeyState::Former, Role::PinWrapping | Role::WebhookWrapping | Role::Activation) if !at_once => {
                Some(
                    "what was sealed under it could not be opened any more: with --at-once, phones or endpoints that \
                 still depend on it must be set up again",
                )
            }
            _ => None,
        };
        if let Some(refusal) = refusal {
            return Err(KeyStoreError::Refused(refusal));
        }
        (entry.state, entry.since_ms) = (KeyState::Retired, now);
        Ok(())
    }

    /// What is wrong with it, if anything: read from a place that others may write to.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let needed = Role::ALL.into_iter().filter(|role| !matches!(role, Role::Root | Role::KeyBundle));
        if needed.into_iter().any(|role| self.present(role).is_none()) {
            return Some("a key is missing");
        }
        let certifies = self.present(Role::Root).is_none_or(|root| root.certificate.is_none());
        if certifies {
            return Some("the root's certificate is missing");
        }
        for (at, entry) in self.keys.iter().enumerate() {
            let is_twice = self.keys[..at].iter().any(|other| other.name() == entry.name());
            let is_second = entry.state == KeyState::Present
                && self.keys[..at]
                    .iter()
                    .any(|other| other.role == entry.role && other.state == KeyState::Present);
            if is_twice || is_second {
                return Some("a key stands twice");
            }
            if entry.role.is_certified() && entry.certificate.is_none() {
                return Some("a certificate is missing");
            }
            if (entry.role == Role::Payment) != entry.times.is_some() {
                return Some("a payment key has no times");
            }
        }
        None
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:04x}", self.role, self.key_id.0)
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Next => "next",
            Self::Present => "present",
            Self::Former => "former",
            Self::Retired => "retired",
        })
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        BASE64.decode(text.as_bytes()).map(Self).map_err(|_| de::Error::custom("not base64"))
    }
}
