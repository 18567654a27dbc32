//! Lists of rules for the sensors of phones (`spec/rule-lists.md`): operators publish them, this server signs them,
//! phones fetch them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use model::Timestamp;
use protocol::rule_list::{RuleDelta, RuleEntry, RuleKind, RuleList, RuleListHead};
use records::{Actor, AuditEntry, Command, Outcome, PublishRules, RuleListRow};

use crate::{Security, SecurityError, security::TRIES_MAX};

/// How old this server's copy of the latest list may be.
const COPY_AGE_MS_MAX: i64 = 2_000;
/// The longest that a list is good.
pub const RULE_LIST_DAYS_MAX: u16 = 366;
const DAY_S: i64 = 86_400;

/// This server's copy of the latest list, and the deltas to it that were asked for.
#[derive(Default)]
pub(crate) struct RulesCopy(RwLock<Option<Copied>>);

#[derive(Clone)]
struct Copied {
    at: Timestamp,
    latest: Option<Arc<Latest>>,
}

struct Latest {
    row: RuleListRow,
    list: RuleList,
    /// By the version that they lead from: none where there is no way from it. As many as lists are kept.
    deltas: Mutex<HashMap<u32, Option<Arc<[u8]>>>>,
}

/// What a phone is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedRules {
    /// The version that the phone has afterwards.
    pub version: u32,
    /// The version that a delta leads from; none for a whole list.
    pub from: Option<u32>,
    /// The list, or the delta, JSON.
    pub body: Arc<[u8]>,
}

/// What an operator wants to be looked for: values by kind.
pub type Wanted = BTreeMap<RuleKind, Vec<String>>;

impl Security {
    /// The version of the latest list; none if none was published.
    ///
    /// # Errors
    /// [`SecurityError::Store`], [`SecurityError::Damaged`].
    pub async fn rule_list_version(&self, now: Timestamp) -> Result<Option<u32>, SecurityError> {
        Ok(self.latest_rules(now).await?.map(|latest| latest.row.version))
    }

    /// The latest list; as a delta where the phone has `from` and that is kept. `source` is whoever asks, as far as the
    /// caller can tell, such as an address.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`] if none was published; [`SecurityError::TooManyRequests`]; [`SecurityError::Store`],
    /// [`SecurityError::Damaged`].
    pub async fn serve_rules(
        &self,
        from: Option<u32>,
        source: &str,
        now: Timestamp,
    ) -> Result<ServedRules, SecurityError> {
        if !self.rule_requests.take(source, now) {
            return Err(SecurityError::TooManyRequests);
        }
        let latest = self.latest_rules(now).await?.ok_or(SecurityError::NotFound("rule list"))?;
        let version = latest.row.version;
        if let Some(from) = from.filter(|from| (1..version).contains(from))
            && let Some(body) = self.delta(&latest, from).await?
        {
            return Ok(ServedRules { version, from: Some(from), body });
        }
        Ok(ServedRules { version, from: None, body: latest.row.list.clone().into() })
    }

    async fn delta(&self, latest: &Latest, from: u32) -> Result<Option<Arc<[u8]>>, SecurityError> {
        let known = |deltas: &Mutex<HashMap<u32, Option<Arc<[u8]>>>>| {
            deltas.lock().unwrap_or_else(PoisonError::into_inner).get(&from).cloned()
        };
        if latest.row.version.saturating_sub(from) >= records::RULE_LISTS_KEPT {
            return Ok(None);
        }
        if let Some(known) = known(&latest.deltas) {
            return Ok(known);
        }
        let made = match self.store.rule_list(from).await? {
            None => None,
            Some(row) => {
                let old = RuleList::from_kept(&row.list).map_err(|_| SecurityError::Damaged("rule list"))?;
                let delta = RuleDelta::between(&old, &latest.list)?.to_json();
                // A delta that is no shorter helps nobody.
                (delta.len() < latest.row.list.len()).then(|| Arc::from(delta))
            }
        };
        latest.deltas.lock().unwrap_or_else(PoisonError::into_inner).insert(from, made.clone());
        Ok(made)
    }

