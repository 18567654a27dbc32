//! Readers of payment codes meet garbage: they refuse it, and what they take they write back the same.

use std::path::Path;

use data_encoding::{BASE64, HEXUPPER};
use proptest::prelude::*;
use protocol::{
    emv_cpm::{EmvProfile, Envelope, EnvelopeError},
    payment_code::{CODE_LEN, PaymentCode},
};

fn profile() -> EmvProfile {
    EmvProfile::new(&[0xf0, 1, 2, 3, 4], Some("Batzen"), None).expect("the lengths are allowed")
}

fn code() -> impl Strategy<Value = PaymentCode> {
    proptest::collection::vec(any::<u8>(), CODE_LEN).prop_map(|mut bytes| {
        bytes[0] = 0x11;
        PaymentCode::from_bytes(&bytes).expect("it has the length and version of a code")
    })
}

proptest! {
    #[test]
    fn digits_give_back_their_code(code in code()) {
        let digits = code.to_digits();
        prop_assert_eq!(digits.len(), 365);
        prop_assert_eq!(PaymentCode::from_text(&digits, None), Ok(code));
    }

    #[test]
    fn envelopes_give_back_their_code(code in code()) {
        let text = code.to_emv_cpm(&profile());
        prop_assert!(text.len() <= 512);
        prop_assert_eq!(PaymentCode::from_text(&text, Some(&profile())), Ok(code));
        prop_assert!(PaymentCode::from_text(&text, None).is_err());
    }

    #[test]
    fn a_wrong_digit_never_reads_as_another_code(code in code(), place in 0..365_usize, digit in 0..10_u8) {
        let mut digits = code.to_digits().into_bytes();
        digits[place] = b'0' + digit;
        let text = String::from_utf8(digits).unwrap();
        // Four check digits let one misread in ten thousand through; the sealing finds the rest.
        if let Ok(read) = PaymentCode::from_text(&text, None) {
            prop_assert_eq!(read.to_digits(), text);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in any::<String>(), digits in "[0-9]{0,600}", scheme in "7501[0-9]{361}") {
        for text in [&text, &digits, &scheme] {
            let _ = PaymentCode::from_text(text, Some(&profile()));
        }
    }

    #[test]
    fn no_bytes_make_the_readers_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = PaymentCode::from_bytes(&bytes);
        let _ = Envelope::parse(&bytes);
        let text = format!("hQVDUFYwMWE{}", BASE64.encode(&bytes));
        let _ = PaymentCode::from_text(&text, Some(&profile()));
    }

    #[test]
    fn an_envelope_with_any_byte_changed_is_refused_or_holds_another_code(
        code in code(), place in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut bytes = BASE64.decode(code.to_emv_cpm(&profile()).as_bytes()).unwrap();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        let text = BASE64.encode(&bytes);
        if let Ok(read) = PaymentCode::from_text(&text, Some(&profile())) {
            prop_assert_eq!(read.to_emv_cpm(&profile()), text);
        }
    }
}

/// Payloads from EMVCo's specification and from the wild.
#[test]
fn public_samples_of_consumer_presented_codes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/emv-cpm/samples.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: the public samples are not beside the repository");
        return;
    };
    let samples: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert!(!samples.is_empty());
    for sample in samples {
        let name = sample["name"].as_str().unwrap();
        let bytes = HEXUPPER.decode(sample["hex"].as_str().unwrap().as_bytes()).unwrap();
        let parsed = Envelope::parse(&bytes);
        assert_eq!(parsed.is_ok(), sample["valid"].as_bool().unwrap(), "{name}: {parsed:?}");
        match name {
            "annex-b1" => {
                let tags: Vec<_> = parsed.unwrap().applications[0].iter().map(|object| object.tag).collect();
                assert_eq!(tags, [0x4f, 0x57]);
            }
            "bad-ber-length" => assert_eq!(parsed, Err(EnvelopeError::BadLength)),
            _ => {}
        }
        // Well formed or not, a stranger's payload is no payment code of ours.
        let text = BASE64.encode(&bytes);
        assert!(PaymentCode::from_text(&text, Some(&profile())).is_err(), "{name}");
    }
}
