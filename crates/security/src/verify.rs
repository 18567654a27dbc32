//! Verification of a payment code: opens it, looks its enrolment up, judges, and wraps the judgement up as what
//! has to be committed. It writes nothing itself.

use crypto::{p256::VerifyingKey, x509::Certificate};
use futures_util::future::try_join4;
use model::{Order, Payer, PaymentId, PaymentStep, Timestamp, Watch};
use protocol::{
    authentication_statement::{AuthenticationLevel, AuthenticationStatement, SignedStatement},
    payment_code::{OpenError, OpenedCode, PaymentCode, open},
    verdict::Verdict,
};
use records::{
    Actor, ApprovalWanted, AuditEntry, CodeUse, DecisionRow, Enrolment, EnrolmentChange, Method, MethodState,
    NewNotice, NoticeKind, TrustLevel, Velocity, VerdictRow,
};

use crate::{
    Asker, Decided, Policy, Security, SecurityError,
    judge::{Alarm, Judgement, PastUse, Snapshot, judge},
    verified::{RefusedCode, Verification, VerifiedCode},
};

/// The checks that a provider is told were made and passed, in their order.
pub const CHECKS: [&str; 10] =
    ["signature", "counter", "status", "freshness", "pin", "method", "cap", "terminal", "evidence", "limit"];

impl Security {
    /// Verifies a code that was shown for `payment`, which is given its payer's shard, with this `order`, in the order of `spec/payment-code.md`,
    /// chapter 9. Writes nothing: what is given must be committed in one command before anyone is answered.
    ///
    /// If that commit says [`Outcome::Conflict`](records::Outcome::Conflict), another code of the same device
    /// was committed in between: call this again and commit what it gives then. So of any number of parallel
    /// tries each counts on what the one before it left.
    ///
    /// `watch` is told when each group of checks ended: for operators' figures, never for the till.
    ///
    /// # Errors
    /// [`SecurityError::Store`], [`SecurityError::Keys`], [`SecurityError::Damaged`]: ours, and no verdict on
    /// the code.
    pub async fn verify(
        &self,
        code: &PaymentCode,
        order: &Order,
        payment: PaymentId,
        now: Timestamp,
        watch: &dyn Watch,
    ) -> Result<Verification, SecurityError> {
        let case = Case { code_hash: code.hash().0, order, payment, now, policy_version: 0 };
        let Some(epoch) = self.live_epoch(code.key_id(), now) else {
            watch.ended(PaymentStep::Open, false);
            return Ok(case.refuse_unproved(Verdict::UnknownKey));
        };
        let opened = match open(code, &*epoch.holder, &epoch.recipient) {
            Ok(opened) => opened,
            Err(OpenError::KeyStore(words)) => {
                return Err(SecurityError::Keys(crypto::CryptoError::KeyStore(words)));
            }
            Err(error) => {
                watch.ended(PaymentStep::Open, false);
                return Ok(case.refuse_unproved(error.verdict().unwrap_or(Verdict::NotForUs)));
            }
        };
        let policy = self.policy();
        let known = self.snapshot(&opened, order, now, &policy).await?;
        // What belongs to a payment lives where its payer does.
        let payer = known.as_ref().map(|known| known.enrolment.id.shard());
        let case = Case { payment: payer.map_or(payment, |shard| payment.in_shard(shard)), ..case };
        watch.ended(PaymentStep::Open, known.is_some());
        let judgement = judge(&opened, known.as_ref(), order, now, &policy, watch);
        let case = Case { policy_version: policy.version, ..case };
        match known {
            Some(known) if matches!(judgement.verdict, Verdict::Ok | Verdict::ApprovalNeeded) => self
                .accept(&case, &opened, &known, judgement)
                .map(|code| Verification::Accepted(Box::new(code))),
            known => {
                let told = match (&known, judgement.alarm) {
                    (Some(known), Some(Alarm::PinLocked | Alarm::Clone)) => {
                        let asker = Asker::Server;
                        Some(self.notice_of(&known.enrolment, NoticeKind::Locked, &asker, now).await?)
                    }
                    _ => None,
                };
                Ok(case.refuse(&opened, known.as_ref(), judgement, told))
            }
        }
    }

