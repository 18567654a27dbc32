//! The journal's bytes: torn anywhere, changed anywhere.

use checkout::journal::{self, JournalEnd, JournalError};
use checkout::{Entry, Event, SaleNumber};
use model::Timestamp;

fn entry(number: i64) -> Entry {
    let cause = "x".repeat(usize::try_from(number).unwrap() * 3);
    Entry { sale: SaleNumber::FIRST, at: Timestamp::from_s(number), event: Event::Abandoned { cause } }
}

/// Three entries and where each line ends.
fn sample() -> (Vec<u8>, Vec<usize>) {
    let (mut end, mut bytes) = JournalEnd::begin("S7".parse().unwrap());
    let mut ends = vec![bytes.len()];
    for number in 0..3 {
        let (next, line) = end.line(&entry(number)).unwrap();
        end = next;
        bytes.extend_from_slice(&line);
        ends.push(bytes.len());
    }
    (bytes, ends)
}

#[test]
fn what_was_written_reads_back() {
    let (bytes, ends) = sample();
    let contents = journal::read(&bytes).unwrap().unwrap();
    assert_eq!(contents.entries, (0..3).map(entry).collect::<Vec<_>>());
    assert_eq!(
        (contents.first_sale.to_string(), contents.whole_bytes),
        ("S7".to_owned(), *ends.last().unwrap())
    );
}

#[test]
fn a_write_torn_at_any_byte_loses_that_line_and_no_other() {
    let (bytes, ends) = sample();
    for cut in 0..=bytes.len() {
        let whole = ends.iter().filter(|end| **end <= cut).count();
        let contents = journal::read(&bytes[..cut]).unwrap();
        match contents {
            None => assert_eq!(whole, 0, "cut at {cut}"),
            Some(contents) => {
                assert_eq!(contents.entries.len() + 1, whole, "cut at {cut}");
                assert_eq!(contents.whole_bytes, ends[whole - 1]);
                // Written on from there, it is whole again.
                let (_, line) = contents.end.line(&entry(9)).unwrap();
                let mended = [&bytes[..contents.whole_bytes], &line].concat();
                assert_eq!(journal::read(&mended).unwrap().unwrap().entries.len(), whole);
            }
        }
    }
}

#[test]
fn a_line_whose_bytes_never_reached_the_disk_is_torn_too() {
    let (bytes, ends) = sample();
    for from in ends[2]..bytes.len() {
        let mut zeroed = bytes.clone();
        zeroed[from..].fill(0);
        assert_eq!(journal::read(&zeroed).unwrap().unwrap().entries.len(), 2, "zeros from {from}");
    }
}

#[test]
fn every_changed_bit_is_found() {
    let (bytes, _) = sample();
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[place] ^= 1 << bit;
            let read = journal::read(&changed);
            assert!(matches!(read, Err(JournalError::Damaged { .. })), "bit {bit} of byte {place}: {read:?}");
        }
    }
}

#[test]
fn a_line_left_out_doubled_or_moved_is_found() {
    let (bytes, ends) = sample();
    let line = |number: usize| &bytes[ends[number]..ends[number + 1]];
    let head = &bytes[..ends[0]];
    for lines in [vec![line(0), line(2)], vec![line(0), line(0)], vec![line(1), line(0), line(2)]] {
        let other = [head, &lines.concat()].concat();
        assert!(matches!(journal::read(&other), Err(JournalError::Damaged { .. })));
    }
}

#[test]
fn other_files_and_later_versions_are_refused() {
    assert!(journal::read(b"hello\n").is_err());
    assert!(journal::read(&[b'x'; 100_000]).is_err());
    assert!(journal::read(b"").unwrap().is_none());
}

/// Sales are numbered from 1, and `S0` could not be asked for by name.
#[test]
fn no_sale_has_the_number_0() {
    let json = r#"{"sale":1,"at":2,"event":{"what":"abandoned","cause":""}}"#;
    assert!(serde_json::from_str::<Entry>(json).is_ok());
    assert!(serde_json::from_str::<Entry>(&json.replace(":1,", ":0,")).is_err());
    assert!("S0".parse::<SaleNumber>().is_err());
}
