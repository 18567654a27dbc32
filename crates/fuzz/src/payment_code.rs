//! The payment code: as a scanner gives it, in an EMV envelope, and sealed.

use crate::support::{SUITES, Steady, agreement_key, place, realm, signing_key, text, with_one_bit_turned};
use crc::{CRC_32_ISO_HDLC, Crc};
use crypto::Secret;
use crypto::hpke::{self, Decapsulate, SecretKey};
use data_encoding::BASE64;
use protocol::emv_cpm::{Envelope, Object};
use protocol::payment_code::{
    CODE_LEN, DIGITS_LEN, Draft, EmvProfile, FIELDS_LEN, Fields, KeyId, PIN_TAG_LEN, PaymentCode, PinKey,
    RecipientKey, Suite, open,
};
use protocol::verdict::Verdict;

const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];
const SCHEME: &str = "7501";
/// The `5A` of the vectors' envelopes.
const CONSTANT_5A: [u8; 8] = [0x99, 0x99, 0, 0, 0, 0, 0, 0];
const GROUP_DIGITS: usize = 17;
const CHECK_DIGITS: usize = 4;
/// Bytes before `enc`.
const HEADER_LEN: usize = 3;
/// Bytes that a code seals: fields, PIN tag, signature.
const PLAINTEXT_LEN: usize = FIELDS_LEN + PIN_TAG_LEN + 64;
const KEY_ID: KeyId = KeyId(7);

static CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// What a scanner types: taken only in the one form that is written.
pub fn payment_code(data: &[u8]) {
    let profiles = [profile(None, None), profile(Some("Batzen"), Some(&CONSTANT_5A))];
    if let Some(text) = text(data) {
        reads(text, None);
        profiles.iter().for_each(|profile| reads(text, Some(profile)));
    }
    // Chance alone never finds four check digits.
    reads(&with_check_digits(data), None);
    if let Ok(code) = PaymentCode::from_bytes(data) {
        assert_eq!(code.as_bytes(), data);
        assert_eq!(PaymentCode::from_text(&code.to_digits(), None).as_ref(), Ok(&code));
        for profile in &profiles {
            assert_eq!(PaymentCode::from_text(&code.to_emv_cpm(profile), Some(profile)).as_ref(), Ok(&code));
        }
        assert!(!format!("{code:?} {}", code.hash()).contains(&code.to_digits()));
    }
}

fn reads(typed: &str, emv: Option<&EmvProfile>) {
    match PaymentCode::from_text(typed, emv) {
        Ok(code) => {
            let written = [Some(code.to_digits()), emv.map(|profile| code.to_emv_cpm(profile))];
            assert!(written.iter().flatten().any(|text| text == typed.trim_matches(SPACE)));
        }
        Err(refusal) => {
            assert!(!refusal.to_string().is_empty());
            assert!(!Verdict::from(refusal).is_ok());
        }
    }
}

/// The input's bytes as decimal digits, with scheme and check digits that fit.
fn with_check_digits(data: &[u8]) -> String {
    let body = DIGITS_LEN - SCHEME.len() - CHECK_DIGITS;
    let mut digits = String::from(SCHEME);
    let drawn = data.iter().map(|byte| char::from(b'0' + byte % 10)).chain(std::iter::repeat('0'));
    for (at, digit) in drawn.take(body).enumerate() {
        // Half of all groups would be above 2⁵⁶ − 1, and with 21 groups hardly a code would be left.
        let leads = at % GROUP_DIGITS == 0 && data.first() != Some(&b'>');
        digits.push(if leads { '0' } else { digit });
    }
    let check = CRC.checksum(digits.as_bytes()) % 10_000;
    format!("{digits}{check:0CHECK_DIGITS$}")
}

/// That of the vectors, or without what it may do without.
fn profile(label: Option<&str>, constant_5a: Option<&[u8]>) -> EmvProfile {
    EmvProfile::new(b"\xf0BATZEN", label, constant_5a).expect("the profile is usable")
}

