//! Base64 with padding (RFC 4648, section 4) in its one form.

use data_encoding::BASE64;

/// The bytes of this text; none if it is not the text that they are written as.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let bytes = BASE64.decode(text).ok()?;
    // `data_encoding` also takes several padded texts one after the other.
    (BASE64.encode(&bytes).as_bytes() == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_one_text() {
        for bytes in [&b""[..], b"a", b"ab", b"abc", b"abcd"] {
            assert_eq!(decode(BASE64.encode(bytes).as_bytes()).as_deref(), Some(bytes));
        }
        for text in ["YQ", "YR==", "YQ==YQ==", "YWI=YWJj", "YQ==\n", "Y-==", "===="] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}
