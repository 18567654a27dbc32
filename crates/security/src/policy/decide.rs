//! The decision: a pure function of a policy, an amount and facts.
//!
//! Everything in the policy that speaks to the payment is looked at; the most severe counts, and of equals the first:
//! claimed evidence, limit, time offline, then the rules in their order. So a rule that is added never makes a policy
//! milder, and a phone that claims worse of itself never gains anything.

use model::{Currency, Money};
use protocol::{evidence::Evidence, verdict::Verdict};
use records::{Facts, Ground, Ruling};

use super::{DeclineAs, Effect, OfflineRule, Policy, Rule};

/// One thing in a policy that speaks to a payment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Which.
    pub ground: Ground,
    /// What it comes to.
    pub ruling: Ruling,
    /// The verdict that says so to the phone; [`Verdict::Ok`] if the payment goes on.
    pub verdict: Verdict,
}

/// What was decided, with the facts that it was decided from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decided {
    /// The finding that counts.
    pub finding: Finding,
    /// The facts.
    pub facts: Facts,
}

const DAY_S: u64 = 86_400;

impl Policy {
    /// What counts: the most severe finding, the first of equals.
    #[must_use]
    pub fn decide(&self, amount: Money, facts: &Facts) -> Finding {
        most_severe(self.findings(amount, facts))
    }

    /// What would count if the finding of `ground` were not there.
    #[must_use]
    pub fn decide_without(&self, ground: Ground, amount: Money, facts: &Facts) -> Finding {
        most_severe(self.findings(amount, facts).filter(|finding| finding.ground != ground))
    }

    /// All that speaks to the payment, in the policy's order.
    fn findings<'a>(&'a self, amount: Money, facts: &'a Facts) -> impl Iterator<Item = Finding> + 'a {
        let evidence = Evidence::from_bits_retain(facts.evidence);
        let limit_minor = self.limit_minor(amount.currency, facts.level, facts.is_bound, evidence);
        let fixed = [
            (evidence.intersects(self.evidence_refused), Ground::Evidence, Verdict::EvidenceRefused),
            (!(1..=limit_minor).contains(&amount.amount_minor), Ground::Limit, Verdict::LimitExceeded),
            (self.is_offline_too_long(amount, facts), Ground::Offline, Verdict::OfflineTooLong),
        ];
        let fixed = fixed.into_iter().filter(|(speaks, ..)| *speaks);
        let fixed = fixed.map(|(_, ground, verdict)| Finding { ground, ruling: Ruling::Decline, verdict });
        let matching = self.rules.iter().filter(move |(_, rule)| rule.matches(amount, facts));
        fixed.chain(matching.map(move |(ground, rule)| rule.then.finding(ground, amount)))
    }

    fn is_offline_too_long(&self, amount: Money, facts: &Facts) -> bool {
        if facts.offline_s <= u64::from(self.offline_days_max) * DAY_S {
            return false;
        }
        let cap_minor =
            |caps: &std::collections::BTreeMap<Currency, i64>| caps.get(&amount.currency).copied();
        match &self.offline {
            OfflineRule::Decline => true,
            OfflineRule::Cap(caps) => cap_minor(caps).is_none_or(|most| amount.amount_minor > most),
        }
    }
}

/// Nothing spoke against it.
const NOTHING: Finding = Finding { ground: Ground::Nothing, ruling: Ruling::Allow, verdict: Verdict::Ok };

fn most_severe(findings: impl Iterator<Item = Finding>) -> Finding {
    findings.fold(NOTHING, |most, finding| {
        let is_more = finding.ruling > most.ruling || most.ground == Ground::Nothing;
        if is_more { finding } else { most }
    })
}

impl Rule {
    /// Whether the payment is as the rule asks.
    #[must_use]
    pub fn matches(&self, amount: Money, facts: &Facts) -> bool {
        let is_excepted = self.unless.as_ref().is_some_and(|unless| unless.hold(amount, facts));
        self.when.hold(amount, facts) && !is_excepted
    }
}

impl Effect {
    fn finding(&self, ground: Ground, amount: Money) -> Finding {
        let (ruling, verdict) = match self {
            Self::Allow => (Ruling::Allow, Verdict::Ok),
            Self::Cap(caps) => match caps.of(amount.currency) {
                Some(most) if amount.amount_minor <= most => (Ruling::Cap, Verdict::Ok),
                _ => (Ruling::Decline, Verdict::LimitExceeded),
            },
            Self::Approve => (Ruling::Approve, Verdict::ApprovalNeeded),
            Self::Decline(as_what) => (Ruling::Decline, as_what.verdict()),
            Self::Lock => (Ruling::Lock, Verdict::EnrolmentLocked),
        };
        Finding { ground, ruling, verdict }
    }
}

impl DeclineAs {
    const fn verdict(self) -> Verdict {
        match self {
            Self::PolicyRefused => Verdict::PolicyRefused,
            Self::LimitExceeded => Verdict::LimitExceeded,
            Self::EvidenceRefused => Verdict::EvidenceRefused,
            Self::OfflineTooLong => Verdict::OfflineTooLong,
        }
    }
}
