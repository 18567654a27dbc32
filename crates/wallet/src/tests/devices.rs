//! The customer's other devices, the certificate's renewal, a PIN set anew.

use crate::{Hint, NOTICES_KEPT_MAX, PinRequest, State, WalletError, testing::*};
use api::device::{CertificateView, DevicePage, DeviceView, NoticeView};
use api::phone::{EnrolmentStatusName, EnrolmentView};
use crypto::{
    SystemRandom,
    p256::{SigningKey, VerifyingKey},
    x509::{self, Issue, Profile},
};
use data_encoding::BASE64URL_NOPAD;
use model::{EnrolmentId, Timestamp};
use protocol::{
    activation_code::ActivationCode,
    error::ProtocolError,
    evidence::Evidence,
    key_bundle::KeyId,
    notice::{Notice, NoticeBy, NoticeKind},
    payment_code::{Pin, PinError, PinGeneration, PinKey},
    pin_proof::{PinProof, PinProofPurpose},
    pin_reset::PinReset,
};

/// In the last quarter of the certificate that all wallets here are activated with.
const LATE: Timestamp = Timestamp::from_s(1_950_000_000);
/// After its end.
const ENDED: Timestamp = Timestamp::from_s(2_000_000_001);

fn pin(text: &str) -> Pin {
    Pin::parse(text).unwrap()
}

fn renewed(
    world: &World,
    key: &VerifyingKey,
    subject: &str,
    signer: &SigningKey,
    not_after_s: u64,
) -> CertificateView {
    let issue = Issue {
        serial: [8; 16],
        subject: subject.to_owned(),
        issuer: "Batzen Device CA".to_owned(),
        not_before_s: 1_940_000_000,
        not_after_s,
        public_key: key.clone(),
        profile: Profile::Device,
    };
    let certificate = BASE64URL_NOPAD.encode(&x509::issue(&issue, signer).unwrap());
    CertificateView { certificate, enrolment: world.view(&world.bundle(6, LATE), 0, LATE) }
}

#[test]
fn the_certificate_is_renewed_in_its_last_quarter_by_one_for_the_same_key() {
    let Ready { world, vault, mut state, .. } = ready();
    assert!(!state.is_renewal_due(NOW));
    assert!(state.is_renewal_due(LATE));
    let hint = Hint::CertificateEndsSoon { at: Timestamp::from_s(2_000_000_000) };
    assert!(state.status(LATE).hints.contains(&hint) && !state.status(NOW).hints.contains(&hint));
    let request = state.draft_renewal().unwrap().sign(&vault).unwrap();
    let der = BASE64URL_NOPAD.decode(request.certificate_request.as_bytes()).unwrap();
    assert_eq!(&x509::read_request(&der).unwrap(), vault.device.verifying_key());

    let key = vault.device.verifying_key();
    let good = renewed(&world, key, &ENROLMENT.to_string(), &world.ca, 2_100_000_000);
    assert!(state.apply_renewal(&good, LATE, LATE).unwrap());
    assert_eq!(state.status(LATE).certificate_ends_at, Some(Timestamp::from_s(2_100_000_000)));
    assert!(!state.is_renewal_due(LATE));
    // The same again is the answer to a request whose first answer was lost.
    assert!(!state.apply_renewal(&good, LATE, LATE).unwrap());
}

#[test]
fn a_certificate_for_another_or_from_elsewhere_is_refused() {
    let Ready { world, vault, state, .. } = ready();
    let own = vault.device.verifying_key();
    let id = ENROLMENT.to_string();
    let stranger = SigningKey::make(&mut SystemRandom);
    let other_id = EnrolmentId::from_bytes([1; 6]).to_string();
    for (what, bad) in [
        ("another key", renewed(&world, stranger.verifying_key(), &id, &world.ca, 2_100_000_000)),
        ("another enrolment", renewed(&world, own, &other_id, &world.ca, 2_100_000_000)),
        ("another authority", renewed(&world, own, &id, &stranger, 2_100_000_000)),
        ("no longer than before", renewed(&world, own, &id, &world.ca, 2_000_000_000)),
    ] {
        let mut tried = state.clone();
        let refused = tried.apply_renewal(&bad, LATE, LATE);
        let expected = WalletError::Refused(ProtocolError::CertificateBad("certificate"));
        assert_eq!(refused, Err(expected), "{what}");
        assert_eq!(tried.status(LATE), state.status(LATE), "{what} changed something");
    }
    let mut unreadable = renewed(&world, own, &id, &world.ca, 2_100_000_000);
    unreadable.certificate = "AAAA".to_owned();
    assert!(state.clone().apply_renewal(&unreadable, LATE, LATE).is_err());
}

