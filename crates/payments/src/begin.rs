//! Beginning a payment: the code is consumed and the intent written in one commit, then the provider is asked.

use crate::failpoint::fail_point;
use crate::provider::{Authorisation, HoldRequest};
use crate::service::{ATTEMPTS_MAX, derive_effect_id, was_overtaken};
use crate::step::NotAllowed;
use crate::{PaymentError, Payments, answers};
use model::{
    CustomerAction, DeclineReason, Hold, Order, Payer, Payment, PaymentEvent, PaymentId, PaymentState,
    PaymentStep, SaleTerms, Timestamp, Watch,
};
use protocol::authentication_statement::SignedStatement;
use protocol::confirmation::{Cause, ConfirmationKind};
use records::{
    Answer, ApprovalWanted, AuditEntry, BeginPayment, CodeUse, Command, Effect, EffectKind, EnrolmentChange,
    IdempotencyRow, NewConfirmation, Outcome, RequestId, VerdictRow,
};
use security::VerifiedCode;

/// What became of an attempt to begin a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// The till can be answered; finally or, with status 202, for now.
    Answered(Payment, Answer),
    /// The enrolment changed since the code was verified: verify it again, then begin again.
    VerifyAgain,
    /// The request was seen before.
    Known(Box<IdempotencyRow>),
}

/// A code that security management refused, with what must be committed because of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The payment asked for.
    pub payment: PaymentId,
    /// What was asked.
    pub order: Order,
    /// What the till may tell the customer.
    pub action: CustomerAction,
    /// What was found.
    pub verdict: VerdictRow,
    /// The counter, PIN failures and locks that follow; none if nothing was proved.
    pub enrolment: Option<EnrolmentChange>,
    /// The code consumed; none if nothing was proved or it was consumed before.
    pub code_use: Option<CodeUse>,
    /// Why, for the customer's own eyes; none if the phone shall not be told.
    pub cause: Option<Cause>,
    /// For the record.
    pub audit: Vec<AuditEntry>,
}

impl Payments {
    /// Begins a payment with a verified code: consumes the code and writes the intent durably, then asks the
    /// provider to hold the amount, within the provider's time budget. `watch` is told when the intent was written
    /// and when the provider had answered.
    pub async fn begin(
        &self,
        request: RequestId,
        verified: VerifiedCode,
        watch: &dyn Watch,
    ) -> Result<Begun, PaymentError> {
        let (mut command, approval) = self.intent(request, verified);
        if command.payment.order.amount.amount_minor <= 0 {
            return Err(NotAllowed::NotPositive.into());
        }
        let payer = payer_of(&command.payment)?;
        let provider = self.provider(&payer.provider)?.clone();
        let merchant = self.merchant(&command.payment).await?;
        command.payment.terms = merchant.terms_of(&payer.provider, command.payment.order.amount.currency);
        if let Some(wanted) = approval {
            return self.ask_for_approval(command, wanted, merchant.name, watch).await;
        }
        let (payment, request) = (command.payment.clone(), command.request.clone());
        let effect = match self.write_intent(command).await? {
            Ok(effect) => effect,
            Err(known) => return Ok(known),
        };
        watch.ended(PaymentStep::Store, true);
        fail_point("payments-after-intent");
        let answer = provider.authorise(hold_request(&payment, merchant.name, &effect)?).await;
        watch.ended(PaymentStep::Bank, matches!(answer, Authorisation::Approved { .. }));
        fail_point("payments-after-provider");
        let payment = self.take_answer(payment, &effect, answer, Some(&request)).await?;
        // What cannot be looked up now is told as under way: to say that nothing happened would be wrong.
        let answer = self.answer_to_begin(&payment).await.unwrap_or_else(|_| answers::under_way(&payment));
        Ok(Begun::Answered(payment, answer))
    }

    /// Applies the answer that a provider gave in the till's or the phone's time. If that cannot be written now, the
    /// payment stands as it did: the intent is durable, so a worker will find out, and to say that nothing happened
    /// would be wrong.
    pub(crate) async fn take_answer(
        &self,
        payment: Payment,
        effect: &Effect,
        answer: Authorisation,
        request: Option<&RequestId>,
    ) -> Result<Payment, PaymentError> {
        match self.authorised(payment.clone(), effect, answer, request).await {
            Err(PaymentError::Store(_) | PaymentError::Contended) => Ok(payment),
            moved => moved,
        }
    }

