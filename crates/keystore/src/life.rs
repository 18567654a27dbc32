//! What is done to keys while the realm lives: another one is made, takes over, ends; and whether each still works.

use crypto::{CryptoError, Random, hpke, p256::Sign};
use model::Timestamp;

use crate::{
    Algorithm, KeyEntry, KeyName, KeyState, KeyStoreError, RealmKeys, Role, home::Changed,
    keyring::verifying_key, make::Maker,
};

/// Whether a key does what it is for.
#[derive(Debug)]
pub struct Rehearsal {
    /// Which.
    pub name: KeyName,
    /// Where it is in its life.
    pub state: KeyState,
    /// What went wrong; none if it works.
    pub fault: Option<String>,
}

impl RealmKeys {
    /// Makes the next key of a role: known from now on, used once it is promoted. What the root certifies needs the
    /// root: with the other keys, or given. What others seal to is of the same suite as the present key.
    ///
    /// # Errors
    /// [`KeyStoreError::Refused`], or where the keys cannot be changed.
    pub fn rotate(
        &self,
        role: Role,
        root: Option<&dyn Sign>,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<KeyEntry, KeyStoreError> {
        let present = self.ring().register.present(role).map(|entry| entry.algorithm);
        self.rotate_to(role, present.unwrap_or(Algorithm::X25519), root, now, random)
    }

    /// Makes the next key of a role; if others seal to it, of this algorithm.
    ///
    /// # Errors
    /// As [`RealmKeys::rotate`].
    pub fn rotate_to(
        &self,
        role: Role,
        agreement: Algorithm,
        root: Option<&dyn Sign>,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<KeyEntry, KeyStoreError> {
        if role == Role::Root {
            return Err(KeyStoreError::Refused(
                "apps ship with the root: another root is another realm file and a new version of the app",
            ));
        }
        let (entry, register, place) = self.home.change(random, |register, place, random| {
            if register.live(role).any(|entry| entry.state == KeyState::Next) {
                return Err(KeyStoreError::Refused(
                    "a next key of this role is there already; let it take over with `promote`",
                ));
            }
            if role == Role::KeyBundle && register.present(role).is_none() {
                return Err(KeyStoreError::Refused("here the root itself signs key bundles"));
            }
            let mut maker = Maker { place, agreement, now, random };
            let name = maker.add(register, role, root)?;
            let entry = register.key(name).cloned().ok_or(KeyStoreError::Unusable("a key is missing"))?;
            Ok(Changed { outcome: entry, to_destroy: Vec::new() })
        })?;
        self.replace(register, place)?;
        Ok(entry)
    }

    /// Lets the next key of a role take over.
    ///
    /// # Errors
    /// As [`RealmKeys::rotate`].
    pub fn promote(
        &self,
        role: Role,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<KeyName, KeyStoreError> {
        let (name, register, place) = self.home.change(random, |register, _, _| {
            Ok(Changed { outcome: register.promote(role, now)?, to_destroy: Vec::new() })
        })?;
        self.replace(register, place)?;
        Ok(name)
    }

    /// Ends the life of a former or next key and destroys its private half. Without `at_once` only what nothing can
    /// need any more.
    ///
    /// # Errors
    /// As [`RealmKeys::rotate`].
    pub fn retire(
        &self,
        name: KeyName,
        at_once: bool,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<(), KeyStoreError> {
        let ((), register, place) = self.home.change(random, |register, _, _| {
            register.retire(name, at_once, now)?;
            Ok(Changed { outcome: (), to_destroy: vec![name] })
        })?;
        self.replace(register, place)
    }

    /// Uses every live key once and holds what it made against its public half. Changes nothing.
    pub fn rehearse(&self, random: &mut dyn Random) -> Vec<Rehearsal> {
        let ring = self.ring();
        let live = ring.register.keys.iter().filter(|entry| entry.state != KeyState::Retired);
        let is_here =
            |entry: &&KeyEntry| entry.role != Role::Root || ring.register.present(Role::KeyBundle).is_none();
        live.filter(is_here)
            .map(|entry| Rehearsal {
                name: entry.name(),
                state: entry.state,
                fault: self.try_out(entry, random).err().map(|error| error.to_string()),
            })
            .collect()
    }

    fn try_out(&self, entry: &KeyEntry, random: &mut dyn Random) -> Result<(), KeyStoreError> {
        const WORDS: &[u8] = b"batzen key rehearsal";
        let place = self.ring().place.clone();
        let differs = Err(KeyStoreError::Unusable("it does not belong to its public half"));
        match entry.algorithm {
            Algorithm::EcdsaP256 => {
                let signature = place.signer(entry)?.sign(&[WORDS])?;
                verifying_key(entry)?.verify(&[WORDS], &signature)?;
            }
            Algorithm::X25519 | Algorithm::EcdhP256 => {
                let holder = place.recipient(entry)?;
                let (enc, sealed) = hpke::seal(&holder.public_key(), WORDS, random, &[], WORDS)?;
                let opened = hpke::open(&*holder, &enc, WORDS, &[], &sealed)?;
                if opened.expose() != WORDS {
                    return differs;
                }
            }
            Algorithm::Aes256Gcm => {
                let sealed = place.seal(entry.name(), random, WORDS, WORDS)?;
                let opened = place.open(entry.name(), WORDS, &sealed)?;
                if opened.expose() != WORDS || place.open(entry.name(), b"other", &sealed).is_ok() {
                    return Err(KeyStoreError::Crypto(CryptoError::Sealed));
                }
            }
            Algorithm::HmacSha256 => {
                let once = place.mac(entry.name(), &[WORDS])?;
                if once != place.mac(entry.name(), &[WORDS])? {
                    return differs;
                }
            }
        }
        Ok(())
    }
}
