//! The command as people and scripts use it: arguments, files, exit codes, and words that say what to do.

mod attestation;
mod checkout;
mod demo_pages;
#[path = "../../../client/tests/hostile/mod.rs"]
#[allow(dead_code, reason = "not all that it gives is looked at here")]
mod hostile;
mod messages;
mod policy;
mod server_setup;
mod wallet;
