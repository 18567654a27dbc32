//! Floor 5: the `Store` port, twice: embedded, one file on the server's own disk; and on PostgreSQL, when one machine is
//! not enough.
//!
//! `tables` is the map of what is stored, `commands` says when each command is refused and what it writes, `queries`
//! what is read for each question: written once, for both. [`embedded`] and [`postgres`] keep the rows. This room knows
//! nothing of rules: callers bring ids, times and the versions that they saw.
#![forbid(unsafe_code)]

mod commands;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod embedded;
mod fault;
mod key;
mod look;
mod older;
pub mod postgres;
mod queries;
mod row;
mod rows;
mod session;
mod stored;
mod tables;

pub use embedded::{CACHE_BYTES_DEFAULT, EmbeddedStore, OpenError, Options, QUEUE_LIMIT};
#[cfg(feature = "simulation")]
pub use embedded::{ManualWriter, fault_disk};
pub use postgres::PostgresStore;

/// Where a crash test ends the process, as a power loss would.
fn failpoint(_name: &str) {
    #[cfg(feature = "failpoints")]
    fail::fail_point!(_name, |_| std::process::abort());
}
