//! What a history is made of, drawn from its seed before it begins: who buys what when, what goes wrong when, and
//! how bad the network is. A list of things, so that a failing history shrinks by leaving things out.

use crate::chance::Chance;
use std::collections::BTreeSet;

/// Tills that do as they should, each a checkout of its own.
pub(crate) const TILLS: usize = 4;
/// Customers with a phone each.
pub(crate) const PHONES: usize = 4;
/// The fill of half the log of the server's store, bytes: a few sales' worth.
const LOG_BYTES: u64 = 12 * 1_024;

/// The whole plan of one history.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed that it was drawn from.
    pub seed: u64,
    pub(crate) acts: Vec<Act>,
    pub(crate) mishaps: Vec<Mishap>,
    pub(crate) network: Network,
    /// Messages to which nothing happens, by the numbers that the network gives them.
    pub(crate) spared: BTreeSet<u64>,
    /// How long a till may take to capture, seconds.
    pub(crate) capture_window_s: i64,
    /// How often the server looks for work by itself, milliseconds.
    pub(crate) look_again_ms: u64,
    /// The fill of half the log of the server's store, bytes: so little that the halves change places often. None if
    /// each batch is a commit of the engine.
    pub(crate) log_bytes: Option<u64>,
}

/// How often a message of each kind goes wrong, in a thousand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    pub(crate) refused: u64,
    pub(crate) request_lost: u64,
    pub(crate) request_delayed: u64,
    pub(crate) doubled: u64,
    pub(crate) answer_lost: u64,
    pub(crate) answer_delayed: u64,
}

impl Network {
    pub(crate) const CALM: Self = Self::all(0);

    const fn all(per_mille: u64) -> Self {
        Self {
            refused: per_mille,
            request_lost: per_mille,
            request_delayed: per_mille,
            doubled: per_mille,
            answer_lost: per_mille,
            answer_delayed: per_mille,
        }
    }
}

/// Something that somebody does.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    /// Names its choices, so that they stay when other acts are left out.
    pub(crate) number: u64,
    pub(crate) at_ms: u64,
    pub(crate) kind: ActKind,
}

#[derive(Clone, Debug)]
pub(crate) enum ActKind {
    /// A till sells something.
    Sale { till: usize, phone: usize, amount_minor: i64, is_pin_right: bool, then: Then },
    /// A hostile checkout tries something.
    Harm(Harm),
    /// A phone asks for its confirmations.
    Fetch { phone: usize },
    /// A phone is set up again from an old backup.
    Restore { phone: usize },
}

/// What follows when a sale was authorised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// All is captured.
    Capture,
    /// All is captured, and part of it refunded later.
    Refund,
    /// Part is captured, then the rest given back or captured.
    CaptureParts,
    /// The hold is given back.
    Void,
    /// Nobody comes back to it.
    Forget,
    /// The cashier cancels while it is under way.
    Cancel,
}

/// What a hostile checkout does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// Sends a code that another till scanned.
    Replay,
    /// Sends two amounts under one key.
    ReuseKey { phone: usize },
    /// Cancels a key, then pays under it.
    CancelFirst { phone: usize },
    /// Captures twice, at once, and beyond the hold.
    CaptureAgain { phone: usize },
    /// Sends several codes with wrong PINs at once.
    GuessPins { phone: usize },
    /// Captures, voids and refunds what others authorised.
    Foreign,
}

