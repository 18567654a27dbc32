//! Policies: each version once, each above all before.

use crate::fault::Fault;
use crate::session::Session;
use crate::tables::POLICIES;
use records::{Outcome, PolicyRow};

pub(super) fn activate(session: &mut impl Session, policy: &PolicyRow) -> Result<Outcome, Fault> {
    if policy.version == 0 {
        return Err(Fault::wrong("a policy's version is 1 or more"));
    }
    // Looked at as a row, so that two of the same version never both count as new.
    if session.has(POLICIES, &policy.version)? {
        return Ok(Outcome::Conflict);
    }
    let last = session.last(POLICIES, &0, &u32::MAX)?;
    if last.is_some_and(|last| last.version >= policy.version) {
        return Ok(Outcome::Conflict);
    }
    session.put(POLICIES, &policy.version, policy)?;
    session.audit(policy.audit_entry())?;
    Ok(Outcome::Done)
}
