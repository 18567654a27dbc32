//! What verification gives: a proof that a code may be paid with, or everything there is to know of why not.
//! Only this crate makes either.

use model::{Counter, CustomerAction, EnrolmentId, Order, Payer, PaymentId};
use protocol::{authentication_statement::SignedStatement, verdict::Verdict};
use records::{ApprovalWanted, AuditEntry, CodeUse, EnrolmentChange, TrustLevel, Velocity, VerdictRow};

/// What became of a payment code.
#[derive(Debug)]
pub enum Verification {
    /// It may be paid with, once.
    Accepted(Box<VerifiedCode>),
    /// It may not.
    Refused(Box<RefusedCode>),
}

/// A payment code that passed every check, for one payment and one order. Whoever holds one may ask a provider
/// for the amount, after committing what is in it: it counts for nothing before. It cannot be copied, and is
/// made by [`Security::verify`](crate::Security::verify) alone.
#[derive(Debug)]
pub struct VerifiedCode {
    pub(crate) payment: PaymentId,
    pub(crate) order: Order,
    pub(crate) payer: Payer,
    pub(crate) trust_level: TrustLevel,
    pub(crate) is_terminal_bound: bool,
    pub(crate) statement: SignedStatement,
    pub(crate) approval: Option<ApprovalWanted>,
    pub(crate) verdict: VerdictRow,
    pub(crate) enrolment: EnrolmentChange,
    pub(crate) code_use: CodeUse,
    pub(crate) velocity: Option<Velocity>,
    pub(crate) audit: Vec<AuditEntry>,
}

/// What a [`VerifiedCode`] holds, taken out to be committed.
#[derive(Debug)]
#[non_exhaustive]
pub struct VerifiedParts {
    /// The payment that the code was verified for.
    pub payment: PaymentId,
    /// The order that it was verified for.
    pub order: Order,
    /// Who pays, with what.
    pub payer: Payer,
    /// What the provider is told of the authentication; names the payment as its hold.
    pub statement: SignedStatement,
    /// That policy wants the customer to approve it first. The statement above is not sent then.
    pub approval: Option<ApprovalWanted>,
    /// For [`records::BeginPayment::verdict`].
    pub verdict: VerdictRow,
    /// For [`records::BeginPayment::enrolment`]: the counter consumed, PIN failures reset.
    pub enrolment: EnrolmentChange,
    /// For [`records::BeginPayment::code_use`].
    pub code_use: CodeUse,
    /// For [`records::BeginPayment::velocity`].
    pub velocity: Option<Velocity>,
    /// For [`records::BeginPayment::audit`].
    pub audit: Vec<AuditEntry>,
}

impl VerifiedCode {
    /// The payment that the code was verified for.
    #[must_use]
    pub fn payment(&self) -> PaymentId {
        self.payment
    }

    /// The order that it was verified for.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// Who pays, with what.
    #[must_use]
    pub fn payer(&self) -> &Payer {
        &self.payer
    }

    /// How well the device keeps its keys.
    #[must_use]
    pub fn trust_level(&self) -> TrustLevel {
        self.trust_level
    }

    /// Whether the phone knew the till when it made the code.
    #[must_use]
    pub fn is_terminal_bound(&self) -> bool {
        self.is_terminal_bound
    }

    /// SHA-256 of the code.
    #[must_use]
    pub fn code_hash(&self) -> [u8; 32] {
        self.code_use.code_hash
    }

    /// What was found: that all is well, or that policy wants the customer to approve it first.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict.verdict
    }

    /// Takes everything out, to be committed in one command.
    #[must_use]
    pub fn into_parts(self) -> VerifiedParts {
        VerifiedParts {
            payment: self.payment,
            order: self.order,
            payer: self.payer,
            statement: self.statement,
            approval: self.approval,
            verdict: self.verdict,
            enrolment: self.enrolment,
            code_use: self.code_use,
            velocity: self.velocity,
            audit: self.audit,
        }
    }
}

/// A payment code that may not be paid with. Where the device was proved, the refusal changes its counter or
/// its PIN failures, and counts only once that is committed.
#[derive(Debug)]
pub struct RefusedCode {
    pub(crate) payment: PaymentId,
    pub(crate) order: Order,
    pub(crate) verdict: VerdictRow,
    pub(crate) enrolment: Option<EnrolmentChange>,
    pub(crate) code_use: Option<CodeUse>,
    pub(crate) locks_for_pin: bool,
    pub(crate) audit: Vec<AuditEntry>,
}

/// What a [`RefusedCode`] holds, taken out to be committed.
#[derive(Debug)]
#[non_exhaustive]
pub struct RefusedParts {
    /// The payment that the code was shown for.
    pub payment: PaymentId,
    /// The order that it was shown for.
    pub order: Order,
    /// For [`records::BeginPayment::verdict`].
    pub verdict: VerdictRow,
    /// For [`records::BeginPayment::enrolment`].
    pub enrolment: Option<EnrolmentChange>,
    /// For [`records::BeginPayment::code_use`].
    pub code_use: Option<CodeUse>,
    /// For [`records::BeginPayment::audit`].
    pub audit: Vec<AuditEntry>,
}

impl RefusedCode {
    /// The payment that the code was shown for.
    #[must_use]
    pub fn payment(&self) -> PaymentId {
        self.payment
    }

    /// The order that it was shown for.
    #[must_use]
    pub fn order(&self) -> &Order {
        &self.order
    }

    /// Why, for the phone, operators and the records; never for the till.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        self.verdict.verdict
    }

    /// The neutral thing that the till may tell the customer.
    #[must_use]
    pub fn customer_action(&self) -> CustomerAction {
        self.verdict.verdict.customer_action().unwrap_or(CustomerAction::EnterAgain)
    }

    /// Which device to tell, with its code's number and the cause; none where no device was proved.
    #[must_use]
    pub fn confirmation_cause(&self) -> Option<(EnrolmentId, Counter, Verdict)> {
        Some((self.verdict.enrolment?, self.verdict.counter?, self.verdict.verdict))
    }

    /// Whether the PIN was wrong and locks the enrolment: the phone is told so instead of the bare verdict.
    #[must_use]
    pub fn locks_for_pin(&self) -> bool {
        self.locks_for_pin
    }

    /// Takes everything out, to be committed in one command.
    #[must_use]
    pub fn into_parts(self) -> RefusedParts {
        RefusedParts {
            payment: self.payment,
            order: self.order,
            verdict: self.verdict,
            enrolment: self.enrolment,
            code_use: self.code_use,
            audit: self.audit,
        }
    }
}
