//! A store's disks with one power switch: one disk alone, or one for the store and two for its log.

use crate::disk::{Fate, FaultDisk, Rows, rows};
use redb::StorageBackend;
use std::io;
use std::sync::{Arc, Mutex};
use store::{EmbeddedStore, OpenError};

/// The fill of half a log: two batches or so, so that a day's work has the halves change places often.
const LOG_BYTES: u64 = 1_500;

/// How a store makes batches durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// The engine syncs each.
    Plain,
    /// In a log.
    Logged,
}

pub(crate) const FORMS: [Form; 2] = [Form::Plain, Form::Logged];

/// What of a machine is in trouble.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Store,
    Log,
}

#[derive(Default, Debug)]
struct Power {
    operations: u64,
    fails_at: Option<u64>,
    is_off: bool,
}

/// A disk that shares its power with others; clones are the same one.
#[derive(Clone, Debug)]
struct Powered {
    disk: FaultDisk,
    power: Arc<Mutex<Power>>,
}

/// What is on the disks.
#[derive(Clone, Debug)]
pub(crate) struct Images {
    store: Vec<u8>,
    log: [Vec<u8>; 2],
}

/// A machine; clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    form: Form,
    store: Powered,
    log: [Powered; 2],
}

impl Machine {
    /// With empty disks.
    pub(crate) fn new(form: Form) -> Self {
        Self::holding(form, Images { store: Vec::new(), log: Default::default() })
    }

    pub(crate) fn holding(form: Form, images: Images) -> Self {
        let power = Arc::default();
        let disk = |image| Powered { disk: FaultDisk::holding(image), power: Arc::clone(&power) };
        Self { form, store: disk(images.store), log: images.log.map(disk) }
    }

    pub(crate) fn open(&self) -> Result<EmbeddedStore, OpenError> {
        match self.form {
            Form::Plain => EmbeddedStore::open_on(self.store.clone()),
            Form::Logged => EmbeddedStore::open_with_log(self.store.clone(), self.log.clone(), LOG_BYTES),
        }
    }

    /// Loses power in the operation with this number, counted from 0 over all disks.
    pub(crate) fn power_fails_at(&self, operation: u64) {
        self.store.power.lock().unwrap().fails_at = Some(operation);
    }

    pub(crate) fn operations(&self) -> u64 {
        self.store.power.lock().unwrap().operations
    }

    /// From now on syncs of the store's disk fail, or of its log's.
    pub(crate) fn fail_syncs(&self, part: Part) {
        self.parts(part).for_each(FaultDisk::fail_syncs);
    }

    /// Whether the store's disk, or its log's, is full from now on.
    pub(crate) fn set_full(&self, part: Part, is_full: bool) {
        self.parts(part).for_each(|disk| disk.full_from(is_full.then(|| disk.operations())));
    }

    /// Changes a byte in the middle of the larger half of the log.
    pub(crate) fn damage_log(images: &mut Images) {
        let half = images.log.iter_mut().max_by_key(|half| half.len()).unwrap();
        let middle = half.len() / 2;
        half[middle] ^= 1;
    }

    /// What is there when the power is back. The disks share nothing but the moment.
    pub(crate) fn after_power_loss(&self, fate: Fate) -> Images {
        let log = self.log.each_ref().map(|half| half.disk.after_power_loss(fate));
        Images { store: self.store.disk.after_power_loss(fate), log }
    }

    /// The rows as somebody finds them who opens the store as it is seen now.
    pub(crate) fn rows(&self) -> Rows {
        let log = self.log.each_ref().map(|half| half.disk.seen());
        let images = Images { store: self.store.disk.seen(), log };
        let found = Self::holding(self.form, images);
        found.open().unwrap().close().unwrap();
        rows(found.store.disk.seen())
    }

    fn parts(&self, part: Part) -> impl Iterator<Item = &FaultDisk> {
        let disks = match part {
            Part::Store => core::slice::from_ref(&self.store),
            Part::Log => &self.log[..],
        };
        disks.iter().map(|powered| &powered.disk)
    }
}

impl Powered {
    fn change(&self, change: impl FnOnce(&FaultDisk) -> io::Result<()>) -> io::Result<()> {
        let mut power = self.power.lock().unwrap();
        let number = power.operations;
        power.operations += 1;
        if power.is_off {
            return Err(io::Error::other("no power"));
        }
        power.is_off = power.fails_at == Some(number);
        change(&self.disk)?;
        if power.is_off { Err(io::Error::other("the power failed")) } else { Ok(()) }
    }
}

impl StorageBackend for Powered {
    fn len(&self) -> io::Result<u64> {
        self.disk.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if self.power.lock().unwrap().is_off {
            return Err(io::Error::other("no power"));
        }
        self.disk.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.change(|disk| disk.set_len(len))
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.change(|disk| disk.write(offset, data))
    }

    fn sync_data(&self) -> io::Result<()> {
        // A sync in which the power fails wrote nothing for sure: what is unsynced meets its fate.
        let fails_now = {
            let power = self.power.lock().unwrap();
            power.fails_at == Some(power.operations)
        };
        self.change(|disk| if fails_now { Ok(()) } else { disk.sync_data() })
    }
}
