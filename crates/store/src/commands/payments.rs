//! Payments: begun once for a code, then moved one event at a time.

use super::{approvals, check, devices, enrolments, ledger, requests, webhooks, work};
use crate::fault::Fault;
use crate::key::ByTime;
use crate::session::Session;
use crate::stored::{Series, StoredEvent, StoredPayment};
use crate::tables::{
    CODE_USES, CONFIRMATIONS, ENROLMENTS, EVENTS, PAYMENTS, PAYMENTS_OF_MERCHANT, TASKS, VELOCITIES, WAKES,
};
use model::{PaymentId, Timestamp};
use records::{
    ApprovalChange, BeginPayment, ChangePayment, CodeUse, ConfirmationRow, EnrolmentChange, EventRow,
    NewConfirmation, Outcome, VerdictRow,
};

pub(super) fn begin(session: &mut impl Session, command: BeginPayment) -> Result<Outcome, Fault> {
    check_begin(&command)?;
    if let Some(known) = requests::known(session, &command.request)? {
        return Ok(known);
    }
    let id = command.payment.id;
    if session.has(PAYMENTS, &id)? {
        return Ok(Outcome::Exists);
    }
    if let Some(refusal) = consume(session, command.enrolment.as_ref(), command.code_use.as_ref())? {
        return Ok(refusal);
    }
    if let Some(velocity) = &command.velocity {
        // What is there gives way, whatever it is: the enrolment's version, which was the one seen, guards it.
        session.has(VELOCITIES, &velocity.enrolment)?;
        session.put(VELOCITIES, &velocity.enrolment, velocity)?;
    }
    if let Some(change) = &command.approval
        && let Some(refusal) = approvals::stage(session, change)?
    {
        return Ok(refusal);
    }
    devices::tell(session, command.enrolment.and_then(|change| change.notice).into_iter().collect())?;
    session.put(PAYMENTS_OF_MERCHANT, &(command.payment.order.merchant, ByTime(id)), &id)?;
    let confirmation = command.confirmation.map(|told| confirm(session, told)).transpose()?;
    let verdict = VerdictRow { confirmation, ..command.verdict };
    let request = requests::key_of(&command.request);
    requests::remember(session, command.request, Some(id), command.answer, command.payment.received_at)?;
    set_wake(session, id, None, command.wake_at)?;
    let effects: Vec<_> = command.effect.into_iter().collect();
    effects.iter().try_for_each(|effect| work::plan(session, effect))?;
    let stored = StoredPayment {
        payment: command.payment,
        verdict,
        request,
        wake_at: command.wake_at,
        effects,
        recent: Series::default(),
    };
    session.put(PAYMENTS, &id, &stored)?;
    check::begins(session, id)?;
    if !webhooks::add(session, &command.webhooks)? {
        return Ok(Outcome::Exists);
    }
    for entry in command.audit {
        session.audit(entry)?;
    }
    Ok(Outcome::Done)
}

fn check_begin(command: &BeginPayment) -> Result<(), Fault> {
    let payment = command.payment.id;
    if command.payment.version != 1 || command.verdict.payment != payment {
        return Err(Fault::wrong("a new payment is at version 1 and its verdict is its own"));
    }
    if command.effect.as_ref().is_some_and(|effect| effect.payment != payment) {
        return Err(Fault::wrong("the effect is another payment's"));
    }
    webhooks::check(&command.webhooks, payment, 1)?;
    check_approval(command.approval.as_ref(), payment)?;
    let device = command.enrolment.as_ref().map(|change| change.enrolment.id);
    if command.velocity.as_ref().is_some_and(|velocity| Some(velocity.enrolment) != device) {
        return Err(Fault::wrong("what a phone paid lately changes with its own enrolment"));
    }
    let Some(code_use) = &command.code_use else { return Ok(()) };
    let counted = command.enrolment.as_ref().is_some_and(|change| {
        change.enrolment.id == code_use.enrolment && change.enrolment.counter >= code_use.counter
    });
    if !counted || code_use.payment != payment {
        return Err(Fault::wrong(
            "a code is consumed together with its enrolment's counter, for its own payment",
        ));
    }
    Ok(())
}

fn check_approval(change: Option<&ApprovalChange>, id: PaymentId) -> Result<(), Fault> {
    let purpose = change.map(|change| &change.approval.purpose);
    if purpose.is_some_and(|purpose| purpose.payment() != Some(id)) {
        return Err(Fault::wrong("the approval is another payment's"));
    }
    Ok(())
}

/// Stages the enrolment's change and the code's consumption, or tells why they may not be. The row for the
/// code stands behind the version and the counter: no (enrolment, counter) is consumed twice, whatever the
/// caller overlooked.
fn consume(
    session: &mut impl Session,
    change: Option<&EnrolmentChange>,
    code_use: Option<&CodeUse>,
) -> Result<Option<Outcome>, Fault> {
    let Some(change) = change else { return Ok(None) };
    let counter = match enrolments::apply(session, change)? {
        Ok(counter) => counter,
        Err(refusal) => return Ok(Some(refusal)),
    };
    if let Some(code_use) = code_use {
        let key = (code_use.enrolment, code_use.counter);
        if counter >= code_use.counter || session.has(CODE_USES, &key)? {
            return Ok(Some(Outcome::Conflict));
        }
        session.put(CODE_USES, &key, code_use)?;
    }
    Ok(None)
}

