//! The till's journal and book of sales.

use crate::support::{place, with_one_bit_turned};
use checkout::journal::{self, Contents, ENTRY_BYTES_MAX, JournalEnd, JournalError};
use checkout::{Book, SaleRef};
use crypto::hash::sha256;

/// The input as a journal, and its lines as the entries of one that is whole.
pub fn checkout_journal(data: &[u8]) {
    if let Ok(Some(contents)) = journal::read(data) {
        assert!(contents.whole_bytes <= data.len());
        into_book(&contents);
    }
    let whole = with_sums(data);
    match journal::read(&whole) {
        Ok(Some(contents)) => {
            assert_eq!(contents.whole_bytes, whole.len());
            into_book(&contents);
            written_again(&contents);
            torn_or_changed(&whole, &contents, data);
        }
        Ok(None) => assert!(whole.is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The input's lines with the lengths and sums of a journal.
fn with_sums(data: &[u8]) -> Vec<u8> {
    let mut sum = [0_u8; 16];
    let mut bytes = Vec::new();
    for json in data.split(|byte| *byte == b'\n').filter(|json| json.len() <= ENTRY_BYTES_MAX) {
        let hash = sha256(&[b"batzen checkout journal 1", &sum, json]);
        sum = *hash.first_chunk().expect("32 bytes begin with 16");
        bytes.extend_from_slice(
            format!("{:05} {} ", json.len(), data_encoding::HEXLOWER.encode(&sum)).as_bytes(),
        );
        bytes.extend_from_slice(json);
        bytes.push(b'\n');
    }
    bytes
}

/// The book takes exactly the entries of which it said so, and finds each sale.
fn into_book(contents: &Contents) -> Book {
    let mut book = Book::new(contents.first_sale);
    for entry in &contents.entries {
        let would_take = book.would_take(entry);
        assert_eq!(book.apply(entry), would_take);
        if would_take.is_err() {
            continue;
        }
        let name: SaleRef = entry.sale.to_string().parse().expect("a sale's name reads");
        let sale = book.find(name).expect("it was just written down");
        assert!(book.next_number() >= entry.sale.next());
        assert!(!(sale.is_paid() && sale.is_held()));
        assert!(!sale.is_paid() || sale.payment().is_some(), "paid without a payment");
        if let Some(payment) = sale.payment() {
            let name: SaleRef = payment.id.to_string().parse().expect("a payment's name reads");
            assert!(book.find(name).is_some());
        }
        if let Some(opening) = sale.opening() {
            assert!(book.by_code(&opening.code).is_some());
            let reference = opening.reference.as_deref();
            assert!(reference.is_none_or(|reference| book.by_reference(reference).next().is_some()));
        }
        assert_eq!(book.open().any(|one| one.number() == entry.sale), sale.is_open());
    }
    book
}

fn write(contents: &Contents) -> Option<Vec<u8>> {
    let (mut end, mut bytes) = JournalEnd::begin(contents.first_sale);
    for entry in &contents.entries {
        match end.line(entry) {
            Ok((next, line)) => {
                end = next;
                bytes.extend_from_slice(&line);
            }
            // Escaped it may be longer than it was.
            Err(JournalError::EntryTooLong) => return None,
            Err(other) => panic!("{other}"),
        }
    }
    Some(bytes)
}

fn written_again(contents: &Contents) {
    let Some(bytes) = write(contents) else { return };
    let again = journal::read(&bytes).expect("a till wrote it").expect("it is not empty");
    assert_eq!((&again.entries, again.first_sale), (&contents.entries, contents.first_sale));
    assert_eq!(write(&again), Some(bytes));
}

/// Whatever happens to the bytes, no entry reads that was not written there.
fn torn_or_changed(whole: &[u8], contents: &Contents, data: &[u8]) {
    let is_beginning = |read: &Contents| contents.entries.starts_with(&read.entries);
    let torn = &whole[..place(data, whole.len())];
    let read = journal::read(torn).expect("a torn line is no damage");
    assert!(read.as_ref().is_none_or(is_beginning));
    if let Ok(Some(read)) = journal::read(&with_one_bit_turned(whole, data)) {
        assert!(is_beginning(&read) && read.entries.len() <= contents.entries.len());
    }
}