    /// What is known of the code's enrolment. The enrolment is read first: whatever is read after it is at
    /// least as new, and a commit that rests on an older enrolment conflicts.
    async fn snapshot(
        &self,
        code: &OpenedCode,
        order: &Order,
        now: Timestamp,
        policy: &Policy,
    ) -> Result<Option<Snapshot>, SecurityError> {
        let fields = &code.fields;
        let Some(enrolment) = self.store.enrolment(fields.enrolment).await? else { return Ok(None) };
        let device_key = VerifyingKey::from_sec1(&enrolment.device_key)
            .map_err(|_| SecurityError::Damaged("device key"))?;
        // The enrolment's counter has passed every code that was consumed: beyond it there is none to look for.
        let past_use = async {
            if fields.counter > enrolment.counter {
                return Ok(None);
            }
            self.store.code_use(fields.enrolment, fields.counter).await
        };
        let velocity = async {
            if !policy.rules.ask_for_velocity() {
                return Ok(None);
            }
            self.store.velocity(enrolment.id).await
        };
        let method = self.store.method(enrolment.customer, fields.method);
        let (past_use, method, merchant, velocity) =
            try_join4(past_use, method, self.store.merchant(order.merchant), velocity).await?;
        let past_use = match past_use {
            Some(past) => Some(self.past_use(past).await?),
            None => None,
        };
        let is_app_blocked = self.apps(now).await?.is_blocked(&enrolment, now);
        let pin_key = self.pin_key_to_judge(&enrolment)?;
        let previous_pin = self.previous_pin(&enrolment, now)?;
        let category = merchant.and_then(|merchant| merchant.category);
        Ok(Some(Snapshot {
            enrolment,
            device_key,
            pin_key,
            previous_pin,
            past_use,
            method,
            category,
            velocity,
            is_app_blocked,
        }))
    }

    async fn past_use(&self, past: CodeUse) -> Result<PastUse, SecurityError> {
        let payment = self.store.payment(past.payment).await?;
        let terminal = payment.map(|payment| payment.order.terminal);
        Ok(PastUse { code_hash: past.code_hash, at: past.at, terminal })
    }

    fn accept(
        &self,
        case: &Case<'_>,
        code: &OpenedCode,
        known: &Snapshot,
        judgement: Judgement,
    ) -> Result<VerifiedCode, SecurityError> {
        let Judgement { verdict, enrolment, decided, .. } = judgement;
        let (Some(enrolment), Some(method)) = (enrolment, &known.method) else {
            return Err(SecurityError::Damaged("judgement"));
        };
        let MethodState::Active { account_ref, .. } = &method.state else {
            return Err(SecurityError::Damaged("judgement"));
        };
        let statement = self.statement(case, code, known, account_ref)?;
        let approval = (verdict == Verdict::ApprovalNeeded).then(|| ApprovalWanted {
            within_s: self.policy().approval_s,
            statement: statement.statement_bytes.clone(),
        });
        Ok(VerifiedCode {
            payment: case.payment,
            order: case.order.clone(),
            payer: payer(known, code, method, account_ref),
            trust_level: known.enrolment.level,
            is_terminal_bound: code.fields.terminal.is_some(),
            statement,
            approval,
            velocity: decided.as_ref().and_then(|decided| case.counted(known, decided)),
            verdict: case.verdict_row(verdict, Some(code), decided),
            enrolment: change(known, enrolment, None),
            code_use: case.code_use(code),
            audit: Vec::new(),
        })
    }

    fn statement(
        &self,
        case: &Case<'_>,
        code: &OpenedCode,
        known: &Snapshot,
        account_ref: &str,
    ) -> Result<SignedStatement, SecurityError> {
        let statement = AuthenticationStatement {
            realm: self.keys.realm().clone(),
            hold_id: case.payment.to_string(),
            amount_minor: case.order.amount.amount_minor,
            currency: case.order.amount.currency,
            account_ref: account_ref.to_owned(),
            level: match known.enrolment.level {
                TrustLevel::Browser => AuthenticationLevel::Browser,
                TrustLevel::Software => AuthenticationLevel::Software,
                TrustLevel::Hardware => AuthenticationLevel::Hardware,
            },
            // Certificates are our own and were read as they were issued.
            certificate_serial: Certificate::serial_of(&known.enrolment.certificate).ok(),
            customer_verification: code.fields.flags.customer_verification,
            code_hash: case.code_hash,
            verdicts: CHECKS.map(str::to_owned).to_vec(),
            terminal_bound: code.fields.terminal.is_some(),
            at: case.now,
        };
        Ok(statement.sign(&*self.keys.statement_signer())?)
    }
}

