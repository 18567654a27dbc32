//! The door to wherever the phone's keys are: a hardware key store, a browser's key, a file.

use crypto::{CryptoError, hpke::Decapsulate, p256::Sign};

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
