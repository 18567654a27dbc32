//! Histories that a good server can have, and those that none has.

mod bad;
mod good;
mod server;
