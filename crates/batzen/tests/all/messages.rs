//! `batzen iso8583`: what support staff are shown of a card host's message.

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// An authorisation with a card number, a PIN block and chip data.
const REQUEST: &str = "30313030 7000000000801200 313634373631373339303031303130313139 303030303030 303030303030303132353030 \
    5445524D30303031 0123456789ABCDEF 303230 5A0847617390010101199F270180DF8129024100";

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_batzen"))
        .arg("iso8583")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Whoever refuses its arguments reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn said(ran: &Output) -> String {
    assert!(ran.status.success(), "{ran:?}");
    String::from_utf8(ran.stdout.clone()).unwrap()
}

#[track_caller]
fn is_refused(arguments: &[&str], input: &[u8], exit_code: i32, words: &str) {
    let ran = run(arguments, input);
    let said = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(exit_code), "{said}");
    assert!(said.contains(words) && !said.contains("panicked"), "{words:?} is not in: {said}");
}

#[test]
fn a_message_is_shown_without_card_data_and_with_it_only_if_asked() {
    let shown = said(&run(&["decode"], REQUEST.as_bytes()));
    for words in
        ["message type 0100", "2  Primary account number", "476173******0119", "TERM0001", "9F27      80"]
    {
        assert!(shown.contains(words), "{words:?} is not in:\n{shown}");
    }
    for secret in ["4761739001010119", "0123456789ABCDEF"] {
        assert!(!shown.contains(secret), "{shown}");
        let all = said(&run(&["decode", "--show-card-data"], REQUEST.as_bytes()));
        assert!(all.contains(secret), "{all}");
    }
    let document: Value =
        serde_json::from_str(&said(&run(&["--json", "decode"], REQUEST.as_bytes()))).unwrap();
    assert_eq!(document["fields"]["52"], "****************");
    assert_eq!(document["fields"]["55"][0], json!({"tag": "5A", "value": "476173******0119"}));
}

#[test]
fn what_was_decoded_is_encoded_to_the_same_bytes() {
    let document = run(&["--json", "decode", "--show-card-data"], REQUEST.as_bytes()).stdout;
    let hex: String = REQUEST.split_whitespace().collect();
    assert_eq!(said(&run(&["encode"], &document)).trim(), hex);
    let raw = run(&["encode", "--raw"], &document).stdout;
    let length = u16::try_from(raw.len()).unwrap().to_be_bytes();
    let framed = [&length, &raw[..]].concat();
    let again = run(&["--json", "decode", "--raw", "--skip", "2", "--show-card-data"], &framed).stdout;
    assert_eq!(again, document);
}

#[test]
fn tables_are_named_printed_changed_and_named_as_files() {
    assert!(said(&run(&["spec"], b"")).lines().any(|name| name == "iso8583-1993-ascii"));
    let mut table: Value = serde_json::from_str(&said(&run(&["spec", "iso8583-1987-ascii"], b""))).unwrap();
    table["mti"] = json!("bcd");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("host.json").display().to_string();
    std::fs::write(&path, table.to_string()).unwrap();
    let shown = said(&run(&["decode", "--spec", &path], b"0800 0020000000000000 303030303432"));
    assert!(shown.contains("message type 0800") && shown.contains("000042"), "{shown}");
    table["fields"]["11"]["length"] = json!({"fixed": 0});
    std::fs::write(&path, table.to_string()).unwrap();
    is_refused(&["decode", "--spec", &path], b"", 1, "field 11: the table is wrong: a fixed length of 0");
}

#[test]
fn what_is_wrong_is_said_with_the_field_and_what_to_do() {
    is_refused(&["decode"], &REQUEST.as_bytes()[..60], 1, "field 2 at byte 14: 16 bytes are needed");
    is_refused(&["decode"], b"\x01\x00", 1, "if it is bytes, say --raw");
    is_refused(&["decode", "--skip", "9"], b"00", 2, "ends before it begins");
    is_refused(&["decode", "--spec", "visa"], b"", 2, "those are iso8583-1987-ascii");
    is_refused(&["decode", "/nowhere/message"], b"", 1, "/nowhere/message cannot be read");
    is_refused(&["encode"], b"{", 1, "is no JSON");
    is_refused(
        &["encode"],
        br#"{"mti": "0100", "fields": {"3": "1"}}"#,
        1,
        "field 3: it has 1 bytes, and 6 are its length",
    );
    let trailing = format!("{REQUEST} 00");
    is_refused(&["decode"], trailing.as_bytes(), 1, "1 bytes follow that belong to no field");
    said(&run(&["decode", "--tolerant"], trailing.as_bytes()));
}
