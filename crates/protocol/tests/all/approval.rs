//! Questions and answers of `spec/approval.md`, with whatever may be wrong about them.

use crypto::p256::SigningKey;
use crypto::{SystemRandom, x25519::SecretKey};
use model::{ApprovalId, Currency, EnrolmentId, Money, TerminalNumber, Timestamp};
use protocol::approval::{
    Answer, ApprovalKind, Decision, Question, QuestionBytes, SealedQuestion, Subject, to_sign,
};
use protocol::error::ProtocolError;
use protocol::key_bundle::KeyId;
use protocol::realm::Realm;
use protocol::short_text::ShortText;

fn realm() -> Realm {
    Realm::new("shop.example").unwrap()
}

fn at(ms: i64) -> Timestamp {
    Timestamp::from_ms(ms)
}

fn id() -> ApprovalId {
    ApprovalId::from_u128(7)
}

fn payment() -> Subject {
    Subject {
        kind: ApprovalKind::Payment,
        amount: Some(Money::new(1_250, Currency::CHF)),
        payee: Some(ShortText::new("Corner Shop").unwrap()),
        text: None,
        terminal: Some(TerminalNumber::new(5).unwrap()),
    }
}

fn question() -> Question {
    Question::new(id(), payment(), at(5), at(9)).unwrap()
}

#[test]
fn its_words_are_those_of_the_specification() {
    let text = String::from_utf8(question().to_bytes().as_bytes().to_vec()).unwrap();
    let terminal = TerminalNumber::new(5).unwrap();
    let expected = format!(
        r#"{{"version":1,"id":"apr_00000000000000000000000007","kind":"payment","amount_minor":1250,"currency":"CHF","payee":"Corner Shop","terminal":"{terminal}","asked_at_ms":5,"expires_at_ms":9}}"#
    );
    assert_eq!(text, expected);
    assert_eq!(question().amount(), payment().amount);
}

#[test]
fn a_question_that_lacks_what_its_kind_needs_is_none() {
    let malformed = Err(ProtocolError::Malformed("approval"));
    let made = |subject: Subject| Question::new(id(), subject, at(5), at(9)).map(|_| ());
    assert_eq!(made(Subject { amount: None, ..payment() }), malformed);
    assert_eq!(made(Subject { payee: None, ..payment() }), malformed);
    assert_eq!(made(Subject { amount: Some(Money::new(0, Currency::CHF)), ..payment() }), malformed);
    assert_eq!(made(Subject { kind: ApprovalKind::Other, ..payment() }), malformed);
    let bare = Subject { amount: None, payee: None, terminal: None, ..payment() };
    assert_eq!(made(Subject { kind: ApprovalKind::Transfer, ..bare.clone() }), malformed);
    assert_eq!(made(Subject { kind: ApprovalKind::Login, ..bare }), Ok(()));
    assert!(Question::new(id(), payment(), at(9), at(9)).is_err(), "no time is left");
    let kept = |text: &str| QuestionBytes::from_kept(text.as_bytes().to_vec()).map(|_| ());
    let login = |more: &str| {
        format!(r#"{{"version":1,"id":"{}","kind":"login"{more},"asked_at_ms":5,"expires_at_ms":9}}"#, id())
    };
    assert_eq!(kept(&login("")), Ok(()));
    for more in
        [r#","amount_minor":5"#, r#","payee":null"#, r#","payee":"""#, r#","payee":"\u202e""#, r#","x":1"#]
    {
        assert_eq!(kept(&login(more)), malformed, "{more}");
    }
    assert_eq!(kept(&login("").replace("1,", "2,")), Err(ProtocolError::VersionUnsupported("approval")));
    assert_eq!(kept(&" ".repeat(3_000)), Err(ProtocolError::Size("approval")));
}

#[test]
fn a_question_is_read_by_its_device_alone_and_not_if_a_byte_differs() {
    let (key, own, other) = (
        SigningKey::from_scalar(&[3; 32]).unwrap(),
        SecretKey::make(&mut SystemRandom),
        SecretKey::make(&mut SystemRandom),
    );
    let bytes = question().to_bytes();
    let seal = |key: &SigningKey| bytes.seal(own.public_key(), key, KeyId(4), &realm(), &mut SystemRandom);
    let sealed = seal(&key).unwrap();
    let signing_key = |id| (id == KeyId(4)).then_some(key.verifying_key());
    let opened = sealed.open(&own, signing_key, &realm()).unwrap();
    assert_eq!((opened.question, opened.hash), (question(), bytes.hash()));
    assert_eq!(sealed.open(&other, signing_key, &realm()), Err(ProtocolError::Unopenable("approval")));
    let elsewhere = Realm::new("other.example").unwrap();
    assert!(sealed.open(&own, signing_key, &elsewhere).is_err());
    let forged = seal(&SigningKey::from_scalar(&[4; 32]).unwrap()).unwrap();
    assert_eq!(forged.open(&own, signing_key, &realm()), Err(ProtocolError::SignatureBad("approval")));
    for at in 0..sealed.as_bytes().len() {
        let mut changed = sealed.as_bytes().to_vec();
        changed[at] ^= 1;
        let opened =
            SealedQuestion::from_bytes(changed).and_then(|bad| bad.open(&own, signing_key, &realm()));
        assert!(opened.is_err(), "byte {at}");
    }
    assert_eq!(SealedQuestion::from_bytes(vec![0x11; 9]), Err(ProtocolError::Size("approval")));
}

#[test]
fn an_answer_is_good_for_one_device_realm_question_and_decision() {
    let device = SigningKey::from_scalar(&[5; 32]).unwrap();
    let (own, other) = (EnrolmentId::from_bytes([1; 6]), EnrolmentId::from_bytes([2; 6]));
    let hash = question().to_bytes().hash();
    let signature = device.sign(&[&to_sign(&realm(), own, Decision::Approve, &hash)]);
    let answer = Answer::new(Decision::Approve, &signature, None);
    let answer = Answer::parse(&answer.to_bytes()).unwrap();
    let key = device.verifying_key();
    assert_eq!(answer.verify(&realm(), own, &hash, key), Ok(()));
    let bad = Err(ProtocolError::SignatureBad("answer to an approval"));
    assert_eq!(answer.verify(&realm(), other, &hash, key), bad);
    assert_eq!(answer.verify(&realm(), own, &[7; 32], key), bad);
    assert_eq!(answer.verify(&Realm::new("other.example").unwrap(), own, &hash, key), bad);
    assert_eq!(Answer::of(Decision::Refuse, *answer.signature()).verify(&realm(), own, &hash, key), bad);
    let stranger = SigningKey::from_scalar(&[6; 32]).unwrap();
    assert_eq!(answer.verify(&realm(), own, &hash, stranger.verifying_key()), bad);
    for text in
        ["", "{}", r#"{"decision":"maybe","signature":""}"#, r#"{"decision":"approve","signature":"AA"}"#]
    {
        assert!(Answer::parse(text.as_bytes()).is_err(), "{text}");
    }
    assert_eq!(Answer::parse(&[b' '; 3_000]), Err(ProtocolError::Size("answer to an approval")));
}