    /// What the request that began `payment` is answered, the first time as every other time. If others have moved the
    /// payment on since it was answered, what was answered then is in its request's row.
    pub(crate) async fn answer_to_begin(&self, payment: &Payment) -> Result<Answer, PaymentError> {
        let kept = match payment.version {
            ..=2 => None,
            _ => self.store.begin_request(payment.id).await?.and_then(|row| row.answer),
        };
        Ok(kept.or_else(|| answers::begun(payment)).unwrap_or_else(|| answers::under_way(payment)))
    }

    fn intent(&self, request: RequestId, verified: VerifiedCode) -> (BeginPayment, Option<ApprovalWanted>) {
        let parts = verified.into_parts();
        let received_at = self.clock.now();
        let payment = Payment {
            id: parts.payment,
            version: 1,
            order: parts.order,
            payer: Some(parts.payer),
            terms: SaleTerms::default(),
            received_at,
            state: PaymentState::Received,
            captured_minor: 0,
            refunded_minor: 0,
            charged_back_minor: 0,
            in_suspense_minor: 0,
            approval: None,
        };
        let command = BeginPayment {
            request,
            verdict: parts.verdict,
            enrolment: Some(parts.enrolment),
            code_use: Some(parts.code_use),
            velocity: parts.velocity,
            effect: self.authorise_effect(&payment, parts.statement, received_at),
            wake_at: Some(self.answer_by(&payment)),
            approval: None,
            confirmation: None,
            answer: None,
            webhooks: Vec::new(),
            audit: parts.audit,
            payment,
        };
        (command, parts.approval)
    }

    /// That the provider is asked to hold the amount, at once and with this statement: a worker asks again only after
    /// that had its time. None if there is no payer.
    pub(crate) fn authorise_effect(
        &self,
        payment: &Payment,
        statement: SignedStatement,
        at: Timestamp,
    ) -> Option<Effect> {
        let kind = EffectKind::Authorise {
            signature: statement.signature.as_bytes().to_vec(),
            statement: statement.statement_bytes,
        };
        let written = self.effects(payment, vec![kind], at).into_iter().next();
        let due_at = at.plus_ms(self.terms.first_retry_ms);
        written.map(|effect| Effect { attempts: 1, due_at, ..effect })
    }

    /// Consumes the code and writes the intent durably; an effect's id that is taken is drawn again. Gives back
    /// the effect, or what the till is told instead.
    async fn write_intent(&self, mut command: BeginPayment) -> Result<Result<Effect, Begun>, PaymentError> {
        let unlikely = || PaymentError::Inconsistent(format!("{} cannot begin", command.payment.id));
        let mut effect = command.effect.clone().ok_or_else(unlikely)?;
        for _ in 0..ATTEMPTS_MAX {
            command.effect = Some(effect.clone());
            match self.store.commit(Command::BeginPayment(Box::new(command.clone()))).await? {
                Outcome::Exists => {
                    effect.id = derive_effect_id(&command.payment, effect.written_at, 0, self.ids.random());
                }
                outcome => return Ok(begun_by(outcome)?.map_or(Ok(effect), Err)),
            }
        }
        Err(PaymentError::Inconsistent(format!("{} is there already", command.payment.id)))
    }

    /// Writes down a refused code and what follows from it.
    pub async fn refuse(&self, request: RequestId, refusal: Refusal) -> Result<Begun, PaymentError> {
        let payment = Payment {
            id: refusal.payment,
            version: 1,
            order: refusal.order,
            payer: None,
            terms: SaleTerms::default(),
            received_at: self.clock.now(),
            state: PaymentState::Declined(DeclineReason::Security(refusal.action)),
            captured_minor: 0,
            refunded_minor: 0,
            charged_back_minor: 0,
            in_suspense_minor: 0,
            approval: None,
        };
        let confirmation = match (&refusal.code_use, refusal.cause) {
            (Some(code_use), Some(cause)) => Some(NewConfirmation {
                enrolment: code_use.enrolment,
                kind: ConfirmationKind::Declined,
                payment: payment.id,
                counter: code_use.counter,
                at: payment.received_at,
                amount: payment.order.amount,
                merchant_name: self.merchant(&payment).await?.name,
                terminal: payment.order.terminal,
                cause: Some(cause),
            }),
            _ => None,
        };
        let answer = answers::begun(&payment).unwrap_or_else(|| answers::under_way(&payment));
        let told = confirmation.as_ref().map(|confirmation| confirmation.enrolment);
        let webhooks = self.webhooks_of_refusal(&payment).await?;
        let has_webhooks = !webhooks.is_empty();
        let command = BeginPayment {
            request,
            payment: payment.clone(),
            verdict: refusal.verdict,
            enrolment: refusal.enrolment,
            code_use: refusal.code_use,
            velocity: None,
            effect: None,
            wake_at: None,
            approval: None,
            confirmation,
            answer: Some(answer.clone()),
            webhooks,
            audit: refusal.audit,
        };
        if let Some(begun) = begun_by(self.store.commit(Command::BeginPayment(Box::new(command))).await?)? {
            return Ok(begun);
        }
        if let Some(enrolment) = told {
            self.observer.confirmation_written(enrolment);
        }
        if has_webhooks {
            self.observer.webhooks_written();
        }
        Ok(Begun::Answered(payment, answer))
    }

