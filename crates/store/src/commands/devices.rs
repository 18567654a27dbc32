//! The life of a customer's devices: the list of them, their notices and certificates.

use super::{enrolments, parties};
use crate::fault::Fault;
use crate::session::Session;
use crate::tables::{CERTIFICATES, CUSTOMERS, DEVICES, NOTICES, VELOCITIES};
use model::CustomerId;
use records::{
    CertificateRow, ChangeDevices, Customer, DEVICES_EVER_MAX, DevicesChange, EraseCustomer,
    NOTICES_KEPT_MAX, NewNotice, NoticeRow, Outcome,
};

pub(super) fn change(session: &mut impl Session, command: ChangeDevices) -> Result<Outcome, Fault> {
    check_change(&command)?;
    // Who holds the customer holds its devices and the places of its notices.
    session.has(CUSTOMERS, &command.customer)?;
    if let Some(refusal) = stage(session, command)? {
        return Ok(refusal);
    }
    Ok(Outcome::Done)
}

pub(super) fn erase(session: &mut impl Session, command: EraseCustomer) -> Result<Outcome, Fault> {
    let EraseCustomer { devices, methods, notices } = command;
    check_change(&devices)?;
    let id = devices.customer;
    let is_erasing = devices.devices.as_ref().is_some_and(|change| change.devices.erased_at.is_some());
    let is_silent = devices.enrolments.iter().all(|change| change.notice.is_none());
    if !is_erasing || !is_silent {
        return Err(Fault::wrong("an erasure is written down with the devices, and nobody is told of it"));
    }
    let Some(customer) = session.get(CUSTOMERS, &id)? else {
        return Ok(Outcome::Missing);
    };
    for method in methods {
        if method.customer != id {
            return Err(Fault::wrong("the method is another customer's"));
        }
        if let Some(refusal) = parties::stage_method(session, &method)? {
            return Ok(refusal);
        }
    }
    for row in notices {
        let key = (id, row.sequence);
        // One that made room meanwhile stays away.
        if row.notice.customer == id && session.has(NOTICES, &key)? {
            session.put(NOTICES, &key, &row)?;
        }
    }
    for change in &devices.enrolments {
        let device = change.enrolment.id;
        if session.has(VELOCITIES, &device)? {
            session.remove(VELOCITIES, &device);
        }
    }
    if let Some(refusal) = stage(session, devices)? {
        return Ok(refusal);
    }
    session.put(CUSTOMERS, &id, &Customer { name: String::new(), ..customer })?;
    Ok(Outcome::Done)
}

fn check_change(command: &ChangeDevices) -> Result<(), Fault> {
    let customer = command.customer;
    let is_own = command.enrolments.iter().all(|change| change.enrolment.customer == customer)
        && command.devices.as_ref().is_none_or(|change| change.devices.customer == customer);
    if is_own { Ok(()) } else { Err(Fault::wrong("a change of devices is about one customer")) }
}

/// Stages all of a change but its last word, or tells why it may not be.
fn stage(session: &mut impl Session, command: ChangeDevices) -> Result<Option<Outcome>, Fault> {
    if let Some(change) = &command.devices
        && let Some(refusal) = stage_list(session, change)?
    {
        return Ok(Some(refusal));
    }
    for change in &command.enrolments {
        if let Err(refusal) = enrolments::apply(session, change)? {
            return Ok(Some(refusal));
        }
    }
    if let Some((code_hash, used)) = command.used_code
        && let Some(refusal) = enrolments::use_code(session, &code_hash, used, command.customer)?
    {
        return Ok(Some(refusal));
    }
    if let Some(certificate) = &command.certificate
        && let Some(refusal) = stage_certificate(session, certificate)?
    {
        return Ok(Some(refusal));
    }
    tell(session, command.enrolments.into_iter().filter_map(|change| change.notice).collect())?;
    command.audit.into_iter().try_for_each(|entry| session.audit(entry))?;
    Ok(None)
}

/// Stages the list of a customer's devices, or tells why it may not be. One not there yet counts as version 0.
pub(super) fn stage_list(
    session: &mut impl Session,
    change: &DevicesChange,
) -> Result<Option<Outcome>, Fault> {
    let devices = &change.devices;
    if change.expected_version.checked_add(1) != Some(devices.version) {
        return Err(Fault::wrong("the devices' version does not follow the one seen"));
    }
    if devices.devices.len() > DEVICES_EVER_MAX {
        return Err(Fault::wrong("a customer has more devices than one may ever have"));
    }
    let stored = session.get(DEVICES, &devices.customer)?;
    if stored.map_or(0, |row| row.version) != change.expected_version {
        return Ok(Some(Outcome::Conflict));
    }
    session.put(DEVICES, &devices.customer, devices)?;
    Ok(None)
}

/// Stages a new certificate, or tells that its serial number is taken.
pub(super) fn stage_certificate(
    session: &mut impl Session,
    certificate: &CertificateRow,
) -> Result<Option<Outcome>, Fault> {
    if session.has(CERTIFICATES, &certificate.serial)? {
        return Ok(Some(Outcome::Exists));
    }
    session.put(CERTIFICATES, &certificate.serial, certificate)?;
    Ok(None)
}

/// Stages notices of one customer, each in its place. A command tells once: it does not see what it staged.
pub(super) fn tell(session: &mut impl Session, notices: Vec<NewNotice>) -> Result<(), Fault> {
    let Some(customer) = notices.first().map(|notice| notice.customer) else { return Ok(()) };
    if notices.iter().any(|notice| notice.customer != customer) {
        return Err(Fault::wrong("the notices of a command are about one customer"));
    }
    // Who holds the customer holds the places of its notices.
    session.has(CUSTOMERS, &customer)?;
    let mut sequence = last_notice(session, customer)?;
    for notice in notices {
        sequence = sequence.checked_add(1).ok_or_else(|| Fault::wrong("no place is left for a notice"))?;
        session.put(NOTICES, &(customer, sequence), &NoticeRow { sequence, notice })?;
        if let Some(oldest) = sequence.checked_sub(NOTICES_KEPT_MAX).filter(|oldest| *oldest > 0) {
            session.remove(NOTICES, &(customer, oldest));
        }
    }
    Ok(())
}

/// The sequence of a customer's last notice; 0 if it has none.
fn last_notice(session: &mut impl Session, customer: CustomerId) -> Result<u32, Fault> {
    let last = session.last(NOTICES, &(customer, 0), &(customer, u32::MAX))?;
    Ok(last.map_or(0, |row| row.sequence))
}
