//! The simulator: whole histories of payments under every fault that can be caused, one seed each.
//!
//! Inside a history everything that decides is real: the server's routes and workers, security management, payments,
//! the embedded store on a disk that fails, the bank adapter, the reference bank on a disk of its own, the till's
//! core with its journal, the wallet's core. Simulated are time, network, disks, power, customers and cashiers; all
//! choices come from the seed. `docs/simulator.md` says more.
#![forbid(unsafe_code)]

mod approving;
mod chance;
mod clock;
mod end;
mod errands;
mod fault;
mod harm;
mod history;
mod journal;
mod log;
mod net;
mod node;
mod phone;
mod plan;
mod programs;
mod shrink;
mod template;
mod till;

pub use fault::{Fault, Tally};
pub use history::{Ended, run};
pub use log::Violation;
pub use plan::Plan;
pub use shrink::shrink;
pub use template::Template;
