//! The door to wherever the phone's keys are: a hardware key store, a browser's key, a file.

use crypto::{
    CryptoError, Random,
    hpke::Decapsulate,
    p256::{Sign, SigningKey},
    x25519,
};

use crate::StateKey;

/// Holds the phone's four keys and uses them. None of them is derived from the PIN.
///
/// A vault that can only sign elsewhere and later (a browser's) leaves this trait aside: each step that signs also
/// gives its bytes to sign and takes the signature, as [`crate::SignableCode::to_sign`] does.
pub trait Vault: Send + Sync {
    /// Signs payment codes, and nothing else after activation.
    fn device_key(&self) -> &dyn Sign;

    /// Signs online requests.
    fn online_key(&self) -> &dyn Sign;

    /// Opens confirmations.
    fn confirmation_key(&self) -> &dyn Decapsulate;

    /// What the wallet's state is sealed under.
    ///
    /// # Errors
    /// [`CryptoError::KeyStore`] where the holder of the key fails.
    fn state_key(&self) -> Result<StateKey, CryptoError>;
}

/// A vault whose keys are plain values in memory: for programs that have no better place, and for tests.
pub struct MemoryVault {
    /// Signs payment codes.
    pub device: SigningKey,
    /// Signs online requests.
    pub online: SigningKey,
    /// Opens confirmations.
    pub confirmation: x25519::SecretKey,
    /// Seals the wallet's state.
    pub state_key: StateKey,
}

impl MemoryVault {
    /// Fresh keys.
    pub fn make(random: &mut dyn Random) -> Self {
        Self {
            device: SigningKey::make(random),
            online: SigningKey::make(random),
            confirmation: x25519::SecretKey::make(random),
            state_key: StateKey::make(random),
        }
    }
}

impl Vault for MemoryVault {
    fn device_key(&self) -> &dyn Sign {
        &self.device
    }

    fn online_key(&self) -> &dyn Sign {
        &self.online
    }

    fn confirmation_key(&self) -> &dyn Decapsulate {
        &self.confirmation
    }

    fn state_key(&self) -> Result<StateKey, CryptoError> {
        Ok(self.state_key.clone())
    }
}
