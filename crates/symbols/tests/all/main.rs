//! Pictures of codes: written and read back, read by others' readers, bad, and made to hurt.

mod corpus;
mod foreign_readers;
mod hostile;
mod roundtrip;
mod support;
