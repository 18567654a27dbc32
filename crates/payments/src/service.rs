//! Everything that moves payments, with what it needs to do so.

use crate::PaymentError;
use crate::answers;
use crate::begin::payer_of;
use crate::provider::Provider;
use crate::step::{NotAllowed, Step, Told, decline_reason, step, wake_at};
use model::{
    CaptureId, Clock, DeclineReason, EffectId, EnrolmentId, Payment, PaymentEvent, PaymentId, ProviderId,
    RefundId, Timestamp,
};
use protocol::confirmation::{Cause, ConfirmationKind};
use records::{
    ChangePayment, Command, Effect, EffectKind, EventRow, Merchant, NewConfirmation, Outcome, Store,
};
use std::collections::HashMap;
use std::sync::Arc;

/// Where the random part of new ids comes from.
pub trait IdSource: Send + Sync {
    /// 64 bits that nobody can foresee.
    fn random(&self) -> u64;
}

/// Who wants to know that something was committed.
pub trait Observer: Send + Sync {
    /// A provider has to be told something.
    fn effects_written(&self);
    /// A phone has a new confirmation.
    fn confirmation_written(&self, enrolment: EnrolmentId);
    /// A merchant's systems have to be told something.
    fn webhooks_written(&self);
}

/// The intervals of `spec/payment-states.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long a till may take to capture, in seconds.
    pub capture_window_s: i64,
    /// How long before the hold's expiry the capture deadline is at the latest, in seconds.
    pub hold_margin_s: i64,
    /// How long a provider's answer is worth waiting for, in seconds.
    pub answer_within_s: i64,
    /// When a worker first sends again what was sent in a till's time and not answered, in milliseconds;
    /// longer than a provider's time budget.
    pub first_retry_ms: i64,
}

impl Default for Terms {
    fn default() -> Self {
        Self { capture_window_s: 3_600, hold_margin_s: 3_600, answer_within_s: 30, first_retry_ms: 6_000 }
    }
}

/// Moves payments: begins, changes, cancels them and does what is due.
pub struct Payments {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) providers: HashMap<ProviderId, Arc<dyn Provider>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdSource>,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) terms: Terms,
}

impl Payments {
    /// Payments over `store`, paid by `providers`.
    pub fn new(
        store: Arc<dyn Store>,
        providers: HashMap<ProviderId, Arc<dyn Provider>>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        observer: Arc<dyn Observer>,
        terms: Terms,
    ) -> Self {
        Self { store, providers, clock, ids, observer, terms }
    }

    /// A fresh id for a payment of this shard.
    pub fn make_payment_id(&self, shard: u16) -> PaymentId {
        PaymentId::derive(shard, self.clock.now(), self.ids.random())
    }

    pub(crate) fn make_capture_id(&self, payment: PaymentId) -> CaptureId {
        CaptureId::derive(payment.shard(), self.clock.now(), self.ids.random())
    }

    pub(crate) fn make_refund_id(&self, payment: PaymentId) -> RefundId {
        RefundId::derive(payment.shard(), self.clock.now(), self.ids.random())
    }

    /// The provider of this name.
    pub fn provider(&self, id: &ProviderId) -> Result<&Arc<dyn Provider>, PaymentError> {
        self.providers.get(id).ok_or_else(|| PaymentError::NoProvider(id.to_string()))
    }

    /// The names of all providers.
    pub fn provider_ids(&self) -> impl Iterator<Item = &ProviderId> {
        self.providers.keys()
    }

    pub(crate) fn answer_by(&self, payment: &Payment) -> Timestamp {
        let approved_at = payment.approval.and_then(|approval| approval.approved_at);
        approved_at.unwrap_or(payment.received_at).plus_s(self.terms.answer_within_s)
    }

    pub(crate) async fn merchant(&self, payment: &Payment) -> Result<Merchant, PaymentError> {
        let merchant = self.store.merchant(payment.order.merchant).await?;
        merchant.ok_or_else(|| PaymentError::Inconsistent(format!("{} has no merchant", payment.id)))
    }

    /// The command that moves `payment` by `event` now.
    pub(crate) async fn compose(
        &self,
        payment: &Payment,
        event: PaymentEvent,
    ) -> Result<ChangePayment, PaymentError> {
        let at = self.clock.now();
        let Step { payment: next, postings, effects, told } = step(payment, &event, at)?;
        let confirmation = match told {
            Some(told) => Some(self.confirmation(&next, told, at).await?),
            None => None,
        };
        let new_effects = self.effects(&next, effects, at);
        let webhooks = self.webhooks(&event, &next, at).await?;
        let wake_at = wake_at(&next, self.answer_by(&next));
        let event = EventRow { payment: next.id, version: next.version, at, event, confirmation: None };
        Ok(ChangePayment {
            expected_version: payment.version,
            payment: next,
            event,
            postings,
            new_effects,
            done_effect: None,
            wake_at,
            approval: None,
            confirmation,
            request: None,
            begin_answer: None,
            task: None,
            settled_task: None,
            webhooks,
            audit: Vec::new(),
        })
    }

