//! A signature as bytes: strict where it came from us, forgiving about s where a platform's vault made it.

use core::fmt;

use der::{Decode, Encode, Sequence, asn1::UintRef};

use super::order;
use crate::CryptoError;

/// An ECDSA signature: r and s in 1..n, s low, as 64 bytes r ‖ s, big-endian.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Reads a raw signature strictly.
    ///
    /// # Errors
    /// [`CryptoError::BadSignature`] if r or s is outside 1..n, [`CryptoError::HighS`] if s is the higher one.
    pub fn from_bytes(bytes: &[u8; 64]) -> Result<Self, CryptoError> {
        let (_, s) = split(bytes)?;
        if order::is_high(&s) { Err(CryptoError::HighS) } else { Ok(Self(*bytes)) }
    }

    /// Reads a raw signature that a platform's vault made, and takes the lower s.
    ///
    /// # Errors
    /// [`CryptoError::BadSignature`] if r or s is outside 1..n.
    pub fn normalized_from_raw(bytes: &[u8; 64]) -> Result<Self, CryptoError> {
        let (r, s) = split(bytes)?;
        Ok(Self(join(&r, &if order::is_high(&s) { order::negate(&s) } else { s })))
    }

    /// Reads a DER signature (`Ecdsa-Sig-Value`, RFC 3279 section 2.2.3), as vaults and certificates hold,
    /// and takes the lower s.
    ///
    /// # Errors
    /// [`CryptoError::BadSignature`] if it is not strict DER, or r or s is outside 1..n.
    pub fn from_der(bytes: &[u8]) -> Result<Self, CryptoError> {
        if bytes.len() > DER_LEN_MAX {
            return Err(CryptoError::BadSignature);
        }
        let parsed = Integers::from_der(bytes).map_err(|_| CryptoError::BadSignature)?;
        let raw = join(&widen(parsed.r.as_bytes())?, &widen(parsed.s.as_bytes())?);
        Self::normalized_from_raw(&raw)
    }

    /// The 64 bytes r ‖ s.
    pub fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// The 64 bytes r ‖ s.
    pub fn to_bytes(&self) -> [u8; 64] {
        self.0
    }

    /// The DER form (`Ecdsa-Sig-Value`), at most 72 bytes.
    pub fn to_der(&self) -> Vec<u8> {
        let (r, s) = self.0.split_at(32);
        let integers = Integers {
            r: UintRef::new(r).expect("32 bytes are a DER integer"),
            s: UintRef::new(s).expect("32 bytes are a DER integer"),
        };
        integers.to_der().expect("two short integers fit DER")
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signature(")?;
        crate::write_hex(f, &self.0)?;
        f.write_str(")")
    }
}

/// Two integers of 33 bytes at most, each with a header of 2, in a sequence with a header of 2.
const DER_LEN_MAX: usize = 72;

#[derive(Sequence)]
struct Integers<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// r and s, both in 1..n.
fn split(bytes: &[u8; 64]) -> Result<([u8; 32], [u8; 32]), CryptoError> {
    let mut r = [0; 32];
    let mut s = [0; 32];
    r.copy_from_slice(&bytes[..32]);
    s.copy_from_slice(&bytes[32..]);
    if order::is_in_range(&r) && order::is_in_range(&s) { Ok((r, s)) } else { Err(CryptoError::BadSignature) }
}

fn join(r: &[u8; 32], s: &[u8; 32]) -> [u8; 64] {
    let mut raw = [0; 64];
    raw[..32].copy_from_slice(r);
    raw[32..].copy_from_slice(s);
    raw
}

fn widen(integer: &[u8]) -> Result<[u8; 32], CryptoError> {
    let start = 32_usize.checked_sub(integer.len()).ok_or(CryptoError::BadSignature)?;
    let mut wide = [0; 32];
    wide[start..].copy_from_slice(integer);
    Ok(wide)
}
