//! Activation codes and enrolments.

use crate::fault::Fault;
use crate::session::Session;
use crate::tables::{ACTIVATION_CODES, ENROLMENTS};
use model::Counter;
use records::{ActivationCodeRow, AuditEntry, ChangeEnrolment, Enrol, EnrolmentChange, Outcome};

pub(super) fn issue_code(
    session: &mut impl Session,
    code: &ActivationCodeRow,
    audit: AuditEntry,
) -> Result<Outcome, Fault> {
    if session.has(ACTIVATION_CODES, &code.code_hash)? {
        return Ok(Outcome::Exists);
    }
    session.put(ACTIVATION_CODES, &code.code_hash, code)?;
    session.audit(audit)?;
    Ok(Outcome::Done)
}

pub(super) fn enrol(session: &mut impl Session, command: Enrol) -> Result<Outcome, Fault> {
    let Enrol { code_hash, used, enrolment, audit } = command;
    if enrolment.version != 1 || used.enrolment != enrolment.id {
        return Err(Fault::wrong("a new enrolment is at version 1 and is the one its code is used for"));
    }
    let Some(mut code) = session.get(ACTIVATION_CODES, &code_hash)? else {
        return Ok(Outcome::Missing);
    };
    if code.used.is_some() {
        return Ok(Outcome::Exists);
    }
    if used.at > code.expires_at {
        return Ok(Outcome::Missing);
    }
    if code.customer != enrolment.customer {
        return Err(Fault::wrong("the activation code is another customer's"));
    }
    if session.has(ENROLMENTS, &enrolment.id)? {
        return Ok(Outcome::Exists);
    }
    code.used = Some(used);
    session.put(ACTIVATION_CODES, &code_hash, &code)?;
    session.put(ENROLMENTS, &enrolment.id, &enrolment)?;
    session.audit(audit)?;
    Ok(Outcome::Done)
}

pub(super) fn change(session: &mut impl Session, command: ChangeEnrolment) -> Result<Outcome, Fault> {
    if let Err(refusal) = apply(session, &command.change)? {
        return Ok(refusal);
    }
    for entry in command.audit {
        session.audit(entry)?;
    }
    Ok(Outcome::Done)
}

/// Stages the enrolment as it shall be and gives the counter stored so far, or why it may not be.
pub(super) fn apply(
    session: &mut impl Session,
    change: &EnrolmentChange,
) -> Result<Result<Counter, Outcome>, Fault> {
    if change.expected_version.checked_add(1) != Some(change.enrolment.version) {
        return Err(Fault::wrong("the enrolment's version does not follow the one seen"));
    }
    let Some(stored) = session.get(ENROLMENTS, &change.enrolment.id)? else {
        return Ok(Err(Outcome::Missing));
    };
    if stored.version != change.expected_version {
        return Ok(Err(Outcome::Conflict));
    }
    session.put(ENROLMENTS, &change.enrolment.id, &change.enrolment)?;
    Ok(Ok(stored.counter))
}
