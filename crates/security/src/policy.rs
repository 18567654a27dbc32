//! The tables that decide how much is trusted: plain numbers and rules, read from JSON, nothing clever.
//!
//! Every number has a default, so a file names only what it changes. Whoever changes policy changes no code.

mod amounts;
mod condition;
mod decide;
mod document;
mod explain;
mod in_force;
mod rules;
mod trial;

pub use amounts::Amounts;
pub use condition::{Category, Claims, Condition, Conditions};
pub use decide::{Decided, Finding};
pub use document::{DOCUMENT_BYTES_MAX, PolicyDocument, PolicyRefusal, SignedPolicy};
pub use explain::Explanation;
pub(crate) use in_force::Policies;
pub use in_force::{PolicyInForce, PolicyNews};
pub use rules::{DeclineAs, Effect, RULES_MAX, Rule, Rules};
pub use trial::{Difference, Example, Recorded, Trial, TrialReport};

use std::collections::BTreeMap;

use model::Currency;
use protocol::{evidence::Evidence, key_bundle::DisplayLimits};
use records::TrustLevel;
use serde::{Deserialize, Serialize};

/// What security management allows. JSON; names not given keep their default, unknown names are refused.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Wrong PINs that end a round; 3. At least 1.
    pub pin_failures_max: u8,
    /// Rounds of wrong PINs; 1. The last one locks the enrolment.
    pub pin_rounds: u8,
    /// Seconds to wait after each round but the last, before a PIN is looked at again; the last number holds for all
    /// further rounds. 60, 300, 3 600.
    pub pin_round_waits_s: Vec<u32>,
    /// Devices that a customer may have at once, locked ones included; 5.
    pub devices_max: u8,
    /// How long after its making a code is accepted, by the corrected clock; 120.
    pub code_age_s_max: u32,
    /// How far in the future a code may be dated, by the corrected clock; 30.
    pub code_ahead_s_max: u32,
    /// How long after a PIN change the PIN before it stays good for codes under way; 300.
    pub previous_pin_s: u32,
    /// A second code with the same counter within this time of the first's use is a clone at once; 150.
    pub fork_window_s: u32,
    /// Days after the last authenticated exchange at which [`Policy::offline`] begins to hold; 7.
    pub offline_days_max: u16,
    /// What happens to codes of devices that were offline for longer; they are declined.
    pub offline: OfflineRule,
    /// Claimed evidence that is refused outright, whatever the amount: debugger, hooking, tampered app, malware.
    pub evidence_refused: Evidence,
    /// The most that one payment may be, by currency and trust. A currency that is not here is not paid in.
    pub limits: BTreeMap<Currency, TrustLimits>,
    /// How far a device's clock may be off and still be followed; 86 400.
    pub clock_offset_s_max: u32,
    /// How far one exchange may move the learned offset; 3 600. The first exchange, at activation, is free.
    pub clock_step_s_max: u32,
    /// How old or new a signed online request may be, by the corrected clock; 300.
    pub request_age_s_max: u32,
    /// How long an activation code may be used; 86 400.
    pub activation_code_s: u32,
    /// How long an activation challenge may be used; 300.
    pub challenge_s: u32,
    /// How long the code may be used that a phone is given for the one that takes its place; 600.
    pub move_code_s: u32,
    /// How long a customer may take to approve a payment on the phone, seconds.
    pub approval_s: u32,
    /// How long a device certificate is valid; 730.
    pub certificate_days: u16,
    /// How long after its certificate's end a device may still renew it; 30.
    pub certificate_grace_days: u16,
    /// How long an answer about certificates may be relied on; 3 600.
    pub certificate_status_s: u32,
    /// How long a key bundle is valid; 30.
    pub bundle_days: u16,
    /// Methods that a customer may have at once, those still to be proved included; 20.
    pub methods_max: u8,
    /// How long a method may stay unproved; 3 600.
    pub method_proof_s: u32,
    /// What the phone is told about showing codes.
    pub display: DisplayRule,
    /// How often one source may ask for a challenge or an activation.
    pub activation_rate: Rate,
    /// How often one activation code may be tried.
    pub activation_code_rate: Rate,
    /// How often one device may send signed requests.
    pub device_rate: Rate,
    /// What else is asked of payments, and what follows; nothing.
    pub rules: Rules,
    /// How often one source may ask how certificates stand.
    pub certificate_status_rate: Rate,
}

/// What happens to a code whose device was offline for too long.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OfflineRule {
    /// It is declined.
    Decline,
    /// It is declined above these minor units, by currency; currencies not named are declined.
    Cap(BTreeMap<Currency, i64>),
}