#[test]
fn an_ended_certificate_says_whether_going_online_still_helps() {
    let Ready { world, mut state, .. } = ready();
    let code = |state: &mut State, at| {
        let request = crate::CodeRequest { method: None, cap: None, terminal: None };
        state.make_code(&pin(PIN), &request, Evidence::empty(), at, &mut SystemRandom).unwrap_err()
    };
    let end = Timestamp::from_s(2_000_000_000);
    let mut hear = |until: Timestamp| {
        let view = world.view(&world.bundle(6, ENDED), 0, ENDED);
        let view = EnrolmentView { certificate_renewable_until_ms: until.ms(), ..view };
        state.apply_enrolment(&view, ENDED, ENDED).unwrap();
        (code(&mut state, ENDED), state.is_renewal_due(ENDED))
    };
    assert_eq!(hear(ENDED.plus_s(60)), (WalletError::CertificateExpired(end), true));
    assert_eq!(hear(ENDED), (WalletError::CertificateEnded(end), false));
}

fn notice(world: &World, vault: &crate::MemoryVault, sequence: u32, signer: &SigningKey) -> NoticeView {
    let by = NoticeBy::Operator;
    let notice = Notice::new(sequence, NoticeKind::Locked, ENROLMENT, None, by, NOW);
    let recipient = vault.confirmation.public_key();
    let sealed = notice.seal(recipient, signer, KeyId(3), &world.realm, &mut SystemRandom).unwrap();
    NoticeView { sequence, sealed: BASE64URL_NOPAD.encode(sealed.as_bytes()) }
}

#[test]
fn notices_are_kept_in_order_and_what_cannot_be_read_is_passed_over() {
    let Ready { world, vault, mut state, .. } = ready();
    let of = |sequence| notice(&world, &vault, sequence, &world.confirmation);
    let key = &vault.confirmation;
    // A phone is given those after its activation: the first need not be 1.
    let outcome = state.receive_notices(&[of(7), of(8)], key).unwrap();
    assert_eq!((outcome.new.len(), state.noticed_through()), (2, 8));
    assert!(state.receive_notices(&[of(8)], key).is_err(), "one that had come");
    assert!(state.receive_notices(&[of(10), of(9)], key).is_err(), "out of order");
    let forged = notice(&world, &vault, 9, &SigningKey::make(&mut SystemRandom));
    let misplaced = NoticeView { sequence: 9, ..of(11) };
    for bad in [forged, misplaced] {
        let mut tried = state.clone();
        let outcome = tried.receive_notices(&[bad, of(10)], key).unwrap();
        assert_eq!((outcome.unreadable.len(), outcome.new.len(), tried.noticed_through()), (1, 1, 10));
    }
    // What is not signed makes nobody jump ahead.
    let ahead = notice(&world, &vault, 4_000, &SigningKey::make(&mut SystemRandom));
    let mut tried = state.clone();
    tried.receive_notices(&[ahead], key).unwrap();
    assert_eq!(tried.noticed_through(), 8);
    let many: Vec<NoticeView> = (9..9 + 120).map(of).collect();
    state.receive_notices(&many, key).unwrap();
    assert_eq!((state.notices().count(), state.noticed_through()), (NOTICES_KEPT_MAX, 128));
    let sealed = state.seal(&vault.state_key, &mut SystemRandom);
    let opened = State::open(&vault.state_key, &sealed).unwrap();
    assert_eq!(opened.notices().count(), NOTICES_KEPT_MAX);
}

#[test]
fn what_another_may_have_done_is_alarming_and_unread_until_it_is_seen() {
    let Ready { world, vault, mut state, .. } = ready();
    let other = EnrolmentId::from_bytes([1; 6]);
    let told = [
        (NoticeKind::Activated, ENROLMENT, NoticeBy::Device(ENROLMENT), false, false),
        (NoticeKind::Activated, other, NoticeBy::Device(other), true, true),
        (NoticeKind::PinReset, other, NoticeBy::Device(other), true, true),
        (NoticeKind::MoveBegun, ENROLMENT, NoticeBy::Operator, true, true),
        (NoticeKind::MoveBegun, ENROLMENT, NoticeBy::Device(ENROLMENT), false, false),
        (NoticeKind::Locked, other, NoticeBy::Operator, true, false),
    ];
    let seal =
        |(sequence, (kind, about, by, ..)): (u32, &(NoticeKind, EnrolmentId, NoticeBy, bool, bool))| {
            let notice = Notice::new(sequence, *kind, *about, None, *by, NOW);
            let recipient = vault.confirmation.public_key();
            let sealed = notice
                .seal(recipient, &world.confirmation, KeyId(3), &world.realm, &mut SystemRandom)
                .unwrap();
            NoticeView { sequence, sealed: BASE64URL_NOPAD.encode(sealed.as_bytes()) }
        };
    let views: Vec<NoticeView> = (1..).zip(&told).map(seal).collect();
    state.receive_notices(&views, &vault.confirmation).unwrap();
    for (notice, (kind, about, by, is_unread, is_alarming)) in state.notices().zip(told) {
        assert_eq!(
            (state.is_unread(notice), state.is_alarming(notice)),
            (is_unread, is_alarming),
            "{kind:?} {about} {by:?}"
        );
    }
    let unread = |state: &State| state.notices().filter(|notice| state.is_unread(notice)).count();
    state.see_notices(3).unwrap();
    assert_eq!(unread(&state), 2);
    // Nobody has looked at what has not come; and what was seen stays so.
    state.see_notices(4_000).unwrap();
    state.see_notices(1).unwrap();
    assert_eq!(unread(&state), 0);
    let later = seal((7, &(NoticeKind::Activated, other, NoticeBy::Device(other), true, true)));
    state.receive_notices(&[later], &vault.confirmation).unwrap();
    assert_eq!(unread(&state), 1);
}

