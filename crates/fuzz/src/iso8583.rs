//! Card hosts' messages, by tables that come along and by tables that are part of the input.

use iso8583::{Message, Spec, Tolerance};
use std::sync::LazyLock;

/// The tables that come along, and one with everything that those have not.
static TABLES: LazyLock<Vec<Spec>> = LazyLock::new(|| {
    let named = Spec::names().map(|name| Spec::named(name).expect("it comes along"));
    let other = Spec::from_json(include_str!("../seeds/iso8583_table.json")).expect("it is written well");
    named.chain([other]).collect()
});

/// The first byte chooses a table, and the others are a message; or a table as JSON, a zero, and a message of it.
pub fn iso8583(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    if *first != b'{' {
        return message(&TABLES[usize::from(*first) % TABLES.len()], rest);
    }
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    let Ok(text) = std::str::from_utf8(&data[..end]) else { return };
    let Ok(spec) = Spec::from_json(text) else { return };
    let again = Spec::from_json(&spec.to_json()).expect("a table that was read can be written");
    assert_eq!(again, spec);
    message(&spec, data.get(end + 1..).unwrap_or_default());
}

fn message(spec: &Spec, bytes: &[u8]) {
    let tolerant = spec.decode(bytes, Tolerance::ALL);
    let strict = match spec.decode(bytes, Tolerance::default()) {
        Ok(message) => message,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert_eq!(tolerant.as_ref(), Ok(&strict), "tolerance changed a message that is right");
    let written = spec.encode(&strict).expect("what was read strictly can be written");
    assert_eq!(spec.decode(&written, Tolerance::default()).as_ref(), Ok(&strict));
    assert_eq!(spec.encode(&strict).as_ref(), Ok(&written));
    assert_eq!(Message::from_json(spec, &strict.to_json()).as_ref(), Ok(&strict));
    let frame = spec.cut(bytes, Tolerance::default()).expect("it was read");
    assert_eq!(frame.byte_length(), bytes.len());
    assert!(frame.numbers().eq(strict.fields.keys().copied()));
    for number in frame.numbers() {
        assert!(frame.bytes(number).is_some());
        assert_eq!(frame.value(number).as_ref(), Ok(&strict.fields.get(&number).cloned()));
        if let Ok(Some(text)) = frame.text(number)
            && spec.fields[&number].parts.is_none()
        {
            assert_eq!(strict.text(number), Some(&*text));
        }
    }
}