/// The most that one payment may be in one currency, by how well the device keeps its keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustLimits {
    /// Keys in attested hardware.
    pub hardware: Limits,
    /// Keys in the app's own vault.
    pub software: Limits,
    /// Keys in a browser.
    pub browser: Limits,
}

/// Minor units, by whether the code is bound to the till and whether the claimed evidence is clean. Small
/// unbound limits are how a realm asks for the till's number above an amount.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Bound to the till, sensors ran and saw nothing.
    pub bound_clean_minor: i64,
    /// Bound to the till, evidence missing, stale or bad.
    pub bound_doubtful_minor: i64,
    /// Bound to no till, sensors ran and saw nothing.
    pub unbound_clean_minor: i64,
    /// Bound to no till, evidence missing, stale or bad.
    pub unbound_doubtful_minor: i64,
}

/// How long codes are shown, as told to phones in the key bundle.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DisplayRule {
    /// How long one code is shown; 60.
    pub code_s: u16,
    /// How often a code may be renewed without the PIN; 3.
    pub renewals_max: u16,
    /// How long codes may be shown altogether after one PIN entry; 180.
    pub total_s_max: u16,
}

/// A token bucket: `burst` at once, then one more each `refill_ms`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many may come at once.
    pub burst: u32,
    /// Milliseconds until one more may come.
    pub refill_ms: u32,
}

/// No policy lets a code live longer than this, seconds: whoever sees one could use it for as long.
const CODE_AGE_S_MAX: u32 = 600;
/// No clock is followed further, seconds (`spec/payment-code.md`, chapter 9).
const CLOCK_OFFSET_S_MAX: u32 = 86_400;
/// Nobody waits longer for the next round of PINs, seconds.
const PIN_WAIT_S_MAX: u32 = 86_400;
/// A day, seconds.
const DAY_S: u32 = 86_400;
/// Requests and challenges are remembered for about as long as they may be used.
const REQUEST_AGE_S_MAX: u32 = 3_600;

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PolicyFault(pub(crate) String);

impl Policy {
    /// The most that one payment of this trust may be; 0 in a currency that policy does not name.
    #[must_use]
    pub fn limit_minor(&self, currency: Currency, level: TrustLevel, bound: bool, evidence: Evidence) -> i64 {
        let Some(by_level) = self.limits.get(&currency) else { return 0 };
        let limits = match level {
            TrustLevel::Hardware => by_level.hardware,
            TrustLevel::Software => by_level.software,
            TrustLevel::Browser => by_level.browser,
        };
        match (bound, evidence.is_clean()) {
            (true, true) => limits.bound_clean_minor,
            (true, false) => limits.bound_doubtful_minor,
            (false, true) => limits.unbound_clean_minor,
            (false, false) => limits.unbound_doubtful_minor,
        }
    }

    /// Wrong PINs, over all rounds, that lock an enrolment.
    #[must_use]
    pub fn pin_failures_to_lock(&self) -> u8 {
        self.pin_failures_max.saturating_mul(self.pin_rounds)
    }

    /// How long no PIN is looked at after this many wrong ones; none within a round.
    pub(crate) fn pin_wait_s(&self, failures: u8) -> Option<u32> {
        let round = failures.checked_div(self.pin_failures_max)?;
        if round == 0 || !failures.is_multiple_of(self.pin_failures_max) {
            return None;
        }
        let waits_s = &self.pin_round_waits_s;
        waits_s.get(usize::from(round) - 1).or(waits_s.last()).copied()
    }

    /// The limits that phones keep and show.
    #[must_use]
    pub fn display_limits(&self) -> DisplayLimits {
        DisplayLimits {
            display_s: self.display.code_s,
            renewals_max: self.display.renewals_max,
            display_total_s_max: self.display.total_s_max,
            offline_days_max: self.offline_days_max,
        }
    }

