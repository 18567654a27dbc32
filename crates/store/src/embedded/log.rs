//! The log in front of the engine: what a batch writes, appended in one piece and synced once.
//!
//! The engine spreads a batch over many pages; the log takes it as one append. The log has two halves: while the
//! engine is given what one of them holds, the other one grows, and when the engine has synced they change places.
//! Batches are numbered without gaps, for ever, so records of an earlier round that still stand behind the last
//! one are told apart by their number.
//!
//! A record: length of the body (4 bytes), number of the batch (8), CRC-64 over both and the body (8), then the
//! body: changes, each as its table's name, its key, and its value unless a row is removed. Integers are
//! big-endian.

use crc::{CRC_64_XZ, Crc, Table};
use redb::StorageBackend;
use std::io;
use std::path::PathBuf;

/// The fill of half a log unless told otherwise. It bounds the rows that wait in memory, the room that the log takes
/// and the time that opening takes after a crash.
pub(crate) const LOG_BYTES: u64 = 32 * 1024 * 1024;

/// In so many steps a half gets the room for its fill.
const ROOM_STEPS: u64 = 128;

const HEAD_BYTES: usize = 20;
/// Stands where a value's length would, if a row is removed.
const REMOVED: u32 = u32::MAX;

static CRC: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_XZ);

/// What a batch writes, as the log keeps it.
pub(crate) struct Record(Vec<u8>);

/// One row of a record: to be written, or removed if it has no value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Change<'a> {
    pub(crate) table: &'a str,
    pub(crate) key: &'a [u8],
    pub(crate) value: Option<&'a [u8]>,
}

impl Default for Record {
    fn default() -> Self {
        Self(vec![0; HEAD_BYTES])
    }
}

impl Record {
    /// Forgets everything, for another batch.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
        self.0.resize(HEAD_BYTES, 0);
    }

    pub(crate) fn push(&mut self, change: Change<'_>) {
        let len = |bytes: &[u8]| {
            u32::try_from(bytes.len()).expect("tables, keys and rows have limits far below this")
        };
        self.0.push(u8::try_from(change.table.len()).expect("tables have short names"));
        self.0.extend_from_slice(change.table.as_bytes());
        self.0.extend_from_slice(&len(change.key).to_be_bytes());
        self.0.extend_from_slice(&change.value.map_or(REMOVED, len).to_be_bytes());
        self.0.extend_from_slice(change.key);
        self.0.extend_from_slice(change.value.unwrap_or_default());
    }

    /// The whole record of batch `number`.
    fn finish(&mut self, number: u64) -> io::Result<&[u8]> {
        let body =
            u32::try_from(self.0.len() - HEAD_BYTES).map_err(|_| io::Error::other("a batch is too large"))?;
        self.0[..4].copy_from_slice(&body.to_be_bytes());
        self.0[4..12].copy_from_slice(&number.to_be_bytes());
        let crc = checksum(&self.0[..12], &self.0[HEAD_BYTES..]);
        self.0[12..HEAD_BYTES].copy_from_slice(&crc.to_be_bytes());
        Ok(&self.0)
    }
}

/// The log, open for appending.
pub(crate) struct Log {
    places: Places,
    /// The half that grows.
    half: usize,
    end: u64,
    /// How long each half is on the disk. Writing within it changes no metadata, which would have to be synced too.
    room: [u64; 2],
}

/// Where a log is.
pub(crate) struct Places {
    pub(crate) halves: [Box<dyn StorageBackend>; 2],
    /// The fill of a half, bytes.
    pub(crate) bytes_max: u64,
    /// The files to remove once the store needs no log any more.
    pub(crate) files: Vec<PathBuf>,
}

impl Log {
    /// A log that begins anew, in halves that are empty.
    pub(crate) fn new(places: Places) -> Self {
        Self { places, half: 0, end: 0, room: [0; 2] }
    }

    /// Whether the half that grows has taken so many times its fill.
    pub(crate) fn is_full(&self, times: u64) -> bool {
        self.end >= self.places.bytes_max.saturating_mul(times)
    }

    /// Makes batch `number` durable.
    pub(crate) fn append(&mut self, number: u64, record: &mut Record) -> io::Result<()> {
        let bytes = record.finish(number)?;
        let end = self.end + bytes.len() as u64;
        self.make_room(end)?;
        let disk = &self.places.halves[self.half];
        disk.write(self.end, bytes)?;
        if is_synced() {
            disk.sync_data()?;
        }
        self.end = end;
        Ok(())
    }

