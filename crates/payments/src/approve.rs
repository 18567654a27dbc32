//! Payments that policy wants approved on the phone: the customer is asked first, and the provider only once that is
//! answered with yes (`spec/approval.md`).

use crate::begin::{begun_by, hold_request, payer_of};
use crate::service::{ATTEMPTS_MAX, was_overtaken};
use crate::{Begun, PaymentError, Payments, answers};
use model::{
    ApprovalId, Payment, PaymentApproval, PaymentEvent, PaymentState, PaymentStep, Timestamp, Watch,
};
use protocol::approval::{ApprovalKind, Decision, Question, Subject};
use protocol::authentication_statement::SignedStatement;
use protocol::short_text::ShortText;
use records::{
    Approval, ApprovalChange, ApprovalPurpose, ApprovalState, ApprovalWanted, BeginPayment, ChangePayment,
    Command, Effect, Outcome,
};
use security::AnsweredApproval;

impl Payments {
    /// Writes the intent with the question in place of the effect: no provider learns of the payment before the answer.
    pub(crate) async fn ask_for_approval(
        &self,
        mut command: BeginPayment,
        wanted: ApprovalWanted,
        merchant_name: String,
        watch: &dyn Watch,
    ) -> Result<Begun, PaymentError> {
        let received_at = command.payment.received_at;
        let enrolment = payer_of(&command.payment)?.enrolment;
        let until = received_at.plus_s(i64::from(wanted.within_s));
        let purpose = ApprovalPurpose::Payment { payment: command.payment.id, statement: wanted.statement };
        command.payment.state = PaymentState::AwaitingApproval;
        command.effect = None;
        command.wake_at = Some(until);
        for _ in 0..ATTEMPTS_MAX {
            let id = ApprovalId::derive(command.payment.id.shard(), received_at, self.ids.random());
            command.payment.approval = Some(PaymentApproval { approval: id, until, approved_at: None });
            let approval = Approval {
                enrolment,
                id,
                version: 1,
                question: question(&command.payment, id, &merchant_name, until)?,
                purpose: purpose.clone(),
                expires_at: until,
                state: ApprovalState::Waiting,
            };
            command.approval = Some(ApprovalChange { expected_version: 0, approval });
            let outcome = self.store.commit(Command::BeginPayment(Box::new(command.clone()))).await?;
            if outcome == Outcome::Exists {
                continue;
            }
            if let Some(known) = begun_by(outcome)? {
                return Ok(known);
            }
            watch.ended(PaymentStep::Store, true);
            self.observer.confirmation_written(enrolment);
            let answer = answers::under_way(&command.payment);
            return Ok(Begun::Answered(command.payment, answer));
        }
        Err(PaymentError::Inconsistent(format!("{} is there already", command.payment.id)))
    }

    /// Moves a payment as its customer decided on the phone. After a yes the provider is asked, as at the beginning of
    /// any other payment; the till learns of it when it asks again.
    pub async fn approval_answered(&self, answered: AnsweredApproval) -> Result<Payment, PaymentError> {
        let parts = answered.into_parts();
        let event = match parts.decision {
            Decision::Approve => PaymentEvent::ApprovedOnPhone,
            Decision::Refuse => PaymentEvent::RefusedOnPhone,
        };
        for _ in 0..ATTEMPTS_MAX {
            let payment = self.load(parts.payment).await?;
            let mut change = match self.compose(&payment, event.clone()).await {
                Ok(change) => change,
                // The till cancelled, or the time was over.
                Err(error) if was_overtaken(&error) => return Err(PaymentError::Cancelled),
                Err(error) => return Err(error),
            };
            change.approval = Some(answered_at(&parts.change, change.event.at));
            let effect = match parts.statement.clone() {
                Some(statement) => Some(self.add_intent(&mut change, statement)?),
                None => None,
            };
            self.attach_begin_answer(&mut change).await?;
            match self.commit(&change).await? {
                Outcome::Done => {}
                Outcome::Conflict | Outcome::Exists => continue,
                _ => return Err(PaymentError::Cancelled),
            }
            let Some(effect) = effect else { return Ok(change.payment) };
            return self.ask_provider(change.payment, &effect).await;
        }
        Err(PaymentError::Contended)
    }

    /// Ends a payment whose approval nobody answered in time.
    pub(crate) async fn compose_unapproved(&self, payment: &Payment) -> Result<ChangePayment, PaymentError> {
        let mut change = self.compose(payment, PaymentEvent::DeadlinePassed).await?;
        self.attach_begin_answer(&mut change).await?;
        Ok(change)
    }

    /// The question of a payment that no longer waits for its answer, taken back; none if it asks nothing.
    pub(crate) async fn withdrawn(
        &self,
        payment: &Payment,
        at: Timestamp,
    ) -> Result<Option<ApprovalChange>, PaymentError> {
        let (PaymentState::AwaitingApproval, Some(wanted)) = (&payment.state, payment.approval) else {
            return Ok(None);
        };
        let seen = self.store.approval(payer_of(payment)?.enrolment, wanted.approval).await?;
        let waiting = seen.filter(|seen| seen.state == ApprovalState::Waiting);
        Ok(waiting.map(|waiting| waiting.changed_to(ApprovalState::Withdrawn { at })))
    }

    /// Adds to `change` that the provider must be asked, with this statement.
    fn add_intent(
        &self,
        change: &mut ChangePayment,
        statement: SignedStatement,
    ) -> Result<Effect, PaymentError> {
        let unlikely = || PaymentError::Inconsistent(format!("{} has no payer", change.payment.id));
        let effect = self.authorise_effect(&change.payment, statement, change.event.at);
        let effect = effect.ok_or_else(unlikely)?;
        change.new_effects.push(effect.clone());
        Ok(effect)
    }

    async fn ask_provider(&self, payment: Payment, effect: &Effect) -> Result<Payment, PaymentError> {
        let provider = self.provider(&effect.provider)?.clone();
        let merchant = self.merchant(&payment).await?;
        let answer = provider.authorise(hold_request(&payment, merchant.name, effect)?).await;
        self.take_answer(payment, effect, answer, None).await
    }
}

/// The approval with the moment at which its payment moved.
fn answered_at(change: &ApprovalChange, moved_at: Timestamp) -> ApprovalChange {
    let mut change = change.clone();
    if let ApprovalState::Approved { at, .. } | ApprovalState::Refused { at, .. } = &mut change.approval.state
    {
        *at = moved_at;
    }
    change
}

fn question(
    payment: &Payment,
    id: ApprovalId,
    merchant_name: &str,
    until: Timestamp,
) -> Result<Vec<u8>, PaymentError> {
    let subject = Subject {
        kind: ApprovalKind::Payment,
        amount: Some(payment.order.amount),
        payee: ShortText::shortened(merchant_name),
        text: None,
        terminal: Some(payment.order.terminal),
    };
    let question = Question::new(id, subject, payment.received_at, until);
    let question =
        question.map_err(|error| PaymentError::Inconsistent(format!("{}: {error}", payment.id)))?;
    Ok(question.to_bytes().as_bytes().to_vec())
}
