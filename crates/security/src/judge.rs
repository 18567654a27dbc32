//! The judgement on an opened payment code (`spec/payment-code.md`, chapter 9): a pure function of the code,
//! what is known of its enrolment, what the till asks, the time and policy. It knows no store and no keys' holder.

use crypto::p256::VerifyingKey;
use model::{MerchantCategory, Order, PaymentStep, TerminalNumber, Timestamp, Watch};
use protocol::{
    payment_code::{Fields, OpenedCode, PinGeneration, PinKey},
    verdict::Verdict,
};
use records::{Enrolment, EnrolmentStatus, Facts, Lately, LockReason, Method, MethodState, Ruling, Velocity};

use crate::pin::is_blocked;
use crate::policy::{Decided, Policy};

/// What is known of a code's enrolment at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The enrolment as it is stored.
    pub enrolment: Enrolment,
    /// Its device key, parsed.
    pub device_key: VerifyingKey,
    /// The present PIN key.
    pub pin_key: PinKey,
    /// The PIN key before, and until when it is good for codes under way.
    pub previous_pin: Option<PreviousPin>,
    /// What used this counter before.
    pub past_use: Option<PastUse>,
    /// The method in that slot of this enrolment's customer.
    pub method: Option<Method>,
    /// What the merchant sells, where that is known.
    pub category: Option<MerchantCategory>,
    /// What the phone paid lately; none if nothing was counted, or policy does not ask.
    pub velocity: Option<Velocity>,
    /// Whether the app that the phone last said it runs is blocked.
    pub is_app_blocked: bool,
}

/// The PIN before the present one.
#[derive(Clone, Debug)]
pub struct PreviousPin {
    /// Its key.
    pub key: PinKey,
    /// The last moment at which it is good.
    pub valid_until: Timestamp,
}

/// The code that consumed a counter.
#[derive(Clone, Debug)]
pub struct PastUse {
    /// Its hash.
    pub code_hash: [u8; 32],
    /// When.
    pub at: Timestamp,
    /// At which till.
    pub terminal: Option<TerminalNumber>,
}

/// What comes of a code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Judgement {
    /// The first check that failed, or [`Verdict::Ok`].
    pub verdict: Verdict,
    /// Whether the signature was good, so that the enrolment made this code.
    pub is_proved: bool,
    /// Whether the code is consumed by it.
    pub consumes: bool,
    /// The enrolment as it shall be; none if it stays as it is.
    pub enrolment: Option<Enrolment>,
    /// What an operator should know.
    pub alarm: Option<Alarm>,
    /// What policy decided, and from what; none if it was not asked.
    pub decided: Option<Decided>,
}

/// What an operator should know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Alarm {
    /// The same code was shown at another till.
    ReusedElsewhere,
    /// The counter went back without anything else being wrong.
    CounterBehind,
    /// Two codes share a counter: the enrolment must resynchronise.
    CounterFork,
    /// Two codes share a counter, again or at nearly the same time: the enrolment is locked.
    Clone,
    /// The enrolment is locked for wrong PINs.
    PinLocked,
    /// A rule of the policy locked the enrolment.
    PolicyLocked,
}

/// Judges a code. The checks stand in the order of the specification; the first that fails is the verdict.
///
/// `known` is none if there is no such enrolment. `watch` is told when each group of checks ended, and gives nothing
/// back.
#[must_use]
pub fn judge(
    code: &OpenedCode,
    known: Option<&Snapshot>,
    order: &Order,
    now: Timestamp,
    policy: &Policy,
    watch: &dyn Watch,
) -> Judgement {
    // 1, 2: nothing is counted before the device's signature is good, so a stranger can lock nobody out.
    let Some(known) = known else { return Judgement::unproved(Verdict::UnknownEnrolment) };
    if code.verify_signature(&known.device_key).is_err() {
        watch.ended(PaymentStep::Signature, false);
        return Judgement::unproved(Verdict::BadSignature);
    }
    // 3: the counter.
    let counter = judge_counter(code, known, order, now, policy);
    watch.ended(PaymentStep::Signature, counter.is_none());
    if let Some(judgement) = counter {
        return judgement;
    }
    // From here on the code is consumed whatever comes of it.
    let mut enrolment = next_version(&known.enrolment);
    enrolment.counter = code.fields.counter;
    let consumed = |verdict, enrolment, alarm| Judgement {
        verdict,
        is_proved: true,
        consumes: true,
        enrolment: Some(enrolment),
        alarm,
        decided: None,
    };
    // 4, 5: these do not look at the PIN, so a locked enrolment tells nothing about it.
    let app = known.is_app_blocked.then_some(Verdict::AppBlocked);
    let early =
        status_verdict(&known.enrolment, now).or(app).or(time_verdict(&code.fields, known, now, policy));
    if let Some(verdict) = early {
        watch.ended(PaymentStep::Policy, false);
        return consumed(verdict, enrolment, None);
    }
    // 6, 7: both are worked out before either is looked at, so that a wrong PIN takes as long as a right one.
    let pin = check_pin(code, known, now);
    watch.ended(PaymentStep::Pin, matches!(pin, PinCheck::Right { .. }));
    let rest = judge_rest(&code.fields, known, order, now, policy);
    watch.ended(PaymentStep::Policy, rest.verdict.is_ok());
    match pin {
        PinCheck::UnknownGeneration => consumed(Verdict::UnknownPinGeneration, enrolment, None),
        PinCheck::Wrong { counts: false } => consumed(Verdict::WrongPin, enrolment, None),
        PinCheck::Wrong { counts: true } => {
            let alarm = count_wrong_pin(&mut enrolment, now, policy);
            consumed(Verdict::WrongPin, enrolment, alarm)
        }
        PinCheck::Right { counts } => {
            if counts {
                enrolment.pin.failures = 0;
                enrolment.pin.blocked_until = None;
            }
            let locks = rest.decided.as_ref().is_some_and(|decided| decided.finding.ruling == Ruling::Lock);
            if locks {
                enrolment.status = EnrolmentStatus::Locked { reason: LockReason::Policy, since: now };
            }
            let judgement = consumed(rest.verdict, enrolment, locks.then_some(Alarm::PolicyLocked));
            Judgement { decided: rest.decided, ..judgement }
        }
    }
}