    /// Lengthens the half that grows until it reaches `end`, by a step of zeros: what is merely made longer would get
    /// its blocks one by one when it is written.
    fn make_room(&mut self, end: u64) -> io::Result<()> {
        let room = &mut self.room[self.half];
        if end > *room {
            let step = (self.places.bytes_max / ROOM_STEPS).max(end - *room);
            let zeros = vec![0; usize::try_from(step).map_err(io::Error::other)?];
            self.places.halves[self.half].write(*room, &zeros)?;
            *room += step;
        }
        Ok(())
    }

    /// Goes on in the other half: all that it holds is durable in the engine.
    pub(crate) fn turn(&mut self) {
        self.half = 1 - self.half;
        self.end = 0;
    }

    /// Leaves nothing behind: the store is whole without it.
    pub(crate) fn remove(self) -> io::Result<()> {
        self.places.files.iter().try_for_each(std::fs::remove_file)
    }
}

/// Each batch is durable before anybody is answered.
fn is_synced() -> bool {
    #[cfg(feature = "broken-rules")]
    if model::BrokenRule::AnswerBeforeCommit.is_broken() {
        return false;
    }
    true
}

/// What half a log holds, read from its beginning.
pub(crate) struct Reader<'a> {
    disk: &'a dyn StorageBackend,
    at: u64,
    len: u64,
}

/// A record that was read back.
pub(crate) struct Read {
    pub(crate) number: u64,
    body: Vec<u8>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(disk: &'a dyn StorageBackend) -> io::Result<Self> {
        Ok(Self { disk, at: 0, len: disk.len()? })
    }

    /// The next record that is whole; none at the end, or where a write was torn.
    pub(crate) fn next(&mut self) -> io::Result<Option<Read>> {
        let Some(head) = self.take::<HEAD_BYTES>(self.at)? else { return Ok(None) };
        let (body_len, number, crc) = parts(&head);
        let body_at = self.at + HEAD_BYTES as u64;
        if body_at + u64::from(body_len) > self.len {
            return Ok(None);
        }
        let mut body = vec![0; body_len as usize];
        self.disk.read(body_at, &mut body)?;
        if checksum(&head[..12], &body) != crc {
            return Ok(None);
        }
        self.at = body_at + u64::from(body_len);
        Ok(Some(Read { number, body }))
    }

    /// Record `number`, if it stands behind the one that could not be read. Then that one was whole once, for none is
    /// begun before the one before it is durable: it was damaged, or written over, and is not the last one torn.
    pub(crate) fn behind(&mut self, number: u64) -> io::Result<Option<Read>> {
        let Some(head) = self.take::<HEAD_BYTES>(self.at)? else { return Ok(None) };
        let (body_len, ..) = parts(&head);
        self.at += HEAD_BYTES as u64 + u64::from(body_len);
        Ok(self.next()?.filter(|next| next.number == number))
    }

    fn take<const N: usize>(&self, at: u64) -> io::Result<Option<[u8; N]>> {
        if at + N as u64 > self.len {
            return Ok(None);
        }
        let mut bytes = [0; N];
        self.disk.read(at, &mut bytes)?;
        Ok(Some(bytes))
    }
}

impl Read {
    /// The changes in the order in which they were made. None stands for bytes that are no change: the checksum is
    /// right, so a program wrote them that this one does not understand.
    pub(crate) fn changes(&self) -> impl Iterator<Item = Option<Change<'_>>> {
        let mut rest = self.body.as_slice();
        core::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let change = split_change(&mut rest);
            if change.is_none() {
                rest = &[];
            }
            Some(change)
        })
    }
}

fn split_change<'a>(rest: &mut &'a [u8]) -> Option<Change<'a>> {
    let name_len = split(rest, 1)?[0];
    let table = core::str::from_utf8(split(rest, name_len.into())?).ok()?;
    let key_len = split_u32(rest)?;
    let value_len = split_u32(rest)?;
    let key = split(rest, key_len as usize)?;
    let value = match value_len {
        REMOVED => None,
        len => Some(split(rest, len as usize)?),
    };
    Some(Change { table, key, value })
}

fn split<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(len)?;
    *rest = left;
    Some(taken)
}

fn split_u32(rest: &mut &[u8]) -> Option<u32> {
    split(rest, 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_be_bytes)
}

fn parts(head: &[u8; HEAD_BYTES]) -> (u32, u64, u64) {
    let [a, b, c, d, rest @ ..] = *head;
    let (number, crc) = rest.split_at(8);
    let wide = |bytes: &[u8]| u64::from_be_bytes(bytes.try_into().expect("eight of sixteen bytes"));
    (u32::from_be_bytes([a, b, c, d]), wide(number), wide(crc))
}

