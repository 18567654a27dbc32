//! Fixed messages, byte for byte, and what is said of those that are wrong.

use iso8583::{Message, Spec, Tlv, TlvValue, Tolerance, Value};
use serde_json::{Value as Json, json};

fn bytes(hex: &str) -> Vec<u8> {
    let hex: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    hex.chunks(2).map(byte).collect()
}

fn table(fields: Json) -> Spec {
    let table = json!({"name": "test", "mti": "ascii", "bitmap": "binary", "fields": fields});
    Spec::from_json(&table.to_string()).unwrap()
}

/// The message is these bytes, and these bytes are the message.
#[track_caller]
fn is_written(spec: &Spec, message: &Message, expected: &[u8]) {
    let written = spec.encode(message).unwrap();
    assert_eq!(written, expected, "{}", String::from_utf8_lossy(&written));
    assert_eq!(&spec.decode(expected, Tolerance::default()).unwrap(), message);
    assert_eq!(&Message::from_json(spec, &message.to_json()).unwrap(), message);
}

#[track_caller]
fn is_refused(spec: &Spec, message: &[u8], expected: &str) {
    let error = spec.decode(message, Tolerance::default()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

fn message(mti: &str) -> Message {
    Message::new(mti.parse().unwrap())
}

#[test]
fn an_authorisation_in_characters_and_in_packed_digits() {
    let request = message("0100")
        .with(2, "4761739001010119")
        .with(3, "000000")
        .with(4, "000000012500")
        .with(11, "000042")
        .with(22, "051")
        .with(41, "TERM0001")
        .with(49, "756")
        .with(70, "001");
    let ascii = Spec::named("iso8583-1987-ascii").unwrap();
    let expected = [
        b"0100".as_slice(),
        &bytes("F020040000808000 0400000000000000"),
        b"164761739001010119",
        b"000000000000012500000042051TERM0001756001",
    ]
    .concat();
    is_written(&ascii, &request, &expected);
    let packed = Spec::named("iso8583-1987-bcd").unwrap();
    let expected = [
        bytes("0100").as_slice(),
        &bytes("F020040000808000 0400000000000000 16 4761739001010119 000000 000000012500 000042 0051"),
        b"TERM0001756",
        &bytes("0001"),
    ]
    .concat();
    is_written(&packed, &request, &expected);
    // 15 digits of a card number end in half a byte of filling.
    let amex = message("0100").with(2, "378282246310005");
    let expected = bytes("0100 4000000000000000 15 378282246310005F");
    is_written(&packed, &amex, &expected);
    let wrong = bytes("0100 4000000000000000 15 3782822463100050");
    is_refused(&packed, &wrong, "field 2 at byte 11: filled up with another digit than the table says");
    let tolerant = packed.decode(&wrong, Tolerance { filler: true, ..Tolerance::default() }).unwrap();
    assert_eq!(tolerant, amex);
}

#[test]
fn chip_data_keeps_what_nobody_knows_byte_for_byte() {
    let spec = Spec::named("iso8583-1987-ascii").unwrap();
    let chip = bytes("9F2608 1122334455667788 DF8129 81 02 ABCD 71 05 9F18 02 0001 5F2A 02 0756");
    let expected = [b"0100".as_slice(), &bytes("0000000000000200"), b"030", &chip].concat();
    let read = spec.decode(&expected, Tolerance::default()).unwrap();
    let Some(Value::Tlv(all)) = read.fields.get(&55) else { panic!("{read:?}") };
    assert_eq!(Tlv::find(all, &[0x9f, 0x18]).unwrap().value(), &TlvValue::Bytes(vec![0, 1]));
    assert_eq!(
        read.to_json()["fields"]["55"][1],
        json!({"tag": "DF8129", "value": "ABCD", "length_bytes": 2})
    );
    is_written(&spec, &read, &expected);
    // Filling behind the last tag: refused, or kept as bytes.
    let filled = [b"0100".as_slice(), &bytes("0000000000000200"), b"004", &bytes("82 01 3C 00")].concat();
    is_refused(&spec, &filled, "field 55 at byte 15: there is filling where a tag belongs");
    let read = spec.decode(&filled, Tolerance::ALL).unwrap();
    assert_eq!(read.bytes(55), Some(&bytes("82013C00")[..]));
    assert_eq!(spec.encode(&read).unwrap(), filled);
}

#[test]
fn ebcdic_bitmaps_in_characters_binary_lengths_and_a_header() {
    let table = json!({
        "name": "test", "mti": "cp500", "bitmap": "cp500",
        "header": {"content": "b", "coding": "binary", "length": {"fixed": 2}},
        "fields": {
            "2": {"content": "ans", "coding": "cp500", "length": {"variable": {"coding": "binary", "width": 2, "max": 300}}},
            "3": {"content": "ans", "coding": "cp037", "length": {"variable": {"coding": "bcd", "width": 2, "max": 300}}},
        },
    });
    let spec = Spec::from_json(&table.to_string()).unwrap();
    let mut of = message("1804").with(2, "A!").with(3, "!");
    of.header = Some(Value::Bytes(vec![0xca, 0xfe]));
    let expected = bytes("CAFE F1F8F0F4 F6F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0 0002 C14F 0001 5A");
    is_written(&spec, &of, &expected);
    of.header = None;
    assert_eq!(
        spec.encode(&of).unwrap_err().to_string(),
        "header: its value must be there: the table has one"
    );
}

#[test]
fn three_bitmaps_and_two_where_one_would_do() {
    let field = json!({"content": "n", "coding": "ascii", "length": {"fixed": 1}});
    let mut table = json!({"name": "test", "mti": "bcd", "bitmap": "binary", "third_bitmap": true,
        "fields": {"2": field, "66": field, "130": field}});
    let spec = Spec::from_json(&table.to_string()).unwrap();
    let of = message("0800").with(2, "1").with(130, "3");
    let expected = bytes("0800 C000000000000000 8000000000000000 4000000000000000 31 33");
    is_written(&spec, &of, &expected);
    table["two_bitmaps"] = json!(true);
    table["bitmap"] = json!("ascii");
    let spec = Spec::from_json(&table.to_string()).unwrap();
    let expected = [&bytes("0800")[..], b"C0000000000000000000000000000000", b"1"].concat();
    is_written(&spec, &message("0800").with(2, "1"), &expected);
}

#[test]
fn parts_by_position_by_bitmap_and_by_tag() {
    let fixed = |length: u16| json!({"content": "an", "coding": "ascii", "length": {"fixed": length}});
    let part =
        |id: &str, length: Json| json!({"id": id, "content": "an", "coding": "ascii", "length": length});
    let llvar = json!({"variable": {"coding": "ascii", "width": 2, "max": 99}});
    let spec = table(json!({
        "43": {"content": "ans", "coding": "ascii", "length": llvar, "parts": {"positions": [
            part("name", json!({"fixed": 3})), part("city", json!({"fixed": 2})), part("rest", json!({"rest": 4})),
        ]}},
        "48": {"content": "ans", "coding": "ascii", "length": llvar, "parts": {"bitmap": {
            "coding": "binary", "bytes": 1, "parts": {"1": fixed(1), "8": fixed(2)},
        }}},
        "60": {"content": "ans", "coding": "ascii", "length": llvar, "parts": {"tagged": {
            "coding": "ascii", "tag": 2, "digits": 3,
            "known": {"01": {"content": "n", "coding": "ascii", "length": {"rest": 9}}},
        }}},
    }));
    let parts = |all: &[(&str, &str)]| {
        Value::Parts(all.iter().map(|(id, text)| ((*id).to_owned(), Value::from(*text))).collect())
    };
    let of = message("0100")
        .with(43, parts(&[("name", "BAR"), ("city", "ZH"), ("rest", "X")]))
        .with(48, parts(&[("1", "A"), ("8", "BC")]))
        .with(60, parts(&[("77", "what?"), ("01", "42")]));
    let bitmap = bytes("0000000000210010");
    let expected =
        [b"0100".as_slice(), &bitmap, b"06BARZHX", b"04\x81ABC", b"17", b"77005what?", b"0100242"].concat();
    is_written(&spec, &of, &expected);
    assert_eq!(of.fields[&43].part("city"), Some(&Value::from("ZH")));
    // The last parts may be missing; one in the middle may not.
    is_written(
        &spec,
        &message("0100").with(43, parts(&[("name", "BAR")])),
        &[b"0100".as_slice(), &bytes("0000000000200000"), b"03BAR"].concat(),
    );
    let refused =
        |value: Value, number: u8| spec.encode(&message("0100").with(number, value)).unwrap_err().to_string();
    assert_eq!(refused(parts(&[("city", "ZH")]), 43), "field 43.city: a part is missing that others follow");
    assert_eq!(refused(parts(&[("street", "ZH")]), 43), "field 43.street: the table has no such field");
    assert_eq!(
        refused(parts(&[("8", "BC"), ("1", "A")]), 48),
        "field 48.8: it stands there twice".replace("48.8", "48.1")
    );
    assert_eq!(refused(parts(&[("01", "1"), ("01", "2")]), 60), "field 60.01: it stands there twice");
    assert_eq!(refused(parts(&[("01", "x")]), 60), "field 60.01: its characters are not all digits");
    assert_eq!(refused(Value::from("BAR"), 43), "field 43: its value must be parts");
    // Places in parts are places in the message.
    let cut = [b"0100".as_slice(), &bytes("0000000000200000"), b"04BARZ"].concat();
    is_refused(&spec, &cut, "field 43.city at byte 17: 2 bytes are needed, and 1 are left");
    let unknown = [b"0100".as_slice(), &bytes("0000000000010000"), b"02\x40A"].concat();
    is_refused(&spec, &unknown, "field 48.2 at byte 15: the table has no such field");
}

#[test]
fn messages_that_are_wrong_say_where_and_name_no_content() {
    let spec = Spec::named("iso8583-1987-ascii").unwrap();
    let of = |bitmap: &str, rest: &[u8]| [b"0100".as_slice(), &bytes(bitmap), rest].concat();
    is_refused(&spec, b"01", "mti at byte 0: 4 bytes are needed, and 2 are left");
    is_refused(&spec, b"01x0", "mti at byte 0: a message type is four digits");
    is_refused(&spec, b"0100\x40", "bitmap at byte 4: 8 bytes are needed, and 1 are left");
    is_refused(&spec, &of("8000000000000000", b""), "bitmap at byte 12: 8 bytes are needed, and 0 are left");
    is_refused(&spec, &of("4000000000000000", b"1x"), "field 2 at byte 12: its length is no number");
    is_refused(
        &spec,
        &of("4000000000000000", b"20"),
        "field 2 at byte 12: it has 20 bytes, and 19 are the most",
    );
    is_refused(
        &spec,
        &of("4000000000000000", b"16476173"),
        "field 2 at byte 14: 16 bytes are needed, and 6 are left",
    );
    is_refused(
        &spec,
        &of("2000000000000000", b"00000x"),
        "field 3 at byte 12: its characters are not all digits",
    );
    is_refused(&spec, &of("2000000000000000", b"0000\xe90"), "field 3 at byte 12: not ASCII");
    is_refused(
        &spec,
        &of("2000000000000000", b"0000001"),
        "message at byte 18: 1 bytes follow that belong to no field",
    );
    let tolerant =
        spec.cut(&of("2000000000000000", b"0000001"), Tolerance::ALL).map(|frame| frame.byte_length());
    assert_eq!(tolerant, Ok(18));
    let read = spec.decode(&of("2000000000000000", b"00000x"), Tolerance::ALL).unwrap();
    assert_eq!(read.text(3), Some("00000x"));
    assert!(
        spec.decode(&vec![b'0'; 65_536], Tolerance::ALL)
            .unwrap_err()
            .to_string()
            .contains("65535 are the most")
    );
    let small = table(json!({"3": {"content": "n", "coding": "ascii", "length": {"fixed": 6}}}));
    is_refused(&small, &of("4000000000000000", b"16"), "field 2 at byte 12: the table has no such field");

    let refused = |message: Message| spec.encode(&message).unwrap_err().to_string();
    assert_eq!(refused(message("0100").with(3, "00000")), "field 3: it has 5 bytes, and 6 are its length");
    assert_eq!(
        refused(message("0100").with(2, "4".repeat(20))),
        "field 2: it has 20 bytes, and 19 are the most"
    );
    assert_eq!(refused(message("0100").with(52, "12345678")), "field 52: its value must be bytes");
    assert_eq!(refused(message("0100").with(3, vec![0; 6])), "field 3: its value must be text");
    assert_eq!(refused(message("0100").with(130, "1")), "field 130: the table has no such field");
    let secret = message("0100").with(2, "4761739001010119").with(52, vec![0xab; 8]);
    let shown = format!("{secret:?} {:?}", secret.fields);
    assert!(!shown.contains("4761") && !shown.contains("171"), "{shown}");
}

#[test]
fn json_of_another_form_is_refused_with_its_field() {
    let spec = Spec::named("iso8583-1987-ascii").unwrap();
    let refused = |document: Json| Message::from_json(&spec, &document).unwrap_err().to_string();
    assert_eq!(refused(json!([])), "message: a message is an object");
    assert_eq!(refused(json!({"fields": {}})), "message: `mti` is missing");
    assert_eq!(refused(json!({"mti": "0100"})), "message: `fields` is missing");
    assert_eq!(refused(json!({"mti": "010", "fields": {}})), "mti: a message type is four digits");
    let of = |fields: Json| refused(json!({"mti": "0100", "fields": fields}));
    assert_eq!(of(json!({"03": "000000"})), "field 03: the table has no such field");
    assert_eq!(of(json!({"3": 0})), "field 3: its value must be text");
    assert_eq!(of(json!({"52": "xy"})), "field 52: its value must be bytes as hexadecimal digits");
    assert_eq!(of(json!({"55": {"9F26": "00"}})), "field 55: its value must be a list of tags and values");
    assert_eq!(of(json!({"55": [{"tag": "9F", "value": "00"}]})), "field 55: a tag does not end");
    assert_eq!(
        of(json!({"55": [{"tag": "82", "value": 1}]})),
        "field 55: its value must be a value: hexadecimal digits, or a list"
    );
    assert!(refused(json!({"mti": "0100", "fields": {}, "bitmap": ""})).contains("not `bitmap`"));
    assert_eq!(
        refused(json!({"mti": "0100", "fields": {}, "header": ""})),
        "header: the table has no such field"
    );
}
