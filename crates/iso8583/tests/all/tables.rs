//! Tables: those that come with the room, and what is wrong with others.

use iso8583::{Coding, Content, Length, Parts, Spec};
use serde_json::{Value, json};

#[test]
fn the_tables_that_come_along_are_sound_and_stay_what_they_are_as_json() {
    assert_eq!(Spec::names().count(), 3);
    for name in Spec::names() {
        let spec = Spec::named(name).unwrap();
        assert_eq!(spec.name, name);
        assert_eq!(spec.fields.keys().copied().collect::<Vec<_>>(), (2..=128).collect::<Vec<_>>(), "{name}");
        assert!(spec.fields.values().all(|field| !field.name.is_empty()));
        assert_eq!(Spec::from_json(&spec.to_json()).unwrap(), spec);
        assert_eq!(spec.fields[&55].parts, Some(Parts::BerTlv));
    }
    let packed = Spec::named("iso8583-1987-bcd").unwrap();
    assert_eq!((packed.fields[&4].coding, packed.fields[&41].coding), (Coding::Bcd, Coding::Ascii));
    assert!(Spec::named("iso8583-2003").is_err());
}

fn wrong(change: impl FnOnce(&mut Value)) -> String {
    let mut table = json!({
        "name": "test", "mti": "ascii", "bitmap": "binary",
        "fields": {"48": {"content": "ans", "coding": "ascii", "length": {"fixed": 9}}},
    });
    change(&mut table);
    Spec::from_json(&table.to_string()).unwrap_err().to_string()
}

#[test]
fn what_is_wrong_with_a_table_is_told_with_its_field() {
    let of_field = |field: Value| wrong(|table| table["fields"]["48"] = field);
    let field = |content: &str, coding: &str, length: Value| json!({"content": content, "coding": coding, "length": length});
    let variable = |coding: &str, width: u8, max: u32| json!({"variable": {"coding": coding, "width": width, "max": max}});
    for (told, field) in [
        ("a fixed length of 0", field("n", "ascii", json!({"fixed": 0}))),
        ("only a last part", field("n", "ascii", json!({"rest": 9}))),
        ("no length is so wide", field("n", "ascii", variable("ascii", 0, 9))),
        ("no length is so wide", field("n", "ascii", variable("binary", 3, 9))),
        ("does not fit into its length", field("n", "ascii", variable("ascii", 2, 100))),
        ("does not fit into its length", field("n", "ascii", variable("bcd", 1, 100))),
        ("does not fit into its length", field("n", "ascii", variable("binary", 1, 256))),
        ("bytes are written as they are", field("b", "ascii", json!({"fixed": 8}))),
        ("bytes are written as they are", field("n", "binary", json!({"fixed": 8}))),
        ("only digits can be packed", field("ans", "bcd", json!({"fixed": 8}))),
    ] {
        let said = of_field(field);
        assert!(said.starts_with("field 48: ") && said.contains(told), "{told}: {said}");
    }
    let mut counted = field("n", "ascii", json!({"fixed": 8}));
    counted["counts"] = json!("digits");
    assert!(of_field(counted).contains("only packed digits are counted"));
    let mut filled = field("n", "bcd", json!({"fixed": 8}));
    filled["filler"] = json!({"left": "x"});
    assert!(of_field(filled.clone()).contains("a digit fills up"));
    filled["filler"] = json!({"left": "0"});
    filled["counts"] = json!("bytes");
    assert!(of_field(filled).contains("nothing is filled up"));
    assert!(wrong(|table| table["mti"] = json!("binary")).starts_with("mti: "));
    assert!(wrong(|table| table["bitmap"] = json!("bcd")).starts_with("bitmap: "));
    let good = field("n", "ascii", json!({"fixed": 3}));
    for number in ["1", "0", "129", "192"] {
        let said = wrong(|table| table["fields"][number] = good.clone());
        assert!(said.contains("no field of messages has this number"), "{number}: {said}");
    }
    let third = |table: &mut Value, number: &str| {
        table["third_bitmap"] = json!(true);
        table["fields"][number] = good.clone();
    };
    assert!(wrong(|table| third(table, "65")).contains("field 65"));
    for number in ["193", "256", "x"] {
        assert!(!wrong(|table| third(table, number)).is_empty(), "{number}");
    }
    assert!(wrong(|table| table["colour"] = json!("red")).contains("colour"));
}

#[test]
fn parts_are_checked_like_fields_and_named_with_theirs() {
    let part =
        |id: &str, length: Value| json!({"id": id, "content": "n", "coding": "ascii", "length": length});
    let with = |parts: Value| wrong(|table| table["fields"]["48"]["parts"] = parts);
    let positions = |parts: Value| with(json!({ "positions": parts }));
    let said = positions(json!([part("a", json!({"rest": 3})), part("b", json!({"fixed": 3}))]));
    assert!(said.starts_with("field 48.a: the table is wrong: only a last part"), "{said}");
    let said = positions(json!([part("a", json!({"fixed": 3})), part("a", json!({"fixed": 3}))]));
    assert!(said.starts_with("field 48.a: the table is wrong: its name stands there twice"), "{said}");
    let bitmap = |bytes: u8, number: &str| {
        let field = json!({"content": "n", "coding": "ascii", "length": {"fixed": 3}});
        with(json!({"bitmap": {"coding": "binary", "bytes": bytes, "parts": {number: field}}}))
    };
    assert!(bitmap(1, "9").starts_with("field 48.9: the table is wrong: its bitmap has no such number"));
    assert!(bitmap(0, "1").contains("1 to 24 bytes"));
    let tagged = |tag: u8, id: &str, length: Value| {
        let field = json!({"content": "n", "coding": "ascii", "length": length});
        with(json!({"tagged": {"coding": "ascii", "tag": tag, "digits": 2, "known": {id: field}}}))
    };
    assert!(tagged(2, "001", json!({"rest": 9})).contains("a tag of another length"));
    assert!(tagged(2, "01", json!({"fixed": 9})).contains("a tag's own length counts"));
    assert!(tagged(9, "000000001", json!({"rest": 9})).contains("1 to 5 characters"));
    let mut deep = json!([part("x", json!({"rest": 3}))]);
    for _ in 0..6 {
        let mut one = part("x", json!({"rest": 3}));
        one["parts"] = json!({ "positions": deep });
        deep = json!([one]);
    }
    assert!(positions(deep).contains("too deep"));
}

#[test]
fn a_table_made_by_hand_is_checked_when_asked() {
    let mut spec = Spec::named("iso8583-1987-ascii").unwrap();
    spec.check().unwrap();
    let field = spec.fields.get_mut(&4).unwrap();
    assert_eq!((field.content, field.length), (Content::N, Length::Fixed(12)));
    field.length = Length::Rest(12);
    assert!(spec.check().unwrap_err().to_string().starts_with("field 4: "));
}