    /// Attaches the answer to the request that began the payment, if this change is what answers it.
    pub(crate) async fn attach_begin_answer(&self, change: &mut ChangePayment) -> Result<(), PaymentError> {
        let Some(answer) = answers::begun(&change.payment) else { return Ok(()) };
        if let Some(row) = self.store.begin_request(change.payment.id).await?
            && row.answer.is_none()
        {
            change.begin_answer = Some((row.request, answer));
        }
        Ok(())
    }

    /// Commits a change, and tells whoever wants to know what it brought if it was done.
    pub(crate) async fn commit(&self, change: &ChangePayment) -> Result<Outcome, PaymentError> {
        let outcome = self.store.commit(Command::ChangePayment(Box::new(change.clone()))).await?;
        if outcome == Outcome::Done {
            self.announce(change);
        }
        Ok(outcome)
    }

    fn announce(&self, change: &ChangePayment) {
        if !change.new_effects.is_empty() {
            self.observer.effects_written();
        }
        if let Some(confirmation) = &change.confirmation {
            self.observer.confirmation_written(confirmation.enrolment);
        }
        if !change.webhooks.is_empty() {
            self.observer.webhooks_written();
        }
    }

    async fn confirmation(
        &self,
        payment: &Payment,
        told: Told,
        at: Timestamp,
    ) -> Result<NewConfirmation, PaymentError> {
        let payer = payer_of(payment)?;
        let (kind, amount_minor) = told.as_confirmation(payment.order.amount.amount_minor);
        let cause = (kind == ConfirmationKind::Declined).then(|| decline_cause(payment));
        Ok(NewConfirmation {
            enrolment: payer.enrolment,
            kind,
            payment: payment.id,
            counter: payer.counter,
            at,
            amount: model::Money { amount_minor, ..payment.order.amount },
            merchant_name: self.merchant(payment).await?.name,
            terminal: payment.order.terminal,
            cause,
        })
    }

    /// What the provider must learn, as it is written down.
    pub(crate) fn effects(&self, payment: &Payment, kinds: Vec<EffectKind>, at: Timestamp) -> Vec<Effect> {
        let Some(payer) = &payment.payer else { return Vec::new() };
        let written = kinds.into_iter().zip(0_u8..).map(|(kind, place)| Effect {
            id: derive_effect_id(payment, at, place, self.ids.random()),
            payment: payment.id,
            provider: payer.provider.clone(),
            kind,
            attempts: 0,
            due_at: at,
            written_at: at,
        });
        written.collect()
    }
}

/// An effect's id. Its low 64 bits begin with the payment's version (16) and the effect's place (8), so that
/// effects of one payment sort by them in the order in which they were decided, even if the clock was set back.
/// The version fits because of [`EVENTS_MAX`](crate::EVENTS_MAX). The other 40 bits tell apart what many payments
/// decide in the same millisecond; should two be the same nevertheless, the store says so and another is drawn.
pub(crate) fn derive_effect_id(payment: &Payment, at: Timestamp, place: u8, random: u64) -> EffectId {
    let version = u64::from(payment.version.min(0xFFFF));
    let low = version << 48 | u64::from(place) << 40 | random & 0x00FF_FFFF_FFFF;
    EffectId::derive(payment.id.shard(), at, low)
}

/// The order in which effects of one payment were decided.
#[allow(clippy::cast_possible_truncation, reason = "the low 64 bits are the order")]
pub(crate) fn effect_order(effect: &Effect) -> u64 {
    effect.id.to_u128() as u64
}

/// Why nothing was paid, for the customer's own eyes.
fn decline_cause(payment: &Payment) -> Cause {
    match decline_reason(payment) {
        Some(DeclineReason::InsufficientFunds) => Cause::INSUFFICIENT_FUNDS,
        Some(DeclineReason::AccountUnusable) => Cause::ACCOUNT_UNUSABLE,
        Some(DeclineReason::NotApproved) => Cause::APPROVAL_NEEDED,
        Some(DeclineReason::ProviderRefused | DeclineReason::Security(_)) => Cause::PROVIDER_REFUSED,
        None => Cause::PROVIDER_SILENT,
    }
}

/// How often a change that others overtake is decided anew.
pub(crate) const ATTEMPTS_MAX: usize = 16;

/// Whether an error of the state machine means that somebody else already ended what we wanted to move.
pub(crate) fn was_overtaken(error: &PaymentError) -> bool {
    matches!(error, PaymentError::NotAllowed(NotAllowed::WrongState))
}
