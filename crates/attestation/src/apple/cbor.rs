//! CBOR, read strictly over `minicbor`: maps of a known length, each of the expected names once, nothing left over.

use crate::Refusal;
use minicbor::Decoder;

/// The names in a map of text to anything, in any order: each must stand there once, and no other.
pub(super) fn named<'b>(
    decoder: &mut Decoder<'b>,
    part: &'static str,
    names: &[&str],
    mut take: impl FnMut(&str, &mut Decoder<'b>) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    let count = decoder.map().ok().flatten();
    if count != u64::try_from(names.len()).ok() {
        return Err(Refusal::malformed(part, "not the map that belongs there"));
    }
    let mut seen = Vec::with_capacity(names.len());
    for _ in names {
        let name = decoder.str().map_err(|_| Refusal::malformed(part, "a name that is no text"))?;
        if !names.contains(&name) || seen.contains(&name) {
            return Err(Refusal::malformed(part, "an unknown name, or one that stands twice"));
        }
        seen.push(name);
        take(name, decoder)?;
    }
    Ok(())
}

/// Bytes in one piece.
pub(super) fn bytes<'b>(decoder: &mut Decoder<'b>, part: &'static str) -> Result<&'b [u8], Refusal> {
    decoder.bytes().map_err(|_| Refusal::malformed(part, "no bytes where they belong"))
}

/// That nothing is left.
pub(super) fn end(decoder: &Decoder<'_>, part: &'static str) -> Result<(), Refusal> {
    if decoder.position() == decoder.input().len() {
        Ok(())
    } else {
        Err(Refusal::malformed(part, "more than belongs there"))
    }
}