#[test]
fn a_list_of_devices_has_this_one_at_its_place_and_none_twice() {
    let Ready { state, .. } = ready();
    let device = |id: EnrolmentId, is_this| DeviceView {
        id,
        name: String::new(),
        model: "test".to_owned(),
        status: EnrolmentStatusName::Active,
        is_this,
        activated_at_ms: 0,
        last_online_at_ms: 0,
    };
    let other = EnrolmentId::from_bytes([1; 6]);
    let page = |devices| DevicePage { devices, devices_max: 5 };
    assert_eq!(
        state.read_devices(page(vec![device(ENROLMENT, true), device(other, false)])).unwrap().len(),
        2
    );
    for bad in [
        vec![device(ENROLMENT, false)],
        vec![device(other, true)],
        vec![device(other, false), device(other, false)],
    ] {
        assert!(state.read_devices(page(bad)).is_err());
    }
}

#[test]
fn what_is_grave_is_asked_with_the_pin_that_was_typed() {
    let Ready { world, mut state, pin_key, .. } = ready();
    let target = EnrolmentId::from_bytes([1; 6]);
    let request = state.revoke_request(target, true, false, &pin(PIN), &mut SystemRandom).unwrap();
    let proof: PinProof = serde_json::from_value(request.pin_proof).unwrap();
    let is_proved = |purpose| proof.is_proved(&world.realm, ENROLMENT, purpose, &pin_key);
    assert!(is_proved(PinProofPurpose::Revoke(target)));
    assert!(!is_proved(PinProofPurpose::Revoke(ENROLMENT)) && !is_proved(PinProofPurpose::Move));
    let wrong = state.move_request(&pin(WRONG_PIN), &mut SystemRandom).unwrap();
    let wrong: PinProof = serde_json::from_value(wrong.pin_proof).unwrap();
    assert!(!wrong.is_proved(&world.realm, ENROLMENT, PinProofPurpose::Move, &pin_key));
    state.begin_pin_change(&pin(PIN), &pin("730948"), &mut SystemRandom).unwrap();
    let refused = state.move_request(&pin(PIN), &mut SystemRandom).unwrap_err();
    assert_eq!(refused, WalletError::PinChangeUnderWay, "which PIN is good is not known");
}

#[test]
fn a_pin_is_set_anew_by_a_code_and_committed_by_the_server_s_word() {
    let Ready { world, mut state, pin_key, .. } = ready();
    let code = || ActivationCode::make(&mut SystemRandom);
    let obvious = state.begin_pin_reset(code(), &pin("123456"), &mut SystemRandom);
    assert_eq!(obvious, Err(WalletError::Pin(PinError::Obvious)));
    state.begin_pin_reset(code(), &pin("730948"), &mut SystemRandom).unwrap();
    let again = state.begin_pin_reset(code(), &pin("555123"), &mut SystemRandom);
    assert_eq!(again, Err(WalletError::PinChangeUnderWay));
    assert_eq!(state.pin_change_under_way(), None, "it is no change by the PIN so far");
    let Some(PinRequest::Reset(request)) = state.pin_request_under_way() else { panic!("nothing to send") };
    let opened = PinReset::parse(request).unwrap().open(&world.realm, ENROLMENT, &world.activation).unwrap();
    assert!(opened.new_key != pin_key);
    let view = world.view(&world.bundle(5, NOW), 0, NOW);
    state.apply_enrolment(&view, NOW, NOW).unwrap();
    assert!(state.pin_request_under_way().is_some(), "no answer decides nothing");
    state.apply_enrolment(&EnrolmentView { pin_generation: 2, ..view }, NOW, NOW).unwrap();
    assert_eq!(state.pin_request_under_way(), None);
    let enrolled = state.enrolled().unwrap();
    let secret = protocol::payment_code::PinSecret::from_secret(enrolled.pin_secret.clone());
    assert_eq!(enrolled.pin_generation, PinGeneration(2));
    assert!(PinKey::derive(&secret, &pin("730948")) == opened.new_key);
}

#[test]
fn a_wait_after_wrong_pins_is_told() {
    let Ready { world, mut state, .. } = ready();
    let until = NOW.plus_s(60);
    let view = world.view(&world.bundle(5, NOW), 0, NOW);
    let view = EnrolmentView { pin_blocked_until_ms: Some(until.ms()), ..view };
    state.apply_enrolment(&view, NOW, NOW).unwrap();
    let is_told = |at| state.status(at).hints.contains(&Hint::PinBlocked { until });
    assert!(is_told(NOW) && !is_told(until));
}
