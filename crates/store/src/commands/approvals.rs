//! Approvals on a device: asked, and then answered or withdrawn once.

use crate::fault::Fault;
use crate::session::Session;
use crate::tables::{APPROVALS, ENROLMENTS};
use records::{ApprovalChange, ApprovalState, Outcome, PutApproval};

/// An approval that is no payment's: those change with their payments.
pub(super) fn put(session: &mut impl Session, command: PutApproval) -> Result<Outcome, Fault> {
    if command.change.approval.purpose.payment().is_some() {
        return Err(Fault::wrong("a payment's approval changes with its payment"));
    }
    if let Some(refusal) = stage(session, &command.change)? {
        return Ok(refusal);
    }
    session.audit(command.audit)?;
    Ok(Outcome::Done)
}

/// Stages an approval, or tells why it may not be. What was answered stays as it is.
pub(super) fn stage(session: &mut impl Session, change: &ApprovalChange) -> Result<Option<Outcome>, Fault> {
    let approval = &change.approval;
    if change.expected_version.checked_add(1) != Some(approval.version) {
        return Err(Fault::wrong("the approval's version does not follow the one seen"));
    }
    if !session.has(ENROLMENTS, &approval.enrolment)? {
        return Err(Fault::wrong("an approval is for an enrolment that is not there"));
    }
    let key = (approval.enrolment, approval.id);
    let stored = session.get(APPROVALS, &key)?;
    let refusal = match (&stored, change.expected_version) {
        (Some(_), 0) => Some(Outcome::Exists),
        (None, 0) => None,
        (None, _) => Some(Outcome::Missing),
        (Some(stored), seen) if stored.version != seen => Some(Outcome::Conflict),
        (Some(stored), _) if stored.state != ApprovalState::Waiting => Some(Outcome::Conflict),
        (Some(_), _) => None,
    };
    if refusal.is_none() {
        session.put(APPROVALS, &key, approval)?;
    }
    Ok(refusal)
}
