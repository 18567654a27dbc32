//! The database loses its primary while the town sells: killed, cut off, and frozen. Three nodes under Patroni, two payment
//! servers that know all three.

use crate::report::Report;
use crate::town::{Hands, Options, sell_during};
use e2e::postgres::{NODES, Patroni};
use std::fmt;
use std::time::Duration;

/// Longer than any failover.
const PATIENCE: Duration = Duration::from_secs(180);
/// So many authorisations tell that all is well.
const SALES: usize = 100;

/// A fault of the database, and how long nobody could pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outage {
    /// What was done.
    pub fault: &'static str,
    /// The longest time without an acknowledged authorisation.
    pub without_service: Duration,
    /// How long there was no primary; none if it was not lost.
    pub without_primary: Option<Duration>,
}

impl fmt::Display for Outage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: no service for {:.1} s", self.fault, self.without_service.as_secs_f64())?;
        match self.without_primary {
            Some(time) => write!(f, ", of which no primary for {:.1} s", time.as_secs_f64()),
            None => Ok(()),
        }
    }
}

/// Lets the primary be killed, the next one be cut off and the next one freeze, while the town sells.
///
/// # Panics
/// If the system cannot be set up, or the database does not come back.
#[must_use]
pub fn fail_over(options: &Options, mut tell: impl FnMut(&str)) -> (Report, Vec<Outage>) {
    let mut patroni = Patroni::start();
    let options = Options { database: Some(patroni.create_database("shop")), ..options.clone() };
    let mut outages = Vec::new();
    let report = sell_during(&options, |hands| {
        for fault in FAULTS {
            hands.wait_for_sales(SALES);
            let old = patroni.primary();
            let from_us = hands.now_us();
            (fault.happens)(&mut patroni, old);
            tell(fault.name);
            outages.push(recovery(fault.name, &patroni, old, hands, from_us));
            let from_us = hands.now_us();
            (fault.ends)(&mut patroni, old);
            patroni.wait_for_replicas(NODES - 1, PATIENCE);
            hands.wait_for_sales(SALES);
            outages.push(Outage::without_loss(fault.afterwards, hands, from_us));
        }
    });
    (report, outages)
}

/// What happens to a primary, and how it ends.
struct Fault {
    name: &'static str,
    happens: fn(&mut Patroni, usize),
    ends: fn(&mut Patroni, usize),
    afterwards: &'static str,
}

const FAULTS: [Fault; 3] = [
    Fault {
        name: "the primary killed",
        happens: Patroni::kill,
        ends: Patroni::revive,
        afterwards: "the killed node back as a standby",
    },
    Fault {
        name: "the primary cut off",
        happens: |patroni, node| patroni.partition(node),
        ends: |patroni, node| patroni.heal(node),
        afterwards: "the network mended",
    },
    Fault {
        name: "the primary frozen",
        happens: |patroni, node| patroni.freeze(node),
        ends: |patroni, node| patroni.thaw(node),
        afterwards: "the frozen node back as a standby",
    },
];

impl Outage {
    fn without_loss(fault: &'static str, hands: &Hands<'_>, from_us: u64) -> Self {
        Self { fault, without_service: hands.without_service(from_us), without_primary: None }
    }
}

/// Waits for another primary than the old one, and for customers who pay.
fn recovery(
    fault: &'static str,
    patroni: &Patroni,
    old: usize,
    hands: &mut Hands<'_>,
    from_us: u64,
) -> Outage {
    patroni.wait_for_primary(Some(old), PATIENCE);
    let without_primary = Some(Duration::from_micros(hands.now_us() - from_us));
    hands.wait_for_sales(SALES);
    Outage { fault, without_service: hands.without_service(from_us), without_primary }
}