    /// Refuses numbers that would take a guard away without saying so.
    pub(crate) fn check(&self) -> Result<(), PolicyFault> {
        let rates =
            [self.activation_rate, self.activation_code_rate, self.device_rate, self.certificate_status_rate];
        let faults = [
            (self.pin_failures_max == 0, "pin_failures_max must be at least 1"),
            (self.pin_failures_max > 10, "pin_failures_max must be at most 10"),
            (!(1..=10).contains(&self.pin_rounds), "pin_rounds may be 1 to 10"),
            (
                self.pin_rounds > 1 && self.pin_round_waits_s.is_empty(),
                "pin_round_waits_s must name a wait where there are several rounds",
            ),
            (self.pin_round_waits_s.len() > 10, "pin_round_waits_s may name at most 10 waits"),
            (
                !self.pin_round_waits_s.iter().all(|wait_s| (1..=PIN_WAIT_S_MAX).contains(wait_s)),
                "a wait in pin_round_waits_s may be 1 to 86400",
            ),
            (self.devices_max == 0, "devices_max must be at least 1"),
            (self.certificate_status_s > DAY_S, "certificate_status_s must be at most 86400"),
            (!(1..=DAY_S).contains(&self.move_code_s), "move_code_s may be 1 to 86400"),
            (!(15..=300).contains(&self.approval_s), "approval_s may be 15 to 300"),
            (self.methods_max == 0, "methods_max must be at least 1"),
            (self.certificate_days == 0, "certificate_days must be at least 1"),
            (self.bundle_days == 0, "bundle_days must be at least 1"),
            (
                !self.limits.values().all(TrustLimits::less_trust_allows_no_more),
                "limits must not rise as trust falls: browser, software, hardware; doubtful, clean; unbound, bound",
            ),
            (!(1..=CODE_AGE_S_MAX).contains(&self.code_age_s_max), "code_age_s_max may be 1 to 600"),
            (self.code_ahead_s_max > CODE_AGE_S_MAX, "code_ahead_s_max must be at most 600"),
            (self.clock_offset_s_max > CLOCK_OFFSET_S_MAX, "clock_offset_s_max must be at most 86400"),
            (
                !(1..=REQUEST_AGE_S_MAX).contains(&self.request_age_s_max),
                "request_age_s_max may be 1 to 3600",
            ),
            (!(1..=REQUEST_AGE_S_MAX).contains(&self.challenge_s), "challenge_s may be 1 to 3600"),
            (rates.iter().any(|rate| rate.burst == 0), "a rate's burst must be at least 1"),
            (rates.iter().any(|rate| rate.refill_ms == 0), "a rate's refill_ms must be at least 1"),
        ];
        let fault = faults.iter().find(|(wrong, _)| *wrong).map(|(_, what)| (*what).to_owned());
        fault.or_else(|| self.rules.fault()).map_or(Ok(()), |what| Err(PolicyFault(what)))
    }
}

impl Default for Policy {
    fn default() -> Self {
        let limits = TrustLimits {
            hardware: Limits::of(100_000, 30_000, 30_000, 10_000),
            software: Limits::of(50_000, 15_000, 20_000, 5_000),
            browser: Limits::of(20_000, 5_000, 10_000, 2_000),
        };
        Self {
            pin_failures_max: 3,
            pin_rounds: 1,
            pin_round_waits_s: vec![60, 300, 3_600],
            devices_max: 5,
            code_age_s_max: 120,
            code_ahead_s_max: 30,
            previous_pin_s: 300,
            fork_window_s: 150,
            offline_days_max: 7,
            offline: OfflineRule::Decline,
            evidence_refused: Evidence::DEBUGGER
                .union(Evidence::HOOKING)
                .union(Evidence::TAMPERED_APP)
                .union(Evidence::MALWARE),
            limits: BTreeMap::from([(Currency::CHF, limits), (Currency::EUR, limits)]),
            clock_offset_s_max: 86_400,
            clock_step_s_max: 3_600,
            request_age_s_max: 300,
            activation_code_s: 86_400,
            challenge_s: 300,
            move_code_s: 600,
            approval_s: 90,
            certificate_days: 730,
            certificate_grace_days: 30,
            certificate_status_s: 3_600,
            bundle_days: 30,
            methods_max: 20,
            method_proof_s: 3_600,
            display: DisplayRule::default(),
            activation_rate: Rate { burst: 20, refill_ms: 3_000 },
            activation_code_rate: Rate { burst: 10, refill_ms: 30_000 },
            device_rate: Rate { burst: 60, refill_ms: 500 },
            rules: Rules::default(),
            certificate_status_rate: Rate { burst: 60, refill_ms: 1_000 },
        }
    }
}

impl TrustLimits {
    /// Whether nothing that lowers trust raises a limit: what a phone says of itself must never gain it anything.
    fn less_trust_allows_no_more(&self) -> bool {
        let levels = [self.browser, self.software, self.hardware];
        levels.iter().all(|limits| {
            limits.unbound_doubtful_minor <= limits.unbound_clean_minor
                && limits.bound_doubtful_minor <= limits.bound_clean_minor
                && limits.unbound_doubtful_minor <= limits.bound_doubtful_minor
                && limits.unbound_clean_minor <= limits.bound_clean_minor
        }) && levels.is_sorted_by(|less, more| {
            less.unbound_doubtful_minor <= more.unbound_doubtful_minor
                && less.unbound_clean_minor <= more.unbound_clean_minor
                && less.bound_doubtful_minor <= more.bound_doubtful_minor
                && less.bound_clean_minor <= more.bound_clean_minor
        })
    }
}

