//! The attestation object: CBOR with the format's name, two certificates, a receipt, and authenticator data.

use super::{authenticator::Attested, cbor};
use crate::Refusal;
use minicbor::Decoder;

const PART: &str = "attestation object";
const FORMAT: &str = "apple-appattest";
/// The longest one read, bytes; genuine ones have about 6 KiB.
const LEN_MAX: usize = 16 * 1024;
/// The most certificates in one; genuine ones have two.
const CERTIFICATES_MAX: u64 = 4;

/// What stands in it.
pub(super) struct Object<'a> {
    /// DER, the key's first.
    pub(super) certificates: Vec<&'a [u8]>,
    pub(super) receipt: &'a [u8],
    /// What the nonce is made over.
    pub(super) authenticator_data: &'a [u8],
    pub(super) attested: Attested,
}

impl<'a> Object<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Refusal> {
        const ABSENT: Refusal = Refusal::malformed(PART, "something is absent");
        if bytes.len() > LEN_MAX {
            return Err(Refusal::TooLong(PART));
        }
        let mut decoder = Decoder::new(bytes);
        let (mut format, mut statement, mut data) = (None, None, None);
        cbor::named(&mut decoder, PART, &["fmt", "attStmt", "authData"], |name, decoder| {
            match name {
                "fmt" => format = decoder.str().ok(),
                "attStmt" => statement = Some(read_statement(decoder)?),
                _ => data = Some(cbor::bytes(decoder, PART)?),
            }
            Ok(())
        })?;
        cbor::end(&decoder, PART)?;
        if format != Some(FORMAT) {
            return Err(Refusal::malformed(PART, "another format than App Attest's"));
        }
        let (certificates, receipt) = statement.ok_or(ABSENT)?;
        let authenticator_data = data.ok_or(ABSENT)?;
        let attested = Attested::read(authenticator_data)?;
        Ok(Self { certificates, receipt, authenticator_data, attested })
    }
}

/// Certificates and receipt.
fn read_statement<'a>(decoder: &mut Decoder<'a>) -> Result<(Vec<&'a [u8]>, &'a [u8]), Refusal> {
    let (mut certificates, mut receipt) = (Vec::new(), &[][..]);
    cbor::named(decoder, PART, &["x5c", "receipt"], |name, decoder| {
        if name == "receipt" {
            receipt = cbor::bytes(decoder, PART)?;
            return Ok(());
        }
        let count = decoder.array().ok().flatten().filter(|count| *count <= CERTIFICATES_MAX);
        for _ in 0..count.ok_or(Refusal::malformed(PART, "no list of certificates"))? {
            certificates.push(cbor::bytes(decoder, PART)?);
        }
        Ok(())
    })?;
    Ok((certificates, receipt))
}
