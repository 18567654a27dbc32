//! What the tests of this room share.

use model::Timestamp;

/// When everything that is made here is good.
pub(crate) const AT: Timestamp = Timestamp::from_s(fixtures::attestation::AT_S);

/// Numbers that look drawn, the same in each run (SplitMix64).
pub(crate) struct Draws(pub(crate) u64);

impl Draws {
    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) >> 1).expect("64-bit machines") % end
    }
}

/// How many places of each piece are changed.
pub(crate) const PLACES: usize = 200;

/// Changes one byte at each of 200 places that look drawn, and gives each changed piece to `check`.
pub(crate) fn with_one_byte_changed(bytes: &[u8], seed: u64, mut check: impl FnMut(usize, &[u8])) {
    let mut draws = Draws(seed);
    for _ in 0..PLACES {
        let place = draws.below(bytes.len());
        let mut changed = bytes.to_vec();
        changed[place] ^= u8::try_from(1 + draws.below(255)).expect("at most 255");
        check(place, &changed);
    }
}

/// The pieces as slices.
pub(crate) fn slices(chain: &[Vec<u8>]) -> Vec<&[u8]> {
    chain.iter().map(Vec::as_slice).collect()
}
