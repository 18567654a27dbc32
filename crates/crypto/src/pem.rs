//! PEM text (RFC 7468), strictly: one label, lines of 64, nothing else accepted.

use der::pem::LineEnding;

use crate::CryptoError;

/// The longest PEM text read, bytes.
const TEXT_LEN_MAX: usize = 64 * 1024;

/// One block of PEM.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    der::pem::encode_string(label, LineEnding::LF, der)
        .expect("our labels are valid and DER in memory is short")
}

/// The bytes of the one block in the text, which must carry this label.
pub(crate) fn decode(label: &str, text: &str) -> Result<Vec<u8>, CryptoError> {
    if text.len() > TEXT_LEN_MAX {
        return Err(CryptoError::BadPem("the text is too long"));
    }
    let (found, der) = der::pem::decode_vec(text.as_bytes())
        .map_err(|_| CryptoError::BadPem("not one well-formed block"))?;
    if found == label { Ok(der) } else { Err(CryptoError::BadPem("another label was expected")) }
}

/// The bytes of several blocks, one after the other, all with this label; at most `count_max`.
pub(crate) fn decode_all(label: &str, text: &str, count_max: usize) -> Result<Vec<Vec<u8>>, CryptoError> {
    if text.len() > TEXT_LEN_MAX {
        return Err(CryptoError::BadPem("the text is too long"));
    }
    let end = format!("-----END {label}-----");
    let mut blocks = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let at = rest.find(&end).ok_or(CryptoError::BadPem("a block does not end"))? + end.len();
        if blocks.len() == count_max {
            return Err(CryptoError::BadPem("too many blocks"));
        }
        let (block, after) = rest.split_at(at);
        blocks.push(decode(label, block)?);
        rest = after.trim_start();
    }
    if blocks.is_empty() { Err(CryptoError::BadPem("there is no block")) } else { Ok(blocks) }
}
