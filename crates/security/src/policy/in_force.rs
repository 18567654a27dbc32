//! Which policy holds: the newest that is genuine and whose time has come, taken up from the store while the server
//! runs. A bad one is left out, and the last good one goes on.

use std::{
    ops::Deref,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use model::Timestamp;
use records::{Command, Outcome, Page, PolicyRow};

use super::{Policy, PolicyDocument, PolicyRefusal, SignedPolicy};
use crate::{Security, SecurityError};

/// Policies read at a time.
const PAGE_ROWS: usize = 100;

/// A policy that holds, or held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyInForce {
    /// Its version; 0 for the one of the server's configuration.
    pub version: u32,
    policy: Policy,
}

impl Deref for PolicyInForce {
    type Target = Policy;

    fn deref(&self) -> &Policy {
        &self.policy
    }
}

/// What a look at the store brought.
#[derive(Debug, Default)]
pub struct PolicyNews {
    /// The version that began to hold; none if that is no other than before.
    pub taken_up: Option<u32>,
    /// Stored versions that are not taken, and why; each is told once.
    pub refused: Vec<(u32, PolicyRefusal)>,
}

/// The policies of one server.
pub(crate) struct Policies {
    configured: Arc<PolicyInForce>,
    in_force: RwLock<Arc<PolicyInForce>>,
    read: Mutex<Read>,
}

/// What was read of the store.
#[derive(Default)]
struct Read {
    until: u32,
    /// Those that are genuine and above the one in force, with when they begin to hold.
    coming: Vec<(Timestamp, Arc<PolicyInForce>)>,
}

impl Policies {
    pub(crate) fn new(policy: Policy) -> Self {
        let configured = Arc::new(PolicyInForce { version: 0, policy });
        let in_force = RwLock::new(configured.clone());
        Self { configured, in_force, read: Mutex::default() }
    }

    /// The policy in force.
    pub(crate) fn in_force(&self) -> Arc<PolicyInForce> {
        self.in_force.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn read_until(&self) -> u32 {
        self.read.lock().unwrap_or_else(PoisonError::into_inner).until
    }

    /// Takes over what was read, in the order of versions, and what the time has come for.
    fn take_over(
        &self,
        read: Vec<(u32, Result<PolicyDocument, PolicyRefusal>)>,
        now: Timestamp,
    ) -> PolicyNews {
        let mut known = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let mut news = PolicyNews::default();
        for (version, document) in read {
            // Another look may have been faster.
            if version <= known.until {
                continue;
            }
            known.until = version;
            match document {
                Ok(PolicyDocument { policy, valid_from_ms, .. }) => {
                    known.coming.push((valid_from_ms, Arc::new(PolicyInForce { version, policy })));
                }
                Err(refusal) => news.refused.push((version, refusal)),
            }
        }
        let holds = known.coming.iter().rev().find(|(valid_from, _)| *valid_from <= now);
        if let Some((_, policy)) = holds.cloned() {
            known.coming.retain(|(_, other)| other.version > policy.version);
            news.taken_up = Some(policy.version);
            *self.in_force.write().unwrap_or_else(PoisonError::into_inner) = policy;
        }
        news
    }
}

impl Security {
    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Arc<PolicyInForce> {
        self.policies.in_force()
    }

    /// The policy of the server's configuration, which holds as long as none was activated.
    #[must_use]
    pub fn configured_policy(&self) -> Arc<PolicyInForce> {
        self.policies.configured.clone()
    }

    /// Looks whether another policy holds by now. Call it before the server opens, and every second after.
    ///
    /// # Errors
    /// [`SecurityError::Store`]; what held goes on.
    pub async fn refresh_policy(&self, now: Timestamp) -> Result<PolicyNews, SecurityError> {
        let mut after = self.policies.read_until();
        let mut read = Vec::new();
        loop {
            let rows = self.store.policies(Page::after(after, PAGE_ROWS)).await?;
            let Some(last) = rows.last() else { break };
            after = last.version;
            read.extend(rows.iter().map(|row| (row.version, self.open_policy(row))));
        }
        let news = self.policies.take_over(read, now);
        if news.taken_up.is_some() {
            let policy = self.policy();
            self.activations.set_rate(policy.activation_rate);
            self.activation_codes.set_rate(policy.activation_code_rate);
            self.device_requests.set_rate(policy.device_rate);
        }
        Ok(news)
    }

    /// Stores a signed policy, which holds from the time that it names, on every server of this store.
    ///
    /// # Errors
    /// [`SecurityError::PolicyRefused`] with what is wrong with it; [`SecurityError::Store`].
    pub async fn activate_policy(
        &self,
        signed: &SignedPolicy,
        operator: &str,
        now: Timestamp,
    ) -> Result<PolicyRow, SecurityError> {
        let document = signed.verify(self.keys.realm(), &self.keys.rule_keys())?;
        let text = serde_json::to_string(signed).map_err(|_| SecurityError::Damaged("policy"))?;
        let row = PolicyRow {
            version: document.version,
            valid_from: document.valid_from_ms,
            activated_at: now,
            activated_by: operator.to_owned(),
            signed: text,
        };
        match self.store.commit(Command::ActivatePolicy(Box::new(row.clone()))).await? {
            Outcome::Done => {}
            Outcome::Conflict => {
                let last = self.last_version().await?;
                return Err(PolicyRefusal::Stale { version: row.version, last }.into());
            }
            _ => return Err(SecurityError::Contended),
        }
        self.refresh_policy(now).await?;
        Ok(row)
    }

    /// The last version that was activated; 0 if there is none.
    pub(crate) async fn last_version(&self) -> Result<u32, SecurityError> {
        let mut last = self.policies.read_until();
        loop {
            let rows = self.store.policies(Page::after(last, PAGE_ROWS)).await?;
            match rows.last() {
                Some(row) => last = row.version,
                None => return Ok(last),
            }
        }
    }

    /// The policy of this version, as it holds or held.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`] if there is none; [`SecurityError::PolicyRefused`] if it is not genuine.
    pub async fn policy_of(&self, version: u32) -> Result<Arc<PolicyInForce>, SecurityError> {
        let in_force = self.policy();
        if version == in_force.version {
            return Ok(in_force);
        }
        if version == 0 {
            return Ok(self.configured_policy());
        }
        let row = self.store.policy(version).await?.ok_or(SecurityError::NotFound("policy"))?;
        let policy = self.open_policy(&row)?.policy;
        Ok(Arc::new(PolicyInForce { version, policy }))
    }

    fn open_policy(&self, row: &PolicyRow) -> Result<PolicyDocument, PolicyRefusal> {
        let signed = SignedPolicy::parse(&row.signed)?;
        let document = signed.verify(self.keys.realm(), &self.keys.rule_keys())?;
        let is_in_place = (document.version, document.valid_from_ms) == (row.version, row.valid_from);
        if is_in_place { Ok(document) } else { Err(PolicyRefusal::Misplaced) }
    }
}
