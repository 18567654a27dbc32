//! The judgement on an opened payment code (`spec/payment-code.md`, chapter 9): a pure function of the code,
//! what is known of its enrolment, what the till asks, the time and policy. It knows no store and no keys' holder.

use crypto::p256::VerifyingKey;
use model::{Order, PaymentStep, TerminalNumber, Timestamp, Watch};
use protocol::{
    payment_code::{Fields, OpenedCode, PinGeneration, PinKey},
    verdict::Verdict,
};
use records::{Enrolment, EnrolmentStatus, LockReason, Method, MethodState};

use crate::policy::{OfflineRule, Policy};

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
    let rest = rest_verdict(&code.fields, known, order, now, policy);
    watch.ended(PaymentStep::Policy, rest.is_none());
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
            }
            consumed(rest.unwrap_or(Verdict::Ok), enrolment, None)
        }
    }
}

impl Judgement {
    /// Nothing was proved, so nothing changes.
    fn unproved(verdict: Verdict) -> Self {
        Self { verdict, is_proved: false, consumes: false, enrolment: None, alarm: None }
    }

    /// The device is proved, but its code changes nothing by itself.
    fn unchanged(verdict: Verdict, alarm: Option<Alarm>) -> Self {
        Self { verdict, is_proved: true, consumes: false, enrolment: None, alarm }
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
    }
}

fn status_verdict(enrolment: &Enrolment, now: Timestamp) -> Option<Verdict> {
    match enrolment.status {
        EnrolmentStatus::Locked { .. } | EnrolmentStatus::Revoked { .. } => Some(Verdict::EnrolmentLocked),
        EnrolmentStatus::Unsynchronised { .. } => Some(Verdict::EnrolmentUnsynchronised),
        EnrolmentStatus::Active if enrolment.certificate_not_after <= now => {
            Some(Verdict::CertificateExpired)
        }
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

/// One more wrong PIN; the last one locks the enrolment.
pub(crate) fn count_wrong_pin(enrolment: &mut Enrolment, now: Timestamp, policy: &Policy) -> Option<Alarm> {
    #[cfg(feature = "broken-rules")]
    if model::BrokenRule::PinFailureUncounted.is_broken() {
        return None;
    }
    let failures = enrolment.pin.failures.saturating_add(1).min(policy.pin_failures_max);
    enrolment.pin.failures = failures;
    if failures < policy.pin_failures_max {
        return None;
    }
    enrolment.status = EnrolmentStatus::Locked { reason: LockReason::PinFailures, since: now };
    Some(Alarm::PinLocked)
}

/// Step 7: method, cap, terminal, evidence, policy.
fn rest_verdict(
    fields: &Fields,
    known: &Snapshot,
    order: &Order,
    now: Timestamp,
    policy: &Policy,
) -> Option<Verdict> {
    let method = known
        .method
        .as_ref()
        .filter(|method| method.customer == known.enrolment.customer && method.slot == fields.method);
    let currency = match method.map(|method| &method.state) {
        None => return Some(Verdict::MethodUnknown),
        Some(MethodState::Removed { .. }) => return Some(Verdict::MethodRemoved),
        Some(MethodState::Unproved { .. }) => return Some(Verdict::MethodUnproved),
        Some(MethodState::Active { currency, .. }) => *currency,
    };
    let amount_minor = order.amount.amount_minor;
    let bound = fields.terminal.is_some();
    let limit_minor = policy.limit_minor(currency, known.enrolment.level, bound, fields.claimed_evidence);
    let checks = [
        (order.amount.currency != currency, Verdict::CurrencyMismatch),
        (amount_minor > fields.cap.amount_minor(), Verdict::CapExceeded),
        (fields.terminal.is_some_and(|terminal| terminal != order.terminal), Verdict::WrongTerminal),
        (fields.claimed_evidence.intersects(policy.evidence_refused), Verdict::EvidenceRefused),
        (amount_minor < 1 || amount_minor > limit_minor, Verdict::LimitExceeded),
        (is_offline_too_long(known, order, now, policy), Verdict::OfflineTooLong),
    ];
    checks.into_iter().find_map(|(failed, verdict)| failed.then_some(verdict))
}

fn is_offline_too_long(known: &Snapshot, order: &Order, now: Timestamp, policy: &Policy) -> bool {
    let offline_ms = now.ms_since(known.enrolment.last_online_at);
    if offline_ms <= i64::from(policy.offline_days_max) * DAY_MS {
        return false;
    }
    match &policy.offline {
        OfflineRule::Decline => true,
        OfflineRule::Cap(caps) => {
            caps.get(&order.amount.currency).is_none_or(|cap_minor| order.amount.amount_minor > *cap_minor)
        }
    }
}

const DAY_MS: i64 = 86_400_000;
