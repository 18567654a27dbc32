//! Sealing to a recipient.

use std::sync::Arc;

use crate::common::{Seeded, hex, hex_array};
use crypto::{
    CryptoError, Secret,
    hpke::{self, Decapsulate, Kem, PublicKey, Recipient, SecretKey},
    p256::{AgreementKey, Point},
    x25519,
};
use proptest::prelude::*;

const KEMS: [Kem; 2] = [Kem::X25519, Kem::P256];

/// Sealed by PyPI `cryptography` (its `Suite.encrypt`, enc ‖ ciphertext), which shares no code with us.
#[test]
fn opens_what_another_implementation_sealed() {
    let key = x25519::SecretKey::from_bytes(&hex_array(
        "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
    ));
    let sealed = hex(
        "e3c9979b96feef61991aaf85e3d32aea0f48d45885010d6570687abf2438145a41f041b7cd415092b1501a59b290ba3f9c934ba0a70a1fe705b44871dc5ebe2d",
    );
    let (enc, ciphertext) = sealed.split_first_chunk::<32>().unwrap();
    let opened = hpke::open(&key, enc, b"Batzen interop", b"", ciphertext).unwrap();
    assert_eq!(opened.expose(), b"sealed elsewhere");
}

#[test]
fn any_change_is_refused() {
    for kem in KEMS {
        let mut random = Seeded::new(1);
        let key = SecretKey::make(kem, &mut random);
        let recipient = Recipient::new(Arc::new(key.clone()), b"info");
        let (enc, sealed) =
            hpke::seal(&recipient.public_key(), b"info", &mut random, b"aad", b"plaintext").unwrap();
        assert_eq!(recipient.open(&enc, b"aad", &sealed).unwrap().expose(), b"plaintext");
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 0x80;
            assert_eq!(recipient.open(&enc, b"aad", &changed), Err(CryptoError::Sealed));
            assert_eq!(recipient.open(&enc, b"aad", &sealed[..index]), Err(CryptoError::Sealed));
        }
        for bit in 0..8 * enc.len() {
            let mut changed = enc;
            changed[bit / 8] ^= 1 << (bit % 8);
            let refused = match PublicKey::from_enc(kem, &changed) {
                Ok(_) => CryptoError::Sealed,
                Err(error) => error,
            };
            assert_eq!(recipient.open(&changed, b"aad", &sealed), Err(refused));
        }
        assert_eq!(recipient.open(&enc, b"other", &sealed), Err(CryptoError::Sealed));
        let other_info = Recipient::new(Arc::new(key), b"other");
        assert_eq!(other_info.open(&enc, b"aad", &sealed), Err(CryptoError::Sealed));
    }
}

/// Points of order 1, 2, 4 and 8, and their forms above the field's prime (RFC 7748, section 6.1).
#[test]
fn small_order_keys_are_refused() {
    let mut random = Seeded::new(2);
    let key = x25519::SecretKey::make(&mut random);
    for point in [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ] {
        let point = hex_array(point);
        let public = x25519::PublicKey(point);
        assert_eq!(key.agree(&public), Err(CryptoError::BadKey));
        assert_eq!(hpke::setup_recipient(&key, &point, b"").err(), Some(CryptoError::BadKey));
        let sender = hpke::setup_sender(&public.into(), b"", &mut random);
        assert_eq!(sender.err(), Some(CryptoError::BadKey));
    }
    let zero = Secret::from_bytes([0; 32]);
    let mine = PublicKey::X25519(*key.public_key());
    assert_eq!(hpke::derive_shared_secret(&zero, &mine, &mine), Err(CryptoError::BadKey));
}

