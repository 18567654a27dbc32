//! The order n of P-256's group (SEC 2, section 2.4.2): comparisons with it, free of branches on content, and drawing
//! private scalars below it.

use crate::{CryptoError, Random, Secret, backend};

/// n, big-endian.
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc,
    0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// (n − 1) / 2, the highest low s.
const HALF_ORDER: [u8; 32] = [
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde,
    0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8,
];

/// Whether the number is in 1..n.
pub(super) fn is_in_range(number: &[u8; 32]) -> bool {
    let any = number.iter().fold(0, |any, byte| any | byte);
    let (_, below) = subtract(number, &ORDER);
    (any != 0) & below
}

/// Draws the scalar of a fresh private key, and makes the key of it.
pub(super) fn draw<K>(
    random: &mut dyn Random,
    from_scalar: impl Fn(&[u8; 32]) -> Result<K, CryptoError>,
) -> K {
    let mut scalar = Secret::make(random);
    loop {
        if let Ok(key) = from_scalar(scalar.expose()) {
            return key;
        }
        // One draw in 2³² is out of range. Hashing it on is as good as a new draw, and ends even
        // where a broken source gives the same bytes again.
        scalar = Secret::from_bytes(backend::sha256(&[scalar.expose()]));
    }
}

/// Whether s is the higher of s and n − s.
pub(super) fn is_high(s: &[u8; 32]) -> bool {
    subtract(&HALF_ORDER, s).1
}

/// n − s, for s in 1..n.
pub(super) fn negate(s: &[u8; 32]) -> [u8; 32] {
    subtract(&ORDER, s).0
}

/// a − b modulo 2²⁵⁶, and whether a < b.
pub(super) fn subtract(a: &[u8; 32], b: &[u8; 32]) -> ([u8; 32], bool) {
    let mut difference = [0; 32];
    let mut borrow = 0_u16;
    for index in (0..32).rev() {
        let [high, low] =
            u16::from(a[index]).wrapping_sub(u16::from(b[index])).wrapping_sub(borrow).to_be_bytes();
        difference[index] = low;
        borrow = u16::from(high & 1);
    }
    (difference, borrow == 1)
}
