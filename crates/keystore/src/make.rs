//! Making a realm's keys, and certifying what the root must certify.

use crypto::{
    Random,
    p256::{Sign, SigningKey, VerifyingKey},
    x509::{self, Issue, Profile},
};
use model::Timestamp;
use protocol::{key_bundle::KeyId, realm::Realm};

use crate::{
    Algorithm, Bytes, EpochTimes, KeyEntry, KeyName, KeyState, KeyStoreError, Register, Role, place::Place,
};

const DAY_S: i64 = 86_400;
const ROOT_DAYS: i64 = 20 * 365;
const DEVICE_CA_DAYS: i64 = 10 * 365;
const KEY_BUNDLE_DAYS: i64 = 2 * 365;
/// How long phones seal to one payment key.
const EPOCH_DAYS: i64 = 400;
/// How long after that codes sealed to it are opened: longer than any phone may be offline.
const EPOCH_OPEN_DAYS: i64 = 60;

/// Where the root is while keys are made.
#[derive(Clone, Copy)]
pub(crate) enum RootAt<'a> {
    /// With the other keys.
    Place,
    /// Brought along, and taken away again.
    Hand(&'a SigningKey),
}

/// Makes keys in one place.
pub(crate) struct Maker<'a> {
    pub(crate) place: &'a dyn Place,
    /// How payment codes and activation requests are sealed.
    pub(crate) agreement: Algorithm,
    pub(crate) now: Timestamp,
    pub(crate) random: &'a mut dyn Random,
}

impl Maker<'_> {
    /// A realm's first keys.
    pub(crate) fn register(&mut self, realm: &Realm, root: RootAt<'_>) -> Result<Register, KeyStoreError> {
        let mut register = Register::new(realm.clone(), self.now);
        let root_entry = match root {
            RootAt::Place => {
                let entry = self.entry(&register, Role::Root)?;
                let signer = self.place.signer(&entry)?;
                self.certified(&register, entry, &*signer)?
            }
            RootAt::Hand(key) => {
                let mut entry = self.blank(&register, Role::Root);
                entry.public_key = Bytes(key.verifying_key().to_sec1_uncompressed().to_vec());
                self.certified(&register, entry, key)?
            }
        };
        register.add(root_entry)?;
        for role in Role::ALL {
            let is_made = match role {
                Role::Root => true,
                Role::KeyBundle => matches!(root, RootAt::Place),
                _ => false,
            };
            if !is_made {
                let hand: Option<&dyn Sign> = match root {
                    RootAt::Place => None,
                    RootAt::Hand(key) => Some(key),
                };
                self.add(&mut register, role, hand)?;
            }
        }
        Ok(register)
    }

    /// One more key of a role: the present one if it is the first, the next one otherwise.
    pub(crate) fn add(
        &mut self,
        register: &mut Register,
        role: Role,
        root: Option<&dyn Sign>,
    ) -> Result<KeyName, KeyStoreError> {
        let mut entry = self.entry(register, role)?;
        if role.is_certified() {
            let in_place;
            let root = match root {
                Some(root) => root,
                None => {
                    let root_entry =
                        register.present(Role::Root).ok_or(KeyStoreError::Unusable("a key is missing"))?;
                    in_place = self.place.signer(root_entry)?;
                    &*in_place
                }
            };
            entry = self.certified(register, entry, root)?;
        }
        let name = entry.name();
        register.add(entry)?;
        Ok(name)
    }

    fn entry(&mut self, register: &Register, role: Role) -> Result<KeyEntry, KeyStoreError> {
        let mut entry = self.blank(register, role);
        entry.public_key = Bytes(self.place.make(entry.name(), entry.algorithm, self.random)?);
        Ok(entry)
    }

    /// An entry without its key. Ids are drawn, so that two realms on one machine are unlikely to share one.
    fn blank(&mut self, register: &Register, role: Role) -> KeyEntry {
        let mut id = [0; 2];
        self.random.fill(&mut id);
        let mut key_id = KeyId(u16::from_be_bytes(id));
        while key_id.0 == 0 || register.key(KeyName { role, key_id }).is_some() {
            key_id = KeyId(key_id.0.wrapping_add(1));
        }
        let present = register.present(role);
        KeyEntry {
            role,
            key_id,
            algorithm: self.algorithm(role),
            state: if present.is_some() { KeyState::Next } else { KeyState::Present },
            made_at_ms: self.now,
            since_ms: self.now,
            public_key: Bytes::default(),
            certificate: None,
            times: (role == Role::Payment).then(|| self.times(present)),
        }
    }

    /// A next key takes over by itself when the present one ends, also on phones that are offline then.
    fn times(&self, present: Option<&KeyEntry>) -> EpochTimes {
        let planned = present.and_then(|entry| entry.times).map_or(0, |times| times.not_after_s);
        let not_before_s = planned.max(self.now.s());
        let not_after_s = not_before_s + EPOCH_DAYS * DAY_S;
        let open_until_ms = Timestamp::from_s(not_after_s + EPOCH_OPEN_DAYS * DAY_S);
        EpochTimes { not_before_s, not_after_s, open_until_ms }
    }

    const fn algorithm(&self, role: Role) -> Algorithm {
        match role {
            Role::Root
            | Role::DeviceCa
            | Role::KeyBundle
            | Role::Confirmation
            | Role::Statement
            | Role::Audit
            | Role::Rules => Algorithm::EcdsaP256,
            Role::Activation | Role::Payment => self.agreement,
            Role::PinWrapping | Role::WebhookWrapping => Algorithm::Aes256Gcm,
            Role::Challenge => Algorithm::HmacSha256,
        }
    }

    /// The entry with a certificate by the root; a root's is by itself.
    fn certified(
        &mut self,
        register: &Register,
        entry: KeyEntry,
        root: &dyn Sign,
    ) -> Result<KeyEntry, KeyStoreError> {
        let realm = &register.realm;
        let root_name = format!("{realm} root");
        let (subject, days, profile) = match entry.role {
            Role::Root => (root_name.clone(), ROOT_DAYS, Profile::Root),
            Role::DeviceCa => (format!("{realm} devices"), DEVICE_CA_DAYS, Profile::DeviceCa),
            _ => (format!("{realm} key bundles"), KEY_BUNDLE_DAYS, Profile::KeyBundle),
        };
        if let Some(kept) = register.present(Role::Root)
            && kept.public_key.0 != root.verifying_key().to_sec1_uncompressed()
        {
            return Err(KeyStoreError::Refused("this root is not the realm's"));
        }
        let mut serial = [0; 16];
        self.random.fill(&mut serial);
        // Positive, and 16 bytes long whatever was drawn.
        serial[0] = serial[0] & 0x7f | 0x40;
        let public_key = VerifyingKey::from_sec1(&entry.public_key.0)
            .map_err(|_| KeyStoreError::Unusable("a public key is none"))?;
        let issue = Issue {
            serial,
            subject,
            issuer: root_name,
            not_before_s: second(self.now.s()),
            not_after_s: second(self.now.s() + days * DAY_S),
            public_key,
            profile,
        };
        Ok(KeyEntry { certificate: Some(Bytes(x509::issue(&issue, root)?)), ..entry })
    }
}

/// A clock before 1970 is set wrong; certificates know no such time.
fn second(s: i64) -> u64 {
    u64::try_from(s).unwrap_or(0)
}
