//! The form check against the specification's vectors: what a till finds by itself, and what only the server can.

use checkout::ScannedCode;
use protocol::verdict::Verdict;

#[test]
fn a_misread_is_found_without_the_server_and_only_a_misread() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/vectors/payment-code");
    let mut misreads = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let case: serde_json::Value =
            serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        let (Some("digits"), Some(text)) = (case["presented_as"].as_str(), case["digits"].as_str()) else {
            continue;
        };
        let expected: Verdict = serde_json::from_value(case["expected"].clone()).unwrap();
        let form = [
            Verdict::NotDigits,
            Verdict::WrongLength,
            Verdict::WrongScheme,
            Verdict::GroupOutOfRange,
            Verdict::WrongCheckDigits,
            Verdict::UnsupportedVersion,
        ];
        match ScannedCode::from_text(text, None) {
            Ok(code) => {
                assert!(!form.contains(&expected), "{}", case["name"]);
                assert_eq!(format!("{code:?}"), "ScannedCode(redacted)");
            }
            Err(misread) => {
                misreads += 1;
                assert_eq!(Verdict::from(misread.form()), expected, "{}", case["name"]);
            }
        }
    }
    assert!(misreads >= 8, "{misreads} vectors are misreads");
}
