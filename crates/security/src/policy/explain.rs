//! Decisions in words, made again from the facts that were stored with them.

use model::Money;
use protocol::evidence::Evidence;
use records::{DecisionRow, Facts, Ground, Ruling, Window};

use super::{
    Effect, Finding, Policy, Rule,
    condition::{category_name, claimed, level_name, time},
};
use crate::{Security, SecurityError};

/// Why a payment was decided as it was, for operators.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explanation {
    /// What decided: a rule's name, or `evidence_refused`, `limits`, `offline`, `nothing`.
    pub ground: String,
    /// What it came to.
    pub ruling: Ruling,
    /// Why, one reason a line.
    pub reasons: Vec<String>,
    /// All facts that were known, one a line.
    pub facts: Vec<String>,
    /// What would have decided otherwise.
    pub next: String,
}

impl Policy {
    /// What decided, by name.
    #[must_use]
    pub fn name_of(&self, ground: Ground) -> String {
        match ground {
            Ground::Nothing => "nothing".to_owned(),
            Ground::Evidence => "evidence_refused".to_owned(),
            Ground::Limit => "limits".to_owned(),
            Ground::Offline => "offline".to_owned(),
            Ground::Rule(place) => {
                let rule = self.rules.named_by(ground);
                rule.map_or_else(|| format!("rule {}", u16::from(place) + 1), |rule| rule.name.clone())
            }
        }
    }

    /// Why what stands at `ground` speaks to a payment, one reason a line.
    #[must_use]
    pub fn reasons(&self, ground: Ground, amount: Money, facts: &Facts) -> Vec<String> {
        let evidence = Evidence::from_bits_retain(facts.evidence);
        match ground {
            Ground::Nothing => vec!["nothing in the policy speaks against it".to_owned()],
            Ground::Evidence => {
                let refused = claimed(evidence.intersection(self.evidence_refused).bits());
                vec![format!("the phone claims {refused}, which is refused whatever the amount")]
            }
            Ground::Limit => {
                let limit = self.limit_minor(amount.currency, facts.level, facts.is_bound, evidence);
                let (level, limit) = (level_name(facts.level), Money::new(limit, amount.currency));
                let bound = if facts.is_bound { "bound" } else { "not bound" };
                let clean = if evidence.is_clean() { "clean" } else { "doubtful" };
                vec![format!(
                    "the amount is {amount}; a {level} phone may pay {limit} with a code that is {bound} to the till \
                     and {clean} evidence"
                )]
            }
            Ground::Offline => {
                let (offline, most) = (time(facts.offline_s), self.offline_days_max);
                vec![format!("the phone was last heard of {offline} ago; {most} days are allowed")]
            }
            Ground::Rule(_) => self.rules.named_by(ground).map_or_else(
                || vec!["the policy that decided has no such rule any more".to_owned()],
                |rule| rule.reasons(amount, facts),
            ),
        }
    }

    /// A finding in one line: what, by which rule, and why.
    #[must_use]
    pub fn words(&self, finding: Finding, amount: Money, facts: &Facts) -> String {
        let reasons = self.reasons(finding.ground, amount, facts).join("; ");
        format!("{} by {}: {reasons}", finding.ruling.name(), self.name_of(finding.ground))
    }

    fn explain(&self, ground: Ground, ruling: Ruling, amount: Money, facts: &Facts) -> Explanation {
        let next = self.decide_without(ground, amount, facts);
        Explanation {
            ground: self.name_of(ground),
            ruling,
            reasons: self.reasons(ground, amount, facts),
            facts: fact_lines(amount, facts),
            next: self.words(next, amount, facts),
        }
    }
}

impl Rule {
    fn reasons(&self, amount: Money, facts: &Facts) -> Vec<String> {
        let mut reasons = self.when.words(amount, facts);
        if reasons.is_empty() {
            reasons.push("the rule is for every payment".to_owned());
        }
        if let Effect::Cap(caps) = &self.then {
            reasons.push(format!("the rule caps at {}; the amount is {amount}", caps.words(amount.currency)));
        }
        reasons
    }
}

impl Security {
    /// Why a payment was decided as it was, by the policy that decided.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`] if that policy is gone; [`SecurityError::PolicyRefused`] if it is not genuine;
    /// [`SecurityError::Store`].
    pub async fn explain(&self, amount: Money, row: &DecisionRow) -> Result<Explanation, SecurityError> {
        let policy = self.policy_of(row.policy_version).await?;
        Ok(policy.explain(row.ground, row.ruling, amount, &row.facts))
    }
}

fn fact_lines(amount: Money, facts: &Facts) -> Vec<String> {
    let mut lines = vec![
        format!("amount {amount}"),
        format!("level {}, proved {} before", level_name(facts.level), time(facts.attested_s)),
        format!("claimed evidence {}", claimed(facts.evidence)),
        format!("last heard of {} before", time(facts.offline_s)),
        format!("method of {}", facts.provider),
        format!("merchant category {}", category_name(facts.category)),
        format!("code {}bound to the till", if facts.is_bound { "" } else { "not " }),
    ];
    for (window, spent) in Window::ALL.into_iter().zip(facts.lately.into_iter().flatten()) {
        let sum = Money::new(spent.sum_minor, amount.currency);
        lines.push(format!("before it in one {}: {} payments, {sum}", window.name(), spent.payments));
    }
    lines
}
