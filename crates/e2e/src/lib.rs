//! Black-box tests: the real `batzen` binary as server, bank, phone and till, each a process of its own.
//!
//! This room starts and kills processes, types what people type, and reads what they read: printed JSON, balances
//! at the bank, the ledger's sums. It must not know what is inside a store, a code or a journal.
#![forbid(unsafe_code)]

mod binary;
mod certificates;
mod door;
mod phone;
mod ports;
pub mod postgres;
mod receiver;
mod service;
mod small_disk;
mod system;
mod till;
mod token;

pub use binary::{Batzen, Ran, batzen, binary_digest, has_failpoints, is_root, project_root};
pub use certificates::{Authority, Validity};
pub use phone::{PIN, Phone, WRONG_PIN, wallet_exit};
pub use receiver::{Receiver, Told};
pub use service::Part;
pub use small_disk::SmallDisk;
pub use system::{BANK_PASSWORD, CUSTOMER_NUMBER, OPENING_MINOR, Sums, System, eventually};
pub use till::{Sold, Till, exit};
pub use token::Token;
