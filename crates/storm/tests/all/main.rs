//! Storms short enough for every run of the tests; `cargo xtask storm` has longer ones.
#![forbid(unsafe_code)]

mod postgres;
mod storm;
