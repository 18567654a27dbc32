//! One payment: its events, postings, effects, request, verdict and consumed code agree.

use super::codes::Owed;
use super::sums::Sums;
use super::{Report, Tasks, bookings};
use crate::replay::replay_all;
use crate::{PaymentError, answers};
use model::{Payment, PaymentState};
use protocol::verdict::Verdict;
use records::{Effect, Store};

/// What a check of one payment adds to or looks up.
pub(super) struct Desk<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) sums: &'a mut Sums,
    pub(super) owed: &'a mut Owed,
    pub(super) tasks: &'a Tasks,
    pub(super) report: &'a mut Report,
}

pub(super) async fn check(desk: &mut Desk<'_>, payment: &Payment) -> Result<(), PaymentError> {
    let Desk { store, sums, owed, tasks, report } = desk;
    let events = store.events(payment.id).await?;
    let postings = store.postings(payment.id).await?;
    let effects = store.effects_of(payment.id).await?;
    report.rows += 1 + events.len() as u64 + postings.len() as u64 + effects.len() as u64;
    postings.iter().for_each(|row| sums.book(&row.posting));
    let tasks = tasks.get(&payment.id).map_or(&[][..], Vec::as_slice);
    sums.stand(payment, &effects, tasks);
    amounts(payment, report);
    asked(payment, &effects, report);
    if is_unsettled(payment, &effects) {
        report.unsettled += 1;
    }
    match replay_all(payment, &events) {
        Err(why) => report.wrong(3, payment.id, format!("its events do not follow from one another: {why}")),
        Ok(replayed) => {
            if replayed.payment != *payment {
                report.wrong(3, payment.id, "the stored payment is not what its events make of it");
            }
            let stored = postings.iter().map(|row| (row.version, &row.posting));
            if !stored.eq(replayed.postings.iter().map(|(version, posting)| (*version, posting))) {
                report.wrong(2, payment.id, "the stored postings are not what its events make of it");
            }
            if let Some(payer) = &payment.payer {
                owed.confirmations(payer.enrolment, &replayed.told, payment.order.amount.amount_minor);
            }
            bookings::check(payment.id, &replayed.effects, &events, &effects, tasks, report);
            requested(*store, payment, replayed.answered.as_ref(), report).await?;
        }
    }
    proved(*store, payment, report).await
}

fn amounts(payment: &Payment, report: &mut Report) {
    let (captured, refunded) = (payment.captured_minor, payment.refunded_minor);
    if captured < 0 || captured > payment.order.amount.amount_minor {
        report.wrong(3, payment.id, "more was captured than held");
    }
    if refunded < 0 || payment.charged_back_minor < 0 || payment.kept_minor() < 0 {
        report.wrong(3, payment.id, "more was refunded and charged back than captured");
    }
}

/// Invariant 5: the provider is asked for an authorisation as long as there is no answer, and no longer.
fn asked(payment: &Payment, effects: &[Effect], report: &mut Report) {
    let asking = effects.iter().filter(|effect| effect.kind.booking().is_none()).count();
    let is_open = matches!(payment.state, PaymentState::Received | PaymentState::Unknown);
    if asking != usize::from(is_open) {
        report.wrong(5, payment.id, "its authorisation is open without an effect, or the other way round");
    }
    let provider = payment.payer.as_ref().map(|payer| &payer.provider);
    if effects.iter().any(|effect| Some(&effect.provider) != provider) {
        report.wrong(5, payment.id, "an effect is for another provider");
    }
}

/// Invariant 4: the request that began it is remembered, and answered once the answer is known.
async fn requested(
    store: &dyn Store,
    payment: &Payment,
    answered: Option<&PaymentState>,
    report: &mut Report,
) -> Result<(), PaymentError> {
    let Some(row) = store.begin_request(payment.id).await? else {
        report.wrong(4, payment.id, "the request that began it is missing");
        return Ok(());
    };
    report.rows += 1;
    if row.payment != Some(payment.id) {
        report.wrong(4, payment.id, "the request that began it is another payment's");
    }
    let is_good = match (&row.answer, answered) {
        (None, None) => true,
        (Some(answer), Some(state)) => answer.status == answers::begun_status(state),
        _ => false,
    };
    if !is_good {
        report.wrong(4, payment.id, "its request is answered too early, wrongly or not at all");
    }
    Ok(())
}

fn is_unsettled(payment: &Payment, effects: &[Effect]) -> bool {
    let has_ended = matches!(
        payment.state,
        PaymentState::Declined(_)
            | PaymentState::Captured
            | PaymentState::Voided
            | PaymentState::Expired
            | PaymentState::Reversed
            | PaymentState::ChargedBack
    );
    !has_ended || !effects.is_empty()
}

/// Invariant 1: what was paid was paid with a verified code, consumed by this payment.
async fn proved(store: &dyn Store, payment: &Payment, report: &mut Report) -> Result<(), PaymentError> {
    let Some(verdict) = store.verdict(payment.id).await? else {
        report.wrong(1, payment.id, "what security management found is missing");
        return Ok(());
    };
    report.rows += 1;
    if (verdict.verdict == Verdict::Ok) != payment.payer.is_some() {
        report.wrong(
            1,
            payment.id,
            "it has a payer although its code was refused, or none although it was not",
        );
    }
    let Some(payer) = &payment.payer else { return Ok(()) };
    match store.code_use(payer.enrolment, payer.counter).await? {
        Some(code) if code.payment == payment.id && code.code_hash == verdict.code_hash => Ok(()),
        Some(_) => {
            report.wrong(1, payment.id, "its code was consumed by another payment");
            Ok(())
        }
        None => {
            report.wrong(1, payment.id, "its code was not consumed");
            Ok(())
        }
    }
}