/// Any consumer-presented payload, raw or in base64: what is taken apart has one encoding, the one that was read.
pub fn emv_envelope(data: &[u8]) {
    if let Some(text) = text(data) {
        reads(text, Some(&profile(None, None)));
        reads(text, Some(&profile(Some("Batzen"), Some(&CONSTANT_5A))));
    }
    let decoded = BASE64.decode(data).ok();
    for bytes in [Some(data), decoded.as_deref()].into_iter().flatten() {
        match Envelope::parse(bytes) {
            Ok(envelope) => assert_eq!(write_envelope(&envelope), bytes, "{envelope:?}"),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
    // The input as profile and code; what is refused as a profile is only that.
    let Some((code, rest)) = data.split_first_chunk::<CODE_LEN>() else { return };
    let (aid, label) = rest.split_at(rest.len().min(place(rest, 17)));
    if let (Ok(profile), Ok(code)) =
        (EmvProfile::new(aid, text(label), Some(aid)), PaymentCode::from_bytes(code))
    {
        assert_eq!(PaymentCode::from_text(&code.to_emv_cpm(&profile), Some(&profile)), Ok(code));
    }
}

fn write_envelope(envelope: &Envelope<'_>) -> Vec<u8> {
    let mut bytes = write_object(&Object { tag: 0x85, value: b"CPV01" });
    let template = |tag, objects: &[Object<'_>]| {
        let inside: Vec<u8> = objects.iter().flat_map(write_object).collect();
        write_object(&Object { tag, value: &inside })
    };
    for objects in &envelope.applications {
        bytes.extend(template(0x61, objects));
    }
    if let Some(objects) = &envelope.common {
        bytes.extend(template(0x62, objects));
    }
    bytes
}

/// BER-TLV with the shortest definite length.
fn write_object(object: &Object<'_>) -> Vec<u8> {
    let tag = object.tag.to_be_bytes();
    let length = u16::try_from(object.value.len()).expect("an envelope has at most 512 bytes").to_be_bytes();
    let length = match length {
        [0, low @ ..0x80] => vec![low],
        [0, low] => vec![0x81, low],
        [high, low] => vec![0x82, high, low],
    };
    [if tag[0] == 0 { &tag[1..] } else { &tag[..] }, &length, object.value].concat()
}

/// What is inside a code, in both suites. The input is what a stranger seals; and, if it begins with fields, what a
/// phone makes.
pub fn sealed_code(data: &[u8]) {
    for suite in SUITES {
        sealed_in(suite, data);
    }
}

fn sealed_in(suite: Suite, data: &[u8]) {
    let mut plaintext = [0; PLAINTEXT_LEN];
    let len = data.len().min(PLAINTEXT_LEN);
    plaintext[..len].copy_from_slice(&data[..len]);
    let (holder, recipient) = recipient(suite);
    let device = signing_key(3);
    let fields: &[u8; FIELDS_LEN] = plaintext.first_chunk().expect("96 bytes begin with 24");

    let strangers = seal(&recipient, &plaintext);
    match open(&strangers, &holder, &recipient) {
        Ok(opened) => {
            assert_eq!(opened.fields.to_bytes().as_ref(), Ok(fields));
            assert_eq!(opened.signature()[..], plaintext[FIELDS_LEN + PIN_TAG_LEN..]);
            assert!(opened.verify_signature(device.verifying_key()).is_err(), "a stranger signed");
        }
        Err(error) => assert!(error.verdict().is_some(), "{error}"),
    }
    if let Ok(fields) = Fields::from_bytes(fields) {
        made_by_a_phone(suite, &fields, data);
    }
    // Whatever stands where `enc` and what is sealed do.
    let mut bytes = *strangers.as_bytes();
    bytes[HEADER_LEN..].iter_mut().zip(data).for_each(|(byte, drawn)| *byte = *drawn);
    let code = PaymentCode::from_bytes(&bytes).expect("its header is a code's");
    if let Err(error) = open(&code, &holder, &recipient) {
        assert!(error.verdict().is_some(), "{error}");
    }
}

fn made_by_a_phone(suite: Suite, fields: &Fields, data: &[u8]) {
    let (holder, recipient) = recipient(suite);
    let device = signing_key(3);
    let pin = PinKey::from_secret(Secret::from_bytes([4; 32]));
    let draft = Draft::start(&recipient, fields, &mut Steady(9)).expect("these fields were read");
    let unsigned = draft.with_pin(&pin);
    let signature = device.sign(&[unsigned.to_sign()]);
    let code = unsigned.finish(&signature);

    let opened = open(&code, &holder, &recipient).expect("it was sealed to this key");
    assert!(opened.fields == *fields && opened.code_hash == code.hash());
    assert_eq!(opened.verify_signature(device.verifying_key()), Ok(()));
    assert!(opened.pin_matches(&pin));
    assert!(!opened.pin_matches(&PinKey::from_secret(Secret::from_bytes([5; 32]))));
    if let Ok(turned) = PaymentCode::from_bytes(&with_one_bit_turned(code.as_bytes(), data)) {
        assert!(open(&turned, &holder, &recipient).is_err(), "a changed code was opened");
    }
}

fn recipient(suite: Suite) -> (SecretKey, RecipientKey) {
    let holder = agreement_key(suite, 8);
    let key = RecipientKey { key_id: KEY_ID, realm: realm(), public_key: holder.public_key() };
    (holder, key)
}

/// A code as somebody seals it who knows the specification and no device key.
fn seal(recipient: &RecipientKey, plaintext: &[u8; PLAINTEXT_LEN]) -> PaymentCode {
    let info = recipient.realm.context("batzen/payment-code/v1/seal");
    let header = [0x10 | recipient.suite().number(), 0, 7];
    let (enc, mut context) =
        hpke::setup_sender(&recipient.public_key, &info, &mut Steady(9)).expect("the recipient's key is one");
    let sealed = context.seal(&header, plaintext).expect("a context seals a first message");
    PaymentCode::from_bytes(&[&header[..], &enc, &sealed].concat()).expect("its form is right")
}
