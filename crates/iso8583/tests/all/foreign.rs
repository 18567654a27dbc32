//! Other people's codecs: what we write they read as we do, and what they write of the same message is the same bytes.
//!
//! Tables and messages are random, within what each of them can express (README, "What it is compared with"). Both are
//! installed by `cargo xtask test`.

use crate::random::{Random, Scope, message, spec};
use iso8583::{Coding, Content, Field, Length, Message, MessageType, Parts, Spec, Value};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// As many messages are compared with each.
const MESSAGES: usize = 100_000;
const OF_A_TABLE: usize = 200;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Where `cargo xtask test` puts Python's packages, and beside it Node's.
fn target() -> PathBuf {
    let venv = std::env::var_os("BATZEN_TEST_VENV").map(PathBuf::from);
    venv.and_then(|venv| venv.parent().map(Path::to_owned)).unwrap_or_else(|| root().join("target"))
}

/// Tells a peer all messages of many tables; what it found.
fn told(
    mut peer: Command,
    mut next: impl FnMut(&mut Random) -> (Spec, Vec<Message>) + Send + 'static,
) -> Json {
    let mut child = peer.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the peer is installed");
    let mut input = std::io::BufWriter::new(child.stdin.take().unwrap());
    let writing = thread::spawn(move || {
        let random = &mut Random::new(8583);
        for _ in 0..MESSAGES / OF_A_TABLE {
            let (spec, messages) = next(random);
            writeln!(input, "{}", json!({ "spec": serde_json::from_str::<Json>(&spec.to_json()).unwrap() }))
                .unwrap();
            for message in messages {
                let bytes =
                    spec.encode(&message).unwrap_or_else(|error| panic!("{error}: {}", spec.to_json()));
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                writeln!(input, "{}", json!({ "message": message.to_json(), "hex": hex })).unwrap();
            }
        }
    });
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success(), "the peer failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn all_agree(found: &Json) {
    assert_eq!((&found["agreed"], &found["differ"]), (&json!(MESSAGES), &json!(0)), "{}", found["first"]);
}

#[test]
fn a_hundred_thousand_messages_are_pyiso8583_s_to_the_byte() {
    const SCOPE: Scope = Scope {
        text: &[Coding::Ascii, Coding::Latin1, Coding::Cp037, Coding::Cp500],
        packed: true,
        parts: false,
    };
    let mut python = Command::new(target().join("test-venv/bin/python"));
    python.arg(root().join("tests/foreign/iso8583_peer.py"));
    let found = told(python, |random| {
        let spec = spec(random, SCOPE);
        let messages = (0..OF_A_TABLE).map(|_| message(random, &spec)).collect();
        (spec, messages)
    });
    all_agree(&found);
}

#[test]
fn a_hundred_thousand_messages_are_iso_8583_s_to_the_byte() {
    let mut node = Command::new("node");
    node.arg(root().join("tests/foreign/iso8583_peer.mjs")).arg(target().join("test-node"));
    let found = told(node, |random| {
        let spec = node_spec(random);
        let messages = (0..OF_A_TABLE).map(|_| node_message(random, &spec)).collect();
        (spec, messages)
    });
    all_agree(&found);
}

/// Characters in ASCII behind decimal lengths, bytes of fixed length, always two bitmaps, and field 127 with its own.
fn node_spec(random: &mut Random) -> Spec {
    let mut spec = Spec {
        name: "random".to_owned(),
        header: None,
        mti: Coding::Ascii,
        bitmap: random.one_of(&[Coding::Binary, Coding::Ascii]),
        two_bitmaps: true,
        third_bitmap: false,
        fields: BTreeMap::new(),
    };
    for _ in 0..1 + random.below(40) {
        let number = u8::try_from(2 + random.below(125)).unwrap();
        spec.fields.insert(number, node_field(random, true));
    }
    if random.below(3) == 0 {
        let part = |_| (2 + u8::try_from(random.below(23)).unwrap(), node_field(random, false));
        let parts = (0..10).map(part);
        let parts = Parts::Bitmap { coding: Coding::Binary, bytes: 8, parts: parts.collect() };
        let length = Length::Variable { coding: Coding::Ascii, width: 6, max: u16::MAX };
        let field = Field { length, parts: Some(parts), ..node_field(random, false) };
        spec.fields.insert(127, Field { content: Content::Any, coding: Coding::Ascii, ..field });
    }
    spec.check().unwrap_or_else(|error| panic!("{error}: {}", spec.to_json()));
    spec
}

fn node_field(random: &mut Random, may_be_bytes: bool) -> Field {
    let (content, coding) = match random.below(if may_be_bytes { 5 } else { 4 }) {
        4 => (Content::B, Coding::Binary),
        n => ([Content::N, Content::An, Content::Ans, Content::Z][n], Coding::Ascii),
    };
    let length = match random.below(2) {
        0 => Length::Fixed(1 + u16::try_from(random.below(30)).unwrap()),
        _ if content == Content::B => Length::Fixed(8),
        _ => {
            let (width, most) = random.one_of(&[(1, 9), (2, 99), (3, 300), (4, 300), (5, 300), (6, 300)]);
            let max = 1 + u16::try_from(random.below(most)).unwrap();
            Length::Variable { coding: Coding::Ascii, width, max }
        }
    };
    Field { name: String::new(), content, coding, length, counts: None, filler: None, parts: None }
}

fn node_message(random: &mut Random, spec: &Spec) -> Message {
    const TYPES: [&str; 9] = ["0100", "0110", "0120", "0200", "0210", "0220", "0400", "0420", "0800"];
    let mut message = Message::new(random.one_of(&TYPES).parse::<MessageType>().unwrap());
    let numbers: Vec<u8> = spec.fields.keys().copied().filter(|_| random.below(3) > 0).collect();
    for number in numbers {
        let value = match &spec.fields[&number].parts {
            None => node_value(random, &spec.fields[&number]),
            Some(Parts::Bitmap { parts, .. }) => {
                // One at least: it knows no empty 127.
                let first = parts.keys().copied().next();
                let chosen = parts.iter().filter(|(n, _)| Some(**n) == first || random.below(2) == 0);
                let chosen: Vec<_> = chosen.collect();
                Value::Parts(
                    chosen.into_iter().map(|(n, field)| (n.to_string(), node_value(random, field))).collect(),
                )
            }
            Some(_) => continue,
        };
        message.fields.insert(number, value);
    }
    // It writes no message that has field 127 alone.
    if message.fields.keys().eq(&[127]) {
        message.fields.clear();
    }
    message
}

/// Never empty, and of the characters that it takes.
fn node_value(random: &mut Random, field: &Field) -> Value {
    let length = match field.length {
        Length::Fixed(length) => length.into(),
        Length::Rest(max) | Length::Variable { max, .. } => 1 + random.below(max.into()),
    };
    let characters: &[u8] = match field.content {
        Content::B => {
            return Value::Bytes((0..length).map(|_| random.byte()).collect());
        }
        Content::N => b"0123456789",
        Content::Z => b"0123456789=D",
        Content::An => b"0123456789ABCXYZabcxyz",
        _ => b"0123456789ABCXYZabcxyz -!$%^&*()_+|~=`{}[]:\";'<>?,./",
    };
    Value::Text((0..length).map(|_| char::from(random.one_of(characters))).collect())
}
