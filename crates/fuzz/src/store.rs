//! The embedded store: the bytes of its rows, and any sequence of commands.

use std::sync::LazyLock;
use store::EmbeddedStore;
use store::conformance::maps::{Maps, Move, Step, compare, send};
use store::conformance::{Memory, rewrite_each};

const GROUPS_MAX: usize = 24;
const GROUP_STEPS_MAX: u8 = 6;

/// The input as each kind of row: what reads is written in one form, which reads the same.
pub fn store_rows(data: &[u8]) {
    for (row, rewritten) in rewrite_each(data) {
        let again = rewrite_each(&rewritten).into_iter().find(|(other, _)| *other == row);
        assert_eq!(again, Some((row, rewritten)));
    }
}

/// The input as commands, in groups that may share a transaction, with the power lost between some of them. Each
/// outcome, and at the end every row, is what a few maps say.
pub fn store_commands(data: &[u8]) {
    let mut input = Input(data);
    let mut disk = Memory::holding(EMPTY_STORE.clone());
    let mut store = EmbeddedStore::open_on(disk.clone()).expect("a whole store opens");
    let mut maps = Maps::default();
    let start = vec![Step::Issue(1), Step::Enrol(1), Step::Issue(2), Step::Enrol(2)];
    for group in std::iter::once(start).chain(std::iter::from_fn(|| input.group()).take(GROUPS_MAX)) {
        let is_power_lost = group.iter().any(|step| matches!(step, Step::PowerLoss));
        RUNTIME.block_on(send(&store, group.iter().map(|step| maps.take(step)).collect()));
        if is_power_lost {
            // What is written from here on goes to a disk that nobody reads again.
            disk = Memory::holding(disk.durable());
            store = EmbeddedStore::open_on(disk.clone()).expect("a store opens after a power loss");
        }
    }
    RUNTIME.block_on(compare(&store, &maps));
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
            2 => Step::Touch { device: self.up_to(1)? + 1, lag: self.lag()? },
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