    /// Applies a provider's answer to an authorisation. If somebody else ended the payment meanwhile, gives
    /// back how it ended: an approval that came too late is met by the release that is on its way. `asked` is the
    /// request that began it, where that is known.
    pub(crate) async fn authorised(
        &self,
        mut payment: Payment,
        effect: &Effect,
        answer: Authorisation,
        asked: Option<&RequestId>,
    ) -> Result<Payment, PaymentError> {
        for _ in 0..ATTEMPTS_MAX {
            let event = self.event_of(&answer);
            let is_settled = event != PaymentEvent::Silent;
            if !is_settled && payment.state == PaymentState::Unknown {
                return Ok(payment);
            }
            let mut change = match self.compose(&payment, event).await {
                Ok(change) => change,
                Err(error) if was_overtaken(&error) => return Ok(payment),
                Err(error) => return Err(error),
            };
            change.done_effect = is_settled.then_some(effect.id);
            match (asked, answers::begun(&change.payment)) {
                // An answer that somebody else gave meanwhile stays.
                (Some(asked), Some(answer)) => change.begin_answer = Some((asked.clone(), answer)),
                _ => self.attach_begin_answer(&mut change).await?,
            }
            match self.commit(&change).await? {
                Outcome::Done => return Ok(change.payment),
                _ => payment = self.load(payment.id).await?,
            }
        }
        Err(PaymentError::Contended)
    }

    fn event_of(&self, answer: &Authorisation) -> PaymentEvent {
        match answer {
            Authorisation::Approved { hold_expires_at } => {
                PaymentEvent::Approved(self.hold(*hold_expires_at))
            }
            Authorisation::Refused(reason) => PaymentEvent::Refused(*reason),
            Authorisation::Silent => PaymentEvent::Silent,
        }
    }

    fn hold(&self, expires_at: Timestamp) -> Hold {
        let window_end = self.clock.now().plus_s(self.terms.capture_window_s);
        Hold { expires_at, capture_by: window_end.min(expires_at.plus_s(-self.terms.hold_margin_s)) }
    }

    pub(crate) async fn load(&self, id: PaymentId) -> Result<Payment, PaymentError> {
        self.store.payment(id).await?.ok_or(PaymentError::NotFound)
    }
}

/// What an authorisation asks of a provider.
pub(crate) fn hold_request(
    payment: &Payment,
    payee: String,
    effect: &Effect,
) -> Result<HoldRequest, PaymentError> {
    let EffectKind::Authorise { statement, signature } = &effect.kind else {
        return Err(PaymentError::Inconsistent(format!("{} asks for nothing", effect.id)));
    };
    Ok(HoldRequest {
        payment: payment.id,
        account_ref: payer_of(payment)?.account_ref.clone(),
        amount: payment.order.amount,
        payee,
        statement: statement.clone(),
        signature: signature.clone(),
    })
}

pub(crate) fn payer_of(payment: &Payment) -> Result<&Payer, PaymentError> {
    payment.payer.as_ref().ok_or_else(|| PaymentError::Inconsistent(format!("{} has no payer", payment.id)))
}

pub(crate) fn begun_by(outcome: Outcome) -> Result<Option<Begun>, PaymentError> {
    match outcome {
        Outcome::Done => Ok(None),
        Outcome::Conflict => Ok(Some(Begun::VerifyAgain)),
        Outcome::Replay(row) => Ok(Some(Begun::Known(row))),
        Outcome::OtherRequest => Err(PaymentError::OtherRequest),
        Outcome::Cancelled => Err(PaymentError::Cancelled),
        Outcome::Exists | Outcome::Missing => Err(PaymentError::Inconsistent("a new payment".to_owned())),
    }
}
