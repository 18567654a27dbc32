//! Everything that a user, an operator or a cashier would miss if it broke, with the real binary.
#![forbid(unsafe_code)]

mod approvals;
mod apps;
mod attacks;
mod broken_plugs;
mod codes;
mod crashes;
mod devices;
mod full_disk;
mod guards;
mod keys;
mod kills;
mod late;
mod offline;
mod payment;
mod postgres;
mod postgres_harness;
mod rogue;
mod secrets;
mod twice;
mod webhooks;
mod wrong_pins;
