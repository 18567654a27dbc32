//! Lists of rules for sensors: what is taken, what is kept, and what is asked for.

use crate::{RulesWanted, State, WalletError, testing::*};
use crypto::p256::SigningKey;
use model::Timestamp;
use protocol::error::ProtocolError;
use protocol::rule_list::{RuleDelta, RuleEntry, RuleKind, RuleList, RuleListHead};

fn list(world: &World, key: &SigningKey, version: u32, packages: &[&str]) -> RuleList {
    let entries = packages.iter().map(|name| {
        let id = u32::from(name.as_bytes()[0]);
        RuleEntry { id, kind: RuleKind::Package, value: (*name).to_owned() }
    });
    let times = (NOW, NOW.plus_s(86_400));
    RuleListHead::sign(&world.realm, version, times, entries.collect(), key).unwrap()
}

/// The server announces a version.
fn announce(world: &World, state: &mut State, version: Option<u32>) {
    let mut view = world.view(&world.bundle(5, NOW), 0, NOW);
    view.rule_list = version;
    state.apply_enrolment(&view, NOW, NOW).unwrap();
}

fn refusal(result: Result<RuleList, WalletError>) -> ProtocolError {
    match result {
        Err(WalletError::Refused(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_list_is_asked_for_when_there_is_news_and_then_kept() {
    let Ready { world, mut state, .. } = ready();
    let first = list(&world, &world.rules, 1, &["a", "b"]);
    assert_eq!(state.rules_wanted(None), None);
    announce(&world, &mut state, Some(1));
    assert_eq!(state.rules_wanted(None), Some(RulesWanted { from: None }));
    let taken = state.take_rules(&first.to_json(), None, NOW).unwrap();
    assert_eq!((&taken, state.rules_version()), (&first, Some(1)));
    let kept = state.kept_rules(&taken.to_json(), NOW).unwrap();
    assert_eq!(state.rules_wanted(Some(&kept)), None);
    announce(&world, &mut state, Some(2));
    assert_eq!(state.rules_wanted(Some(&kept)), Some(RulesWanted { from: Some(1) }));
    let second = list(&world, &world.rules, 2, &["b", "c"]);
    let delta = RuleDelta::between(&first, &second).unwrap().to_json();
    assert_eq!(state.take_rules(&delta, Some(&kept), NOW), Ok(second));
    assert_eq!(state.status(NOW).rules_version, Some(2));
}

#[test]
fn a_delta_that_does_not_fit_changes_nothing_and_the_whole_list_helps() {
    let Ready { world, mut state, .. } = ready();
    let first = list(&world, &world.rules, 1, &["a"]);
    state.take_rules(&first.to_json(), None, NOW).unwrap();
    let (other, last) = (list(&world, &world.rules, 1, &["d"]), list(&world, &world.rules, 2, &["e"]));
    let delta = RuleDelta::between(&other, &last).unwrap().to_json();
    let refused = refusal(state.take_rules(&delta, Some(&first), NOW));
    assert_eq!(refused, ProtocolError::DigestMismatch("rule list"));
    assert_eq!(state.rules_version(), Some(1));
    // The server may answer with the whole list whatever was asked for.
    assert_eq!(state.take_rules(&last.to_json(), Some(&first), NOW), Ok(last));
}

#[test]
fn older_forged_and_expired_lists_are_refused_also_where_they_are_kept() {
    let Ready { world, mut state, .. } = ready();
    let (old, new) = (list(&world, &world.rules, 1, &["a"]), list(&world, &world.rules, 2, &["b"]));
    state.take_rules(&new.to_json(), None, NOW).unwrap();
    let refused = refusal(state.take_rules(&old.to_json(), None, NOW));
    assert_eq!(refused, ProtocolError::RolledBack("rule list"));
    assert_eq!(state.kept_rules(&old.to_json(), NOW), None, "an old file was put in place");
    let stranger = SigningKey::from_scalar(&[9; 32]).unwrap();
    let forged = list(&world, &stranger, 3, &[]);
    let refused = refusal(state.take_rules(&forged.to_json(), None, NOW));
    assert_eq!(refused, ProtocolError::KeyUnknown("rule list"));
    assert_eq!(state.kept_rules(&forged.to_json(), NOW), None);
    let changed = String::from_utf8(new.to_json()).unwrap().replace("\"b\"", "\"c\"");
    assert_eq!(state.kept_rules(changed.as_bytes(), NOW), None);
    let late: Timestamp = NOW.plus_s(86_400);
    assert!(state.kept_rules(&new.to_json(), NOW).is_some());
    assert_eq!(state.kept_rules(&new.to_json(), late), None);
    assert_eq!(state.rules_version(), Some(2));
}
