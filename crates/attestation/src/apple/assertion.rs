//! Assertions: what an attested key signs later, one for each request, with a counter that only rises.

use super::{app_id_hash, authenticator::Head, cbor};
use crate::Refusal;
use crypto::{
    hash::sha256,
    p256::{Signature, VerifyingKey},
};
use minicbor::Decoder;

const PART: &str = "assertion";
/// The longest one read, bytes; genuine ones have about 150.
const LEN_MAX: usize = 1024;

/// What was stored of a key when it was attested.
#[derive(Clone, Copy, Debug)]
pub struct Enrolled<'a> {
    /// The key.
    pub key: &'a VerifyingKey,
    /// The app's id with the team's before it: `ABCDE12345.example.app`.
    pub app_id: &'a str,
    /// The last counter seen; 0 after the attestation.
    pub counter: u32,
}

/// Checks an assertion about a request and gives the counter to store instead. Whoever stores it must do so only if the
/// one before is still there; else two copies of one assertion could both pass.
///
/// # Errors
/// [`Refusal`]: the first thing that is wrong.
pub fn verify_assertion(
    assertion: &[u8],
    client_data_hash: &[u8; 32],
    enrolled: &Enrolled<'_>,
) -> Result<u32, Refusal> {
    if assertion.len() > LEN_MAX {
        return Err(Refusal::TooLong(PART));
    }
    let mut decoder = Decoder::new(assertion);
    let (mut signature, mut data) = (&[][..], &[][..]);
    cbor::named(&mut decoder, PART, &["signature", "authenticatorData"], |name, decoder| {
        let place = if name == "signature" { &mut signature } else { &mut data };
        *place = cbor::bytes(decoder, PART)?;
        Ok(())
    })?;
    cbor::end(&decoder, PART)?;
    let head = Head::read_alone(data)?;
    let nonce = sha256(&[data, client_data_hash]);
    let signature = Signature::from_der(signature).map_err(|_| Refusal::BadAssertion)?;
    enrolled.key.verify(&[&nonce], &signature).map_err(|_| Refusal::BadAssertion)?;
    if head.app_id_hash != app_id_hash(enrolled.app_id) {
        return Err(Refusal::OtherApp("its id has another hash".to_owned()));
    }
    if head.counter <= enrolled.counter {
        return Err(Refusal::CounterNotRising { before: enrolled.counter, found: head.counter });
    }
    Ok(head.counter)
}
