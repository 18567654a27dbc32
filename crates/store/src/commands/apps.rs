//! The registry of apps.

use crate::fault::Fault;
use crate::session::Session;
use crate::tables::APPS;
use records::{Outcome, PutApp};

/// An app not there yet counts as version 0.
pub(super) fn put(session: &mut impl Session, command: PutApp) -> Result<Outcome, Fault> {
    let PutApp { expected_version, app, audit } = command;
    if expected_version.checked_add(1) != Some(app.version) {
        return Err(Fault::wrong("the app's version does not follow the one seen"));
    }
    let stored = session.get(APPS, &app.id)?;
    if stored.is_none() && expected_version > 0 {
        return Ok(Outcome::Missing);
    }
    if stored.map_or(0, |row| row.version) != expected_version {
        return Ok(Outcome::Conflict);
    }
    session.put(APPS, &app.id, &app)?;
    session.audit(audit)?;
    Ok(Outcome::Done)
}