/// What one verification is about.
struct Case<'a> {
    code_hash: [u8; 32],
    order: &'a Order,
    payment: PaymentId,
    now: Timestamp,
    /// By which policy it is judged.
    policy_version: u32,
}

impl Case<'_> {
    fn refuse_unproved(&self, verdict: Verdict) -> Verification {
        Verification::Refused(Box::new(RefusedCode {
            payment: self.payment,
            order: self.order.clone(),
            verdict: self.verdict_row(verdict, None, None),
            enrolment: None,
            code_use: None,
            locks_for_pin: false,
            audit: Vec::new(),
        }))
    }

    fn refuse(
        &self,
        code: &OpenedCode,
        known: Option<&Snapshot>,
        judgement: Judgement,
        told: Option<NewNotice>,
    ) -> Verification {
        let proved = judgement.is_proved.then_some(code);
        let audit = judgement.alarm.map(|alarm| self.audit(code, alarm));
        let enrolment = match (known, judgement.enrolment) {
            (Some(known), Some(enrolment)) => Some(change(known, enrolment, told)),
            _ => None,
        };
        Verification::Refused(Box::new(RefusedCode {
            payment: self.payment,
            order: self.order.clone(),
            verdict: self.verdict_row(judgement.verdict, proved, judgement.decided),
            enrolment,
            code_use: judgement.consumes.then(|| self.code_use(code)),
            locks_for_pin: judgement.alarm == Some(Alarm::PinLocked),
            audit: audit.into_iter().collect(),
        }))
    }

    /// What the phone paid lately, this payment included, if policy asks for it.
    fn counted(&self, known: &Snapshot, decided: &Decided) -> Option<Velocity> {
        decided.facts.lately?;
        let before = known.velocity.clone().unwrap_or_else(|| Velocity::nothing(known.enrolment.id));
        Some(before.with(self.order.amount, self.now))
    }

    fn verdict_row(
        &self,
        verdict: Verdict,
        proved: Option<&OpenedCode>,
        decided: Option<Decided>,
    ) -> VerdictRow {
        VerdictRow {
            payment: self.payment,
            verdict,
            code_hash: self.code_hash,
            enrolment: proved.map(|code| code.fields.enrolment),
            counter: proved.map(|code| code.fields.counter),
            at: self.now,
            confirmation: None,
            decision: decided.map(|Decided { finding, facts }| DecisionRow {
                policy_version: self.policy_version,
                ground: finding.ground,
                ruling: finding.ruling,
                facts,
            }),
        }
    }

    fn code_use(&self, code: &OpenedCode) -> CodeUse {
        CodeUse {
            enrolment: code.fields.enrolment,
            counter: code.fields.counter,
            code_hash: self.code_hash,
            payment: self.payment,
            at: self.now,
        }
    }

    fn audit(&self, code: &OpenedCode, alarm: Alarm) -> AuditEntry {
        let (action, what) = match alarm {
            Alarm::ReusedElsewhere => ("code.reused_elsewhere", "a used code was shown at another till"),
            Alarm::CounterBehind => ("code.counter_behind", "a code older than the last one was shown"),
            Alarm::CounterFork => {
                ("code.counter_fork", "two codes share a counter; resynchronisation asked for")
            }
            Alarm::Clone => ("enrolment.locked", "two codes share a counter: locked as a clone"),
            Alarm::PinLocked => ("enrolment.locked", "locked for wrong PINs"),
            Alarm::PolicyLocked => ("enrolment.locked", "locked by a rule of the policy"),
        };
        let Order { checkout, terminal, .. } = self.order;
        AuditEntry {
            at: self.now,
            actor: Actor::Checkout(checkout.to_string()),
            action: action.to_owned(),
            subject: code.fields.enrolment.to_string(),
            detail: format!(
                "{what}; counter {}, payment {}, till {terminal}",
                code.fields.counter.0, self.payment
            ),
        }
    }
}

fn change(known: &Snapshot, enrolment: Enrolment, notice: Option<NewNotice>) -> EnrolmentChange {
    EnrolmentChange { expected_version: known.enrolment.version, enrolment, notice }
}

fn payer(known: &Snapshot, code: &OpenedCode, method: &Method, account_ref: &str) -> Payer {
    Payer {
        customer: known.enrolment.customer,
        enrolment: known.enrolment.id,
        counter: code.fields.counter,
        method: method.slot,
        provider: method.provider.clone(),
        account_ref: account_ref.to_owned(),
    }
}
