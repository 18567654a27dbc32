//! One payment: its events, postings, effects, request, verdict and consumed code agree.

use super::codes::Owed;
use super::standing::Standing;
use super::sums::Sums;
use super::{Report, Tasks, approved, bookings};
use crate::replay::{Replayed, replay_all};
use crate::{PaymentError, answers};
use model::{EnrolmentId, Payment, PaymentState};
use protocol::verdict::Verdict;
use records::{ConfirmationRow, Effect, EventRow, NewConfirmation, Page, Queries};

/// What a check of one payment adds to or looks up.
pub(super) struct Desk<'a> {
    pub(super) store: &'a dyn Queries,
    pub(super) sums: &'a mut Sums,
    pub(super) owed: &'a mut Owed,
    /// The tasks that operators have, or had, because of each payment.
    pub(super) tasks: &'a Tasks,
    pub(super) report: &'a mut Report,
}

/// Reads all of a payment; what was counted in at its version `seen` is not counted again. Gives how it stood then and
/// stands now.
pub(super) async fn check(
    desk: &mut Desk<'_>,
    payment: &Payment,
    seen: u32,
) -> Result<(Standing, Standing), PaymentError> {
    let Desk { store, sums, owed, tasks, report } = desk;
    let events = store.events(payment.id).await?;
    let postings = store.postings(payment.id).await?;
    let effects = store.effects_of(payment.id).await?;
    report.rows += 1 + events.len() as u64 + postings.len() as u64 + effects.len() as u64;
    postings.iter().filter(|row| row.version > seen).for_each(|row| sums.book(&row.posting));
    amounts(payment, report);
    asked(payment, &effects, report);
    let mut stands = (Standing::default(), Standing { is_unsettled: true, ..Standing::default() });
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
            stands = (
                stood(payment, &replayed, &events, seen)?,
                Standing::of(payment, &replayed.effects, &events),
            );
            sums.stand(payment, stands.0, stands.1);
            let tasks = tasks.get(&payment.id).map_or(&[][..], Vec::as_slice);
            bookings::check(payment.id, &replayed.effects, &events, &effects, tasks, report);
            told(*store, owed, payment, &replayed, &events, seen, report).await?;
            requested(*store, payment, replayed.answered.as_ref(), report).await?;
        }
    }
    proved(*store, payment, report).await?;
    Ok(stands)
}

/// How a payment stood at its version `seen`; nothing if it was not there yet.
fn stood(
    payment: &Payment,
    replayed: &Replayed,
    events: &[EventRow],
    seen: u32,
) -> Result<Standing, PaymentError> {
    let Some(count) = seen.checked_sub(1) else { return Ok(Standing::default()) };
    let until = &events[..events.len().min(count as usize)];
    let then = replay_all(payment, until)?.payment;
    Ok(Standing::of(&then, &replayed.effects, until))
}

/// Invariant 4: what the phone had to learn is there, event by event.
async fn told(
    store: &dyn Queries,
    owed: &mut Owed,
    payment: &Payment,
    replayed: &Replayed,
    events: &[EventRow],
    seen: u32,
    report: &mut Report,
) -> Result<(), PaymentError> {
    let Some(payer) = &payment.payer else { return Ok(()) };
    let whole_minor = payment.order.amount.amount_minor;
    owed.confirmations(payer.enrolment, &replayed.told, whole_minor);
    for row in events.iter().filter(|row| row.version > seen) {
        let told = replayed.told.iter().find(|(version, _)| *version == row.version);
        let wanted = told.map(|(_, told)| told.as_confirmation(whole_minor));
        let found = match row.confirmation {
            Some(sequence) => confirmation(store, payer.enrolment, sequence).await?,
            None => None,
        };
        report.rows += u64::from(found.is_some());
        let is_same = match (&wanted, &found) {
            (None, None) => row.confirmation.is_none(),
            (Some((kind, amount_minor)), Some(found)) => {
                let NewConfirmation { kind: told, payment: of, amount, .. } = &found.confirmation;
                (told, of, amount.amount_minor) == (kind, &payment.id, *amount_minor)
            }
            _ => false,
        };
        if !is_same {
            report.wrong(4, payment.id, format!("the phone was not told what version {} did", row.version));
        }
    }
    Ok(())
}

async fn confirmation(
    store: &dyn Queries,
    enrolment: EnrolmentId,
    sequence: u32,
) -> Result<Option<ConfirmationRow>, PaymentError> {
    let before = Page { after: sequence.checked_sub(1), limit: 1 };
    let found = store.confirmations(enrolment, before).await?.pop();
    Ok(found.filter(|row| row.sequence == sequence))
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
    store: &dyn Queries,
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

/// Invariant 1: what was paid was paid with a verified code, consumed by this payment.
async fn proved(store: &dyn Queries, payment: &Payment, report: &mut Report) -> Result<(), PaymentError> {
    let Some(verdict) = store.verdict(payment.id).await? else {
        report.wrong(1, payment.id, "what security management found is missing");
        return Ok(());
    };
    report.rows += 1;
    if let (Some(sequence), Some(enrolment)) = (verdict.confirmation, verdict.enrolment) {
        let found = confirmation(store, enrolment, sequence).await?;
        if found.is_none_or(|row| row.confirmation.payment != payment.id) {
            report.wrong(4, payment.id, "the phone was not told that its code was refused");
        }
    }
    let lets_pay = verdict.decision.as_ref().map(|decision| decision.ruling.lets_pay());
    if lets_pay.is_some_and(|lets_pay| lets_pay != verdict.verdict.is_ok()) {
        report.wrong(1, payment.id, "policy decided otherwise than its verdict says");
    }
    let is_good = match verdict.verdict {
        Verdict::ApprovalNeeded => payment.approval.is_some(),
        found => found.is_ok() && payment.approval.is_none(),
    };
    if is_good != payment.payer.is_some() {
        report.wrong(
            1,
            payment.id,
            "it has a payer although its code was refused, or none although it was not",
        );
    }
    approved::check(store, payment, report).await?;
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
