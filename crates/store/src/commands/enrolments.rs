//! Activation codes and enrolments.

use super::devices;
use crate::fault::Fault;
use crate::session::Session;
use crate::tables::{ACTIVATION_CODES, CODES_OF_CUSTOMER, CUSTOMERS, ENROLMENTS};
use model::{Counter, CustomerId};
use records::{
    ActivationCodeRow, ActivationUse, AuditEntry, ChangeEnrolment, Enrol, EnrolmentChange, Outcome,
};

pub(super) fn issue_code(
    session: &mut impl Session,
    code: &ActivationCodeRow,
    audit: AuditEntry,
) -> Result<Outcome, Fault> {
    if session.has(ACTIVATION_CODES, &code.code_hash)? {
        return Ok(Outcome::Exists);
    }
    session.put(ACTIVATION_CODES, &code.code_hash, code)?;
    session.put(CODES_OF_CUSTOMER, &(code.customer, code.code_hash), &code.code_hash)?;
    session.audit(audit)?;
    Ok(Outcome::Done)
}

pub(super) fn enrol(session: &mut impl Session, command: Enrol) -> Result<Outcome, Fault> {
    let Enrol { code_hash, used, enrolment, devices: list, certificate, replaced, notice, audit } = command;
    if enrolment.version != 1 || used.enrolment != enrolment.id {
        return Err(Fault::wrong("a new enrolment is at version 1 and is the one its code is used for"));
    }
    let customer = enrolment.customer;
    let is_own = list.devices.customer == customer
        && list.devices.get(enrolment.id).is_some()
        && certificate.enrolment == enrolment.id
        && replaced.as_ref().is_none_or(|change| change.enrolment.customer == customer);
    if !is_own {
        return Err(Fault::wrong(
            "a new enrolment is among its customer's devices, and its certificate its own",
        ));
    }
    // Who holds the customer holds its devices and the places of its notices.
    session.has(CUSTOMERS, &customer)?;
    if let Some(refusal) = use_code(session, &code_hash, used, customer)? {
        return Ok(refusal);
    }
    if session.has(ENROLMENTS, &enrolment.id)? {
        return Ok(Outcome::Exists);
    }
    if let Some(refusal) = devices::stage_list(session, &list)? {
        return Ok(refusal);
    }
    if let Some(refusal) = devices::stage_certificate(session, &certificate)? {
        return Ok(refusal);
    }
    if let Some(change) = &replaced
        && let Err(refusal) = apply(session, change)?
    {
        return Ok(refusal);
    }
    session.put(ENROLMENTS, &enrolment.id, &enrolment)?;
    devices::tell(
        session,
        core::iter::once(notice).chain(replaced.and_then(|change| change.notice)).collect(),
    )?;
    session.audit(audit)?;
    Ok(Outcome::Done)
}

/// Stages the use of an activation code, or tells why it may not be.
pub(super) fn use_code(
    session: &mut impl Session,
    code_hash: &[u8; 32],
    used: ActivationUse,
    customer: CustomerId,
) -> Result<Option<Outcome>, Fault> {
    let Some(mut code) = session.get(ACTIVATION_CODES, code_hash)? else {
        return Ok(Some(Outcome::Missing));
    };
    if code.used.is_some() {
        return Ok(Some(Outcome::Exists));
    }
    if used.at > code.expires_at {
        return Ok(Some(Outcome::Missing));
    }
    if code.customer != customer {
        return Err(Fault::wrong("the activation code is another customer's"));
    }
    code.used = Some(used);
    session.put(ACTIVATION_CODES, code_hash, &code)?;
    Ok(None)
}

pub(super) fn change(session: &mut impl Session, command: ChangeEnrolment) -> Result<Outcome, Fault> {
    if let Err(refusal) = apply(session, &command.change)? {
        return Ok(refusal);
    }
    devices::tell(session, command.change.notice.into_iter().collect())?;
    for entry in command.audit {
        session.audit(entry)?;
    }
    Ok(Outcome::Done)
}

/// Stages the enrolment as it shall be and gives the counter stored so far, or why it may not be. The change's notice is
/// left to the caller.
pub(super) fn apply(
    session: &mut impl Session,
    change: &EnrolmentChange,
) -> Result<Result<Counter, Outcome>, Fault> {
    if change.expected_version.checked_add(1) != Some(change.enrolment.version) {
        return Err(Fault::wrong("the enrolment's version does not follow the one seen"));
    }
    if change.notice.as_ref().is_some_and(|notice| notice.customer != change.enrolment.customer) {
        return Err(Fault::wrong("the notice is for another customer"));
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
