//! What is done to the processes and to the network, one thing after another, drawn from the seed.

use crate::chance::Chance;
use crate::proxy::Proxy;
use e2e::{Part, Receiver, SmallDisk, System};
use std::fmt;
use std::thread::sleep;
use std::time::Duration;

/// Which connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the tills to the payment server.
    Tills,
    /// From the payment server to the bank.
    Bank,
}

/// One misfortune.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `kill -9`, and a new start. Every process in [`Part::ALL`] has its turn.
    Kill(Part),
    /// `SIGSTOP`, and `SIGCONT` so much later.
    Freeze(Part, Duration),
    /// Every connection is cut.
    Cut(Way),
    /// Requests arrive, answers do not.
    HalfCut(Way),
    /// Everything takes so much longer for so long.
    Slow(Way, Duration, Duration),
    /// The payment server's disk has no room for so long.
    FillDisk(Duration),
    /// `kill -9` of the merchant's system that takes webhooks, and a new start so much later.
    KillReceiver(Duration),
}

/// How often what was done, beside kills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// `kill -9`, of the server and of the bank.
    pub kills: [u32; 2],
    /// `SIGSTOP` and `SIGCONT`.
    pub freezes: u32,
    /// All connections cut, or half cut.
    pub cuts: u32,
    /// Everything slow for a while.
    pub slow: u32,
    /// Disk full for a while.
    pub full: u32,
    /// `kill -9` of the merchant's system that takes webhooks.
    pub receiver_kills: u32,
}

impl Fault {
    /// Half of all are kills of server or bank.
    pub(crate) fn draw(chance: &mut Chance) -> Self {
        let part = Part::ALL[chance.index(Part::ALL.len())];
        let way = if chance.once_in(2) { Way::Tills } else { Way::Bank };
        let ms = |chance: &mut Chance, low, high| Duration::from_millis(low + chance.below(high - low));
        match chance.below(100) {
            0..=49 => Self::Kill(part),
            50..=64 => Self::Freeze(part, ms(chance, 100, 2_000)),
            65..=76 => Self::Cut(way),
            77..=84 => Self::HalfCut(way),
            85..=90 => Self::Slow(way, ms(chance, 5, 300), ms(chance, 200, 1_500)),
            91..=94 => Self::KillReceiver(ms(chance, 200, 1_500)),
            _ => Self::FillDisk(ms(chance, 200, 1_500)),
        }
    }
}

/// Whom it is done to.
pub(crate) struct Victims<'a> {
    pub(crate) system: &'a mut System,
    pub(crate) tills: &'a Proxy,
    pub(crate) bank: &'a Proxy,
    /// None if the store is in no file.
    pub(crate) disk: Option<&'a SmallDisk>,
    pub(crate) receiver: &'a mut Receiver,
    pub(crate) done: Done,
}

impl Victims<'_> {
    /// Does it, and ends it.
    pub(crate) fn suffer(&mut self, fault: Fault) {
        match fault {
            Fault::Kill(part) => {
                self.system.kill_part(part);
                self.system.start_part(part, None);
                self.done.kills[usize::from(part == Part::Bank)] += 1;
            }
            Fault::Freeze(part, time) => {
                self.system.freeze_part(part);
                sleep(time);
                self.system.thaw_part(part);
                self.done.freezes += 1;
            }
            Fault::Cut(way) => {
                self.way(way).cut();
                self.done.cuts += 1;
            }
            Fault::HalfCut(way) => {
                self.way(way).half_cut();
                self.done.cuts += 1;
            }
            Fault::Slow(way, delay, time) => {
                self.way(way).delay(delay);
                sleep(time);
                self.way(way).delay(Duration::ZERO);
                self.done.slow += 1;
            }
            Fault::FillDisk(time) => {
                if let Some(disk) = self.disk {
                    disk.fill();
                    sleep(time);
                    disk.make_room();
                    self.done.full += 1;
                }
            }
            Fault::KillReceiver(time) => {
                self.receiver.kill();
                sleep(time);
                self.receiver.revive();
                self.done.receiver_kills += 1;
            }
        }
        // What gave up by itself is started again, as a supervisor would.
        self.system.revive();
    }

    const fn way(&self, way: Way) -> &Proxy {
        match way {
            Way::Tills => self.tills,
            Way::Bank => self.bank,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose =
            |way: &Way| if *way == Way::Tills { "the tills' connections" } else { "the bank's connections" };
        match self {
            Self::Kill(part) => write!(f, "kill -9 {}", part.name()),
            Self::Freeze(part, time) => write!(f, "stop {} for {} ms", part.name(), time.as_millis()),
            Self::Cut(way) => write!(f, "cut {}", whose(way)),
            Self::HalfCut(way) => write!(f, "cut the answers on {}", whose(way)),
            Self::Slow(way, delay, time) => {
                write!(f, "{} slow by {} ms for {} ms", whose(way), delay.as_millis(), time.as_millis())
            }
            Self::FillDisk(time) => write!(f, "the server's disk full for {} ms", time.as_millis()),
            Self::KillReceiver(time) => {
                write!(f, "kill -9 the merchant's own system, away for {} ms", time.as_millis())
            }
        }
    }
}
