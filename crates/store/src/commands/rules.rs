//! Lists of rules for sensors.

use crate::fault::Fault;
use crate::session::Session;
use crate::tables::RULE_LISTS;
use records::{Outcome, PublishRules, RULE_LISTS_KEPT};

/// The list that follows the last one; those that phones hardly have any more are forgotten.
pub(super) fn publish(session: &mut impl Session, command: PublishRules) -> Result<Outcome, Fault> {
    let PublishRules { row, audit } = command;
    let last = session.last(RULE_LISTS, &0, &u32::MAX)?.map_or(0, |last| last.version);
    if last.checked_add(1) != Some(row.version) {
        return Ok(Outcome::Conflict);
    }
    session.put(RULE_LISTS, &row.version, &row)?;
    if let Some(old) = row.version.checked_sub(RULE_LISTS_KEPT) {
        session.remove(RULE_LISTS, &old);
    }
    session.audit(audit)?;
    Ok(Outcome::Done)
}
