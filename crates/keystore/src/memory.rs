//! Private halves in this process's memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use crypto::{
    CryptoError, Random, Secret, SecretBytes, aead,
    hpke::{Decapsulate, Kem, SecretKey},
    mac::hmac_sha256,
    p256::{Sign, SigningKey},
};

use crate::{Algorithm, KeyEntry, KeyName, KeyStoreError, keyring::sealed_to, place::Place};

const GONE: CryptoError = CryptoError::KeyStore("the key is not there");

/// Keys in memory, by name.
#[derive(Default)]
pub(crate) struct MemoryPlace(RwLock<BTreeMap<KeyName, Secret<32>>>);

impl MemoryPlace {
    /// A place that holds these.
    pub(crate) fn holding(secrets: BTreeMap<KeyName, Secret<32>>) -> Self {
        Self(RwLock::new(secrets))
    }

    /// Copies of all that it holds.
    pub(crate) fn secrets(&self) -> BTreeMap<KeyName, Secret<32>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn secret(&self, name: KeyName) -> Result<Secret<32>, CryptoError> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&name).cloned().ok_or(GONE)
    }

    fn put(&self, name: KeyName, secret: Secret<32>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(name, secret);
    }
}

impl Place for MemoryPlace {
    fn make(
        &self,
        name: KeyName,
        algorithm: Algorithm,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, KeyStoreError> {
        let (secret, public) = match algorithm {
            Algorithm::EcdsaP256 => {
                let key = SigningKey::make(random);
                (key.to_scalar(), key.verifying_key().to_sec1_uncompressed().to_vec())
            }
            Algorithm::X25519 => agreement_key(Kem::X25519, random),
            Algorithm::EcdhP256 => agreement_key(Kem::P256, random),
            Algorithm::Aes256Gcm | Algorithm::HmacSha256 => (Secret::make(random), Vec::new()),
        };
        self.put(name, secret);
        Ok(public)
    }

    fn destroy(&self, name: KeyName) -> Result<(), KeyStoreError> {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(&name);
        Ok(())
    }

    fn signer(&self, entry: &KeyEntry) -> Result<Arc<dyn Sign>, KeyStoreError> {
        Ok(Arc::new(SigningKey::from_scalar(self.secret(entry.name())?.expose())?))
    }

    fn recipient(&self, entry: &KeyEntry) -> Result<Arc<dyn Decapsulate>, KeyStoreError> {
        let secret = self.secret(entry.name())?;
        Ok(Arc::new(SecretKey::from_bytes(sealed_to(entry)?.kem(), secret.expose())?))
    }

    fn seal(
        &self,
        name: KeyName,
        random: &mut dyn Random,
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        Ok(aead::seal(&self.secret(name)?, random, aad, plaintext))
    }

    fn open(&self, name: KeyName, aad: &[u8], sealed: &[u8]) -> Result<SecretBytes, CryptoError> {
        aead::open(&self.secret(name)?, aad, sealed)
    }

    fn mac(&self, name: KeyName, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        Ok(hmac_sha256(self.secret(name)?.expose(), parts))
    }
}

/// A key that others seal to: its bytes, and its public half's.
fn agreement_key(kem: Kem, random: &mut dyn Random) -> (Secret<32>, Vec<u8>) {
    let key = SecretKey::make(kem, random);
    (key.to_bytes(), key.public_key().as_bytes().to_vec())
}
