//! The confirmation: as bytes, as digits on a paper slip, and what is inside.

use crate::letters::{KEY_ID, SIGNER, known, letter, recipient};
use crate::support::{Steady, realm, signing_key, text, with_one_bit_turned};
use crc::{CRC_32_ISO_HDLC, Crc};
use protocol::confirmation::{Confirmation, SealedConfirmation};
use protocol::error::ProtocolError;

static CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// The input as bytes, as digits, and as fields that the server did sign and seal.
pub fn confirmation(data: &[u8]) {
    if let Ok(sealed) = SealedConfirmation::from_bytes(data.to_vec()) {
        assert_eq!(SealedConfirmation::from_digits(&sealed.to_digits()).as_ref(), Ok(&sealed));
        assert!(open(&sealed).is_err() || sealed.key_id() == KEY_ID);
    }
    if let Some(text) = text(data) {
        reads_digits(text);
    }
    reads_digits(&with_check_digits(data));

    let Some(sealed) = seal(data) else { return };
    let Ok(confirmation) = open(&sealed) else { return };
    let again = confirmation
        .seal(recipient().public_key(), &signing_key(SIGNER), KEY_ID, &realm(), &mut Steady(9))
        .expect("what was opened can be sealed");
    assert_eq!(open(&again).as_ref(), Ok(&confirmation));
    assert_eq!(again.as_bytes().len(), sealed.as_bytes().len(), "the fields have two forms");
    assert_eq!(&again.enc()[..], &again.as_bytes()[3..35]);
    if let Ok(turned) = SealedConfirmation::from_bytes(with_one_bit_turned(again.as_bytes(), data)) {
        assert!(open(&turned).is_err(), "a changed confirmation was opened");
    }
}

fn reads_digits(typed: &str) {
    if let Ok(sealed) = SealedConfirmation::from_digits(typed) {
        assert_eq!(sealed.to_digits(), typed.trim_ascii());
    }
}

/// The input's bytes as decimal digits, with scheme and check digits that fit.
fn with_check_digits(data: &[u8]) -> String {
    let digits = data.iter().take(640).map(|byte| char::from(b'0' + byte % 10));
    let digits: String = "7502".chars().chain(digits).collect();
    let check = CRC.checksum(digits.as_bytes()) % 10_000;
    format!("{digits}{check:04}")
}

fn open(sealed: &SealedConfirmation) -> Result<Confirmation, ProtocolError> {
    sealed.open(&recipient(), known(signing_key(SIGNER).verifying_key()), &realm())
}

/// The fields, signed and sealed as the server does it; none if they have another length than a confirmation's.
fn seal(fields: &[u8]) -> Option<SealedConfirmation> {
    SealedConfirmation::from_bytes(letter("confirmation", fields)?).ok()
}
