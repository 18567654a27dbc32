//! Lists of rules for sensors and the deltas between them.

use crate::support::{place, realm, signing_key, with_one_bit_turned};
use crypto::p256::VerifyingKey;
use model::Timestamp;
use protocol::error::ProtocolError;
use protocol::rule_list::{RuleDelta, RuleEntry, RuleList, RuleListHead, RuleListTrust};

const SIGNER: u8 = 7;
/// When the lists of `spec/vectors/rule-lists` are read.
const AT: Timestamp = Timestamp::from_ms(1_800_000_001_000);
const TIMES: (Timestamp, Timestamp) =
    (Timestamp::from_ms(1_800_000_000_000), Timestamp::from_ms(1_807_776_000_000));

/// The input as a list, as a delta from a list, and as the entries of two lists that we sign.
pub fn rule_list(data: &[u8]) {
    if let Ok(list) = verify(data, 0) {
        holds(&list, data);
    }
    let here = sign(1, Vec::new()).expect("nothing is a list");
    if let Ok(delta) = RuleDelta::from_json(data) {
        assert_eq!(RuleDelta::from_json(&delta.to_json()).as_ref(), Ok(&delta));
        if let Ok(list) = trusting(0, |trust| delta.apply(&here, trust)) {
            holds(&list, data);
        }
    }
    let Ok(entries) = serde_json::from_slice::<Vec<RuleEntry>>(data) else { return };
    let (first, second) = entries.split_at(place(data, entries.len() + 1));
    let (Ok(old), Ok(new)) = (sign(1, first.to_vec()), sign(2, second.to_vec())) else { return };
    holds(&new, data);
    let delta = RuleDelta::between(&old, &new).expect("what was signed reads");
    assert_eq!(trusting(1, |trust| delta.apply(&old, trust)).as_ref(), Ok(&new));
}

/// A list that was taken is written as it was read, not taken after a later one, and not with a bit turned.
fn holds(list: &RuleList, data: &[u8]) {
    let json = list.to_json();
    assert_eq!(verify(&json, 0).as_ref(), Ok(list));
    assert_eq!(RuleList::from_kept(&json).as_ref(), Ok(list));
    let version = list.head().expect("it was read").list_version;
    if let Some(later) = version.checked_add(1) {
        assert!(verify(&json, later).is_err(), "an older list was taken");
    }
    if let Ok(turned) = verify(&with_one_bit_turned(&json, data), 0) {
        assert_eq!(turned.entries(), list.entries(), "a changed list was taken");
    }
}

fn sign(version: u32, entries: Vec<RuleEntry>) -> Result<RuleList, ProtocolError> {
    RuleListHead::sign(&realm(), version, TIMES, entries, &signing_key(SIGNER))
}

fn verify(bytes: &[u8], last_version: u32) -> Result<RuleList, ProtocolError> {
    trusting(last_version, |trust| RuleList::verify(bytes, trust))
}

fn trusting<T>(last_version: u32, what: impl FnOnce(&RuleListTrust<'_>) -> T) -> T {
    let keys: [VerifyingKey; 1] = [signing_key(SIGNER).verifying_key().clone()];
    what(&RuleListTrust { keys: &keys, realm: &realm(), at: AT, last_version })
}
