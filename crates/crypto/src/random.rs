//! Where randomness comes from: an input like time, so that cores can be run again with the same.

/// A source of random bytes. Object safe; pass it as `&mut dyn Random`.
///
/// Anything that keys or nonces are drawn from must be a cryptographic generator. Tests and simulators
/// may bring a seeded one.
pub trait Random {
    /// Overwrites all of `out` with random bytes.
    fn fill(&mut self, out: &mut [u8]);
}

impl<R: Random + ?Sized> Random for &mut R {
    fn fill(&mut self, out: &mut [u8]) {
        (**self).fill(out);
    }
}

/// The operating system's generator; in a browser, `crypto.getRandomValues`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// # Panics
    /// If the system has no randomness to give. Going on without would be worse.
    fn fill(&mut self, out: &mut [u8]) {
        getrandom::fill(out).expect("the system has randomness");
    }
}
