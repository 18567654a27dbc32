//! How many files and connections a service may have open at once.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a service may need: every connection that it takes, with room for its own files and calls.
const WANTED: u64 = 16_384;

/// Raises this process's own limit as far as it is let: many systems begin with 1 024, which one stranger's
/// connections would use up, and a service without a descriptor left reaches neither its callers nor its bank.
pub(super) fn raise_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let (now, most) = (current.unwrap_or(u64::MAX), maximum.unwrap_or(u64::MAX));
    let raised = now.max(WANTED.min(most));
    if raised > now {
        let limit = Rlimit { current: Some(raised), maximum };
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::warn!(%error, now, "the limit of open files could not be raised");
            return;
        }
    }
    if raised < WANTED {
        tracing::warn!(
            limit = raised,
            wanted = WANTED,
            "few files may be open at once: strangers' connections could use them up; raise the hard limit"
        );
    }
}
