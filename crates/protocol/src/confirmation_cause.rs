//! Why the phone was refused, as a confirmation says it (`spec/confirmation.md`, section 4).

use std::fmt;

use crate::verdict::Verdict;

/// A cause, one byte. Numbers that this version has no name for are kept: later servers add causes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Cause(u8);

macro_rules! causes {
    ($($(#[$doc:meta])* $constant:ident $number:literal $name:literal;)*) => {
        impl Cause {
            $($(#[$doc])* pub const $constant: Self = Self($number);)*

            /// The name in the specification; none for a number that has none.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $($number => Some($name),)* _ => None }
            }
        }

        #[cfg(test)]
        const NAMED: &[u8] = &[$($number,)*];
    };
}

causes! {
    /// No refusal.
    NONE 0 "none";
    /// [`Verdict::TooOld`].
    TOO_OLD 1 "too_old";
    /// [`Verdict::TooNew`].
    TOO_NEW 2 "too_new";
    /// [`Verdict::CounterUsed`].
    COUNTER_USED 3 "counter_used";
    /// [`Verdict::CounterFork`].
    COUNTER_FORK 4 "counter_fork";
    /// [`Verdict::CounterBehind`].
    COUNTER_BEHIND 5 "counter_behind";
    /// [`Verdict::EnrolmentLocked`].
    ENROLMENT_LOCKED 6 "enrolment_locked";
    /// [`Verdict::EnrolmentUnsynchronised`].
    ENROLMENT_UNSYNCHRONISED 7 "enrolment_unsynchronised";
    /// [`Verdict::UnknownPinGeneration`].
    UNKNOWN_PIN_GENERATION 8 "unknown_pin_generation";
    /// [`Verdict::WrongPin`].
    WRONG_PIN 9 "wrong_pin";
    /// [`Verdict::MethodUnknown`].
    METHOD_UNKNOWN 10 "method_unknown";
    /// [`Verdict::MethodRemoved`].
    METHOD_REMOVED 11 "method_removed";
    /// [`Verdict::MethodUnproved`].
    METHOD_UNPROVED 12 "method_unproved";
    /// [`Verdict::CurrencyMismatch`].
    CURRENCY_MISMATCH 13 "currency_mismatch";
    /// [`Verdict::CapExceeded`].
    CAP_EXCEEDED 14 "cap_exceeded";
    /// [`Verdict::WrongTerminal`].
    WRONG_TERMINAL 15 "wrong_terminal";
    /// [`Verdict::EvidenceRefused`].
    EVIDENCE_REFUSED 16 "evidence_refused";
    /// [`Verdict::LimitExceeded`].
    LIMIT_EXCEEDED 17 "limit_exceeded";
    /// [`Verdict::OfflineTooLong`].
    OFFLINE_TOO_LONG 18 "offline_too_long";
    /// [`Verdict::CertificateExpired`].
    CERTIFICATE_EXPIRED 19 "certificate_expired";
    /// The PIN was wrong, and the enrolment is locked for it.
    PIN_LOCKED 20 "pin_locked";
    /// [`Verdict::PolicyRefused`].
    POLICY_REFUSED 24 "policy_refused";
    /// [`Verdict::ApprovalNeeded`].
    APPROVAL_NEEDED 25 "approval_needed";
    /// [`Verdict::AppBlocked`].
    APP_BLOCKED 26 "app_blocked";
    /// Refused by the provider: not enough money, or over the account's limit.
    INSUFFICIENT_FUNDS 32 "insufficient_funds";
    /// Refused by the provider: the account cannot be used.
    ACCOUNT_UNUSABLE 33 "account_unusable";
    /// Refused by the provider for another reason.
    PROVIDER_REFUSED 34 "provider_refused";
    /// The provider did not answer; whatever it did is taken back.
    PROVIDER_SILENT 35 "provider_silent";
}

impl Cause {
    /// The cause with this number.
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The cause that tells the phone of this verdict. None for [`Verdict::Ok`], and for the verdicts of
    /// codes whose enrolment is not known, since then there is nobody to tell.
    #[must_use]
    pub const fn of_verdict(verdict: Verdict) -> Option<Self> {
        Some(match verdict {
            Verdict::TooOld => Self::TOO_OLD,
            Verdict::TooNew => Self::TOO_NEW,
            Verdict::CounterUsed => Self::COUNTER_USED,
            Verdict::CounterFork => Self::COUNTER_FORK,
            Verdict::CounterBehind => Self::COUNTER_BEHIND,
            Verdict::EnrolmentLocked => Self::ENROLMENT_LOCKED,
            Verdict::EnrolmentUnsynchronised => Self::ENROLMENT_UNSYNCHRONISED,
            Verdict::UnknownPinGeneration => Self::UNKNOWN_PIN_GENERATION,
            Verdict::WrongPin => Self::WRONG_PIN,
            Verdict::MethodUnknown => Self::METHOD_UNKNOWN,
            Verdict::MethodRemoved => Self::METHOD_REMOVED,
            Verdict::MethodUnproved => Self::METHOD_UNPROVED,
            Verdict::CurrencyMismatch => Self::CURRENCY_MISMATCH,
            Verdict::CapExceeded => Self::CAP_EXCEEDED,
            Verdict::WrongTerminal => Self::WRONG_TERMINAL,
            Verdict::EvidenceRefused => Self::EVIDENCE_REFUSED,
            Verdict::LimitExceeded => Self::LIMIT_EXCEEDED,
            Verdict::OfflineTooLong => Self::OFFLINE_TOO_LONG,
            Verdict::CertificateExpired => Self::CERTIFICATE_EXPIRED,
            Verdict::PolicyRefused => Self::POLICY_REFUSED,
            Verdict::ApprovalNeeded => Self::APPROVAL_NEEDED,
            Verdict::AppBlocked => Self::APP_BLOCKED,
            Verdict::Ok
            | Verdict::NotDigits
            | Verdict::WrongLength
            | Verdict::WrongScheme
            | Verdict::GroupOutOfRange
            | Verdict::WrongCheckDigits
            | Verdict::BadEnvelope
            | Verdict::UnsupportedVersion
            | Verdict::UnknownKey
            | Verdict::NotForUs
            | Verdict::MalformedFields
            | Verdict::UnknownEnrolment
            | Verdict::BadSignature => return None,
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "cause_{}", self.0),
        }
    }
}

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_of_verdicts_bear_their_names_and_differ() {
        let mut seen = Vec::new();
        for verdict in Verdict::ALL {
            let Some(cause) = Cause::of_verdict(*verdict) else { continue };
            assert_eq!(cause.name(), Some(verdict.name()));
            assert!(!seen.contains(&cause));
            seen.push(cause);
        }
        assert_eq!(seen.len(), 22);
    }

    #[test]
    fn the_specification_lists_the_same_numbers_and_names() {
        let spec = include_str!("../../../spec/confirmation.md");
        for number in NAMED {
            let cell = format!("| {number} | `{}`", Cause(*number));
            assert!(spec.contains(&cell), "{cell} is not in the table");
        }
    }
}
