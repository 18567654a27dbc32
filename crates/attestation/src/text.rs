//! How bytes are shown in a reading.

use crypto::x509::ForeignCertificate;
use data_encoding::HEXLOWER;
use serde::Serializer;

/// Whether a character moves a terminal's cursor, or hides or reorders what stands beside it.
pub(crate) fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A certificate's subject for people to see. An app chooses that of its own key's certificate.
pub(crate) fn subject(certificate: &ForeignCertificate) -> String {
    certificate.subject().replace(misleads, "\u{fffd}")
}

/// Bytes as lower-case hexadecimal.
pub(crate) fn hex<S: Serializer>(bytes: &impl AsRef<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&HEXLOWER.encode(bytes.as_ref()))
}

/// The same, if there are any.
pub(crate) fn hex_if_any<S: Serializer>(bytes: &Option<Vec<u8>>, serializer: S) -> Result<S::Ok, S::Error> {
    match bytes {
        Some(bytes) => hex(bytes, serializer),
        None => serializer.serialize_none(),
    }
}

/// Several of them.
pub(crate) fn hex_list<S: Serializer>(list: &[Vec<u8>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.iter().map(|bytes| HEXLOWER.encode(bytes)))
}
