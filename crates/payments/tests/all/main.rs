//! How payments move, over a real store and real keys, with a bank that plays every trick.

mod authorising;
mod changing;
mod checking;
mod checking_changes;
mod operating;
mod properties;
mod support;
mod table;
mod webhooks;
mod working;