/// Something that goes wrong at a moment of its own.
#[derive(Clone, Debug)]
pub(crate) struct Mishap {
    pub(crate) number: u64,
    pub(crate) at_ms: u64,
    pub(crate) kind: MishapKind,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum MishapKind {
    /// The process is killed.
    Kill { at: Machine, down_ms: u64 },
    /// The power fails in one of the next operations of the disk.
    Power { at: Machine, after_operations: u64, fate: u64, down_ms: u64, again_at_start: Option<u64> },
    /// The disk fails to sync from now on, until the machine is started again.
    Sync { at: Machine, down_ms: u64 },
    /// The disk is full for a while.
    Full { at: Machine, for_ms: u64 },
    /// The bank answers nobody for a while.
    Silent { for_ms: u64 },
    /// A clock is set.
    Clock { whose: Whose, ahead_ms: i64 },
    /// A customer closes their account at the bank, if nothing is held on it.
    CloseAccount { phone: usize },
    /// A till loses power at one of its next journal entries.
    Till { till: usize, after_entries: u64, cut: Cut, down_ms: u64 },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Machine {
    Server,
    Bank,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Whose {
    Server,
    Bank,
    Till(usize),
}

/// Where in the writing of a journal entry a till loses power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    Before,
    Torn,
    After,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::of(&[seed, 0]);
        let span_ms = chance.between(20_000, 120_000);
        let acts = acts(&mut chance, span_ms);
        let mishaps = match chance.below(4) {
            0 => Vec::new(),
            roughness => mishaps(&mut chance, span_ms, roughness * 2),
        };
        let network = match chance.below(4) {
            0 => Network::CALM,
            1 => Network::all(10),
            2 => Network::all(40),
            _ => {
                let mut some = || if chance.below(2) == 0 { 0 } else { chance.between(10, 200) };
                Network {
                    refused: some(),
                    request_lost: some(),
                    request_delayed: some(),
                    doubled: some(),
                    answer_lost: some(),
                    answer_delayed: some(),
                }
            }
        };
        let capture_window_s = i64::try_from(chance.between(45, 180)).unwrap_or(60);
        let look_again_ms = chance.between(2_000, 8_000);
        let log_bytes = (chance.below(4) > 0).then_some(LOG_BYTES);
        let spared = BTreeSet::new();
        Self { seed, acts, mishaps, network, spared, capture_window_s, look_again_ms, log_bytes }
    }

    /// How many things there are in it.
    #[must_use]
    pub fn size(&self) -> usize {
        self.acts.len() + self.mishaps.len()
    }
}

fn acts(chance: &mut Chance, span_ms: u64) -> Vec<Act> {
    let mut acts = Vec::new();
    let sales = chance.between(4, 10);
    // Some customers never remember their PIN.
    let forgetful = chance.index(PHONES);
    for number in 1..=sales {
        let at_ms = chance.below(span_ms);
        let phone = chance.index(PHONES);
        let wrong = if phone == forgetful { 400 } else { 60 };
        let sale = ActKind::Sale {
            till: chance.index(TILLS),
            phone,
            amount_minor: i64::try_from(chance.between(1, 5_200)).unwrap_or(1),
            is_pin_right: !chance.happens(wrong),
            then: then(chance),
        };
        acts.push(Act { number, at_ms, kind: sale });
        if chance.happens(120) {
            let at_ms = at_ms + chance.between(1, 400);
            acts.push(Act { number: 100 + number, at_ms, kind: ActKind::Harm(Harm::Replay) });
        }
        if chance.happens(250) {
            let at_ms = at_ms + chance.between(500, 20_000);
            acts.push(Act { number: 200 + number, at_ms, kind: ActKind::Fetch { phone } });
        }
    }
    for number in 301..=300 + chance.below(4) {
        let phone = chance.index(PHONES);
        let harm = match chance.below(12) {
            0 | 1 => Harm::Replay,
            2 | 3 => Harm::ReuseKey { phone },
            4 | 5 => Harm::CancelFirst { phone },
            6..=8 => Harm::CaptureAgain { phone },
            9 => Harm::GuessPins { phone },
            _ => Harm::Foreign,
        };
        acts.push(Act { number, at_ms: chance.below(span_ms), kind: ActKind::Harm(harm) });
    }
    if chance.happens(60) {
        let phone = chance.index(PHONES);
        acts.push(Act { number: 400, at_ms: chance.below(span_ms), kind: ActKind::Restore { phone } });
    }
    acts.sort_by_key(|act| (act.at_ms, act.number));
    acts
}

fn then(chance: &mut Chance) -> Then {
    match chance.below(12) {
        0 | 1 => Then::Refund,
        2 | 3 => Then::CaptureParts,
        4 => Then::Void,
        5 => Then::Forget,
        6 => Then::Cancel,
        _ => Then::Capture,
    }
}

fn mishaps(chance: &mut Chance, span_ms: u64, most: u64) -> Vec<Mishap> {
    let count = chance.between(1, most);
    let mut mishaps: Vec<Mishap> = (1..=count)
        .map(|number| {
            let at_ms = chance.below(span_ms);
            Mishap { number, at_ms, kind: mishap(chance) }
        })
        .collect();
    mishaps.sort_by_key(|mishap| (mishap.at_ms, mishap.number));
    mishaps
}

fn mishap(chance: &mut Chance) -> MishapKind {
    let at = if chance.below(3) == 0 { Machine::Bank } else { Machine::Server };
    let down_ms = chance.between(50, 15_000);
    match chance.below(25) {
        0..=2 => MishapKind::Kill { at, down_ms },
        3..=10 => MishapKind::Power {
            at,
            after_operations: chance.below(40),
            fate: chance.draw(),
            down_ms,
            again_at_start: (chance.below(3) == 0).then(|| chance.below(12)),
        },
        11 | 12 => MishapKind::Sync { at, down_ms },
        13 | 14 => MishapKind::Full { at, for_ms: down_ms },
        15 | 16 => MishapKind::Silent { for_ms: chance.between(1_000, 40_000) },
        17 => MishapKind::CloseAccount { phone: chance.index(PHONES) },
        18 | 19 => {
            let whose = match chance.below(3) {
                0 => Whose::Server,
                1 => Whose::Bank,
                _ => Whose::Till(chance.index(TILLS)),
            };
            let most = if chance.below(2) == 0 { 2_000 } else { 90_000 };
            let ahead_ms =
                i64::try_from(chance.below(2 * most)).unwrap_or(0) - i64::try_from(most).unwrap_or(0);
            MishapKind::Clock { whose, ahead_ms }
        }
        _ => MishapKind::Till {
            till: chance.index(TILLS),
            after_entries: chance.below(6),
            cut: match chance.below(3) {
                0 => Cut::Before,
                1 => Cut::Torn,
                _ => Cut::After,
            },
            down_ms,
        },
    }
}
