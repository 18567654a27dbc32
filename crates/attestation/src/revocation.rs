//! Which certificates are revoked, as Google publishes it for Android; the operator fetches it and hands it in.
//!
//! Whatever is listed counts as revoked, whatever its status says, and without a fresh list nothing is taken.

use crate::Refusal;
use model::Timestamp;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// The longest list read, bytes; the published one has some hundred kilobytes.
const TEXT_LEN_MAX: usize = 16 * 1024 * 1024;
/// How far ahead of the clock a list may be dated, s.
const AHEAD_S_MAX: i64 = 300;
/// Digits of the longest serial number (RFC 5280: 20 bytes).
const SERIAL_DIGITS_MAX: usize = 40;

/// Serial numbers of revoked certificates, as of a moment, good for some time.
#[derive(Clone, Debug)]
pub struct RevocationList {
    serials: BTreeSet<String>,
    as_of: Timestamp,
    age_s_max: u32,
}

#[derive(Deserialize)]
struct Document {
    entries: BTreeMap<String, Entry>,
}

/// Of what else Google says (reason, comment, when it expires) nothing counts.
#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "status")]
    _status: String,
}

impl RevocationList {
    /// Reads the JSON that <https://android.googleapis.com/attestation/status> answers with. `as_of` is when it was
    /// fetched; it is taken for `age_s_max` seconds from then on.
    ///
    /// # Errors
    /// [`Refusal::BadRevocationList`] for anything over 16 MiB, not of that form, or with what is no serial number.
    pub fn from_json(text: &str, as_of: Timestamp, age_s_max: u32) -> Result<Self, Refusal> {
        if text.len() > TEXT_LEN_MAX {
            return Err(Refusal::BadRevocationList("it is too long"));
        }
        let document: Document =
            serde_json::from_str(text).map_err(|_| Refusal::BadRevocationList("it has another form"))?;
        let serials = document.entries.into_keys().map(|serial| normalised(&serial));
        let serials = serials.collect::<Option<_>>();
        let serials = serials.ok_or(Refusal::BadRevocationList("an entry is no serial number"))?;
        Ok(Self { serials, as_of, age_s_max })
    }

    /// How many certificates it names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.serials.len()
    }

    /// Whether it names none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.serials.is_empty()
    }

    /// Refuses a serial number that is listed, and everything if the list is not of today.
    pub(crate) fn check(&self, serial: &[u8], at: Timestamp) -> Result<(), Refusal> {
        let age_s = at.ms_since(self.as_of) / 1000;
        if age_s < -AHEAD_S_MAX {
            return Err(Refusal::FutureRevocationList);
        }
        if age_s > i64::from(self.age_s_max) {
            return Err(Refusal::OldRevocationList(age_s));
        }
        let serial = data_encoding::HEXLOWER.encode(serial);
        let serial = serial.trim_start_matches('0');
        if self.serials.contains(serial) { Err(Refusal::Revoked(serial.to_owned())) } else { Ok(()) }
    }
}

/// Lower-case, without leading zeros.
fn normalised(serial: &str) -> Option<String> {
    let fits = (1..=SERIAL_DIGITS_MAX).contains(&serial.len());
    let is_hex = serial.bytes().all(|byte| byte.is_ascii_hexdigit());
    (fits && is_hex).then(|| serial.trim_start_matches('0').to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_s(1_700_000_000);

    fn list(text: &str) -> Result<RevocationList, Refusal> {
        RevocationList::from_json(text, AT, 86_400)
    }

    #[test]
    fn what_is_listed_is_revoked_whatever_its_status_and_however_it_is_written() {
        let text = r#"{"entries": {
            "2c8cdddfd5e03bfc": {"status": "REVOKED", "reason": "KEY_COMPROMISE", "comment": "x"},
            "00AB": {"status": "SUSPENDED", "expires": "2020-11-13"},
            "1": {"status": "SOMETHING_NEW"}}}"#;
        let list = list(text).unwrap();
        assert_eq!(list.len(), 3);
        for serial in [&[0x2c, 0x8c, 0xdd, 0xdf, 0xd5, 0xe0, 0x3b, 0xfc][..], &[0xab], &[0, 0xab], &[1]] {
            assert!(matches!(list.check(serial, AT), Err(Refusal::Revoked(_))), "{serial:?}");
        }
        assert_eq!(list.check(&[2], AT), Ok(()));
    }

    #[test]
    fn a_list_is_good_for_a_while_and_not_before_its_time() {
        let list = list(r#"{"entries": {}}"#).unwrap();
        assert!(list.is_empty());
        for (offset_s, expected) in [
            (0, Ok(())),
            (86_400, Ok(())),
            (86_401, Err(Refusal::OldRevocationList(86_401))),
            (-300, Ok(())),
            (-301, Err(Refusal::FutureRevocationList)),
        ] {
            assert_eq!(list.check(&[1], AT.plus_s(offset_s)), expected, "{offset_s}");
        }
    }

    #[test]
    fn what_is_no_list_is_refused_and_not_taken_for_an_empty_one() {
        for text in [
            "",
            "{}",
            "[]",
            r#"{"entries": []}"#,
            r#"{"entries": {"1": {}}}"#,
            r#"{"entries": {"xyz": {"status": "REVOKED"}}}"#,
            r#"{"entries": {"": {"status": "REVOKED"}}}"#,
            "<html></html>",
        ] {
            assert!(matches!(list(text), Err(Refusal::BadRevocationList(_))), "{text}");
        }
        let long = format!(r#"{{"entries": {{}}{}}}"#, " ".repeat(TEXT_LEN_MAX));
        assert!(list(&long).is_err());
    }
}
