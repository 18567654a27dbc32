//! What came of a payment code: one name for each outcome (`spec/payment-code.md`, chapters 9 and 10).
//!
//! The verdict is for the phone, the operator and the audit log. A checkout never gets it: it is told
//! approved or declined and [`Verdict::customer_action`], which several causes share.

use core::fmt;
use model::CustomerAction;
use serde::{Deserialize, Serialize};

macro_rules! verdicts {
    ($($(#[$doc:meta])* $variant:ident $name:literal $action:ident;)*) => {
        /// The outcome of reading, opening and verifying a payment code. Variants stand in the order of the
        /// checks; compact encodings number them, so new ones go to the end.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Verdict {
            $($(#[$doc])* $variant,)*
        }

        impl Verdict {
            /// Every verdict there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in the specification, the vectors and JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What the till may tell the customer; none if all is well.
            #[must_use]
            pub const fn customer_action(self) -> Option<CustomerAction> {
                match self { $(Self::$variant => verdicts!(@action $action),)* }
            }
        }
    };
    (@action none) => { None };
    (@action enter_again) => { Some(CustomerAction::EnterAgain) };
    (@action open_app_online) => { Some(CustomerAction::OpenAppOnline) };
    (@action other_method) => { Some(CustomerAction::OtherMethod) };
}

verdicts! {
    /// All checks passed.
    Ok "ok" none;
    /// A character that is no digit.
    NotDigits "not_digits" enter_again;
    /// Not 365 digits, or not 147 bytes.
    WrongLength "wrong_length" enter_again;
    /// Some other numeric code.
    WrongScheme "wrong_scheme" enter_again;
    /// A group of digits above 2⁵⁶ − 1.
    GroupOutOfRange "group_out_of_range" enter_again;
    /// Misread: the check digits do not fit.
    WrongCheckDigits "wrong_check_digits" enter_again;
    /// The EMV envelope is not as specified.
    BadEnvelope "bad_envelope" enter_again;
    /// Another version or suite.
    UnsupportedVersion "unsupported_version" open_app_online;
    /// The key id is not one of this server's live keys.
    UnknownKey "unknown_key" open_app_online;
    /// Cannot be unsealed with the key that it names.
    NotForUs "not_for_us" enter_again;
    /// A field holds what the specification refuses.
    MalformedFields "malformed_fields" open_app_online;
    /// The enrolment was never given, or is deleted.
    UnknownEnrolment "unknown_enrolment" open_app_online;
    /// Not signed by the enrolled device for this server.
    BadSignature "bad_signature" enter_again;
    /// This very code was used before.
    CounterUsed "counter_used" enter_again;
    /// Another code with this counter was used before.
    CounterFork "counter_fork" open_app_online;
    /// A later code was used before, this one never.
    CounterBehind "counter_behind" open_app_online;
    /// The enrolment is locked.
    EnrolmentLocked "enrolment_locked" open_app_online;
    /// The enrolment must resync first.
    EnrolmentUnsynchronised "enrolment_unsynchronised" open_app_online;
    /// The device certificate is past its end.
    CertificateExpired "certificate_expired" open_app_online;
    /// Made longer ago than the window allows.
    TooOld "too_old" enter_again;
    /// Made further in the future than the window allows.
    TooNew "too_new" open_app_online;
    /// Neither the current PIN generation nor a previous one that is still valid.
    UnknownPinGeneration "unknown_pin_generation" open_app_online;
    /// The PIN tag does not fit.
    WrongPin "wrong_pin" enter_again;
    /// The method slot was never given to this customer.
    MethodUnknown "method_unknown" other_method;
    /// The method was removed.
    MethodRemoved "method_removed" other_method;
    /// The method is not proved at its provider.
    MethodUnproved "method_unproved" other_method;
    /// The method pays in another currency.
    CurrencyMismatch "currency_mismatch" other_method;
    /// The amount is above the code's cap.
    CapExceeded "cap_exceeded" enter_again;
    /// Bound to another till.
    WrongTerminal "wrong_terminal" enter_again;
    /// Policy refuses the claimed evidence.
    EvidenceRefused "evidence_refused" open_app_online;
    /// The amount is above what this trust allows.
    LimitExceeded "limit_exceeded" other_method;
    /// The device has not been online for too long.
    OfflineTooLong "offline_too_long" open_app_online;
    /// A rule of the policy declines it.
    PolicyRefused "policy_refused" other_method;
    /// A rule of the policy asks for approval on the phone.
    ApprovalNeeded "approval_needed" open_app_online;
    /// The app that the phone last said it runs is blocked.
    AppBlocked "app_blocked" open_app_online;
}

impl Verdict {
    /// Whether all checks passed.
    #[must_use]
    pub const fn is_ok(self) -> bool {
        matches!(self, Self::Ok)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_names_are_the_specified_ones() {
        for verdict in Verdict::ALL {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.name());
            assert_eq!(verdict.customer_action().is_none(), verdict.is_ok());
        }
    }

    #[test]
    fn the_specification_lists_the_same_verdicts_and_actions() {
        let spec = include_str!("../../../spec/payment-code.md");
        for verdict in Verdict::ALL {
            let action = verdict.customer_action().map_or_else(
                || "–".to_owned(),
                |action| format!("`{}`", serde_json::to_value(action).unwrap().as_str().unwrap()),
            );
            let row = spec
                .lines()
                .find(|line| line.starts_with(&format!("| `{verdict}` |")))
                .unwrap_or_else(|| panic!("{verdict} is not in the table"));
            assert!(row.ends_with(&format!("| {action} |")), "{row}");
        }
    }

    #[test]
    fn no_action_gives_its_cause_away() {
        for verdict in Verdict::ALL.iter().filter(|verdict| !verdict.is_ok()) {
            let sharing =
                Verdict::ALL.iter().filter(|v| v.customer_action() == verdict.customer_action()).count();
            assert!(sharing >= 4, "{verdict} is told apart by its action");
        }
    }
}
