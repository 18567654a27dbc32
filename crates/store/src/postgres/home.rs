//! Where rows live. A row's home is the shard that its ids carry: the payer's, for whatever belongs to a payment. On
//! one server homes mean nothing; a cluster spreads tables by them.

use crate::fault::Fault;
use crate::tables::{HOMES_AT, NAMES};

/// The home of rows that are nobody's in particular, and of a payer unless told otherwise.
pub(super) const COMMON: u16 = 0;

/// The home of the row of table `place` that is found by `key`.
pub(super) fn of(place: usize, key: &[u8]) -> Result<u16, Fault> {
    let Some(at) = HOMES_AT[place] else { return Ok(COMMON) };
    key.get(at..)
        .and_then(|rest| rest.first_chunk())
        .map(|shard| u16::from_be_bytes(*shard))
        .ok_or_else(|| Fault::wrong(format!("a key of `{}` has no home in it", NAMES[place])))
}

/// The home of every row between two keys, if that is one.
pub(super) fn of_span(place: usize, from: &[u8], to: &[u8]) -> Option<u16> {
    match HOMES_AT[place] {
        None => Some(COMMON),
        Some(0) => {
            let (from, to) = (from.first_chunk::<2>()?, to.first_chunk::<2>()?);
            (from == to).then(|| u16::from_be_bytes(*from))
        }
        Some(_) => None,
    }
}
