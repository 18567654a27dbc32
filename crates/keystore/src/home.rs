//! Where a realm's register is kept, and its private halves with it.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use crypto::{Random, SecretString};

use crate::{
    KeyName, KeyStoreError, Register, WARNING,
    file::{self, Mark, Replace},
    inner::Inner,
    memory::MemoryPlace,
    place::Place,
    token::TokenPlace,
};

/// A register and the place of its keys.
pub(crate) type Loaded = (Register, Arc<dyn Place>);

/// Keeps a register and private halves.
pub(crate) enum Home {
    /// A sealed file.
    File(SealedFile),
    /// A PKCS#11 token.
    Token(Arc<TokenPlace>),
}

/// A sealed file, and what opens it.
pub(crate) struct SealedFile {
    pub(crate) path: PathBuf,
    pub(crate) passphrase: SecretString,
    /// The file as it was when it was last read.
    seen: Mutex<Option<Mark>>,
}

impl SealedFile {
    pub(crate) fn new(path: PathBuf, passphrase: SecretString) -> Self {
        Self { path, passphrase, seen: Mutex::new(None) }
    }

    fn read(&self) -> Result<Inner, KeyStoreError> {
        let mark = file::mark(&self.path);
        let content = file::read(&self.path, self.passphrase.expose())?;
        let what = "its content is not what was written";
        let inner =
            Inner::from_json(&content).ok_or(KeyStoreError::Damaged { path: self.path.clone(), what })?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = mark;
        Ok(inner)
    }

    fn write(&self, inner: &Inner, replace: Replace, random: &mut dyn Random) -> Result<(), KeyStoreError> {
        file::write(&self.path, self.passphrase.expose(), &inner.to_json(), replace, random)
    }
}

impl Home {
    /// The register and the place of its keys, as they are now.
    pub(crate) fn load(&self) -> Result<Loaded, KeyStoreError> {
        match self {
            Self::File(file) => {
                let inner = file.read()?;
                let place = MemoryPlace::holding(inner.secrets());
                Ok((inner.register, Arc::new(place)))
            }
            Self::Token(token) => Ok((token.read_register()?, Arc::new(token.clone()))),
        }
    }

    /// The same if it is later than this revision. Asked often, so a file that is as it was is not opened.
    pub(crate) fn load_newer_than(&self, revision: u64) -> Result<Option<Loaded>, KeyStoreError> {
        if let Self::File(file) = self
            && file::mark(&file.path) == *file.seen.lock().unwrap_or_else(PoisonError::into_inner)
        {
            return Ok(None);
        }
        Ok(Some(self.load()?).filter(|(register, _)| register.revision > revision))
    }

    /// Keeps a first register and what its keys' place holds; never in place of another.
    pub(crate) fn begin(
        &self,
        register: &Register,
        place: &MemoryPlace,
        random: &mut dyn Random,
    ) -> Result<(), KeyStoreError> {
        match self {
            Self::File(file) => {
                let inner = Inner::new(register.clone(), place.secrets());
                file.write(&inner, Replace::Never, random)
            }
            Self::Token(token) => token.write_register(register),
        }
    }

    /// Makes what `change` makes of the register and its keys durable, then destroys the keys that it names. One
    /// change at a time.
    pub(crate) fn change<T>(
        &self,
        random: &mut dyn Random,
        change: impl FnOnce(&mut Register, &dyn Place, &mut dyn Random) -> Result<Changed<T>, KeyStoreError>,
    ) -> Result<(T, Register, Arc<dyn Place>), KeyStoreError> {
        match self {
            Self::File(file) => {
                let _alone = file::lock(&file.path)?;
                let inner = file.read()?;
                let place = MemoryPlace::holding(inner.secrets());
                let mut register = inner.register;
                let changed = change(&mut register, &place, random)?;
                register.revision += 1;
                for name in changed.to_destroy {
                    place.destroy(name)?;
                }
                let inner = Inner::new(register.clone(), place.secrets());
                file.write(&inner, Replace::Existing, random)?;
                Ok((changed.outcome, register, Arc::new(place)))
            }
            Self::Token(token) => {
                let mut register = token.read_register()?;
                let changed = change(&mut register, token, random)?;
                register.revision += 1;
                token.write_register(&register)?;
                for name in changed.to_destroy {
                    token.destroy(name)?;
                }
                Ok((changed.outcome, register, Arc::new(token.clone())))
            }
        }
    }

    pub(crate) const fn warning(&self) -> Option<&'static str> {
        match self {
            Self::File(_) => Some(WARNING),
            Self::Token(_) => None,
        }
    }

    /// The same error with the place that it is about.
    pub(crate) fn explain(&self, error: KeyStoreError) -> KeyStoreError {
        match (self, error) {
            (Self::File(file), KeyStoreError::Unusable(what)) => {
                KeyStoreError::Damaged { path: file.path.clone(), what }
            }
            (_, error) => error,
        }
    }
}

/// What a change led to, and which keys are of no use after it.
pub(crate) struct Changed<T> {
    pub(crate) outcome: T,
    pub(crate) to_destroy: Vec<KeyName>,
}
