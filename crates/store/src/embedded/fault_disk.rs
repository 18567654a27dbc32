//! A disk in memory that loses power, fails to sync or runs full when told to: for tests and the simulator.
//!
//! It holds the files of a store: its own and the two halves of its log. They share the power, the room and the
//! count of operations; what was written to one of them and not synced is that file's alone.
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

/// What the files of a disk hold: the store's own, then the two halves of its log.
pub type Images = [Vec<u8>; 3];

#[derive(Default, Debug)]
struct File {
    /// As the running system sees it.
    seen: Vec<u8>,
    /// As it is on the platter.
    durable: Vec<u8>,
    /// What was written since the last sync, each with the number of its operation.
    unsynced: Vec<(u64, Change)>,
}

#[derive(Default, Debug)]
struct Inner {
    files: [File; 3],
    operations: u64,
    power_fails_at: Option<u64>,
    is_off: bool,
    syncs_fail: bool,
    /// The length beyond which nothing fits.
    room: Option<usize>,
    full_from: Option<u64>,
}

/// A disk, of which a handle reads and writes one file: at first the store's own. Clones are the same disk.
#[derive(Clone, Default, Debug)]
pub struct FaultDisk {
    inner: Arc<Mutex<Inner>>,
    file: usize,
}

impl FaultDisk {
    /// A disk on which this is durable, with an empty log.
    #[must_use]
    pub fn holding(image: Vec<u8>) -> Self {
        Self::holding_all([image, Vec::new(), Vec::new()])
    }

    /// A disk on which these files are durable.
    #[must_use]
    pub fn holding_all(images: Images) -> Self {
        let files = images.map(|image| File { seen: image.clone(), durable: image, unsynced: Vec::new() });
        Self { inner: Arc::new(Mutex::new(Inner { files, ..Inner::default() })), file: 0 }
    }

    /// The halves of the store's log on the same disk.
    #[must_use]
    pub fn log_halves(&self) -> [Self; 2] {
        [1, 2].map(|file| Self { inner: Arc::clone(&self.inner), file })
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

    /// The length of the file that the running system sees, bytes.
    #[must_use]
    pub fn len_seen(&self) -> usize {
        self.inner().files[self.file].seen.len()
    }

    /// What the running system sees in the file.
    #[must_use]
    pub fn seen(&self) -> Vec<u8> {
        self.inner().files[self.file].seen.clone()
    }

    /// What is in the file when the power is back.
    #[must_use]
    pub fn after_power_loss(&self, fate: Fate) -> Vec<u8> {
        self.inner().after_power_loss(self.file, fate)
    }

    /// What is in all files when the power is back.
    #[must_use]
    pub fn all_after_power_loss(&self, fate: Fate) -> Images {
        let inner = self.inner();
        [0, 1, 2].map(|file| inner.after_power_loss(file, fate))
    }

    /// Every change is made whole, so a thread that died holding the lock did no harm.
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
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

    fn change(&mut self, file: usize, change: Change) -> io::Result<()> {
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
        apply(&mut self.files[file].seen, &change);
        self.files[file].unsynced.push((number, change));
        if self.is_off { Err(io::Error::other("the power failed")) } else { Ok(()) }
    }

    fn after_power_loss(&self, file: usize, fate: Fate) -> Vec<u8> {
        let last = self.files.iter().filter_map(|file| file.unsynced.last()).map(|(number, _)| *number).max();
        let mut image = self.files[file].durable.clone();
        for (number, change) in &self.files[file].unsynced {
            match fate {
                Fate::Lost => {}
                Fate::Torn if Some(*number) == last => tear(&mut image, change),
                Fate::Kept | Fate::Torn => apply(&mut image, change),
                Fate::Scattered(seed) => scatter(&mut image, change, seed_of(seed, file)),
            }
        }
        image
    }
}

impl StorageBackend for FaultDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.len_seen() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let inner = self.inner();
        if inner.is_off {
            return Err(io::Error::other("no power"));
        }
        let offset = place(offset)?;
        let end = offset.checked_add(out.len()).ok_or(ErrorKind::UnexpectedEof)?;
        let found = inner.files[self.file].seen.get(offset..end).ok_or(ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner().change(self.file, Change::Length(place(len)?))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner().change(self.file, Change::Write(place(offset)?, data.to_vec()))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut inner = self.inner();
        inner.begin()?;
        if inner.is_off {
            return Err(io::Error::other("the power failed"));
        }
        let syncs_fail = inner.syncs_fail;
        let file = &mut inner.files[self.file];
        let unsynced = std::mem::take(&mut file.unsynced);
        if syncs_fail {
            return Err(io::Error::other("the disk did not take it"));
        }
        for (_, change) in &unsynced {
            apply(&mut file.durable, change);
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

/// Sectors at the same place of two files have fates of their own.
fn seed_of(seed: u64, file: usize) -> u64 {
    if file == 0 { seed } else { mix(seed ^ file as u64) }
}

/// A coin for each sector.
fn is_kept(seed: u64, sector: usize) -> bool {
    mix(seed.wrapping_add((sector as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15))) & 1 == 1
}

/// The mixing of splitmix64.
#[must_use]
pub const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_disk_lose_power_together_and_are_synced_one_by_one() {
        let disk = FaultDisk::default();
        let [one, other] = disk.log_halves();
        disk.write(0, b"store").unwrap();
        one.write(0, b"first").unwrap();
        one.sync_data().unwrap();
        disk.power_fails_at(disk.operations());
        assert!(other.write(0, b"second").is_err());
        assert!(disk.sync_data().is_err(), "the power is off for all");
        let after = |fate| disk.all_after_power_loss(fate);
        assert_eq!(after(Fate::Lost), [vec![], b"first".to_vec(), vec![]]);
        assert_eq!(after(Fate::Kept), [b"store".to_vec(), b"first".to_vec(), b"second".to_vec()]);
        assert_eq!(
            after(Fate::Torn),
            [b"store".to_vec(), b"first".to_vec(), vec![]],
            "only the last write tears"
        );
    }

    #[test]
    fn sectors_of_different_files_have_fates_of_their_own() {
        let disk = FaultDisk::default();
        let data = vec![1; 64 * SECTOR];
        disk.write(0, &data).unwrap();
        disk.log_halves().iter().for_each(|half| half.write(0, &data).unwrap());
        let [store, one, other] = disk.all_after_power_loss(Fate::Scattered(7));
        assert_eq!(store, disk.after_power_loss(Fate::Scattered(7)));
        assert!(store != one && one != other && other != store);
        let again = disk.all_after_power_loss(Fate::Scattered(7));
        assert_eq!(again, [store, one, other], "and the same ones each time");
    }
}