/// The x coordinate 1 is on no point. That of p, p + 5 and p + 8 would be on one, were it below p: 0, 5 and 8 are.
#[test]
fn x_coordinates_of_no_point_are_refused() {
    let key = AgreementKey::make(&mut Seeded::new(5));
    for x in [
        "0000000000000000000000000000000000000000000000000000000000000001",
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        "ffffffff00000001000000000000000000000001000000000000000000000004",
        "ffffffff00000001000000000000000000000001000000000000000000000007",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    ] {
        let x = hex_array(x);
        assert_eq!(Point::with_even_y(&x), Err(CryptoError::BadKey));
        assert_eq!(PublicKey::from_enc(Kem::P256, &x), Err(CryptoError::BadKey));
        assert_eq!(hpke::setup_recipient(&key, &x, b"").err(), Some(CryptoError::BadKey));
    }
    for x in [0, 5, 8] {
        assert!(Point::with_even_y(&hex_array(&format!("{x:064x}"))).is_ok(), "{x} is on a point");
    }
}

#[test]
fn points_have_one_form() {
    let mut random = Seeded::new(6);
    let point = *AgreementKey::make(&mut random).public_key();
    assert_eq!(Point::from_uncompressed(point.as_bytes()), Ok(point));
    for bit in 0..8 * Point::LEN {
        let mut changed = *point.as_bytes();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(Point::from_uncompressed(&changed), Err(CryptoError::BadKey), "bit {bit}");
    }
    for bad in [&point.as_bytes()[1..], &point.as_bytes()[..33], &[0], &[4; 65], &[]] {
        assert_eq!(Point::from_uncompressed(bad), Err(CryptoError::BadKey));
    }
}

#[test]
fn scalars_out_of_range_are_no_keys() {
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    for scalar in [[0; 32], hex_array(ORDER), [0xff; 32]] {
        assert_eq!(AgreementKey::from_scalar(&scalar).err(), Some(CryptoError::BadKey));
        assert_eq!(SecretKey::from_bytes(Kem::P256, &scalar).err(), Some(CryptoError::BadKey));
    }
}

/// A key for one KEM does nothing in the other.
#[test]
fn kems_do_not_mix() {
    let mut random = Seeded::new(7);
    let [x25519, p256] = KEMS.map(|kem| SecretKey::make(kem, &mut random));
    for (one, other) in [(&x25519, &p256), (&p256, &x25519)] {
        assert_eq!(one.agree(&other.public_key()), Err(CryptoError::BadKey));
        let sender = hpke::derive_setup_sender_with_ephemeral(&one.public_key(), b"", other);
        assert_eq!(sender.err(), Some(CryptoError::BadKey));
        let dh = Secret::from_bytes([1; 32]);
        let mixed = hpke::derive_shared_secret(&dh, &one.public_key(), &other.public_key());
        assert_eq!(mixed, Err(CryptoError::BadKey));
        let (enc, sealed) = hpke::seal(&one.public_key(), b"", &mut random, b"", b"text").unwrap();
        assert!(hpke::open(other, &enc, b"", b"", &sealed).is_err());
    }
    let long = PublicKey::from_bytes(Kem::X25519, p256.public_key().as_bytes());
    let short = PublicKey::from_bytes(Kem::P256, x25519.public_key().as_bytes());
    assert_eq!((long, short), (Err(CryptoError::BadKey), Err(CryptoError::BadKey)));
}

#[test]
fn a_failed_open_does_not_lose_the_place() {
    for kem in KEMS {
        let mut random = Seeded::new(3);
        let key = SecretKey::make(kem, &mut random);
        let (enc, mut sender) = hpke::setup_sender(&key.public_key(), b"", &mut random).unwrap();
        let (first, second) = (sender.seal(b"", b"first").unwrap(), sender.seal(b"", b"second").unwrap());
        let mut recipient = hpke::setup_recipient(&key, &enc, b"").unwrap();
        assert_eq!(recipient.open(b"", &second), Err(CryptoError::Sealed), "out of order");
        assert_eq!(recipient.open(b"", &first).unwrap().expose(), b"first");
        assert_eq!(recipient.open(b"", &first), Err(CryptoError::Sealed), "a second time");
        assert_eq!(recipient.open(b"", &second).unwrap().expose(), b"second");
    }
}

#[test]
fn too_long_an_export_is_an_error() {
    let mut random = Seeded::new(4);
    let key = SecretKey::make(Kem::X25519, &mut random);
    let (_, sender) = hpke::setup_sender(&key.public_key(), b"", &mut random).unwrap();
    assert_eq!(sender.export(b"", &mut vec![0; 8160]), Ok(()));
    assert_eq!(sender.export(b"", &mut vec![0; 8161]), Err(CryptoError::TooLong));
}

