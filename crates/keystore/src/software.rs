//! The software key store: all keys in one sealed file, and in this process's memory while it runs.

use std::path::Path;

use crypto::{Random, SecretString};
use model::Timestamp;
use protocol::{payment_code::Suite, realm::Realm};

use crate::{
    Algorithm, KeyStoreError, RealmKeys,
    home::{Home, SealedFile},
    make::{Maker, RootAt},
    memory::MemoryPlace,
};

/// To be printed by whatever uses this store.
pub const WARNING: &str = "software key store: for trying out. Whoever reads this machine's memory or learns the \
                           pass phrase has every key; keep keys for real money in an HSM.";
/// The fewest characters of a pass phrase.
pub const PASSPHRASE_LEN_MIN: usize = 8;

impl RealmKeys {
    /// Makes all keys of a realm, the root's included, and writes them to a new file. What others seal to is of suite 1.
    ///
    /// # Errors
    /// [`KeyStoreError::Exists`], [`KeyStoreError::WeakPassphrase`], [`KeyStoreError::Io`],
    /// [`KeyStoreError::Crypto`].
    pub fn create_file(
        path: &Path,
        passphrase: &str,
        realm: &Realm,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Self, KeyStoreError> {
        Self::create_file_in_suite(path, passphrase, realm, Suite::X25519, now, random)
    }

    /// Like [`RealmKeys::create_file`]; what others seal to is of this suite.
    ///
    /// # Errors
    /// As [`RealmKeys::create_file`].
    pub fn create_file_in_suite(
        path: &Path,
        passphrase: &str,
        realm: &Realm,
        suite: Suite,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Self, KeyStoreError> {
        if passphrase.chars().count() < PASSPHRASE_LEN_MIN {
            return Err(KeyStoreError::WeakPassphrase(PASSPHRASE_LEN_MIN));
        }
        let home = file_home(path, passphrase);
        let place = MemoryPlace::default();
        let mut maker = Maker { place: &place, agreement: Algorithm::of(suite), now, random };
        let register = maker.register(realm, RootAt::Place)?;
        home.begin(&register, &place, random)?;
        Self::at(home)
    }

    /// Opens the file.
    ///
    /// # Errors
    /// [`KeyStoreError::Missing`], [`KeyStoreError::NotPrivate`], [`KeyStoreError::WrongPassphrase`],
    /// [`KeyStoreError::Damaged`], [`KeyStoreError::VersionUnsupported`], [`KeyStoreError::Io`].
    pub fn open_file(path: &Path, passphrase: &str) -> Result<Self, KeyStoreError> {
        Self::at(file_home(path, passphrase))
    }
}

fn file_home(path: &Path, passphrase: &str) -> Home {
    Home::File(SealedFile::new(path.to_owned(), SecretString::from_string(passphrase.to_owned())))
}
