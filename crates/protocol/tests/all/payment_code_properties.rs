//! Codes of any content, in both suites: what a phone makes is what the server reads, and nothing else is.

use crypto::{
    Random, Secret,
    hash::sha256,
    hpke::{Decapsulate, SecretKey},
    p256::SigningKey,
};
use proptest::prelude::*;
use protocol::{
    payment_code::{
        CODE_LEN, Draft, FIELDS_LEN, Fields, KeyId, OpenError, PaymentCode, PinKey, RecipientKey, Suite, open,
    },
    realm::Realm,
};

/// Reproducible bytes: a hash chain from a seed.
struct Seeded([u8; 32]);

impl Random for Seeded {
    fn fill(&mut self, out: &mut [u8]) {
        for chunk in out.chunks_mut(32) {
            self.0 = sha256(&[&self.0]);
            chunk.copy_from_slice(&self.0[..chunk.len()]);
        }
    }
}

fn any_suite() -> impl Strategy<Value = Suite> {
    prop_oneof![Just(Suite::X25519), Just(Suite::P256)]
}

/// Drawn as bytes and made readable where chance would rarely be.
fn any_fields() -> impl Strategy<Value = Fields> {
    proptest::collection::vec(any::<u8>(), FIELDS_LEN).prop_filter_map("readable fields", |bytes| {
        let mut bytes: [u8; FIELDS_LEN] = bytes.try_into().ok()?;
        bytes[15] &= 0xf4;
        bytes[18] &= 0x0f;
        Fields::from_bytes(&bytes).ok()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_a_phone_makes_is_what_the_server_reads(
        fields in any_fields(),
        suite in any_suite(),
        seed in any::<u64>(),
        key_id: u16,
        realm in "[a-z0-9.-]{1,32}",
        bit in 0..CODE_LEN * 8,
    ) {
        let mut random = Seeded(sha256(&[&seed.to_be_bytes()]));
        let holder = SecretKey::make(suite.kem(), &mut random);
        let realm = Realm::new(&realm).unwrap();
        let key = RecipientKey { key_id: KeyId(key_id), realm, public_key: holder.public_key() };
        let (device, pin) = (SigningKey::make(&mut random), PinKey::from_secret(Secret::make(&mut random)));

        let unsigned = Draft::start(&key, &fields, &mut random).unwrap().with_pin(&pin);
        let signature = device.sign(&[unsigned.to_sign()]);
        let code = unsigned.finish(&signature);
        prop_assert_eq!((code.suite(), code.as_bytes()[0]), (suite, 0x10 | suite.number()));

        let opened = open(&code, &holder, &key).unwrap();
        prop_assert_eq!(opened.fields, fields);
        prop_assert_eq!(opened.verify_signature(device.verifying_key()), Ok(()));
        prop_assert!(opened.pin_matches(&pin));

        let mut flipped = *code.as_bytes();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok(flipped) = PaymentCode::from_bytes(&flipped) {
            prop_assert!(open(&flipped, &holder, &key).is_err(), "bit {}", bit);
        }
    }

    /// A server has keys of both suites, and a code is opened with the key that it names in its own suite only.
    #[test]
    fn a_code_is_for_a_key_in_its_suite(fields in any_fields(), suite in any_suite(), seed in any::<u64>()) {
        let mut random = Seeded(sha256(&[&seed.to_be_bytes()]));
        let [mine, other] = [Suite::X25519, Suite::P256].map(|suite| SecretKey::make(suite.kem(), &mut random));
        let (mine, other) = if suite == Suite::X25519 { (mine, other) } else { (other, mine) };
        let key = |holder: &SecretKey| RecipientKey {
            key_id: KeyId(7),
            realm: Realm::new("shop.example").unwrap(),
            public_key: holder.public_key(),
        };
        let unsigned = Draft::start(&key(&mine), &fields, &mut random).unwrap();
        let unsigned = unsigned.with_pin(&PinKey::from_secret(Secret::make(&mut random)));
        let signature = SigningKey::make(&mut random).sign(&[unsigned.to_sign()]);
        let code = unsigned.finish(&signature);
        prop_assert!(open(&code, &mine, &key(&mine)).is_ok());
        prop_assert_eq!(open(&code, &other, &key(&other)).err(), Some(OpenError::UnknownKey));
    }
}