impl Limits {
    const fn of(bound_clean: i64, bound_doubtful: i64, unbound_clean: i64, unbound_doubtful: i64) -> Self {
        Self {
            bound_clean_minor: bound_clean,
            bound_doubtful_minor: bound_doubtful,
            unbound_clean_minor: unbound_clean,
            unbound_doubtful_minor: unbound_doubtful,
        }
    }
}

impl Default for DisplayRule {
    fn default() -> Self {
        Self { code_s: 60, renewals_max: 3, total_s_max: 180 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_names_only_what_it_changes_and_misspellings_are_refused() {
        let policy: Policy = serde_json::from_str(r#"{"pin_failures_max": 5}"#).unwrap();
        assert_eq!(policy, Policy { pin_failures_max: 5, ..Policy::default() });
        assert!(serde_json::from_str::<Policy>(r#"{"pin_failure_max": 5}"#).is_err());
        let json = serde_json::to_string(&Policy::default()).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), Policy::default());
    }

    #[test]
    fn less_trust_never_allows_more() {
        let policy = Policy::default();
        let clean = Evidence::SENSORS_RAN;
        for currency in [Currency::CHF, Currency::EUR] {
            let limit = |level, bound, evidence| policy.limit_minor(currency, level, bound, evidence);
            for bound in [true, false] {
                for evidence in [clean, Evidence::empty()] {
                    let by_level = [TrustLevel::Browser, TrustLevel::Software, TrustLevel::Hardware]
                        .map(|level| limit(level, bound, evidence));
                    assert!(by_level.is_sorted());
                }
            }
            for level in [TrustLevel::Browser, TrustLevel::Software, TrustLevel::Hardware] {
                assert!(limit(level, false, clean) <= limit(level, true, clean));
                for evidence in 0..=u16::MAX {
                    let evidence = Evidence::from_bits_retain(evidence);
                    assert!(limit(level, true, evidence) <= limit(level, true, clean));
                }
            }
        }
        assert_eq!(policy.limit_minor("JPY".parse().unwrap(), TrustLevel::Hardware, true, clean), 0);
    }

    #[test]
    fn numbers_that_take_a_guard_away_are_refused() {
        assert_eq!(Policy::default().check(), Ok(()));
        assert!(Policy { pin_failures_max: 0, ..Policy::default() }.check().is_err());
        let none = Rate { burst: 0, refill_ms: 1 };
        assert!(Policy { device_rate: none, ..Policy::default() }.check().is_err());
        for wrong in [
            r#"{"code_age_s_max": 86400}"#,
            r#"{"code_ahead_s_max": 4294967295}"#,
            r#"{"clock_offset_s_max": 86401}"#,
            r#"{"request_age_s_max": 4294967295}"#,
            r#"{"challenge_s": 0}"#,
            r#"{"pin_rounds": 0}"#,
            r#"{"pin_rounds": 11}"#,
            r#"{"pin_rounds": 2, "pin_round_waits_s": []}"#,
            r#"{"pin_round_waits_s": [0]}"#,
            r#"{"pin_round_waits_s": [86401]}"#,
            r#"{"devices_max": 0}"#,
            r#"{"move_code_s": 0}"#,
            r#"{"approval_s": 301}"#,
            r#"{"certificate_status_s": 86401}"#,
        ] {
            assert!(serde_json::from_str::<Policy>(wrong).unwrap().check().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_round_of_wrong_pins_makes_wait_and_the_last_wait_holds_for_all_further_ones() {
        let policy = Policy {
            pin_failures_max: 4,
            pin_rounds: 4,
            pin_round_waits_s: vec![60, 300],
            ..Policy::default()
        };
        assert_eq!(policy.pin_failures_to_lock(), 16);
        let waits: Vec<_> = (1..16).map(|failures| policy.pin_wait_s(failures)).collect();
        let wait_after = |failures: usize| waits[failures - 1];
        assert_eq!([4, 8, 12].map(wait_after), [Some(60), Some(300), Some(300)]);
        assert!((1..16).filter(|failures| failures % 4 != 0).all(|failures| wait_after(failures).is_none()));
        assert_eq!(Policy::default().pin_failures_to_lock(), 3);
    }

    #[test]
    fn a_policy_in_which_less_trust_pays_more_is_refused() {
        let with = |change: fn(&mut TrustLimits)| {
            let mut policy = Policy::default();
            policy.limits.values_mut().for_each(change);
            policy.check()
        };
        assert_eq!(with(|_| {}), Ok(()));
        assert!(with(|limits| limits.software.bound_doubtful_minor = 50_001).is_err());
        assert!(with(|limits| limits.hardware.unbound_clean_minor = 100_001).is_err());
        assert!(with(|limits| limits.browser = limits.hardware).is_err());
    }
}
