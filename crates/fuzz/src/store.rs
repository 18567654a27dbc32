//! The embedded store: the bytes of its rows and of its log, and any sequence of commands.

use crate::support::{place, with_one_bit_turned};
use crc::{CRC_64_XZ, Crc};
use std::sync::LazyLock;
use store::conformance::maps::{Maps, Move, Step, compare, send};
use store::conformance::{Memory, rewrite_each};
use store::{EmbeddedStore, OpenError};

const GROUPS_MAX: usize = 24;
const GROUP_STEPS_MAX: u8 = 6;
/// The fill of half a log: a batch or two, so that the halves change places often.
const LOG_BYTES: u64 = 1_500;

static CRC: Crc<u64> = Crc::<u64>::new(&CRC_64_XZ);

/// The input as each kind of row: what reads is written in one form, which reads the same.
pub fn store_rows(data: &[u8]) {
    for (row, rewritten) in rewrite_each(data) {
        let again = rewrite_each(&rewritten).into_iter().find(|(other, _)| *other == row);
        assert_eq!(again, Some((row, rewritten)));
    }
}

/// The input as what stands in a log, with its sums put right and without: a store opens with it or says what is
/// wrong, and one that opened opens again.
pub fn store_log(data: &[u8]) {
    opens_twice(&Disks::holding(LOGGED_STORE.clone(), [data.to_vec(), Vec::new()]));
    let (first, second) = data.split_at(place(data, data.len() + 1));
    let records = [record(1, first), record(2, second)].concat();
    opens_twice(&Disks::holding(LOGGED_STORE.clone(), [records.clone(), Vec::new()]));
    opens_twice(&Disks::holding(LOGGED_STORE.clone(), [record(2, second), record(1, first)]));
    opens_twice(&Disks::holding(LOGGED_STORE.clone(), [with_one_bit_turned(&records, data), Vec::new()]));
}

/// A record as the log has it: length, number of the batch, sum, changes.
fn record(number: u64, changes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(changes.len()).expect("inputs are short");
    let head = [&len.to_be_bytes()[..], &number.to_be_bytes()].concat();
    let mut sum = CRC.digest();
    sum.update(&head);
    sum.update(changes);
    [&head[..], &sum.finalize().to_be_bytes(), changes].concat()
}

fn opens_twice(disks: &Disks) {
    match disks.open() {
        Ok(store) => {
            // Whether it can be closed is no matter: what was read must be durable before.
            drop(store);
            assert!(disks.after_power_loss().open().is_ok(), "a store that opened does not open again");
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The input as commands, in groups that may share a transaction, with the power lost between some of them. Each
/// outcome, and at the end every row, is what a few maps say.
pub fn store_commands(data: &[u8]) {
    let mut input = Input(data);
    let mut disks = Disks::holding(EMPTY_STORE.clone(), Default::default());
    let mut store = disks.open().expect("a whole store opens");
    let mut maps = Maps::default();
    let start = vec![Step::Issue(1), Step::Enrol(1), Step::Issue(2), Step::Enrol(2)];
    for group in std::iter::once(start).chain(std::iter::from_fn(|| input.group()).take(GROUPS_MAX)) {
        let is_power_lost = group.iter().any(|step| matches!(step, Step::PowerLoss));
        RUNTIME.block_on(send(&store, group.iter().map(|step| maps.take(step)).collect()));
        if is_power_lost {
            // What is written from here on goes to disks that nobody reads again.
            disks = disks.after_power_loss();
            store = disks.open().expect("a store opens after a power loss");
        }
    }
    RUNTIME.block_on(compare(&store, &maps));
}

/// One disk for the store, two for the halves of its log.
struct Disks {
    store: Memory,
    log: [Memory; 2],
}

impl Disks {
    fn holding(store: Vec<u8>, log: [Vec<u8>; 2]) -> Self {
        Self { store: Memory::holding(store), log: log.map(Memory::holding) }
    }

    fn open(&self) -> Result<EmbeddedStore, OpenError> {
        EmbeddedStore::open_with_log(self.store.clone(), self.log.clone(), LOG_BYTES)
    }

    fn after_power_loss(&self) -> Self {
        Self::holding(self.store.durable(), self.log.each_ref().map(Memory::durable))
    }
}

static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers is made of memory")
});

/// A store in which nothing is yet: making its tables takes longer than most histories.
static EMPTY_STORE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let disk = Memory::holding(Vec::new());
    let store = EmbeddedStore::open_on(disk.clone()).expect("an empty disk becomes a store");
    store.close().expect("nothing is underway");
    disk.durable()
});

/// The same, but going on in its log when the power was lost.
static LOGGED_STORE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let disks = Disks::holding(EMPTY_STORE.clone(), Default::default());
    let _store = disks.open().expect("a whole store opens");
    disks.store.durable()
});

/// What is left of the input; steps are a few bytes each, numbers are small so that they meet.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A number from 0 to `max`.
    fn up_to(&mut self, max: u8) -> Option<u8> {
        Some(self.byte()? % (max + 1))
    }

    /// None half of the time, else from 1 to `max`.
    fn maybe(&mut self, max: u8) -> Option<Option<u8>> {
        let byte = self.byte()?;
        Some((byte & 1 == 1).then_some((byte >> 1) % max + 1))
    }

    fn group(&mut self) -> Option<Vec<Step>> {
        let steps = self.up_to(GROUP_STEPS_MAX)?;
        let group: Vec<Step> = (0..=steps).map_while(|_| self.step()).collect();
        (!group.is_empty()).then_some(group)
    }

    fn step(&mut self) -> Option<Step> {
        Some(match self.up_to(15)? {
            0 => Step::Issue(self.up_to(2)? + 1),
            1 => Step::Enrol(self.up_to(2)? + 1),
            2 => {
                let (device, lag) = (self.up_to(1)? + 1, self.lag()?);
                if self.up_to(1)? == 0 { Step::Touch { device, lag } } else { Step::Lock { device, lag } }
            }
            3..=7 => Step::Begin {
                n: self.up_to(3)? + 1,
                key: self.up_to(5)? + 1,
                asks: self.up_to(1)? + 1,
                device: self.up_to(1)? + 1,
                lag: self.lag()?,
                counter: u32::from(self.up_to(7)?) + 1,
                confirm: self.up_to(1)? == 1,
            },
            8..=11 => Step::Move(Move {
                n: self.up_to(3)? + 1,
                lag: self.lag()?,
                done: self.maybe(8)?,
                new: self.maybe(8)?,
                asks: self.maybe(6)?.zip(self.maybe(2)?),
                answers: self.maybe(6)?,
                amount: i64::from(self.up_to(99)?),
            }),
            12 => Step::Cancel { key: self.up_to(5)? + 1, asks: self.up_to(1)? + 1 },
            13 => Step::Delay(self.up_to(8)? + 1),
            14 => Step::Record,
            _ => Step::PowerLoss,
        })
    }

    /// Rarely an older version than the present one.
    fn lag(&mut self) -> Option<u32> {
        Some(u32::from(self.up_to(7)? == 7))
    }
}
