//! Where rows live. A row's home is the shard that its ids carry: the payer's, for whatever belongs to a payment. On
//! one server homes mean nothing; a cluster spreads tables by them.

use crate::fault::Fault;
use crate::key::{Key, KeyBytes};
use crate::postgres::session::Bytes;
use crate::tables::{HOMES_AT, NAMES};

/// The home of rows that are nobody's in particular, and of a payer unless told otherwise.
pub(super) const COMMON: u16 = 0;

/// A key as PostgreSQL has it: behind the place of its table, since tables whose rows live alike share one there.
pub(super) fn placed(place: usize, key: &impl Key) -> Bytes {
    placed_bytes(place, KeyBytes::of(key).as_slice())
}

/// The same of a key's bytes.
pub(super) fn placed_bytes(place: usize, key: &[u8]) -> Bytes {
    let mut bytes = Vec::with_capacity(1 + key.len());
    bytes.push(u8::try_from(place).expect("there are some thirty tables"));
    bytes.extend_from_slice(key);
    bytes.into()
}

/// The place of the table that a key belongs to.
pub(super) fn place_of(placed: &[u8]) -> usize {
    placed.first().map_or(0, |place| usize::from(*place))
}

/// The home of the row found by a key.
pub(super) fn of(placed: &[u8]) -> Result<u16, Fault> {
    let place = place_of(placed);
    let Some(at) = HOMES_AT[place] else { return Ok(COMMON) };
    placed
        .get(1 + at..)
        .and_then(|rest| rest.first_chunk())
        .map(|shard| u16::from_be_bytes(*shard))
        .ok_or_else(|| Fault::wrong(format!("a key of `{}` has no home in it", NAMES[place])))
}

/// The home of every row between two keys of a table, if that is one.
pub(super) fn of_span(from: &[u8], to: &[u8]) -> Option<u16> {
    match HOMES_AT[place_of(from)] {
        None => Some(COMMON),
        Some(0) => {
            let (from, to) = (from.first_chunk::<3>()?, to.first_chunk::<3>()?);
            (from == to).then(|| u16::from_be_bytes([from[1], from[2]]))
        }
        Some(_) => None,
    }
}
