//! Customers and their methods, merchants and their checkouts.

use crate::fault::Fault;
use crate::session::Session;
use crate::tables::{CHECKOUT_BY_KEY, CHECKOUT_OF_TERMINAL, CHECKOUTS, CUSTOMERS, MERCHANTS, METHODS};
use model::{MerchantCategory, MerchantId};
use records::{AuditEntry, Checkout, Customer, Merchant, MerchantTerms, Method, Outcome, PutMethod};

pub(super) fn create_customer(
    session: &mut impl Session,
    customer: &Customer,
    audit: AuditEntry,
) -> Result<Outcome, Fault> {
    if session.has(CUSTOMERS, &customer.id)? {
        return Ok(Outcome::Exists);
    }
    session.put(CUSTOMERS, &customer.id, customer)?;
    session.audit(audit)?;
    Ok(Outcome::Done)
}

pub(super) fn create_merchant(
    session: &mut impl Session,
    merchant: &Merchant,
    audit: AuditEntry,
) -> Result<Outcome, Fault> {
    if session.has(MERCHANTS, &merchant.id)? {
        return Ok(Outcome::Exists);
    }
    session.put(MERCHANTS, &merchant.id, merchant)?;
    session.audit(audit)?;
    Ok(Outcome::Done)
}

pub(super) fn set_terms(
    session: &mut impl Session,
    id: MerchantId,
    terms: Vec<MerchantTerms>,
    audit: AuditEntry,
) -> Result<Outcome, Fault> {
    let Some(merchant) = session.get(MERCHANTS, &id)? else {
        return Ok(Outcome::Missing);
    };
    session.put(MERCHANTS, &id, &Merchant { terms, ..merchant })?;
    session.audit(audit)?;
    Ok(Outcome::Done)
}

pub(super) fn set_category(
    session: &mut impl Session,
    id: MerchantId,
    category: Option<MerchantCategory>,
    audit: AuditEntry,
) -> Result<Outcome, Fault> {
    let Some(merchant) = session.get(MERCHANTS, &id)? else {
        return Ok(Outcome::Missing);
    };
    session.put(MERCHANTS, &id, &Merchant { category, ..merchant })?;
    session.audit(audit)?;
    Ok(Outcome::Done)
}

pub(super) fn create_checkout(
    session: &mut impl Session,
    checkout: &Checkout,
    audit: AuditEntry,
) -> Result<Outcome, Fault> {
    let known =
        session.has(CHECKOUTS, &checkout.id)? || session.has(CHECKOUT_BY_KEY, &checkout.api_key_hash)?;
    if known {
        return Ok(Outcome::Exists);
    }
    for terminal in &checkout.terminals {
        if session.has(CHECKOUT_OF_TERMINAL, terminal)? {
            return Ok(Outcome::Exists);
        }
        session.put(CHECKOUT_OF_TERMINAL, terminal, &checkout.id)?;
    }
    session.put(CHECKOUTS, &checkout.id, checkout)?;
    session.put(CHECKOUT_BY_KEY, &checkout.api_key_hash, &checkout.id)?;
    session.audit(audit)?;
    Ok(Outcome::Done)
}

/// A method not there yet counts as version 0.
pub(super) fn put_method(session: &mut impl Session, command: PutMethod) -> Result<Outcome, Fault> {
    let PutMethod { expected_version, method, audit } = command;
    if expected_version.checked_add(1) != Some(method.version) {
        return Err(Fault::wrong("the method's version does not follow the one seen"));
    }
    if let Some(refusal) = stage_method(session, &method)? {
        return Ok(refusal);
    }
    session.audit(audit)?;
    Ok(Outcome::Done)
}

/// Stages a method in place of the version before it, or tells why it may not be.
pub(super) fn stage_method(session: &mut impl Session, method: &Method) -> Result<Option<Outcome>, Fault> {
    let expected_version =
        method.version.checked_sub(1).ok_or_else(|| Fault::wrong("a method's first version is 1"))?;
    let key = (method.customer, method.slot);
    let stored = session.get(METHODS, &key)?;
    if stored.is_none() && expected_version > 0 {
        return Ok(Some(Outcome::Missing));
    }
    if stored.map_or(0, |row| row.version) != expected_version {
        return Ok(Some(Outcome::Conflict));
    }
    session.put(METHODS, &key, method)?;
    Ok(None)
}
