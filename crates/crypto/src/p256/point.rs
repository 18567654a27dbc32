//! Points that keys agree with.

use core::fmt;

use super::order::subtract;
use crate::{CryptoError, backend::EcdsaPublicKey};

/// p, the prime of the curve's field (SEC 2, section 2.4.2), big-endian.
const FIELD: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
];

/// A point on P-256 other than infinity: a public key for agreements. Checked when it is read.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Point([u8; Self::LEN]);

impl Point {
    /// Bytes of an uncompressed point.
    pub const LEN: usize = 65;

    /// Reads an uncompressed SEC 1 point, 65 bytes, the first of them 4.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] for any other form, for coordinates not below the field's prime and for points off
    /// the curve.
    pub fn from_uncompressed(bytes: &[u8]) -> Result<Self, CryptoError> {
        if bytes.len() != Self::LEN || bytes[0] != 4 {
            return Err(CryptoError::BadKey);
        }
        let (_, point) = EcdsaPublicKey::from_sec1(bytes).ok_or(CryptoError::BadKey)?;
        Ok(Self(point))
    }

    /// The one point with this x coordinate, 32 bytes big-endian, whose y is even.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] if no point has it: half of all numbers, and those not below the field's prime.
    pub fn with_even_y(x: &[u8; 32]) -> Result<Self, CryptoError> {
        let mut compressed = [2; 33];
        compressed[1..].copy_from_slice(x);
        let (_, point) = EcdsaPublicKey::from_sec1(&compressed).ok_or(CryptoError::BadKey)?;
        Ok(Self(point))
    }

    /// This point, or the one with the same x coordinate, whichever has an even y.
    #[must_use]
    pub fn to_even_y(self) -> Self {
        let Self(mut point) = self;
        if let Some(y) = point.last_chunk_mut::<32>()
            && y[31] & 1 == 1
        {
            *y = subtract(&FIELD, y).0;
        }
        Self(point)
    }

    /// The x coordinate, big-endian.
    #[must_use]
    pub fn x(&self) -> [u8; 32] {
        let mut x = [0; 32];
        x.copy_from_slice(&self.0[1..33]);
        x
    }

    /// The uncompressed SEC 1 form.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Debug for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Point(")?;
        crate::write_hex(f, &self.0)?;
        f.write_str(")")
    }
}
