//! How well a key is kept, by the platform's word.

use serde::Serialize;

/// Where the attested key lives. Greater is better.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Level {
    /// The platform vouches for nothing.
    None,
    /// For software: the key is in the system's hands, or the platform vouches for app and device but not for the key.
    Software,
    /// In the main processor's trusted environment.
    TrustedEnvironment,
    /// In Apple's Secure Enclave.
    SecureEnclave,
    /// In a secure element of its own.
    StrongBox,
}

impl Level {
    /// Whether the key is in hardware that does not give it away.
    #[must_use]
    pub fn is_hardware(self) -> bool {
        self >= Self::TrustedEnvironment
    }
}
