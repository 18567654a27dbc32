//! Lists of rules: deltas lead to what was signed, and nothing else is taken.

use super::*;
use crate::{key_bundle::root_key_id, realm::Realm};
use crypto::p256::{SigningKey, VerifyingKey};
use model::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);

fn key(n: u8) -> SigningKey {
    SigningKey::from_scalar(&[n; 32]).unwrap()
}

fn realm() -> Realm {
    Realm::new("shop.example").unwrap()
}

fn entry(id: u32, value: &str) -> RuleEntry {
    RuleEntry { id, kind: RuleKind::Package, value: value.to_owned() }
}

fn list(version: u32, entries: Vec<RuleEntry>) -> RuleList {
    RuleListHead::sign(&realm(), version, (NOW, NOW.plus_s(60)), entries, &key(1)).unwrap()
}

/// Whom a phone trusts at `at`, that has taken `last_version` before.
fn with_trust<T>(at: Timestamp, last_version: u32, what: impl FnOnce(&RuleListTrust<'_>) -> T) -> T {
    let (keys, realm): (Vec<VerifyingKey>, _) = (vec![key(1).verifying_key().clone()], realm());
    what(&RuleListTrust { keys: &keys, realm: &realm, at, last_version })
}

fn verify(list: &RuleList, at: Timestamp, last: u32) -> Result<RuleList, ProtocolError> {
    with_trust(at, last, |trust| RuleList::verify(&list.to_json(), trust))
}

fn change(list: &RuleList, change: impl FnOnce(&mut Value)) -> Result<RuleList, ProtocolError> {
    let mut json: Value = serde_json::from_slice(&list.to_json()).unwrap();
    change(&mut json);
    with_trust(NOW, 0, |trust| RuleList::verify(json.to_string().as_bytes(), trust))
}

#[test]
fn a_list_is_taken_from_who_may_sign_in_its_time_and_not_after_a_later_one() {
    let list = list(3, vec![entry(1, "a"), entry(7, "b")]);
    assert_eq!(verify(&list, NOW, 3), Ok(list.clone()));
    assert_eq!(verify(&list, NOW, 4), Err(ProtocolError::RolledBack(WHAT)));
    assert_eq!(verify(&list, NOW.plus_s(60), 0), Err(ProtocolError::Expired(WHAT)));
    assert_eq!(verify(&list, NOW.plus_s(-301), 0), Err(ProtocolError::Expired(WHAT)));
    assert!(verify(&list, NOW.plus_s(-300), 0).is_ok());
    let times = (NOW, NOW.plus_s(60));
    let stranger = RuleListHead::sign(&realm(), 3, times, Vec::new(), &key(2)).unwrap();
    assert_eq!(verify(&stranger, NOW, 0), Err(ProtocolError::KeyUnknown(WHAT)));
    let named = root_key_id(key(1).verifying_key());
    let forged = change(&stranger, |json| json["head"]["key"] = named.into());
    assert_eq!(forged, Err(ProtocolError::SignatureBad(WHAT)));
    let other = Realm::new("other.example").unwrap();
    let elsewhere = RuleListHead::sign(&other, 3, times, Vec::new(), &key(1)).unwrap();
    assert_eq!(verify(&elsewhere, NOW, 0), Err(ProtocolError::SignatureBad(WHAT)));
}

#[test]
fn entries_are_those_that_were_signed() {
    let list = list(3, vec![entry(1, "a"), entry(7, "b")]);
    let digest = Err(ProtocolError::DigestMismatch(WHAT));
    assert_eq!(change(&list, |json| json["entries"][0]["value"] = "c".into()), digest);
    assert_eq!(change(&list, |json| json["entries"][0]["kind"] = "thread".into()), digest);
    assert_eq!(change(&list, |json| json["entries"][0]["id"] = 2.into()), digest);
    assert_eq!(change(&list, |json| drop(json["entries"].as_array_mut().unwrap().pop())), digest);
    let malformed = Err(ProtocolError::Malformed(WHAT));
    assert_eq!(change(&list, |json| json["more"] = 1.into()), malformed);
    assert_eq!(change(&list, |json| json["entries"].as_array_mut().unwrap().reverse()), malformed);
    let twice = vec![entry(1, "a"), entry(2, "a")];
    let times = (NOW, NOW.plus_s(1));
    assert_eq!(RuleListHead::sign(&realm(), 1, times, twice, &key(1)), malformed);
    assert_eq!(RuleListHead::sign(&realm(), 0, times, Vec::new(), &key(1)), malformed);
    assert_eq!(RuleListHead::sign(&realm(), 1, (NOW, NOW), Vec::new(), &key(1)), malformed);
}

#[test]
fn lists_have_a_size() {
    let sized = |count: u32, len: usize| {
        let entries = (1..=count).map(|id| RuleEntry {
            id,
            kind: RuleKind::Path,
            value: format!("/{id:0width$}", width = len - 1),
        });
        RuleListHead::sign(&realm(), 1, (NOW, NOW.plus_s(1)), entries.collect(), &key(1))
    };
    assert!(sized(2_048, 25).is_ok());
    assert_eq!(sized(2_049, 10), Err(ProtocolError::Size(WHAT)));
    assert_eq!(sized(2_048, 26), Err(ProtocolError::Size(WHAT)));
    let largest = sized(2_048, 25).unwrap();
    assert!(largest.to_json().len() <= RuleList::JSON_LEN_MAX, "{}", largest.to_json().len());
    let long = vec![b' '; RuleList::JSON_LEN_MAX + 1];
    assert_eq!(with_trust(NOW, 0, |trust| RuleList::verify(&long, trust)), Err(ProtocolError::Size(WHAT)));
}

#[test]
fn values_are_of_their_kind() {
    let good = [
        (RuleKind::Package, "com.topjohnwu.magisk"),
        (RuleKind::Path, "/system/xbin/su"),
        (RuleKind::Sha256, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"),
        (RuleKind::Library, "frida-agent-64.so"),
        (RuleKind::Thread, "gum-js-loop"),
        (RuleKind::Port, "27042"),
    ];
    for (kind, value) in good {
        assert!(kind.takes(value), "{kind:?} {value}");
    }
    let bad = [
        (RuleKind::Package, "com.example wallet"),
        (RuleKind::Installer, ""),
        (RuleKind::Path, "su"),
        (RuleKind::Path, "/a\nb"),
        (RuleKind::Sha256, "00112233445566778899AABBCCDDEEFF00112233445566778899aabbccddeeff"),
        (RuleKind::Library, "é"),
        (RuleKind::Port, "0"),
        (RuleKind::Port, "080"),
        (RuleKind::Port, "65536"),
        (RuleKind::Port, "+80"),
    ];
    for (kind, value) in bad {
        assert!(!kind.takes(value), "{kind:?} {value}");
    }
    assert!(RuleKind::ALL.iter().zip(1..).all(|(kind, number)| kind.number() == number));
}

#[test]
fn a_delta_leads_from_its_own_list_only_and_to_what_was_signed() {
    let (first, other) = (list(1, vec![entry(1, "a"), entry(2, "b")]), list(2, vec![entry(1, "a")]));
    let last = list(3, vec![entry(2, "b"), entry(3, "c")]);
    let delta = RuleDelta::between(&first, &last).unwrap();
    let apply = |delta: &RuleDelta, old: &RuleList, last_version| {
        with_trust(NOW, last_version, |trust| delta.clone().apply(old, trust))
    };
    assert_eq!(apply(&delta, &first, 1), Ok(last.clone()));
    let digest = Err(ProtocolError::DigestMismatch(WHAT));
    assert_eq!(apply(&delta, &other, 2), digest);
    assert_eq!(apply(&delta, &first, 4), Err(ProtocolError::RolledBack(WHAT)));
    let bent = |change: &dyn Fn(&mut Value)| {
        let mut json: Value = serde_json::from_slice(&delta.to_json()).unwrap();
        change(&mut json);
        apply(&RuleDelta::from_json(json.to_string().as_bytes()).unwrap(), &first, 1)
    };
    assert_eq!(bent(&|json| json["added"] = json!([])), digest);
    assert_eq!(bent(&|json| json["removed"] = json!([])), digest);
    assert_eq!(bent(&|json| json["removed"] = json!([1, 1])), digest);
    assert_eq!(bent(&|json| json["added"][0]["id"] = 2.into()), digest);
    assert_eq!(bent(&|json| json["added"][0]["value"] = "d".into()), digest);
}

/// Lists of the same realm, one after the other: an entry keeps its number, and a number its entry.
fn lists() -> impl Strategy<Value = Vec<RuleList>> {
    prop::collection::vec(prop::collection::btree_set(1_u32..40, 0..30), 2..8).prop_map(|versions| {
        let entries = |ids: std::collections::BTreeSet<u32>| {
            ids.into_iter().map(|id| entry(id, &format!("app{id}"))).collect()
        };
        versions.into_iter().zip(1..).map(|(ids, version)| list(version, entries(ids))).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_chain_of_deltas_ends_with_the_whole_list(lists in lists(), skipped: Vec<bool>) {
        let mut here = lists[0].clone();
        let stops = lists[1..].iter().zip(skipped.into_iter().chain(std::iter::repeat(false)));
        for (next, is_skipped) in stops {
            if is_skipped && next != lists.last().unwrap() {
                continue;
            }
            let delta = RuleDelta::between(&here, next).unwrap();
            let last_version = here.head().unwrap().list_version;
            let read = RuleDelta::from_json(&delta.to_json()).unwrap();
            here = with_trust(NOW, last_version, |trust| read.apply(&here, trust)).unwrap();
        }
        let whole = lists.last().unwrap();
        prop_assert_eq!(here.to_json(), whole.to_json());
        let kept = RuleList::from_kept(&here.to_json());
        prop_assert_eq!(kept.as_ref(), Ok(whole));
    }
}
