//! Authenticator data, as WebAuthn defines it and Apple fills it in.
//!
//! <https://www.w3.org/TR/webauthn-2/#sctn-authenticator-data>: hash of the app's id, flags, counter; in attestations
//! also which environment, the key's id, and the key (COSE).

use super::cbor;
use crate::Refusal;
use crypto::p256::VerifyingKey;
use minicbor::Decoder;

const PART: &str = "authenticator data";
/// Bytes before what only attestations have.
const HEAD_LEN: usize = 37;
/// The flag that the attested key follows.
const FLAG_ATTESTED: u8 = 0x40;
/// COSE (RFC 9053): a key of two coordinates, for ES256, on P-256.
const KEY_TYPE_EC2: i64 = 2;
const ALGORITHM_ES256: i64 = -7;
const CURVE_P256: i64 = 1;

/// What both attestations and assertions begin with.
pub(super) struct Head {
    /// SHA-256 of the app's id.
    pub(super) app_id_hash: [u8; 32],
    flags: u8,
    pub(super) counter: u32,
}

/// What attestations have.
pub(super) struct Attested {
    pub(super) head: Head,
    /// Which environment, in Apple's words.
    pub(super) aaguid: [u8; 16],
    pub(super) key_id: [u8; 32],
    pub(super) key: VerifyingKey,
}

impl Head {
    /// An assertion's: the head alone.
    pub(super) fn read_alone(bytes: &[u8]) -> Result<Self, Refusal> {
        let (head, rest) = Self::read(bytes)?;
        // Assertions carry the flag, too, and yet no key.
        if rest.is_empty() { Ok(head) } else { Err(Refusal::malformed(PART, "more than belongs there")) }
    }

    fn read(bytes: &[u8]) -> Result<(Self, &[u8]), Refusal> {
        let (head, rest) =
            bytes.split_first_chunk::<HEAD_LEN>().ok_or(Refusal::malformed(PART, "cut off"))?;
        let (app_id_hash, tail) = head.split_first_chunk::<32>().expect("37 bytes begin with 32");
        let [flags, counter @ ..] = tail else { return Err(Refusal::malformed(PART, "cut off")) };
        let counter = counter.try_into().map_err(|_| Refusal::malformed(PART, "cut off"))?;
        Ok((Self { app_id_hash: *app_id_hash, flags: *flags, counter: u32::from_be_bytes(counter) }, rest))
    }
}

impl Attested {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        const CUT: Refusal = Refusal::malformed(PART, "cut off");
        let (head, rest) = Head::read(bytes)?;
        if head.flags & FLAG_ATTESTED == 0 {
            return Err(Refusal::malformed(PART, "without a key"));
        }
        let (aaguid, rest) = rest.split_first_chunk::<16>().ok_or(CUT)?;
        let (length, rest) = rest.split_first_chunk::<2>().ok_or(CUT)?;
        if u16::from_be_bytes(*length) != 32 {
            return Err(Refusal::malformed(PART, "a key id that is no SHA-256"));
        }
        let (key_id, rest) = rest.split_first_chunk::<32>().ok_or(CUT)?;
        let key = read_key(rest)?;
        Ok(Self { head, aaguid: *aaguid, key_id: *key_id, key })
    }
}

/// A P-256 key in COSE, parts in the order of their numbers, as Apple writes it.
fn read_key(bytes: &[u8]) -> Result<VerifyingKey, Refusal> {
    const WRONG: Refusal = Refusal::malformed(PART, "no P-256 key in COSE");
    let mut decoder = Decoder::new(bytes);
    if decoder.map().ok().flatten() != Some(5) {
        return Err(WRONG);
    }
    for (number, value) in [(1, KEY_TYPE_EC2), (3, ALGORITHM_ES256), (-1, CURVE_P256)] {
        let found = (decoder.i64().map_err(|_| WRONG)?, decoder.i64().map_err(|_| WRONG)?);
        if found != (number, value) {
            return Err(WRONG);
        }
    }
    let mut point = vec![4];
    for number in [-2, -3] {
        if decoder.i64().map_err(|_| WRONG)? != number {
            return Err(WRONG);
        }
        let coordinate: &[u8; 32] = cbor::bytes(&mut decoder, PART)?.try_into().map_err(|_| WRONG)?;
        point.extend_from_slice(coordinate);
    }
    cbor::end(&decoder, PART)?;
    VerifyingKey::from_sec1(&point).map_err(|_| WRONG)
}
