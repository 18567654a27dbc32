//! Every vector of `spec/vectors/payment-code` gets the verdict that it names, as far as code and keys decide
//! it; what needs the server's state is for `security` to check on the same files.

use fixtures::vectors::{self, Vector};
use model::EnrolmentId;
use protocol::{
    payment_code::{
        Cap, ClockConfidence, CustomerVerification, Draft, Fields, OpenedCode, Pin, PinKey, PinSecret, open,
    },
    verdict::Verdict,
};

fn all() -> Vec<Vector> {
    vectors::load().expect("the vectors are in the repository")
}

/// The verdict of reading and opening, or what was inside.
fn read_and_open(vector: &Vector) -> Result<OpenedCode, Verdict> {
    let code = vector.read()?;
    open(&code, &vector.recipient_secret_key(), &vector.recipient_key())
        .map_err(|error| error.verdict().expect("a key in memory does not fail"))
}

#[test]
fn the_files_are_as_generated() {
    assert!(vectors::check().unwrap() >= 45);
}

#[test]
fn reading_and_opening_refuse_what_they_must_and_nothing_else() {
    for vector in all() {
        let verdict = read_and_open(&vector).err();
        let at_door =
            vector.expected != Verdict::Ok && (vector.expected as u8) < Verdict::UnknownEnrolment as u8;
        assert_eq!(verdict, at_door.then_some(vector.expected), "{}", vector.name);
    }
}

#[test]
fn the_signature_and_the_pin_tag_are_right_or_wrong_as_named() {
    for vector in all() {
        let Ok(opened) = read_and_open(&vector) else { continue };
        if vector.expected == Verdict::UnknownEnrolment {
            continue;
        }
        let signed = opened.verify_signature(&vector.device_key()).is_ok();
        assert_eq!(signed, vector.expected != Verdict::BadSignature, "{}", vector.name);
        if !signed {
            continue;
        }
        let pin_is_right = vector.pin_key(&opened.fields).map(|key| opened.pin_matches(&key));
        match vector.expected {
            Verdict::UnknownPinGeneration => assert_eq!(pin_is_right, None, "{}", vector.name),
            Verdict::WrongPin => assert_eq!(pin_is_right, Some(false), "{}", vector.name),
            _ if vector.name.ends_with("wrong_pin") => {
                assert_eq!(pin_is_right, Some(false), "{}", vector.name)
            }
            _ => assert_eq!(pin_is_right, Some(true), "{}", vector.name),
        }
    }
}

#[test]
fn what_is_read_is_what_was_meant() {
    for vector in all() {
        let Ok(opened) = read_and_open(&vector) else { continue };
        let altered = vector.name.starts_with("resealed_") && vector.name.ends_with("_altered");
        assert_eq!(
            vector.fields.as_ref() == Some(&opened.fields.into()),
            !altered || vector.name.contains("pin_tag"),
            "{}",
            vector.name
        );
        assert_eq!(Some(opened.code_hash.0.into()), vector.code_hash_hex, "{}", vector.name);
    }
}

/// The library makes the very codes that the generator made from the specification.
#[test]
fn good_codes_can_be_remade_byte_for_byte() {
    let good: Vec<_> = all().into_iter().filter(|vector| vector.expected == Verdict::Ok).collect();
    assert!(good.len() >= 20);
    for vector in good {
        let fields = Fields::from_bytes(&vector.fields_hex.to_array()).unwrap();
        let mut ephemeral = Replay(vector.ephemeral_private_hex.to_array());
        let secret = PinSecret::from_secret(crypto::Secret::from_bytes(vector.pin_secret_hex.to_array()));
        let pin_key = PinKey::derive(&secret, &Pin::parse(&vector.pin).unwrap());
        let device = crypto::p256::SigningKey::from_scalar(&vector.device_private_hex.to_array()).unwrap();

        let draft = Draft::start(&vector.recipient_key(), &fields, &mut ephemeral).unwrap();
        let unsigned = draft.with_pin(&pin_key);
        let signature = device.sign_deterministic(&[unsigned.to_sign()]);
        let code = unsigned.finish(&signature);

        assert_eq!(Some(code.as_bytes().into()), vector.code_hex, "{}", vector.name);
        assert_eq!(
            Some(code.to_digits()),
            vector.digits.map(|text| text.trim().to_owned()),
            "{}",
            vector.name
        );
        if let (Some(profile), Some(text)) = (vector.emv_profile, vector.emv_cpm) {
            assert_eq!(code.to_emv_cpm(&profile.to_profile()), text, "{}", vector.name);
        }
    }
}

#[test]
fn every_form_of_a_code_reads_the_same_and_shows_nothing_in_a_log() {
    let vector = all().into_iter().find(|vector| vector.name == "good_emv").unwrap();
    let profile = vector.emv_profile.as_ref().unwrap().to_profile();
    let code = vector.read().unwrap();
    let from_digits =
        protocol::payment_code::PaymentCode::from_text(&code.to_digits(), Some(&profile)).unwrap();
    assert_eq!(code, from_digits);
    let opened = read_and_open(&vector).unwrap();
    assert_eq!(format!("{code:?}"), "PaymentCode(key 7, redacted)");
    assert_eq!(
        format!("{:?} {:?}", opened.fields, opened),
        format!("Fields(redacted) OpenedCode({}, redacted)", opened.code_hash)
    );
}

#[test]
fn any_single_bit_that_flips_is_noticed() {
    let vector = all().into_iter().find(|vector| vector.name == "good_plain").unwrap();
    let good = vector.read().unwrap();
    for bit in 0..good.as_bytes().len() * 8 {
        let mut bytes = *good.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(code) = protocol::payment_code::PaymentCode::from_bytes(&bytes) else { continue };
        let opened = open(&code, &vector.recipient_secret_key(), &vector.recipient_key());
        let verified = opened.is_ok_and(|opened| opened.verify_signature(&vector.device_key()).is_ok());
        assert!(!verified, "bit {bit} flipped unnoticed");
    }
}

#[test]
fn a_draft_refuses_what_a_reader_would() {
    let vector = all().into_iter().find(|vector| vector.name == "good_plain").unwrap();
    let mut fields = Fields::from_bytes(&vector.fields_hex.to_array()).unwrap();
    assert_eq!(fields.flags.clock_confidence, ClockConfidence::Day);
    assert_eq!(fields.flags.customer_verification, CustomerVerification::Pin);
    assert_eq!(fields.cap, Cap::at_most(5_000).unwrap());
    assert_ne!(fields.enrolment, EnrolmentId::from_bytes([0; 6]));
    fields.counter = model::Counter(0);
    assert!(Draft::start(&vector.recipient_key(), &fields, &mut crypto::SystemRandom).is_err());
    fields.counter = model::Counter(1);
    let mut nowhere = vector.recipient_key();
    nowhere.public_key = crypto::x25519::PublicKey([0; 32]);
    assert!(Draft::start(&nowhere, &fields, &mut crypto::SystemRandom).is_err());
}

/// Gives the vector's ephemeral key where the library asks for a fresh one.
struct Replay([u8; 32]);

impl crypto::Random for Replay {
    fn fill(&mut self, out: &mut [u8]) {
        out.copy_from_slice(&self.0);
    }
}
