//! The codec from outside: fixed messages, tables that are wrong, random messages, and other people's codecs.

mod foreign;
mod messages;
mod properties;
mod random;
mod tables;
