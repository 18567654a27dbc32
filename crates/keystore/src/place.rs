//! The port to where private halves are: this process's memory, or a token.

use std::sync::Arc;

use crypto::{CryptoError, Random, SecretBytes, hpke::Decapsulate, p256::Sign};

use crate::{Algorithm, KeyEntry, KeyName, KeyStoreError};

/// Makes keys, and does with them what they are for. Keys are named; a name is never used twice.
pub(crate) trait Place: Send + Sync {
    /// Makes a key: its public half, empty where there is none.
    fn make(
        &self,
        name: KeyName,
        algorithm: Algorithm,
        random: &mut dyn Random,
    ) -> Result<Vec<u8>, KeyStoreError>;
    /// Destroys a key. One that is not there is destroyed already.
    fn destroy(&self, name: KeyName) -> Result<(), KeyStoreError>;

    /// Signs with an ECDSA key.
    fn signer(&self, entry: &KeyEntry) -> Result<Arc<dyn Sign>, KeyStoreError>;
    /// Opens with an X25519 or ECDH key.
    fn recipient(&self, entry: &KeyEntry) -> Result<Arc<dyn Decapsulate>, KeyStoreError>;
    /// Nonce (12 bytes), ciphertext and tag, by AES-256-GCM.
    fn seal(
        &self,
        name: KeyName,
        random: &mut dyn Random,
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError>;
    /// Opens what [`Place::seal`] made.
    fn open(&self, name: KeyName, aad: &[u8], sealed: &[u8]) -> Result<SecretBytes, CryptoError>;
    /// HMAC-SHA256 over the parts as one string.
    fn mac(&self, name: KeyName, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError>;
}