/// A holder that gives only the raw Diffie-Hellman value, as an HSM does: bytes in, 32 bytes out.
struct Elsewhere(SecretKey);

impl Decapsulate for Elsewhere {
    fn public_key(&self) -> PublicKey {
        self.0.public_key()
    }

    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, CryptoError> {
        match peer {
            PublicKey::X25519(peer) => self.0.agree(&PublicKey::X25519(x25519::PublicKey(peer.0))),
            PublicKey::P256(peer) => {
                let uncompressed: &[u8; 65] = peer.as_bytes();
                self.0.agree(&Point::from_uncompressed(uncompressed)?.into())
            }
        }
    }
}

/// A holder that cannot reach its key.
struct Gone(PublicKey);

impl Decapsulate for Gone {
    fn public_key(&self) -> PublicKey {
        self.0
    }

    fn agree(&self, _: &PublicKey) -> Result<Secret<32>, CryptoError> {
        Err(CryptoError::KeyStore("it is not there"))
    }
}

#[test]
fn a_holder_that_fails_is_told_apart_from_what_does_not_open() {
    for kem in KEMS {
        let mut random = Seeded::new(8);
        let public = SecretKey::make(kem, &mut random).public_key();
        let (enc, sealed) = hpke::seal(&public, b"", &mut random, b"", b"text").unwrap();
        let failed = hpke::open(&Gone(public), &enc, b"", b"", &sealed);
        assert_eq!(failed, Err(CryptoError::KeyStore("it is not there")));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_sealed_opens(
        seed: u64,
        over_p256: bool,
        info: Vec<u8>,
        messages: Vec<(Vec<u8>, Vec<u8>)>,
    ) {
        let mut random = Seeded::new(seed);
        let key = SecretKey::make(KEMS[usize::from(over_p256)], &mut random);
        let (enc, mut sender) = hpke::setup_sender(&key.public_key(), &info, &mut random).unwrap();
        let mut in_memory = hpke::setup_recipient(&key, &enc, &info).unwrap();
        let mut elsewhere = Recipient::new(Arc::new(Elsewhere(key)), &info).setup(&enc).unwrap();
        for (aad, plaintext) in messages {
            let sealed = sender.seal(&aad, &plaintext).unwrap();
            prop_assert_eq!(sealed.len(), plaintext.len() + hpke::TAG_LEN);
            let opened = in_memory.open(&aad, &sealed).unwrap();
            prop_assert_eq!(opened.expose(), &plaintext[..]);
            prop_assert_eq!(elsewhere.open(&aad, &sealed).unwrap(), opened);
        }
    }

    /// Of a key and its negation, one has an even y: both stand for the same `enc`, and agree on the same value.
    #[test]
    fn a_key_and_its_negation_are_one_to_a_recipient(seed: u64) {
        let mut random = Seeded::new(seed);
        let key = AgreementKey::make(&mut random);
        let negated = AgreementKey::from_scalar(&negate(key.to_scalar().expose())).unwrap();
        let peer = AgreementKey::make(&mut random);
        prop_assert_eq!(key.agree(peer.public_key()), negated.agree(peer.public_key()));

        let (one, other) = (*key.public_key(), *negated.public_key());
        prop_assert_ne!(one, other);
        prop_assert_eq!(one.x(), other.x());
        let even = Point::with_even_y(&one.x()).unwrap();
        prop_assert!(even == one || even == other);
        prop_assert_eq!((one.to_even_y(), other.to_even_y()), (even, even));
    }
}

/// n − scalar.
fn negate(scalar: &[u8; 32]) -> [u8; 32] {
    let mut negated = hex_array("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
    let mut borrow = 0;
    for index in (0..32).rev() {
        let difference = i16::from(negated[index]) - i16::from(scalar[index]) - borrow;
        borrow = i16::from(difference < 0);
        negated[index] = u8::try_from(difference.rem_euclid(256)).unwrap();
    }
    negated
}
