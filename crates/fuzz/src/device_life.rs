//! The life of devices: notices of what became of them, and what banks are told of their certificates.

use crate::letters::{KEY_ID, SIGNER, known, letter, recipient};
use crate::support::{Steady, realm, signing_key, with_one_bit_turned};
use model::Timestamp;
use protocol::certificate_status::{CertificateStatuses, SignedCertificateStatuses};
use protocol::error::ProtocolError;
use protocol::notice::{Notice, SealedNotice};
use protocol::realm::Realm;

/// The input as a notice and as an answer about certificates, from a stranger and from the server.
pub fn device_life(data: &[u8]) {
    notice(data);
    certificate_status(data);
}

fn notice(data: &[u8]) {
    if let Ok(sealed) = SealedNotice::from_bytes(data.to_vec()) {
        assert_eq!(sealed.as_bytes(), data);
        assert!(open(&sealed).is_err(), "a notice was forged");
    }
    let Some(bytes) = letter("notice", data) else { return };
    let Ok(sealed) = SealedNotice::from_bytes(bytes) else { return };
    let Ok(notice) = open(&sealed) else { return };
    let again = notice
        .seal(recipient().public_key(), &signing_key(SIGNER), KEY_ID, &realm(), &mut Steady(9))
        .expect("what was opened can be sealed");
    assert_eq!(open(&again).as_ref(), Ok(&notice));
    assert_eq!((again.key_id(), &again.enc()[..]), (KEY_ID, &again.as_bytes()[3..35]));
    if let Ok(turned) = SealedNotice::from_bytes(with_one_bit_turned(again.as_bytes(), data)) {
        assert!(open(&turned).is_err(), "a changed notice was opened");
    }
}

fn open(sealed: &SealedNotice) -> Result<Notice, ProtocolError> {
    sealed.open(&recipient(), known(signing_key(SIGNER).verifying_key()), &realm())
}

fn certificate_status(data: &[u8]) {
    let (realm, signer) = (realm(), signing_key(SIGNER));
    let key = signer.verifying_key();
    if let Ok(signed) = SignedCertificateStatuses::parse(data) {
        let now = Timestamp::from_s(1_800_000_000);
        assert!(signed.verify(key, &realm, None, now).is_err(), "an answer was forged");
    }
    let Ok(said) = serde_json::from_slice::<CertificateStatuses>(data) else { return };
    let signed = said.sign(&signer).expect("a key in memory signs");
    let written = serde_json::to_vec(&signed).expect("it has text and bytes only");
    let verify = |bytes: &[u8], realm: &Realm, nonce: Option<[u8; 16]>, at: Timestamp| {
        SignedCertificateStatuses::parse(bytes)?.verify(key, realm, nonce, at)
    };
    // It is said at one moment, and relied on until another.
    let last = said.expires_at_ms.plus_ms(-1);
    match verify(&written, &said.realm, said.nonce, last) {
        Ok(read) => assert_eq!(read, said),
        Err(ProtocolError::Size(_) | ProtocolError::Malformed(_) | ProtocolError::Expired(_)) => return,
        Err(error) => panic!("the server's own answer: {error}"),
    }
    let other = Realm::new("other.example").expect("it has allowed characters only");
    assert!(verify(&written, &other, said.nonce, last).is_err(), "another installation's answer");
    assert!(verify(&written, &said.realm, Some([0xa5; 16]), last).is_err() || said.nonce == Some([0xa5; 16]));
    assert!(verify(&written, &said.realm, said.nonce, said.expires_at_ms).is_err(), "an old answer");
    let turned = verify(&with_one_bit_turned(&written, data), &said.realm, said.nonce, last);
    assert!(turned.is_err() || turned.as_ref() == Ok(&said), "a changed answer was believed");
}
