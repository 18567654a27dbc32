//! The token: a verdict, signed by Google (JWS, ES256) and sealed for the app's maker (JWE, AES key wrap and
//! AES-256-GCM), both in compact form (RFC 7515, 7516, 7518). One algorithm each; the token chooses none.

use crate::Refusal;
use crypto::{
    Secret, aead, key_wrap,
    p256::{Signature, VerifyingKey},
};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde::Deserialize;

const PART: &str = "integrity token";
/// The longest one read, bytes; genuine ones have some kilobytes.
const LEN_MAX: usize = 32 * 1024;

/// The app's keys, as the developer console shows them where the operator chose to manage them.
#[derive(Clone, Debug)]
pub struct Keys {
    decryption: Secret<32>,
    verification: VerifyingKey,
}

impl Keys {
    /// Reads both texts of the developer console: the decryption key (base64, 32 bytes) and the verification key
    /// (base64, `SubjectPublicKeyInfo` of a P-256 key).
    ///
    /// # Errors
    /// [`Refusal::BadConsoleKey`].
    pub fn from_console(decryption: &str, verification: &str) -> Result<Self, Refusal> {
        let bytes = BASE64.decode(decryption.trim().as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let info = BASE64.decode(verification.trim().as_bytes()).ok();
        let key = info.and_then(|info| VerifyingKey::from_public_key_info(&info).ok());
        Ok(Self {
            decryption: Secret::from_bytes(bytes.ok_or(Refusal::BadConsoleKey("decryption"))?),
            verification: key.ok_or(Refusal::BadConsoleKey("verification"))?,
        })
    }
}

/// A header of either layer. Of a type or a key's id nothing follows; anything else could change the meaning.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    enc: Option<String>,
    #[serde(rename = "typ")]
    _typ: Option<String>,
    #[serde(rename = "cty")]
    _cty: Option<String>,
    #[serde(rename = "kid")]
    _kid: Option<String>,
}

/// Opens a token and gives what Google signed.
pub(super) fn open(token: &str, keys: &Keys) -> Result<Vec<u8>, Refusal> {
    if token.len() > LEN_MAX {
        return Err(Refusal::TooLong(PART));
    }
    let [header, wrapped, nonce, ciphertext, tag] = parts(token)?;
    if !is_header(header, "A256KW", Some("A256GCM"))? {
        return Err(Refusal::malformed(PART, "sealed by another algorithm"));
    }
    let wrapped = decode_exactly(wrapped)?;
    let key = key_wrap::unwrap(&keys.decryption, &wrapped).map_err(|_| Refusal::BadToken)?;
    let (nonce, tag) = (decode_exactly(nonce)?, decode_exactly(tag)?);
    let inner = aead::open_pieces(&key, &nonce, header.as_bytes(), &decode(ciphertext)?, &tag);
    let inner = inner.map_err(|_| Refusal::BadToken)?;
    let inner =
        core::str::from_utf8(inner.expose()).map_err(|_| Refusal::malformed(PART, "no text inside"))?;
    verified(inner, &keys.verification)
}

/// The payload of the signed text.
fn verified(text: &str, key: &VerifyingKey) -> Result<Vec<u8>, Refusal> {
    let [header, payload, signature] = parts(text)?;
    if !is_header(header, "ES256", None)? {
        return Err(Refusal::malformed(PART, "signed by another algorithm"));
    }
    let signature = Signature::normalized_from_raw(&decode_exactly(signature)?);
    let signature = signature.map_err(|_| Refusal::BadToken)?;
    let signed = [header.as_bytes(), b".", payload.as_bytes()];
    key.verify(&signed, &signature).map_err(|_| Refusal::BadToken)?;
    decode(payload)
}

fn parts<const N: usize>(text: &str) -> Result<[&str; N], Refusal> {
    let parts: Vec<&str> = text.splitn(N + 1, '.').collect();
    parts.try_into().map_err(|_| Refusal::malformed(PART, "not the parts that belong there"))
}

fn is_header(part: &str, algorithm: &str, encryption: Option<&str>) -> Result<bool, Refusal> {
    let header: Header = serde_json::from_slice(&decode(part)?)
        .map_err(|_| Refusal::malformed(PART, "a header with something else than algorithms"))?;
    Ok(header.alg == algorithm && header.enc.as_deref() == encryption)
}

fn decode(part: &str) -> Result<Vec<u8>, Refusal> {
    BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| Refusal::malformed(PART, "no base64url"))
}

fn decode_exactly<const N: usize>(part: &str) -> Result<[u8; N], Refusal> {
    decode(part)?.try_into().map_err(|_| Refusal::malformed(PART, "a part of another length"))
}
