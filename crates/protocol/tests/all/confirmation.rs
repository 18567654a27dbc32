//! Confirmations: what the server sealed is what the phone reads, and nothing else.

use crypto::{SystemRandom, p256::SigningKey, x25519::SecretKey};
use model::{Counter, Currency, PaymentId, TerminalNumber, Timestamp};
use proptest::prelude::*;
use protocol::{
    confirmation::{
        Cause, Confirmation, ConfirmationKind, MerchantName, SEALED_LEN_MAX, SEALED_LEN_MIN,
        SealedConfirmation,
    },
    error::ProtocolError,
    key_bundle::KeyId,
    realm::Realm,
};

const KEY_ID: KeyId = KeyId(0x0102);
const WHAT: &str = "confirmation";

fn realm() -> Realm {
    Realm::new("shop.example").unwrap()
}

fn server() -> SigningKey {
    SigningKey::from_scalar(&[3; 32]).unwrap()
}

fn phone() -> SecretKey {
    SecretKey::from_bytes(&[4; 32])
}

fn captured() -> Confirmation {
    Confirmation {
        sequence: 7,
        kind: ConfirmationKind::Captured,
        payment: PaymentId::from_u128(1 << 100),
        counter: Counter(12),
        at: Timestamp::from_ms(1_700_000_000_123),
        amount_minor: 1250,
        currency: Some(Currency::CHF),
        cause: Cause::NONE,
        terminal: TerminalNumber::new(572),
        merchant: MerchantName::new("Bäckerei Müller").unwrap(),
    }
}

fn seal(confirmation: &Confirmation) -> Result<SealedConfirmation, ProtocolError> {
    confirmation.seal(phone().public_key(), &server(), KEY_ID, &realm(), &mut SystemRandom)
}

fn open(sealed: &SealedConfirmation) -> Result<Confirmation, ProtocolError> {
    let server = server();
    sealed.open(&phone(), |id| (id == KEY_ID).then_some(server.verifying_key()), &realm())
}

fn open_bytes(bytes: Vec<u8>) -> Result<Confirmation, ProtocolError> {
    open(&SealedConfirmation::from_bytes(bytes)?)
}

#[test]
fn the_phone_reads_what_the_server_sealed_also_from_digits() {
    let nameless = Confirmation { merchant: MerchantName::default(), ..captured() };
    let long = Confirmation { merchant: MerchantName::new(&"ü".repeat(32)).unwrap(), ..captured() };
    let declined = Confirmation { kind: ConfirmationKind::Declined, cause: Cause::WRONG_PIN, ..captured() };
    let later = Confirmation { cause: Cause::from_number(200), ..declined.clone() };
    let notice = Confirmation::notice(1, Cause::PIN_LOCKED, Timestamp::from_ms(0));
    for confirmation in [captured(), nameless, long, declined, later, notice] {
        let sealed = seal(&confirmation).unwrap();
        assert!((SEALED_LEN_MIN..=SEALED_LEN_MAX).contains(&sealed.as_bytes().len()));
        assert_eq!(open(&sealed), Ok(confirmation.clone()));
        let digits = sealed.to_digits();
        assert!(digits.starts_with("7502") && digits.len() <= 562);
        assert_eq!(open(&SealedConfirmation::from_digits(&digits).unwrap()), Ok(confirmation));
    }
}

#[test]
fn every_single_bit_counts() {
    let sealed = seal(&captured()).unwrap();
    for bit in 0..sealed.as_bytes().len() * 8 {
        let mut bytes = sealed.as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let expected = match bit / 8 {
            0 => ProtocolError::VersionUnsupported(WHAT),
            1 | 2 => ProtocolError::KeyUnknown(WHAT),
            _ => ProtocolError::Unopenable(WHAT),
        };
        // The highest bit of an X25519 point is not part of it, but it is part of the key derivation.
        assert_eq!(open_bytes(bytes), Err(expected), "bit {bit}");
    }
}

