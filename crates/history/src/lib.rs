//! What clients saw of a payment server, and whether a server that keeps its promises can have behaved so.
//!
//! A [`Recorder`] notes each operation of each client: when it was asked, when it was answered, and with what. The
//! checker, [`check`], looks for an order of the operations of each payer that respects real time and that the
//! sequential specification ([`spec`], after `spec/payment-states.md`) explains, answer by answer. If there is none,
//! something was lost, doubled, or told otherwise than it was, and [`Violation`] tells the story.
//!
//! Payments of one payer share nothing but the counter of the codes. So each payment is searched alone, and then the
//! moments at which codes were used are put in the order of their counters: what is linearisable object by object is
//! so as a whole (Herlihy and Wing, "Linearizability", 1990).
//!
//! This room must not know the server: neither its state machine nor its store. What it knows of payments it has
//! from the specification, written down here a second time on purpose.
#![forbid(unsafe_code)]

mod check;
mod counters;
mod observed;
mod operation;
mod payments;
mod recorder;
mod search;
pub mod spec;
mod story;

pub use check::{Checked, check};
pub use operation::{Call, History, HistoryError, Operation, Outcome};
pub use recorder::{Asked, Recorder};
pub use spec::Terms;
pub use story::Violation;
