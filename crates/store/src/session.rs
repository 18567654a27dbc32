//! What the rules of commands see of a store: rows by key, and a place where they stage what they want written.
//!
//! A command looks at rows and stages what it wants written; only when it is done is that the batch's. So one that is
//! refused, however late, has touched nothing, and a command never sees its own staged rows.

use crate::fault::Fault;
use crate::key::Key;
use crate::row::Row;
use crate::tables::{self, Map};
use model::EnrolmentId;
use records::{AuditEntry, Balance};

/// A batch under way, as the command sees it that is carried out now.
///
/// Every look may fail with [`Fault::Unread`]: then the command is discarded and carried out again once the store has
/// read what was missing.
pub(crate) trait Session {
    /// The row found by `key`. From now until the batch has ended nobody else changes it.
    fn get<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) -> Result<Option<R>, Fault>;

    /// Whether there is a row found by `key`; held as by [`Session::get`].
    fn has<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K) -> Result<bool, Fault>;

    /// The first row from `first` to `last`.
    fn first<K: Key, R: Row>(&mut self, map: Map<K, R>, first: &K, last: &K) -> Result<Option<R>, Fault>;

    /// The last row from `first` to `last`.
    fn last<K: Key, R: Row>(&mut self, map: Map<K, R>, first: &K, last: &K) -> Result<Option<R>, Fault>;

    /// How many rows there are from `first` to `last`: for lists that the rules keep short.
    fn count<K: Key, R: Row>(&mut self, map: Map<K, R>, first: &K, last: &K) -> Result<usize, Fault>;

    /// Stages `row`, in place of what is found by `key` now. A command that did not look there knows that nothing is,
    /// or removes it first.
    fn put<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K, row: &R) -> Result<(), Fault>;

    /// Stages `row` unless something is found by `key`.
    fn put_if_absent<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K, row: &R) -> Result<(), Fault>;

    /// Stages the removal of what is found by `key`.
    fn remove<K: Key, R: Row>(&mut self, map: Map<K, R>, key: &K);

    /// Stages the next entry of the audit chain.
    fn audit(&mut self, entry: AuditEntry) -> Result<(), Fault>;

    /// Stages that these sums are added to the balances of their accounts.
    fn book(&mut self, sums: Vec<Balance>) -> Result<(), Fault>;

    /// Forgets what is staged.
    fn discard(&mut self);

    /// Takes what is staged into the batch. Gives whether that was anything.
    fn write(&mut self) -> Result<bool, Fault>;

    /// The sequence that an enrolment's next confirmation has. A command asks once.
    fn next_confirmation(&mut self, enrolment: EnrolmentId) -> Result<u32, Fault> {
        next_sequence(last_confirmation(self, enrolment)?)
    }
}

/// The sequence of an enrolment's last confirmation; 0 if it has none.
pub(crate) fn last_confirmation<S: Session + ?Sized>(
    session: &mut S,
    enrolment: EnrolmentId,
) -> Result<u32, Fault> {
    let last = session.last(tables::CONFIRMATIONS, &(enrolment, 0), &(enrolment, u32::MAX))?;
    Ok(last.map_or(0, |row| row.sequence))
}

/// The one after `last`.
pub(crate) fn next_sequence(last: u32) -> Result<u32, Fault> {
    last.checked_add(1).ok_or_else(|| Fault::wrong("the enrolment has no sequence left for a confirmation"))
}
