//! A disk in memory that loses power, fails to sync or runs full when told to: for tests and the simulator.
//!
//! What becomes of a write that was not synced depends on where it is, not on when it came: an engine may write
//! in any order, and the same fate must come out the same each time.

use redb::StorageBackend;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a disk writes at once, whatever happens, bytes.
const SECTOR: usize = 512;

/// What becomes of writes that were not synced when the power failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fate {
    /// None reached the disk.
    Lost,
    /// All did.
    Kept,
    /// All did, but only the first half of the last one.
    Torn,
    /// Each sector did or did not, by chance; the number is the seed.
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
pub struct FaultDisk(Arc<Mutex<Inner>>);

impl FaultDisk {
    /// A disk on which this is durable.
    #[must_use]
    pub fn holding(image: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Inner { seen: image.clone(), durable: image, ..Inner::default() })))
    }

    /// Loses power in the operation with this number, counted from 0.
    pub fn power_fails_at(&self, operation: u64) {
        self.inner().power_fails_at = Some(operation);
    }

    /// Loses power now.
    pub fn cut_power(&self) {
        self.inner().is_off = true;
    }

    /// Whether it has lost power.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.inner().is_off
    }

    /// From now on syncs fail, and what they should have written is lost for good.
    pub fn fail_syncs(&self) {
        self.inner().syncs_fail = true;
    }

    /// From now on nothing fits beyond `bytes`.
    pub fn limit(&self, bytes: Option<usize>) {
        self.inner().room = bytes;
    }

    /// From the operation with this number on nothing can be written at all.
    pub fn full_from(&self, operation: Option<u64>) {
        self.inner().full_from = operation;
    }

    /// How many operations there were: writes, changes of length, syncs.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.inner().operations
    }

    /// The length that the running system sees, bytes.
    #[must_use]
    pub fn len_seen(&self) -> usize {
        self.inner().seen.len()
    }

    /// What the running system sees.
    #[must_use]
    pub fn seen(&self) -> Vec<u8> {
        self.inner().seen.clone()
    }

    /// What is on the disk when the power is back.
    #[must_use]
    pub fn after_power_loss(&self, fate: Fate) -> Vec<u8> {
        let inner = self.inner();
        let mut image = inner.durable.clone();
        let last = inner.unsynced.len().saturating_sub(1);
        for (place, change) in inner.unsynced.iter().enumerate() {
            match fate {
                Fate::Lost => {}
                Fate::Torn if place == last => tear(&mut image, change),
                Fate::Kept | Fate::Torn => apply(&mut image, change),
                Fate::Scattered(seed) => scatter(&mut image, change, seed),
            }
        }
        image
    }

    /// Every change is made whole, so a thread that died holding the lock did no harm.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let offset = place(offset)?;
        let end = offset.checked_add(out.len()).ok_or(ErrorKind::UnexpectedEof)?;
        let found = inner.seen.get(offset..end).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner().change(Change::Length(place(len)?))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner().change(Change::Write(place(offset)?, data.to_vec()))
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

fn place(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(|_| ErrorKind::StorageFull.into())
}

fn apply(image: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Length(len) => image.resize(*len, 0),
        Change::Write(offset, data) => put(image, *offset, data),
    }
}

fn put(image: &mut Vec<u8>, offset: usize, data: &[u8]) {
    let end = offset + data.len();
    if image.len() < end {
        image.resize(end, 0);
    }
    image[offset..end].copy_from_slice(data);
}

fn tear(image: &mut Vec<u8>, change: &Change) {
    if let Change::Write(offset, data) = change {
        let half = data.len() / 2 / SECTOR * SECTOR;
        put(image, *offset, &data[..half]);
    }
}

/// A file system orders lengths before what lies behind them, so lengths are kept.
fn scatter(image: &mut Vec<u8>, change: &Change, seed: u64) {
    let Change::Write(offset, data) = change else { return apply(image, change) };
    let mut at = *offset;
    let end = offset + data.len();
    while at < end {
        let next = ((at / SECTOR + 1) * SECTOR).min(end);
        if is_kept(seed, at / SECTOR) {
            put(image, at, &data[at - offset..next - offset]);
        }
        at = next;
    }
}

/// A coin for each sector (the mixing of splitmix64).
fn is_kept(seed: u64, sector: usize) -> bool {
    let mut z = seed.wrapping_add((sector as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) & 1 == 1
}
