//! Floor 5: the web pages: wallet, checkout and the demo's front page, embedded in the binary and served with the
//! headers that keep strangers' code out.
//!
//! A build for development reads the pages from the source folder at each request instead. This room must not know
//! what the pages do, nor anything of payments: it hands files out.
#![forbid(unsafe_code)]

mod answer;
mod headers;
mod kind;
mod router;
mod shelf;
mod site;
mod worker;

pub use router::{Front, Pages, PagesSettings};
