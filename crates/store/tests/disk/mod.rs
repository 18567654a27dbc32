//! A disk in memory that loses power, fails to sync or runs full when told to.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test uses its part, and none survives a mistake in it"
)]

use redb::{ReadableDatabase, ReadableTable, StorageBackend, TableDefinition, TableHandle};
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard};

/// What a disk writes at once, whatever happens.
const SECTOR: usize = 512;

/// What becomes of writes that were not synced when the power failed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    /// None reached the disk.
    Lost,
    /// All did.
    Kept,
    /// All did, but only the first half of the last one.
    Torn,
    /// Each sector did or did not, by chance.
    Scattered(u64),
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Default, Debug)]
struct Inner {
    /// As the running system sees it.
    seen: Vec<u8>,
    /// As it is on the platter.
    durable: Vec<u8>,
    /// What was written since the last sync.
    unsynced: Vec<Change>,
    operations: u64,
    power_fails_at: Option<u64>,
    is_off: bool,
    syncs_fail: bool,
    /// The length beyond which nothing fits.
    room: Option<usize>,
    full_from: Option<u64>,
}

/// A disk; clones are the same one.
#[derive(Clone, Default, Debug)]
pub(crate) struct FaultDisk(Arc<Mutex<Inner>>);

impl FaultDisk {
    pub(crate) fn holding(image: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Inner { seen: image.clone(), durable: image, ..Inner::default() })))
    }

    /// Loses power in the operation with this number, counted from 0.
    pub(crate) fn power_fails_at(&self, operation: u64) {
        self.inner().power_fails_at = Some(operation);
    }

    /// From now on syncs fail, and what they should have written is lost for good.
    pub(crate) fn fail_syncs(&self) {
        self.inner().syncs_fail = true;
    }

    /// From now on nothing fits beyond `bytes`.
    pub(crate) fn limit(&self, bytes: Option<usize>) {
        self.inner().room = bytes;
    }

    /// From the operation with this number on nothing can be written at all.
    pub(crate) fn full_from(&self, operation: Option<u64>) {
        self.inner().full_from = operation;
    }

    pub(crate) fn operations(&self) -> u64 {
        self.inner().operations
    }

    pub(crate) fn len_seen(&self) -> usize {
        self.inner().seen.len()
    }

    /// What the running system sees.
    pub(crate) fn seen(&self) -> Vec<u8> {
        self.inner().seen.clone()
    }

    /// What is on the disk when the power is back.
    pub(crate) fn after_power_loss(&self, fate: Fate) -> Vec<u8> {
        let inner = self.inner();
        let mut image = inner.durable.clone();
        let last = inner.unsynced.len().saturating_sub(1);
        let mut chance = Chance(match fate {
            Fate::Scattered(seed) => seed,
            _ => 0,
        });
        for (place, change) in inner.unsynced.iter().enumerate() {
            match fate {
                Fate::Lost => {}
                Fate::Torn if place == last => tear(&mut image, change),
                Fate::Kept | Fate::Torn => apply(&mut image, change),
                Fate::Scattered(_) => scatter(&mut image, change, &mut chance),
            }
        }
        image
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }
}

impl Inner {
    /// Counts an operation; an error if there is no power for it.
    fn begin(&mut self) -> io::Result<u64> {
        let number = self.operations;
        self.operations += 1;
        if self.is_off {
            return Err(io::Error::other("no power"));
        }
        self.is_off = self.power_fails_at == Some(number);
        Ok(number)
    }

    fn change(&mut self, change: Change) -> io::Result<()> {
        let number = self.begin()?;
        let end = match &change {
            Change::Write(offset, data) => offset + data.len(),
            Change::Length(len) => *len,
        };
        let is_full =
            self.full_from.is_some_and(|from| number >= from) || self.room.is_some_and(|room| end > room);
        if is_full {
            return Err(ErrorKind::StorageFull.into());
        }
        apply(&mut self.seen, &change);
        self.unsynced.push(change);
        if self.is_off { Err(io::Error::other("the power failed")) } else { Ok(()) }
    }
}

impl StorageBackend for FaultDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.inner().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let inner = self.inner();
        if inner.is_off {
            return Err(io::Error::other("no power"));
        }
        let offset = usize::try_from(offset).unwrap();
        let found = inner.seen.get(offset..offset + out.len()).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner().change(Change::Length(usize::try_from(len).unwrap()))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner().change(Change::Write(usize::try_from(offset).unwrap(), data.to_vec()))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut inner = self.inner();
        inner.begin()?;
        if inner.is_off {
            return Err(io::Error::other("the power failed"));
        }
        let unsynced = std::mem::take(&mut inner.unsynced);
        if inner.syncs_fail {
            return Err(io::Error::other("the disk did not take it"));
        }
        for change in &unsynced {
            apply(&mut inner.durable, change);
        }
        Ok(())
    }
}

fn apply(image: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(len) => image.resize(*len, 0),
        Change::Write(offset, data) => {
            let end = offset + data.len();
            if image.len() < end {
                image.resize(end, 0);
            }
            image[*offset..end].copy_from_slice(data);
        }
    }
}

fn tear(image: &mut Vec<u8>, change: &Change) {
    if let Change::Write(offset, data) = change {
        let half = data.len() / 2 / SECTOR * SECTOR;
        apply(image, &Change::Write(*offset, data[..half].to_vec()));
    }
}

/// A file system orders lengths before what lies behind them, so lengths are kept.
fn scatter(image: &mut Vec<u8>, change: &Change, chance: &mut Chance) {
    let Change::Write(offset, data) = change else { return apply(image, change) };
    let mut at = *offset;
    let end = offset + data.len();
    while at < end {
        let next = ((at / SECTOR + 1) * SECTOR).min(end);
        if chance.coin() {
            apply(image, &Change::Write(at, data[at - offset..next - offset].to_vec()));
        }
        at = next;
    }
}

/// A small generator, so that a case is the same each time (splitmix64).
struct Chance(u64);

impl Chance {
    fn coin(&mut self) -> bool {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) & 1 == 1
    }
}

/// Every row of every table, as bytes, but for what the store says of itself.
pub(crate) type Rows = BTreeMap<(String, Vec<u8>), Vec<u8>>;

/// Reads an image with the bare engine.
pub(crate) fn rows(image: Vec<u8>) -> Rows {
    let disk = FaultDisk::holding(image);
    let database = redb::Database::builder().create_with_backend(disk).unwrap();
    let txn = database.begin_read().unwrap();
    let mut rows = Rows::new();
    for table in txn.list_tables().unwrap().filter(|table| table.name() != "meta") {
        let definition = TableDefinition::<&[u8], &[u8]>::new(table.name());
        for row in txn.open_table(definition).unwrap().iter().unwrap() {
            let (key, value) = row.unwrap();
            rows.insert((table.name().to_owned(), key.value().to_vec()), value.value().to_vec());
        }
    }
    rows
}
