//! From a person's pass phrase to a key: Argon2id (RFC 9106).

use argon2::{Algorithm, Argon2, Params, Version};

use crate::Secret;

/// Memory that one derivation takes, in KiB (19 MiB, OWASP's first choice for Argon2id).
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory.
const PASSES: u32 = 2;
/// Lanes.
const LANES: u32 = 1;

/// Derives a key from a pass phrase: Argon2id version 1.3, 19 MiB, 2 passes, 1 lane. Takes tens of
/// milliseconds on purpose; never call it for strangers without a limit.
pub fn derive_key(passphrase: &[u8], salt: &[u8; 16]) -> Secret<32> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).expect("these fixed parameters are in range");
    let mut key = Secret::zeros();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase, salt, key.expose_mut())
        .expect("salt and output have fixed lengths, and a pass phrase is under 4 GiB");
    key
}