fn checksum(head: &[u8], body: &[u8]) -> u64 {
    let mut digest = CRC.digest();
    digest.update(head);
    digest.update(body);
    digest.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use redb::backends::InMemoryBackend;
    use std::sync::Arc;

    /// A disk in memory; clones are the same one.
    #[derive(Clone, Debug)]
    struct Disk(Arc<InMemoryBackend>);

    impl StorageBackend for Disk {
        fn len(&self) -> io::Result<u64> {
            self.0.len()
        }
        fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
            self.0.read(offset, out)
        }
        fn set_len(&self, len: u64) -> io::Result<()> {
            self.0.set_len(len)
        }
        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            // A file grows where it is written.
            self.set_len(self.len()?.max(offset + data.len() as u64))?;
            self.0.write(offset, data)
        }
        fn sync_data(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn disk() -> Disk {
        Disk(Arc::new(InMemoryBackend::new()))
    }

    fn log_on(disk: &Disk) -> Log {
        log_on_two(disk, &self::disk())
    }

    fn log_on_two(one: &Disk, other: &Disk) -> Log {
        let halves = [Box::new(one.clone()) as _, Box::new(other.clone()) as _];
        Log::new(Places { halves, bytes_max: 100, files: Vec::new() })
    }

    fn record(value: &[u8]) -> Record {
        let mut record = Record::default();
        record.push(Change { table: "payments", key: b"a", value: Some(value) });
        record.push(Change { table: "wakes", key: b"b", value: None });
        record
    }

    fn numbers(disk: &Disk) -> Vec<u64> {
        let mut reader = Reader::new(disk).unwrap();
        core::iter::from_fn(|| reader.next().unwrap()).map(|read| read.number).collect()
    }

    #[test]
    fn what_was_appended_is_read_back_in_order() {
        let disk = disk();
        let mut log = log_on(&disk);
        log.append(7, &mut record(b"one")).unwrap();
        log.append(8, &mut record(b"")).unwrap();
        let mut reader = Reader::new(&disk).unwrap();
        let first = reader.next().unwrap().unwrap();
        let changes: Vec<_> = first.changes().map(Option::unwrap).collect();
        assert_eq!(changes[0], Change { table: "payments", key: b"a", value: Some(b"one") });
        assert_eq!(changes[1], Change { table: "wakes", key: b"b", value: None });
        assert_eq!(reader.next().unwrap().unwrap().changes().next().unwrap().unwrap().value, Some(&b""[..]));
        assert!(reader.next().unwrap().is_none());
    }

    #[test]
    fn a_record_that_is_cut_or_changed_anywhere_is_not_read() {
        let whole = disk();
        log_on(&whole).append(1, &mut record(b"value")).unwrap();
        let mut bytes = vec![0; usize::try_from(whole.len().unwrap()).unwrap()];
        whole.read(0, &mut bytes).unwrap();
        for place in 0..bytes.len() {
            let cut = disk();
            cut.write(0, &bytes[..place]).unwrap();
            assert!(numbers(&cut).is_empty(), "{place} bytes");
            let changed = disk();
            let mut with_error = bytes.clone();
            with_error[place] ^= 0x10;
            changed.write(0, &with_error).unwrap();
            assert!(numbers(&changed).is_empty(), "byte {place}");
        }
    }

    #[test]
    fn a_half_has_room_before_it_is_written() {
        let disk = disk();
        let places = Places {
            halves: [Box::new(disk.clone()), Box::new(self::disk())],
            bytes_max: 64_000,
            files: Vec::new(),
        };
        let mut log = Log::new(places);
        log.append(1, &mut record(b"one")).unwrap();
        let len = disk.len().unwrap();
        log.append(2, &mut record(b"two")).unwrap();
        assert_eq!(disk.len().unwrap(), len, "appending within the room leaves the length");
        log.append(3, &mut record(&[7; 5_000])).unwrap();
        assert!(disk.len().unwrap() >= len + 4_000, "and one that is larger than a step has room too");
        assert_eq!(numbers(&disk), [1, 2, 3]);
    }

    #[test]
    fn a_half_that_began_anew_still_shows_what_stands_behind() {
        let (one, other) = (disk(), disk());
        let mut log = log_on_two(&one, &other);
        for number in 1..=3 {
            log.append(number, &mut record(b"same")).unwrap();
        }
        assert!(log.is_full(1) && !log.is_full(2));
        log.turn();
        log.append(4, &mut record(b"same")).unwrap();
        log.turn();
        log.append(5, &mut record(b"same")).unwrap();
        assert_eq!(numbers(&other), [4]);
        assert_eq!(numbers(&one), [5, 2, 3], "whoever replays must look at the numbers");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let disk = disk();
            disk.write(0, &bytes).unwrap();
            numbers(&disk);
            Read { number: 1, body: bytes }.changes().count();
        }
    }
}
