//! Every vector of `spec/vectors/payment-code` gets the verdict that it names, as far as code and keys decide
//! it; what needs the server's state is for `security` to check on the same files.

use fixtures::vectors::{self, Vector};
use model::EnrolmentId;
use protocol::{
    payment_code::{Cap, ClockConfidence, CustomerVerification, Draft, Fields, open},
    verdict::Verdict,
};

fn all() -> Vec<Vector> {
    vectors::load().expect("the vectors are in the repository")
}

#[test]
fn the_files_are_as_generated() {
    assert!(vectors::check().unwrap() >= 45);
}

/// Verdicts of reading, opening, signature and PIN, and good codes made again byte for byte.
#[test]
fn every_vector_comes_out_as_it_says() {
    let all = all();
    assert!(all.iter().filter(|vector| vector.expected == Verdict::Ok).count() >= 20);
    all.iter().for_each(Vector::check);
}

#[test]
fn every_form_of_a_code_reads_the_same_and_shows_nothing_in_a_log() {
    let vector = all().into_iter().find(|vector| vector.name == "good_emv").unwrap();
    let profile = vector.emv_profile.as_ref().unwrap().to_profile();
    let code = vector.read().unwrap();
    let from_digits =
        protocol::payment_code::PaymentCode::from_text(&code.to_digits(), Some(&profile)).unwrap();
    assert_eq!(code, from_digits);
    let opened = vector.read_and_open().unwrap();
    assert_eq!(format!("{code:?}"), "PaymentCode(key 7, redacted)");
    assert_eq!(
        format!("{:?} {:?}", opened.fields, opened),
        format!("Fields(redacted) OpenedCode({}, redacted)", opened.code_hash)
    );
}

#[test]
fn any_single_bit_that_flips_is_noticed() {
    let plain = |vector: &Vector| ["good_plain", "good_suite_2", "good_suite_2_odd"].contains(&&*vector.name);
    let vectors: Vec<Vector> = all().into_iter().filter(plain).collect();
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        let good = vector.read().unwrap();
        let (holder, key) = (vector.recipient_secret_key(), vector.recipient_key());
        assert!(open(&good, &holder, &key).is_ok());
        for bit in 0..good.as_bytes().len() * 8 {
            let mut bytes = *good.as_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let Ok(code) = protocol::payment_code::PaymentCode::from_bytes(&bytes) else { continue };
            assert!(open(&code, &holder, &key).is_err(), "{}: bit {bit} flipped unnoticed", vector.name);
        }
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
    nowhere.public_key = crypto::x25519::PublicKey([0; 32]).into();
    assert!(Draft::start(&nowhere, &fields, &mut crypto::SystemRandom).is_err());
}
