//! A policy tried on decisions that were recorded: which payments it would have decided otherwise, and why. It changes
//! nothing.

use std::{collections::HashMap, sync::Arc};

use model::{EnrolmentId, Money, PaymentId, Timestamp};
use protocol::verdict::Verdict;
use records::{DecisionRow, Facts, Ruling, Velocity};

use super::{Finding, Policy, PolicyInForce};
use crate::{Security, SecurityError};

/// The most kinds of difference that a report lists; more are counted in the last one.
const DIFFERENCES_MAX: usize = 200;
/// The most examples of one kind.
const EXAMPLES_MAX: usize = 3;

/// A payment as it was decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// Which.
    pub payment: PaymentId,
    /// By which phone.
    pub enrolment: Option<EnrolmentId>,
    /// When it was judged.
    pub at: Timestamp,
    /// How much.
    pub amount: Money,
    /// What was found.
    pub verdict: Verdict,
    /// What policy decided; none if it was not asked.
    pub decision: Option<DecisionRow>,
}

/// A trial under way.
pub struct Trial {
    policy: Policy,
    /// The policies that decided, by version.
    before: HashMap<u32, Option<Arc<PolicyInForce>>>,
    /// What phones paid in the decisions so far, where that was not recorded.
    lately: HashMap<EnrolmentId, Velocity>,
    report: TrialReport,
}

/// What a trial showed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TrialReport {
    /// Decisions that were tried.
    pub tried: u64,
    /// Payments that policy was not asked about, since something else was wrong with them.
    pub undecided: u64,
    /// Decisions that would be the same.
    pub same: u64,
    /// Decisions that would differ.
    pub differing: u64,
    /// Of those, payments that were let through and would not be.
    pub stopped: u64,
    /// Of those, payments that were not let through and would be.
    pub let_through: u64,
    /// Decisions without recorded sums, for which those were taken from the payments tried before them.
    pub sums_derived: u64,
    /// The kinds of difference, most frequent first.
    pub differences: Vec<Difference>,
}

/// Decisions that would differ in the same way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What was decided, and by what: `allow by nothing`.
    pub was: String,
    /// What would be.
    pub would_be: String,
    /// How many.
    pub payments: u64,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// A payment that would be decided otherwise.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Example {
    /// Which.
    pub payment: PaymentId,
    /// When it was judged.
    pub at: Timestamp,
    /// How much.
    pub amount: Money,
    /// Why it would be decided otherwise.
    pub why: String,
}

impl Trial {
    /// Nothing is tried yet.
    #[must_use]
    pub fn new(policy: Policy) -> Self {
        Self { policy, before: HashMap::new(), lately: HashMap::new(), report: TrialReport::default() }
    }

    /// Tries one decision; they come in the order of time. `before` is the policy that decided, if it is known.
    pub fn take(&mut self, recorded: &Recorded, before: Option<&Policy>) {
        let Some(decision) = &recorded.decision else {
            self.report.undecided += 1;
            return;
        };
        self.report.tried += 1;
        let facts = self.with_sums(recorded, decision);
        let finding = self.policy.decide(recorded.amount, &facts);
        if (finding.ruling, finding.verdict) == (decision.ruling, recorded.verdict) {
            self.report.same += 1;
            return;
        }
        self.report.differing += 1;
        match (decision.ruling.lets_pay(), finding.ruling.lets_pay()) {
            (true, false) => self.report.stopped += 1,
            (false, true) => self.report.let_through += 1,
            _ => {}
        }
        self.differ(recorded, decision, before, finding, &facts);
    }

    /// What the trial showed.
    #[must_use]
    pub fn report(mut self) -> TrialReport {
        self.report.differences.sort_by_key(|difference| core::cmp::Reverse(difference.payments));
        self.report
    }

    /// The recorded facts; sums that no rule asked for then are taken from the payments tried so far.
    fn with_sums(&mut self, recorded: &Recorded, decision: &DecisionRow) -> Facts {
        let mut facts = decision.facts.clone();
        let Some(enrolment) = recorded.enrolment.filter(|_| self.policy.rules.ask_for_velocity()) else {
            return facts;
        };
        let Recorded { amount, at, .. } = recorded;
        let lately = self.lately.entry(enrolment).or_insert_with(|| Velocity::nothing(enrolment));
        if facts.lately.is_none() {
            facts.lately = Some(lately.until(*at, amount.currency));
            self.report.sums_derived += 1;
        }
        if decision.ruling.lets_pay() {
            *lately = lately.clone().with(*amount, *at);
        }
        facts
    }

    fn differ(
        &mut self,
        recorded: &Recorded,
        decision: &DecisionRow,
        before: Option<&Policy>,
        finding: Finding,
        facts: &Facts,
    ) {
        let name =
            before.map_or_else(|| format!("{:?}", decision.ground), |before| before.name_of(decision.ground));
        let was = kind(decision.ruling, recorded.verdict, &name);
        let would_be = kind(finding.ruling, finding.verdict, &self.policy.name_of(finding.ground));
        let all = &mut self.report.differences;
        let found = all.iter().position(|one| one.was == was && one.would_be == would_be);
        let place = found.unwrap_or_else(|| {
            if all.len() < DIFFERENCES_MAX {
                all.push(Difference { was, would_be, payments: 0, examples: Vec::new() });
            } else if let Some(last) = all.last_mut() {
                (last.was, last.would_be) = ("others".to_owned(), "otherwise".to_owned());
            }
            all.len() - 1
        });
        let difference = &mut all[place];
        difference.payments += 1;
        if difference.examples.len() < EXAMPLES_MAX {
            difference.examples.push(Example {
                payment: recorded.payment,
                at: recorded.at,
                amount: recorded.amount,
                why: self.policy.reasons(finding.ground, recorded.amount, facts).join("; "),
            });
        }
    }
}

/// A decision in a few words.
fn kind(ruling: Ruling, verdict: Verdict, name: &str) -> String {
    let told = if verdict.is_ok() { String::new() } else { format!(" ({verdict})") };
    format!("{}{told} by {name}", ruling.name())
}

impl Security {
    /// Tries `policy` on these decisions, in the order of time.
    ///
    /// # Errors
    /// [`SecurityError::Store`].
    pub async fn try_policy(
        &self,
        policy: Policy,
        mut recorded: Vec<Recorded>,
    ) -> Result<TrialReport, SecurityError> {
        recorded.sort_by_key(|one| (one.at, one.payment));
        let mut trial = Trial::new(policy);
        for one in &recorded {
            let version = one.decision.as_ref().map(|decision| decision.policy_version);
            let before = match version {
                Some(version) => self.policy_before(&mut trial, version).await?,
                None => None,
            };
            trial.take(one, before.as_deref().map(|before| &**before));
        }
        Ok(trial.report())
    }

    /// The policy that decided; one that is gone, or not genuine, is told by its number.
    async fn policy_before(
        &self,
        trial: &mut Trial,
        version: u32,
    ) -> Result<Option<Arc<PolicyInForce>>, SecurityError> {
        if let Some(known) = trial.before.get(&version) {
            return Ok(known.clone());
        }
        let found = match self.policy_of(version).await {
            Ok(policy) => Some(policy),
            Err(SecurityError::NotFound(_) | SecurityError::PolicyRefused(_)) => None,
            Err(error) => return Err(error),
        };
        trial.before.insert(version, found.clone());
        Ok(found)
    }
}