    /// Signs and publishes a list. What stood in the one before keeps its number. It is good for `days`.
    ///
    /// # Errors
    /// [`SecurityError::BadRules`] for what no list may hold; [`SecurityError::Contended`], [`SecurityError::Store`],
    /// [`SecurityError::Damaged`], [`SecurityError::Request`] if the key store fails.
    pub async fn publish_rules(
        &self,
        wanted: &Wanted,
        days: u16,
        operator: &str,
        now: Timestamp,
    ) -> Result<RuleListHead, SecurityError> {
        if !(1..=RULE_LIST_DAYS_MAX).contains(&days) {
            return Err(SecurityError::BadRules("a list is good for 1 to 366 days".to_owned()));
        }
        for (kind, values) in wanted {
            if let Some(place) = values.iter().position(|value| !kind.takes(value)) {
                let which = place + 1;
                let words = format!("entry {which} of the kind {kind:?} is none of that kind");
                return Err(SecurityError::BadRules(words));
            }
        }
        for _ in 0..TRIES_MAX {
            let last = self.store.latest_rule_list().await?;
            let row = self.next_list(last.as_ref(), wanted, days, now)?;
            let list = RuleList::from_kept(&row.list)?;
            let head = list.head()?;
            let audit = AuditEntry {
                at: now,
                actor: Actor::Operator(operator.to_owned()),
                action: RuleListRow::PUBLISHED.to_owned(),
                subject: RuleListRow::subject(row.version),
                detail: RuleListRow::words(list.entries().len(), head.expires_at),
            };
            let publish = PublishRules { row, audit };
            if self.store.commit(Command::PublishRules(Box::new(publish))).await? == Outcome::Done {
                self.rules.forget();
                return Ok(head);
            }
        }
        Err(SecurityError::Contended)
    }

    fn next_list(
        &self,
        last: Option<&RuleListRow>,
        wanted: &Wanted,
        days: u16,
        now: Timestamp,
    ) -> Result<RuleListRow, SecurityError> {
        let (mut known, mut next_id) = (HashMap::new(), last.map_or(1, |last| last.next_id));
        if let Some(last) = last {
            let list = RuleList::from_kept(&last.list).map_err(|_| SecurityError::Damaged("rule list"))?;
            known = list.entries().iter().map(|one| ((one.kind, one.value.clone()), one.id)).collect();
        }
        let things = wanted.iter().flat_map(|(kind, values)| values.iter().map(|value| (*kind, value)));
        let mut entries: Vec<RuleEntry> = things
            .map(|(kind, value)| {
                let id = known.get(&(kind, value.clone())).copied().unwrap_or_else(|| {
                    next_id = next_id.saturating_add(1);
                    next_id - 1
                });
                RuleEntry { id, kind, value: value.clone() }
            })
            .collect();
        entries.sort_by_key(|entry| entry.id);
        let version = last.map_or(0, |last| last.version).saturating_add(1);
        let times = (now, now.plus_s(i64::from(days) * DAY_S));
        let signer = self.keys.rule_signer();
        let list = RuleListHead::sign(self.keys.realm(), version, times, entries, &*signer);
        let list = list.map_err(|error| match error {
            protocol::error::ProtocolError::Size(_) | protocol::error::ProtocolError::Malformed(_) => {
                SecurityError::BadRules(
                    "a list has at most 2048 entries and 65536 bytes, and nothing twice".to_owned(),
                )
            }
            other => SecurityError::Request(other),
        })?;
        Ok(RuleListRow { version, list: list.to_json(), next_id, published_at: now })
    }

    async fn latest_rules(&self, now: Timestamp) -> Result<Option<Arc<Latest>>, SecurityError> {
        let known = self.rules.look();
        if let Some(known) = &known
            && (0..COPY_AGE_MS_MAX).contains(&now.ms_since(known.at))
        {
            return Ok(known.latest.clone());
        }
        let kept = known.and_then(|known| known.latest);
        let latest = match self.store.latest_rule_list().await? {
            None => None,
            Some(row) if kept.as_ref().is_some_and(|kept| kept.row == row) => kept,
            Some(row) => {
                let list = RuleList::from_kept(&row.list).map_err(|_| SecurityError::Damaged("rule list"))?;
                Some(Arc::new(Latest { row, list, deltas: Mutex::default() }))
            }
        };
        self.rules.keep(Copied { at: now, latest: latest.clone() });
        Ok(latest)
    }
}

impl RulesCopy {
    fn look(&self) -> Option<Copied> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, copied: Copied) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(copied);
    }

    fn forget(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
