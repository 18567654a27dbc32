//! The till as its caller drives it: its journal, its form check, and whatever the network does to a sale.

mod journal;
mod properties;
mod scan;
mod sim;
