//! Bytes that must not leak: wiped when dropped, redacted when printed, compared in constant time.

use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{Random, mac::constant_time_eq};

/// `N` secret bytes. No `Display`; `Debug` says only the length.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Secret<const N: usize>([u8; N]);

impl<const N: usize> Secret<N> {
    /// Takes over bytes that the caller has; the caller wipes its own copy.
    pub fn from_bytes(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// Draws a fresh secret.
    pub fn make(random: &mut dyn Random) -> Self {
        let mut secret = Self([0; N]);
        random.fill(&mut secret.0);
        secret
    }

    /// A secret of zeros to be filled in place, so that no copy is left elsewhere.
    pub(crate) fn zeros() -> Self {
        Self([0; N])
    }

    /// The bytes. Where this is called is where the secret could leak.
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// The bytes, to be filled in place.
    pub(crate) fn expose_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret<{N}>(redacted)")
    }
}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(&self.0, &other.0)
    }
}

impl<const N: usize> Eq for Secret<N> {}

/// Secret bytes of any length. No `Display`; `Debug` says only the length, which is not secret.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes over the vector; its memory is wiped when this is dropped.
    pub fn from_vec(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes. Where this is called is where the secret could leak.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes({} bytes, redacted)", self.0.len())
    }
}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(&self.0, &other.0)
    }
}

impl Eq for SecretBytes {}

/// Secret text, such as a private key in PEM.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretString(String);

impl SecretString {
    /// Takes over the string; its memory is wiped when this is dropped.
    pub fn from_string(text: String) -> Self {
        Self(text)
    }

    /// The text. Where this is called is where the secret could leak.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretString(redacted)")
    }
}
