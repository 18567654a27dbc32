//! What the incremental check still has to read.

use crate::fault::Fault;
use crate::session::Session;
use crate::stored::StoredPayment;
use crate::tables::{CHANGED, CHECK_MARK, PAYMENTS};
use model::PaymentId;
use records::{MoveCheckMark, Outcome};

/// Stages that a payment is new: the check has to read it.
pub(super) fn begins(session: &mut impl Session, payment: PaymentId) -> Result<(), Fault> {
    session.put(CHANGED, &payment, &(payment, 0))
}

/// Stages that a payment, which stood at `version`, changes: from now on the check has to read it again.
pub(super) fn changes(session: &mut impl Session, payment: PaymentId, version: u32) -> Result<(), Fault> {
    session.put_if_absent(CHANGED, &payment, &(payment, version))
}

pub(super) fn move_mark(session: &mut impl Session, command: MoveCheckMark) -> Result<Outcome, Fault> {
    let MoveCheckMark { mark, payments } = command;
    let stored = session.get(CHECK_MARK, &())?.map_or(0, |mark| mark.number);
    if stored.checked_add(1) != Some(mark.number) {
        return Ok(Outcome::Conflict);
    }
    for (id, version) in payments {
        let Some(StoredPayment { payment, .. }) = session.get(PAYMENTS, &id)? else {
            return Ok(Outcome::Missing);
        };
        if payment.version == version {
            session.remove(CHANGED, &id);
        } else {
            // It is there, unless something else moved the mark.
            session.has(CHANGED, &id)?;
            session.put(CHANGED, &id, &(id, version))?;
        }
    }
    session.put(CHECK_MARK, &(), &mark)?;
    Ok(Outcome::Done)
}
