//! Shamir's secret sharing over GF(2⁸): a secret in parts of which so many give it back, and fewer say nothing of it.

use blahaj::{Share, Sharks};
use rand_core_06::{Error, RngCore};

use crate::{CryptoError, Random, SecretBytes};

/// The most shares.
pub const SHARES_MAX: u8 = 32;

/// Splits a secret into `count` shares of which `needed` give it back; 2 ≤ `needed` ≤ `count` ≤ 32. A share is one byte
/// that numbers it, from 1, and as many as the secret has.
///
/// # Errors
/// [`CryptoError::TooLong`] for numbers outside these.
pub fn split(
    secret: &[u8],
    needed: u8,
    count: u8,
    random: &mut dyn Random,
) -> Result<Vec<SecretBytes>, CryptoError> {
    if needed < 2 || needed > count || count > SHARES_MAX {
        return Err(CryptoError::TooLong);
    }
    let mut source = Source(random);
    let shares = Sharks(needed).dealer_rng(secret, &mut source);
    Ok(shares.take(count.into()).map(|share| SecretBytes::from_vec(Vec::from(&share))).collect())
}

/// Puts shares together. Wrong ones give a wrong secret: hold it against something.
///
/// # Errors
/// [`CryptoError::BadKey`] if there are fewer different ones than `needed`, or they are not shares of one secret.
pub fn combine(shares: &[SecretBytes], needed: u8) -> Result<SecretBytes, CryptoError> {
    let read = |bytes: &SecretBytes| Share::try_from(bytes.expose()).map_err(|_| CryptoError::BadKey);
    let shares: Vec<Share> = shares.iter().map(read).collect::<Result<_, _>>()?;
    Sharks(needed).recover(&shares).map(SecretBytes::from_vec).map_err(|_| CryptoError::BadKey)
}

/// Our randomness in the form that the library asks for.
struct Source<'a>(&'a mut dyn Random);

impl RngCore for Source<'_> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_so_many_shares_give_the_secret_and_one_fewer_do_not(
            secret in prop::array::uniform32(any::<u8>()),
            needed in 2..6_u8,
            more in 0..4_u8,
            start in any::<prop::sample::Index>(),
        ) {
            let count = needed + more;
            let shares = split(&secret, needed, count, &mut SystemRandom).unwrap();
            let mut chosen = shares.clone();
            chosen.rotate_left(start.index(shares.len()));
            chosen.truncate(needed.into());
            let combined = combine(&chosen, needed).unwrap();
            prop_assert_eq!(combined.expose(), &secret[..]);
            prop_assert!(combine(&chosen[1..], needed).is_err());
            // Whoever pretends that fewer are needed gets something else.
            if needed > 2 {
                let wrong = combine(&chosen[1..], needed - 1).unwrap();
                prop_assert_ne!(wrong.expose(), &secret[..]);
            }
        }
    }

    #[test]
    fn senseless_numbers_are_refused() {
        for (needed, count) in [(0, 3), (1, 3), (4, 3), (2, 33)] {
            assert!(split(&[1; 32], needed, count, &mut SystemRandom).is_err(), "{needed} of {count}");
        }
    }
}
