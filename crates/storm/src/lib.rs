//! A storm: shops sell with real phones' and tills' cores over real sockets to the real binaries, while those are
//! killed, stopped, cut off and filled up. Then the weather is fair again, everything must come to its end, and the
//! history of what the tills saw must be one that a server which keeps its promises can have.
//!
//! What is done to whom, and when, is drawn from a seed; how it meets what is under way is the machine's affair. This
//! room must not know how server and bank work: it sees processes, sockets, answers and sums.
#![forbid(unsafe_code)]

mod audit;
mod chance;
mod failover;
mod faults;
mod line;
mod phone;
mod proxy;
mod report;
mod shop;
mod till;
mod town;
mod twice;
mod webhooks;

pub use failover::{Outage, fail_over};
pub use report::Report;
pub use town::{Hands, Options, run, sell_during};
pub use twice::{Twice, show_to_two_servers};
