//! Confirmations: order, gaps, forgeries.

use crate::{CONFIRMATIONS_KEPT_MAX, MemoryVault, Received, Vault, WalletError, testing::*};
use api::phone::EnrolmentStatusName;
use crypto::{SystemRandom, p256::SigningKey};
use protocol::{
    confirmation::{Cause, Confirmation, SealedConfirmation},
    error::ProtocolError,
};

#[test]
fn gaps_are_seen_filled_and_nothing_is_taken_twice() {
    let Ready { world, vault, mut state, .. } = ready();
    let views: Vec<_> = (1..=5).map(|sequence| world.confirmation(sequence, &vault)).collect();
    let first = state.receive_view(&views[0], vault.confirmation_key(), NOW).unwrap();
    assert!(matches!(first, Received::New { has_gap: false, .. }));
    // The fourth comes from a till's screen before the second and third.
    let early = state.receive_view(&views[3], vault.confirmation_key(), NOW).unwrap();
    assert!(matches!(early, Received::New { has_gap: true, .. }));
    assert_eq!(state.confirmed_through(), 1);
    assert_eq!(
        state.receive_view(&views[3], vault.confirmation_key(), NOW).unwrap(),
        Received::Known { sequence: 4 }
    );
    let outcome = state.receive_page(&views[1..], vault.confirmation_key(), NOW).unwrap();
    assert_eq!(outcome.new.iter().map(|kept| kept.sequence).collect::<Vec<_>>(), [2, 3, 5]);
    assert_eq!((state.confirmed_through(), outcome.missing), (5, 0));
    assert_eq!(state.confirmations(3).map(|kept| kept.sequence).collect::<Vec<_>>(), [4, 5]);
    let kept = state.confirmations(0).next().unwrap();
    assert_eq!((kept.kind.as_str(), kept.amount.unwrap().to_string().as_str()), ("captured", "12.50 CHF"));
}

#[test]
fn forged_misplaced_and_foreign_ones_are_refused() {
    let Ready { world, vault, mut state, .. } = ready();
    let notice = Confirmation::notice(1, Cause::PIN_LOCKED, NOW.plus_s(1));
    let forged = world.seal_confirmation(&notice, &vault, &SigningKey::make(&mut SystemRandom));
    let foreign =
        world.seal_confirmation(&notice, &MemoryVault::make(&mut SystemRandom), &world.confirmation);
    let mut misplaced = world.confirmation(2, &vault);
    misplaced.sequence = 1;
    for (view, expected) in [
        (&forged, WalletError::Refused(ProtocolError::SignatureBad("confirmation"))),
        (&foreign, WalletError::Refused(ProtocolError::Unopenable("confirmation"))),
    ] {
        assert_eq!(state.receive_view(view, vault.confirmation_key(), NOW).unwrap_err(), expected);
    }
    assert!(matches!(
        state.receive_view(&misplaced, vault.confirmation_key(), NOW),
        Err(WalletError::Contradiction(_))
    ));
    assert_eq!(state.confirmations(0).count(), 0);
    assert_eq!(state.status(NOW).standing, Some(EnrolmentStatusName::Active));
    // One bad one does not stop the next; but nothing unsigned makes the wallet jump.
    let outcome = state
        .receive_page(&[forged.clone(), world.confirmation(2, &vault)], vault.confirmation_key(), NOW)
        .unwrap();
    assert_eq!((outcome.unreadable.len(), outcome.new.len(), state.confirmed_through()), (1, 1, 2));
    let far = api::phone::ConfirmationView { sequence: 4_000_000_000, ..forged };
    assert!(state.receive_page(&[far], vault.confirmation_key(), NOW).is_err());
    assert_eq!(state.confirmed_through(), 2);
}

#[test]
fn a_key_that_is_not_known_yet_stops_the_page_and_loses_nothing() {
    let Ready { world, vault, mut state, .. } = ready();
    let notice = Confirmation::notice(2, Cause::NONE, NOW);
    let notice = Confirmation { cause: Cause::WRONG_PIN, ..notice };
    let recipient = vault.confirmation.public_key();
    let newer = SigningKey::make(&mut SystemRandom);
    let key_id = protocol::key_bundle::KeyId(4);
    let sealed = notice.seal(recipient, &newer, key_id, &world.realm, &mut SystemRandom).unwrap();
    let unknown = api::phone::ConfirmationView {
        sequence: 2,
        sealed: data_encoding::BASE64URL_NOPAD.encode(sealed.as_bytes()),
    };
    let page = [world.confirmation(1, &vault), unknown];
    assert!(matches!(
        state.receive_page(&page, vault.confirmation_key(), NOW),
        Err(WalletError::Refused(ProtocolError::KeyUnknown(_)))
    ));
    assert_eq!(state.confirmed_through(), 1);
    let mut bundle = world.bundle(6, NOW);
    bundle
        .confirmation_keys
        .push(protocol::key_bundle::ConfirmationKey { key_id, public_key: newer.verifying_key().clone() });
    state.apply_enrolment(&world.view(&bundle, 0, NOW), NOW, NOW).unwrap();
    assert_eq!(state.receive_page(&page, vault.confirmation_key(), NOW).unwrap().new.len(), 1);
}

#[test]
fn a_till_s_digits_tell_an_offline_phone_of_its_lock_but_old_news_does_not() {
    let Ready { world, vault, mut state, .. } = ready();
    let notice = |sequence, at| {
        let notice = Confirmation::notice(sequence, Cause::PIN_LOCKED, at);
        let recipient = vault.confirmation.public_key();
        let key_id = protocol::key_bundle::KeyId(3);
        notice.seal(recipient, &world.confirmation, key_id, &world.realm, &mut SystemRandom).unwrap()
    };
    let standing = |state: &crate::State| state.status(NOW).standing;
    state.receive(notice(1, NOW.plus_s(-1)), vault.confirmation_key(), NOW).unwrap();
    assert_eq!(standing(&state), Some(EnrolmentStatusName::Active), "older than the server's word");
    let digits = notice(2, NOW.plus_s(1)).to_digits();
    state.receive(SealedConfirmation::from_digits(&digits).unwrap(), vault.confirmation_key(), NOW).unwrap();
    assert_eq!(standing(&state), Some(EnrolmentStatusName::LockedPin));
}

#[test]
fn the_history_is_bounded() {
    let Ready { world, vault, mut state, .. } = ready();
    let count = u32::try_from(CONFIRMATIONS_KEPT_MAX).unwrap() + 5;
    let page: Vec<_> = (1..=count).map(|sequence| world.confirmation(sequence, &vault)).collect();
    state.receive_page(&page, vault.confirmation_key(), NOW).unwrap();
    assert_eq!(state.confirmations(0).count(), CONFIRMATIONS_KEPT_MAX);
    assert_eq!((state.confirmed_through(), state.confirmations(0).next().unwrap().sequence), (count, 6));
    assert!(state.seal(&vault.state_key, &mut SystemRandom).len() < crate::STATE_LEN_MAX / 4);
}
