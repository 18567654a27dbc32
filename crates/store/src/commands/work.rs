//! Effects still to be sent, tasks for operators, signatures under the audit chain.

use crate::fault::Fault;
use crate::session::Session;
use crate::tables::{AUDIT, AUDIT_HEADS, EFFECTS_DUE, PAYMENTS, TASKS};
use model::{EffectId, PaymentId, Timestamp};
use records::{AuditHead, Effect, Outcome};

/// Stages when an effect is due.
pub(super) fn plan(session: &mut impl Session, effect: &Effect) -> Result<(), Fault> {
    let (payment, id) = (effect.payment, effect.id);
    session.put(EFFECTS_DUE, &(effect.due_at, payment, id), &(payment, id))
}

/// Stages that an effect is no longer due when it was.
pub(super) fn unplan(session: &mut impl Session, effect: &Effect) {
    session.remove(EFFECTS_DUE, &(effect.due_at, effect.payment, effect.id));
}

pub(super) fn delay(
    session: &mut impl Session,
    payment: PaymentId,
    id: EffectId,
    attempts: u32,
    due_at: Timestamp,
) -> Result<Outcome, Fault> {
    let Some(mut stored) = session.get(PAYMENTS, &payment)? else {
        return Ok(Outcome::Missing);
    };
    let Some(effect) = stored.effects.iter_mut().find(|effect| effect.id == id) else {
        return Ok(Outcome::Missing);
    };
    unplan(session, effect);
    effect.attempts = attempts;
    effect.due_at = due_at;
    plan(session, effect)?;
    session.put(PAYMENTS, &payment, &stored)?;
    Ok(Outcome::Done)
}

/// Stages that a payment's task is settled, or tells why it cannot be.
pub(super) fn settle(
    session: &mut impl Session,
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

pub(super) fn sign(session: &mut impl Session, head: &AuditHead) -> Result<Outcome, Fault> {
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
