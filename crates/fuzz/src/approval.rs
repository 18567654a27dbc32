//! What a customer is asked to approve on the phone, and the answer.

use crate::letters::{KEY_ID, SIGNER, known, letter, recipient};
use crate::support::{Steady, realm, signing_key, with_one_bit_turned};
use model::EnrolmentId;
use protocol::approval::{
    Answer, Decision, OpenedQuestion, Question, QuestionBytes, SealedQuestion, Subject, to_sign,
};
use protocol::error::ProtocolError;

const ENROLMENT: EnrolmentId = EnrolmentId::from_bytes([6; 6]);
const OTHER: EnrolmentId = EnrolmentId::from_bytes([7; 6]);
const DEVICE: u8 = 5;

/// The input as a sealed question, as a question that the server did sign and seal, and as an answer.
pub fn approval(data: &[u8]) {
    if let Ok(sealed) = SealedQuestion::from_bytes(data.to_vec()) {
        assert_eq!(sealed.as_bytes(), data);
        assert!(open(&sealed).is_err(), "a question was forged");
    }
    answer(data);
    let kept = QuestionBytes::from_kept(data.to_vec());
    let sealed = letter("approval", data).and_then(|bytes| SealedQuestion::from_bytes(bytes).ok());
    if let Some(sealed) = sealed {
        let opened = open(&sealed).map(|opened| opened.hash);
        assert_eq!(opened.ok(), kept.as_ref().ok().map(QuestionBytes::hash), "kept and opened differ");
    }
    if let Ok(kept) = kept {
        question(&kept, data);
    }
}

fn question(kept: &QuestionBytes, data: &[u8]) {
    assert_eq!(kept.as_bytes(), data);
    let asked = kept.question();
    let amount = asked.amount();
    let Question { id, kind, ref payee, ref text, terminal, asked_at_ms, expires_at_ms, .. } = asked;
    let about = Subject { kind, amount, payee: payee.clone(), text: text.clone(), terminal };
    assert_eq!(Question::new(id, about, asked_at_ms, expires_at_ms).as_ref(), Ok(&asked));
    assert_eq!(asked.to_bytes().question(), asked);

    let sealed = kept
        .seal(recipient().public_key(), &signing_key(SIGNER), KEY_ID, &realm(), &mut Steady(9))
        .expect("what was kept can be sealed");
    assert_eq!(open(&sealed).as_ref(), Ok(&OpenedQuestion { question: asked, hash: kept.hash() }));
    assert_eq!(&sealed.enc()[..], &sealed.as_bytes()[3..35]);
    if let Ok(turned) = SealedQuestion::from_bytes(with_one_bit_turned(sealed.as_bytes(), data)) {
        assert!(open(&turned).is_err(), "a changed question was opened");
    }

    let (realm, device) = (realm(), signing_key(DEVICE));
    for (decision, other) in [(Decision::Approve, Decision::Refuse), (Decision::Refuse, Decision::Approve)] {
        let signature = device.sign(&[&to_sign(&realm, ENROLMENT, decision, &kept.hash())]);
        let given = Answer::new(decision, &signature, None);
        let read = Answer::parse(&given.to_bytes()).expect("it was written");
        let key = device.verifying_key();
        assert_eq!(read.verify(&realm, ENROLMENT, &kept.hash(), key), Ok(()));
        assert!(read.verify(&realm, OTHER, &kept.hash(), key).is_err(), "another phone's answer");
        let turned: [u8; 32] =
            with_one_bit_turned(&kept.hash(), data).try_into().expect("it is as long as before");
        assert!(read.verify(&realm, ENROLMENT, &turned, key).is_err(), "an answer to another question");
        let said = Answer::of(other, *read.signature());
        assert!(
            said.verify(&realm, ENROLMENT, &kept.hash(), key).is_err(),
            "a yes and a no are signed alike"
        );
    }
}

fn answer(data: &[u8]) {
    let Ok(answer) = Answer::parse(data) else { return };
    assert_eq!(Answer::parse(&answer.to_bytes()).as_ref(), Ok(&answer));
    let device = signing_key(DEVICE);
    let forged = answer.verify(&realm(), ENROLMENT, &[1; 32], device.verifying_key());
    assert!(forged.is_err(), "an answer was forged");
}

fn open(sealed: &SealedQuestion) -> Result<OpenedQuestion, ProtocolError> {
    sealed.open(&recipient(), known(signing_key(SIGNER).verifying_key()), &realm())
}
