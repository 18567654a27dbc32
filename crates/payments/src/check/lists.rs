//! Invariant 7 for lists of rules for sensors: those that phones may still have are what the audit trail says was published,
//! each signed, following from the one before, and a delta leads from each to the next.

use super::policies::Told;
use super::{Report, SignedBy};
use crate::PaymentError;
use protocol::error::ProtocolError;
use protocol::rule_list::{RuleDelta, RuleEntry, RuleList, RuleListTrust};
use records::{AuditEntry, Queries, RULE_LISTS_KEPT, RuleListRow};

/// A list as it stands, and what is in it.
struct Good {
    row: RuleListRow,
    list: RuleList,
}

/// Reads the lists that are kept, the oldest first, and compares them with what the audit trail told of them.
pub(super) async fn check(
    store: &dyn Queries,
    signed_by: &SignedBy,
    published: &[AuditEntry],
    told: Told,
    report: &mut Report,
) -> Result<(), PaymentError> {
    if told == Told::New && published.is_empty() {
        return Ok(());
    }
    let told_last = published.iter().filter_map(|entry| RuleListRow::version_in(&entry.subject)).max();
    let stored_last = store.latest_rule_list().await?.map(|row| row.version);
    let Some(last) = told_last.max(stored_last) else { return Ok(()) };
    let mut before = None;
    for version in last.saturating_sub(RULE_LISTS_KEPT - 1).max(1)..=last {
        let mut wrong = |what: String| report.wrong(7, format!("rule list {version}"), what);
        let Some(row) = store.rule_list(version).await? else {
            wrong("it is gone".to_owned());
            before = None;
            continue;
        };
        before = match read(row, version, before.as_ref(), signed_by) {
            Ok(good) => {
                let of = |entry: &&AuditEntry| entry.subject == RuleListRow::subject(version);
                let entry = published.iter().find(of);
                if entry.is_none() && told == Told::All {
                    wrong("the audit trail does not say that it was published".to_owned());
                }
                let head = good.list.head().ok();
                let words = head.map(|head| RuleListRow::words(good.list.entries().len(), head.expires_at));
                if entry.is_some_and(|entry| Some(&entry.detail) != words.as_ref()) {
                    wrong("the audit trail says that another one was published".to_owned());
                }
                Some(good)
            }
            Err(what) => {
                wrong(what);
                None
            }
        };
        report.rows += 1;
    }
    Ok(())
}

/// What is wrong with a list that stands at `version`, after the one before if that is good.
fn read(row: RuleListRow, version: u32, before: Option<&Good>, signed_by: &SignedBy) -> Result<Good, String> {
    let unfit = |error: ProtocolError| error.to_string();
    let SignedBy { realm, rule_keys: keys, .. } = signed_by;
    let trust = RuleListTrust { keys, realm, at: row.published_at, last_version: 0 };
    let list = RuleList::verify(&row.list, &trust).map_err(unfit)?;
    let head = list.head().map_err(unfit)?;
    if row.version != version || head.list_version != version {
        return Err(format!("its row is version {}, what was signed is {}", row.version, head.list_version));
    }
    if head.issued_at != row.published_at {
        return Err("it was signed at another time than it was published".to_owned());
    }
    if list.entries().last().is_some_and(|entry| entry.id >= row.next_id) {
        return Err("an entry has a number that was not given yet".to_owned());
    }
    if let Some(before) = before {
        if row.next_id < before.row.next_id {
            return Err("numbers of entries went back".to_owned());
        }
        let is_foreign = |entry: &&RuleEntry| {
            let known = before.list.entries();
            match known.binary_search_by_key(&entry.id, |known| known.id) {
                Ok(at) => known[at] != **entry,
                Err(_) => entry.id < before.row.next_id,
            }
        };
        if let Some(entry) = list.entries().iter().find(is_foreign) {
            return Err(format!("entry {} has another one's number", entry.id));
        }
        let delta = RuleDelta::between(&before.list, &list).map_err(unfit)?.to_json();
        let led_to = RuleDelta::from_json(&delta).and_then(|delta| delta.apply(&before.list, &trust));
        if led_to.as_ref() != Ok(&list) {
            return Err("the delta from the list before does not lead to it".to_owned());
        }
    }
    Ok(Good { row, list })
}