impl Judgement {
    /// Nothing was proved, so nothing changes.
    fn unproved(verdict: Verdict) -> Self {
        Self { verdict, is_proved: false, consumes: false, enrolment: None, alarm: None, decided: None }
    }

    /// The device is proved, but its code changes nothing by itself.
    fn unchanged(verdict: Verdict, alarm: Option<Alarm>) -> Self {
        Self { verdict, is_proved: true, consumes: false, enrolment: None, alarm, decided: None }
    }
}

fn next_version(enrolment: &Enrolment) -> Enrolment {
    Enrolment { version: enrolment.version.saturating_add(1), ..enrolment.clone() }
}

fn judge_counter(
    code: &OpenedCode,
    known: &Snapshot,
    order: &Order,
    now: Timestamp,
    policy: &Policy,
) -> Option<Judgement> {
    match &known.past_use {
        Some(past) if past.code_hash == code.code_hash.0 => {
            let elsewhere = past.terminal.is_some_and(|terminal| terminal != order.terminal);
            Some(Judgement::unchanged(Verdict::CounterUsed, elsewhere.then_some(Alarm::ReusedElsewhere)))
        }
        Some(past) => Some(judge_fork(known, past, now, policy)),
        None if code.fields.counter <= known.enrolment.counter => {
            Some(Judgement::unchanged(Verdict::CounterBehind, Some(Alarm::CounterBehind)))
        }
        None => None,
    }
}

/// Two codes of one device share a counter: a restored backup, or a second device with the same keys.
fn judge_fork(known: &Snapshot, past: &PastUse, now: Timestamp, policy: &Policy) -> Judgement {
    let ended = match known.enrolment.status {
        EnrolmentStatus::Revoked { .. } | EnrolmentStatus::Locked { reason: LockReason::Clone, .. } => true,
        EnrolmentStatus::Active | EnrolmentStatus::Unsynchronised { .. } | EnrolmentStatus::Locked { .. } => {
            false
        }
    };
    if ended {
        return Judgement::unchanged(Verdict::CounterFork, Some(Alarm::CounterFork));
    }
    let mut enrolment = next_version(&known.enrolment);
    enrolment.forks = enrolment.forks.saturating_add(1);
    enrolment.last_fork_at = Some(now);
    let at_once = now.ms_since(past.at) <= i64::from(policy.fork_window_s) * 1000;
    let is_clone = enrolment.forks > 1 || at_once;
    if is_clone {
        enrolment.status = EnrolmentStatus::Locked { reason: LockReason::Clone, since: now };
    } else if enrolment.status == EnrolmentStatus::Active {
        // A lock for another reason stays: a fork must not make it weaker.
        enrolment.status = EnrolmentStatus::Unsynchronised { since: now };
    }
    Judgement {
        verdict: Verdict::CounterFork,
        is_proved: true,
        consumes: false,
        enrolment: Some(enrolment),
        alarm: Some(if is_clone { Alarm::Clone } else { Alarm::CounterFork }),
        decided: None,
    }
}

fn status_verdict(enrolment: &Enrolment, now: Timestamp) -> Option<Verdict> {
    match enrolment.status {
        EnrolmentStatus::Locked { .. } | EnrolmentStatus::Revoked { .. } => Some(Verdict::EnrolmentLocked),
        EnrolmentStatus::Unsynchronised { .. } => Some(Verdict::EnrolmentUnsynchronised),
        EnrolmentStatus::Active if enrolment.certificate_not_after <= now => {
            Some(Verdict::CertificateExpired)
        }
        EnrolmentStatus::Active if is_blocked(enrolment, now) => Some(Verdict::EnrolmentLocked),
        EnrolmentStatus::Active => None,
    }
}

