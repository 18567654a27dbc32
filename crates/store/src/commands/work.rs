//! Effects still to be sent, tasks for operators, signatures under the audit chain.

use crate::fault::Fault;
use crate::session::Session;
use crate::tables::{AUDIT, AUDIT_HEADS, EFFECTS, EFFECTS_DUE, EFFECTS_OF, TASKS};
use model::{EffectId, PaymentId, Timestamp};
use records::{AuditHead, Effect, Outcome};

/// Stages an effect and its index rows. Gives whether its id was free.
pub(super) fn add(session: &mut Session<'_>, effect: &Effect) -> Result<bool, Fault> {
    if session.has(EFFECTS, &effect.id)? {
        return Ok(false);
    }
    session.put(EFFECTS, &effect.id, effect)?;
    session.put(EFFECTS_DUE, &(effect.due_at, effect.id), &effect.id)?;
    session.put(EFFECTS_OF, &(effect.payment, effect.id), &effect.id)?;
    Ok(true)
}

/// Stages the removal of a payment's effect that is done. Gives whether it was there.
pub(super) fn done(session: &mut Session<'_>, payment: PaymentId, id: EffectId) -> Result<bool, Fault> {
    let Some(effect) = session.get(EFFECTS, &id)?.filter(|effect| effect.payment == payment) else {
        return Ok(false);
    };
    session.remove(EFFECTS, &id);
    session.remove(EFFECTS_DUE, &(effect.due_at, id));
    session.remove(EFFECTS_OF, &(payment, id));
    Ok(true)
}

pub(super) fn delay(
    session: &mut Session<'_>,
    id: EffectId,
    attempts: u32,
    due_at: Timestamp,
) -> Result<Outcome, Fault> {
    let Some(mut effect) = session.get(EFFECTS, &id)? else {
        return Ok(Outcome::Missing);
    };
    session.remove(EFFECTS_DUE, &(effect.due_at, id));
    effect.attempts = attempts;
    effect.due_at = due_at;
    session.put(EFFECTS, &id, &effect)?;
    session.put(EFFECTS_DUE, &(due_at, id), &id)?;
    Ok(Outcome::Done)
}

/// Stages that a payment's task is settled, or tells why it cannot be.
pub(super) fn settle(
    session: &mut Session<'_>,
    payment: PaymentId,
    id: EffectId,
    at: Timestamp,
) -> Result<Option<Outcome>, Fault> {
    let Some(mut task) = session.get(TASKS, &id)?.filter(|task| task.payment == payment) else {
        return Ok(Some(Outcome::Missing));
    };
    if task.settled_at.is_some() {
        return Ok(Some(Outcome::Conflict));
    }
    task.settled_at = Some(at);
    session.put(TASKS, &id, &task)?;
    Ok(None)
}

pub(super) fn sign(session: &mut Session<'_>, head: &AuditHead) -> Result<Outcome, Fault> {
    let Some(row) = session.get(AUDIT, &head.sequence)? else {
        return Ok(Outcome::Missing);
    };
    if row.hash != head.hash {
        return Ok(Outcome::Conflict);
    }
    if session.has(AUDIT_HEADS, &head.sequence)? {
        return Ok(Outcome::Exists);
    }
    session.put(AUDIT_HEADS, &head.sequence, head)?;
    Ok(Outcome::Done)
}
