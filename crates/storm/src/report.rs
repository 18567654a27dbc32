//! What a storm did and what came of it.

use crate::faults::Done;
use history::Checked;
use std::fmt;
use std::time::Duration;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What all of it was drawn from.
    pub seed: u64,
    /// How long tills were selling.
    pub took: Duration,
    /// Customers served.
    pub customers: u64,
    /// What was done to processes and network.
    pub done: Done,
    /// Services that gave up by themselves and were started again.
    pub gave_up: u32,
    /// Connections that were open when they were cut.
    pub broken_connections: u64,
    /// Power cuts of tills.
    pub power_cuts: u32,
    /// Payments at the server, and how many of them were captured.
    pub payments: usize,
    /// Of those, with money taken.
    pub captured: usize,
    /// Taken and not given back, in Rappen, by the final payments.
    pub taken_minor: i64,
    /// Webhooks that the merchant's system took, each counted once, and how many came more than once.
    pub webhooks: usize,
    /// See `webhooks`.
    pub webhooks_repeated: usize,
    /// What polite customers were told who could not pay; where all are polite, nobody else is asked.
    pub failed: Vec<String>,
    /// What the history checker says.
    pub checked: Checked,
    /// Whatever is wrong beside the history, in words.
    pub wrong: Vec<String>,
}

impl Report {
    /// Whether nothing was lost, made, told otherwise or left undone.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.checked.is_clean() && self.wrong.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { done, checked, .. } = self;
        let seconds = self.took.as_secs_f64();
        let rate = self.payments as f64 / seconds.max(0.001);
        let [server, bank] = done.kills;
        writeln!(f, "seed {}: {seconds:.1} s of selling to {} customers", self.seed, self.customers)?;
        writeln!(
            f,
            "{} kills (server {server}, bank {bank}), {} stops, {} cuts of {} connections, {} slow spells, \
             {} times a full disk, {} power cuts of tills, {} services gave up",
            server + bank,
            done.freezes,
            done.cuts,
            self.broken_connections,
            done.slow,
            done.full,
            self.power_cuts,
            self.gave_up
        )?;
        writeln!(
            f,
            "{} operations of {} payers: {} acknowledged, {} refused, {} unknown",
            checked.operations, checked.payers, checked.acknowledged, checked.refused, checked.unknown
        )?;
        writeln!(
            f,
            "{} payments ({rate:.0}/s), {} captured; taken {}.{:02}, the same at the bank, in the ledger and in the \
             payments",
            self.payments,
            self.captured,
            self.taken_minor / 100,
            self.taken_minor % 100
        )?;
        writeln!(
            f,
            "{} webhooks, of each payment in order, {} came again; the merchant's system was killed {} times",
            self.webhooks, self.webhooks_repeated, done.receiver_kills
        )?;
        for violation in &checked.violations {
            write!(f, "VIOLATION: {violation}")?;
        }
        for payer in &checked.undecided {
            writeln!(f, "UNDECIDED: the history of {payer}")?;
        }
        for wrong in &self.wrong {
            writeln!(f, "WRONG: {wrong}")?;
        }
        let words = if self.is_clean() { "history, store and bank are clean" } else { "NOT clean" };
        write!(f, "{words}")
    }
}