fn time_verdict(fields: &Fields, known: &Snapshot, now: Timestamp, policy: &Policy) -> Option<Verdict> {
    let offset_s = Timestamp::from_ms(known.enrolment.clock_offset_ms).s();
    let age_s = now.s().saturating_sub(i64::from(fields.device_time_s).saturating_sub(offset_s));
    if age_s > i64::from(policy.code_age_s_max) {
        Some(Verdict::TooOld)
    } else if age_s < -i64::from(policy.code_ahead_s_max) {
        Some(Verdict::TooNew)
    } else {
        None
    }
}

enum PinCheck {
    /// Neither the present generation nor one that is still good.
    UnknownGeneration,
    /// `counts`: under the present key, so that it counts as a try.
    Wrong {
        counts: bool,
    },
    Right {
        counts: bool,
    },
}

fn check_pin(code: &OpenedCode, known: &Snapshot, now: Timestamp) -> PinCheck {
    let present = PinGeneration(known.enrolment.pin.generation);
    let claimed = code.fields.flags.pin_generation;
    let previous = known.previous_pin.as_ref().filter(|previous| now <= previous.valid_until);
    let (key, counts) = if claimed == present.bits() {
        (&known.pin_key, true)
    } else if let (Some(generation), Some(previous)) = (present.previous(), previous)
        && claimed == generation.bits()
    {
        (&previous.key, false)
    } else {
        return PinCheck::UnknownGeneration;
    };
    if code.pin_matches(key) { PinCheck::Right { counts } } else { PinCheck::Wrong { counts } }
}

/// One more wrong PIN; the last one of a round makes wait, the last one of all locks the enrolment.
pub(crate) fn count_wrong_pin(enrolment: &mut Enrolment, now: Timestamp, policy: &Policy) -> Option<Alarm> {
    #[cfg(feature = "broken-rules")]
    if model::BrokenRule::PinFailureUncounted.is_broken() {
        return None;
    }
    let failures = enrolment.pin.failures.saturating_add(1).min(policy.pin_failures_to_lock());
    enrolment.pin.failures = failures;
    if failures < policy.pin_failures_to_lock() {
        enrolment.pin.blocked_until = policy.pin_wait_s(failures).map(|wait_s| now.plus_s(i64::from(wait_s)));
        return None;
    }
    enrolment.pin.blocked_until = None;
    enrolment.status = EnrolmentStatus::Locked { reason: LockReason::PinFailures, since: now };
    Some(Alarm::PinLocked)
}

/// What step 7 came to.
struct Rest {
    verdict: Verdict,
    decided: Option<Decided>,
}

/// Step 7: method, cap, terminal, and then policy.
fn judge_rest(fields: &Fields, known: &Snapshot, order: &Order, now: Timestamp, policy: &Policy) -> Rest {
    let wrong = |verdict| Rest { verdict, decided: None };
    let method = known
        .method
        .as_ref()
        .filter(|method| method.customer == known.enrolment.customer && method.slot == fields.method);
    let (method, currency) = match method.map(|method| (method, &method.state)) {
        None => return wrong(Verdict::MethodUnknown),
        Some((_, MethodState::Removed { .. })) => return wrong(Verdict::MethodRemoved),
        Some((_, MethodState::Unproved { .. })) => return wrong(Verdict::MethodUnproved),
        Some((method, MethodState::Active { currency, .. })) => (method, *currency),
    };
    let checks = [
        (order.amount.currency != currency, Verdict::CurrencyMismatch),
        (order.amount.amount_minor > fields.cap.amount_minor(), Verdict::CapExceeded),
        (fields.terminal.is_some_and(|terminal| terminal != order.terminal), Verdict::WrongTerminal),
    ];
    if let Some((_, verdict)) = checks.into_iter().find(|(failed, _)| *failed) {
        return wrong(verdict);
    }
    let facts = facts(fields, known, method, order, now, policy);
    let finding = policy.decide(order.amount, &facts);
    Rest { verdict: finding.verdict, decided: Some(Decided { finding, facts }) }
}

fn facts(
    fields: &Fields,
    known: &Snapshot,
    method: &Method,
    order: &Order,
    now: Timestamp,
    policy: &Policy,
) -> Facts {
    let until_now = |velocity: &Velocity| velocity.until(now, order.amount.currency);
    let lately = || known.velocity.as_ref().map_or_else(Lately::default, until_now);
    Facts {
        level: known.enrolment.level,
        evidence: fields.claimed_evidence.bits(),
        attested_s: seconds_since(known.enrolment.activated_at, now),
        offline_s: seconds_since(known.enrolment.last_online_at, now),
        is_bound: fields.terminal.is_some(),
        category: known.category,
        provider: method.provider.clone(),
        lately: policy.rules.ask_for_velocity().then(lately),
    }
}

/// Whole seconds, rounded up, so that what is above a limit stays above it; 0 for what is still to come.
fn seconds_since(earlier: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.ms_since(earlier)).unwrap_or(0).div_ceil(1000)
}