pub(super) fn change(session: &mut impl Session, command: ChangePayment) -> Result<Outcome, Fault> {
    check_change(&command)?;
    let id = command.payment.id;
    if let Some((request, _)) = &command.request
        && let Some(known) = requests::known(session, request)?
    {
        return Ok(known);
    }
    let Some(mut stored) = session.get(PAYMENTS, &id)? else {
        return Ok(Outcome::Missing);
    };
    if stored.payment.version != command.expected_version {
        return Ok(Outcome::Conflict);
    }
    if let Some(done) = command.done_effect {
        let Some(effect) = stored.effect(done) else { return Ok(Outcome::Missing) };
        work::unplan(session, effect);
    }
    for effect in &command.new_effects {
        if stored.effect(effect.id).is_some() {
            return Ok(Outcome::Exists);
        }
        work::plan(session, effect)?;
    }
    if let Some(change) = &command.approval
        && let Some(refusal) = approvals::stage(session, change)?
    {
        return Ok(refusal);
    }
    if let Some(task) = &command.task {
        if session.has(TASKS, &task.effect)? {
            return Ok(Outcome::Exists);
        }
        session.put(TASKS, &task.effect, task)?;
    }
    if let Some(task) = command.settled_task
        && let Some(refusal) = work::settle(session, id, task, command.event.at)?
    {
        return Ok(refusal);
    }
    if let Some((request, answer)) = command.begin_answer
        && !requests::complete(session, &request, id, answer)?
    {
        return Ok(Outcome::Missing);
    }
    if let Some((request, answer)) = command.request {
        requests::remember(session, request, Some(id), Some(answer), command.event.at)?;
    }
    let confirmation = command.confirmation.map(|told| confirm(session, told)).transpose()?;
    ledger::book(session, &command.postings)?;
    let event = EventRow { confirmation, ..command.event };
    if let Some(moved) = stored.add(&StoredEvent::new(event, command.postings))? {
        session.put(EVENTS, &(id, command.expected_version), &moved)?;
    }
    set_wake(session, id, stored.wake_at, command.wake_at)?;
    stored.payment = command.payment;
    stored.wake_at = command.wake_at;
    stored.effects.retain(|effect| Some(effect.id) != command.done_effect);
    stored.effects.extend(command.new_effects);
    stored.effects.sort_by_key(|effect| effect.id);
    session.put(PAYMENTS, &id, &stored)?;
    check::changes(session, id, command.expected_version)?;
    if !webhooks::add(session, &command.webhooks)? {
        return Ok(Outcome::Exists);
    }
    for entry in command.audit {
        session.audit(entry)?;
    }
    Ok(Outcome::Done)
}

fn check_change(command: &ChangePayment) -> Result<(), Fault> {
    let (id, version) = (command.payment.id, command.payment.version);
    if command.expected_version.checked_add(1) != Some(version) {
        return Err(Fault::wrong("the payment's version does not follow the one seen"));
    }
    if command.event.payment != id || command.event.version != version {
        return Err(Fault::wrong("the event is not the one that led to the payment's version"));
    }
    let strange = command.new_effects.iter().any(|effect| effect.payment != id)
        || command.task.as_ref().is_some_and(|task| task.payment != id);
    if strange {
        return Err(Fault::wrong("an effect or a task is another payment's"));
    }
    let currency = command.payment.order.amount.currency;
    if command.postings.iter().any(|posting| posting.currency != currency) {
        return Err(Fault::wrong("a posting is in another currency than its payment"));
    }
    webhooks::check(&command.webhooks, id, version)?;
    check_approval(command.approval.as_ref(), id)?;
    let twice = |(place, effect): (usize, &records::Effect)| {
        command.new_effects[..place].iter().any(|other| other.id == effect.id)
    };
    if command.new_effects.iter().enumerate().any(twice) {
        return Err(Fault::wrong("two new effects share an id"));
    }
    Ok(())
}

/// Stages when a payment must be looked at, in place of when it had to be.
fn set_wake(
    session: &mut impl Session,
    id: PaymentId,
    before: Option<Timestamp>,
    after: Option<Timestamp>,
) -> Result<(), Fault> {
    if before == after {
        return Ok(());
    }
    if let Some(at) = before {
        session.remove(WAKES, &(at, id));
    }
    after.map_or(Ok(()), |at| session.put(WAKES, &(at, id), &id))
}

/// Stages a confirmation in the enrolment's next place, and gives that. Its enrolment must exist, or nobody could ever
/// read it.
fn confirm(session: &mut impl Session, confirmation: NewConfirmation) -> Result<u32, Fault> {
    let enrolment = confirmation.enrolment;
    if !session.has(ENROLMENTS, &enrolment)? {
        return Err(Fault::wrong("a confirmation is for an enrolment that is not there"));
    }
    let sequence = session.next_confirmation(enrolment)?;
    session.put(CONFIRMATIONS, &(enrolment, sequence), &ConfirmationRow { sequence, confirmation })?;
    Ok(sequence)
}