#[test]
fn another_phone_realm_or_server_is_refused() {
    let sealed = seal(&captured()).unwrap();
    let server = server();
    let key = |_| Some(server.verifying_key());
    let stranger = SecretKey::from_bytes(&[5; 32]);
    assert_eq!(sealed.open(&stranger, key, &realm()), Err(ProtocolError::Unopenable(WHAT)));
    let elsewhere = Realm::new("shop.example2").unwrap();
    assert_eq!(sealed.open(&phone(), key, &elsewhere), Err(ProtocolError::Unopenable(WHAT)));
    let other = SigningKey::from_scalar(&[6; 32]).unwrap();
    assert_eq!(
        sealed.open(&phone(), |_| Some(other.verifying_key()), &realm()),
        Err(ProtocolError::SignatureBad(WHAT))
    );
    assert_eq!(sealed.open(&phone(), |_| None, &realm()), Err(ProtocolError::KeyUnknown(WHAT)));
}

#[test]
fn lengths_outside_the_range_are_refused() {
    for len in [0, 1, SEALED_LEN_MIN - 1, SEALED_LEN_MAX + 1, 100_000] {
        assert_eq!(open_bytes(vec![0x11; len]), Err(ProtocolError::Size(WHAT)));
    }
}

#[test]
fn the_server_cannot_seal_what_no_phone_would_take() {
    let changes: [fn(&mut Confirmation); 9] = [
        |c| c.sequence = 0,
        |c| c.amount_minor = -1,
        |c| c.at = Timestamp::from_ms(-1),
        |c| c.currency = None,
        |c| c.payment = PaymentId::from_u128(0),
        |c| c.cause = Cause::WRONG_PIN,
        |c| c.kind = ConfirmationKind::Declined,
        |c| c.kind = ConfirmationKind::Notice,
        |c| {
            *c = Confirmation::notice(1, Cause::PIN_LOCKED, c.at);
            c.terminal = TerminalNumber::new(1);
        },
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut confirmation = captured();
        change(&mut confirmation);
        assert_eq!(seal(&confirmation), Err(ProtocolError::Malformed(WHAT)), "change {index}");
    }
}

#[test]
fn merchant_names_that_would_mislead_are_refused_or_shortened() {
    for bad in ["a\nb", "a\u{7f}", "a\u{85}", "a\u{202e}b", "a\u{2066}b", "a\u{2028}b", &"x".repeat(65)] {
        assert!(MerchantName::new(bad).is_err(), "{bad:?}");
        assert!(MerchantName::new(MerchantName::shortened(bad).as_str()).is_ok());
    }
    assert_eq!(MerchantName::shortened(&"ü".repeat(40)).as_str(), "ü".repeat(32));
}

proptest! {
    #[test]
    fn garbage_is_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), text in ".{0,700}") {
        prop_assert!(open_bytes(bytes.clone()).is_err());
        prop_assert!(SealedConfirmation::from_digits(&text).is_err());
        let mut framed = vec![0x11, 1, 2];
        framed.extend(bytes);
        prop_assert!(open_bytes(framed).is_err());
    }

    #[test]
    fn any_confirmation_reads_back(
        sequence in 1_u32.., amount_minor in 0_i64.., at in 0_i64.., counter: u32, terminal: u32,
        kind in 1_u8..=6, cause in 1_u8.., name in "\\PC{0,16}",
    ) {
        let kind = ConfirmationKind::from_number(kind).unwrap();
        let confirmation = Confirmation {
            sequence,
            kind,
            counter: Counter(counter),
            at: Timestamp::from_ms(at),
            amount_minor,
            cause: if kind == ConfirmationKind::Declined { Cause::from_number(cause) } else { Cause::NONE },
            terminal: TerminalNumber::new(terminal),
            merchant: MerchantName::shortened(&name),
            ..captured()
        };
        prop_assert_eq!(open(&seal(&confirmation).unwrap()), Ok(confirmation));
    }
}
