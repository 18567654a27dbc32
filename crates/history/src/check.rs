//! Checks a whole history, payer by payer.

use crate::counters;
use crate::observed::shown_in;
use crate::operation::{Call, History, Operation, Outcome};
use crate::payments::key_of;
use crate::search::{Found, search};
use crate::spec::Terms;
use crate::story::{Violation, shortest};
use model::PaymentId;
use std::collections::{BTreeMap, BTreeSet};

/// The end of time, microseconds.
const EVER_US: u64 = u64::MAX;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Enrolments that paid.
    pub payers: usize,
    /// Requests, of which the next three are parts.
    pub operations: usize,
    /// Answered with success.
    pub acknowledged: usize,
    /// Answered with a problem.
    pub refused: usize,
    /// Not answered.
    pub unknown: usize,
    /// What cannot be explained.
    pub violations: Vec<Violation>,
    /// Payers whose histories were too entangled to be decided.
    pub undecided: Vec<String>,
}

impl Checked {
    /// Whether everything is explained.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty() && self.undecided.is_empty()
    }
}

/// Checks that each payer's operations can have happened one after the other, each at a moment between its asking and
/// its answer, as the specification says. `listed` are all payments that the server has: each must come from one of
/// the operations. A history that ends with a look-up of every key and a look at every payment is so compared with what
/// the server stores, too.
#[must_use]
pub fn check(history: &History, listed: &[PaymentId], terms: &Terms) -> Checked {
    let mut checked = Checked { operations: history.0.len(), ..Checked::default() };
    let mut payers: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
    for operation in &history.0 {
        match operation.outcome {
            Outcome::Answered { status: 200..=299, .. } => checked.acknowledged += 1,
            Outcome::Answered { .. } => checked.refused += 1,
            Outcome::Unknown { .. } | Outcome::NotSent { .. } => checked.unknown += 1,
        }
        payers.entry(&operation.payer).or_default().push(operation);
    }
    checked.payers = payers.len();
    for (payer, mut operations) in payers {
        operations.sort_by_key(|operation| (operation.invoked_us, operation.number));
        check_payer(payer, &operations, terms, &mut checked);
    }
    checked.violations.extend(strangers(history, listed));
    checked
}

fn check_payer(payer: &str, operations: &[&Operation], terms: &Terms, checked: &mut Checked) {
    let groups = groups(operations);
    for group in &groups {
        match search(group, EVER_US, terms) {
            Found::Order(_) => {}
            Found::NoOrder => checked.violations.push(shortest(payer, group, terms)),
            Found::GivenUp => checked.undecided.push(payer.to_owned()),
        }
    }
    checked.violations.extend(counters::check(payer, &groups));
}

/// Operations that speak of the same payment, by a key or by an id, however indirectly.
fn groups<'a>(operations: &[&'a Operation]) -> Vec<Vec<&'a Operation>> {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    let mut joined: Vec<usize> = (0..operations.len()).collect();
    for (index, operation) in operations.iter().enumerate() {
        for name in names_in(operation) {
            let first = *names.entry(name).or_insert(index);
            let (one, other) = (root(&joined, first), root(&joined, index));
            joined[one.max(other)] = one.min(other);
        }
    }
    let mut groups: BTreeMap<usize, Vec<&Operation>> = BTreeMap::new();
    for (index, operation) in operations.iter().enumerate() {
        groups.entry(root(&joined, index)).or_default().push(operation);
    }
    groups.into_values().collect()
}

fn root(joined: &[usize], mut index: usize) -> usize {
    while joined[index] != index {
        index = joined[index];
    }
    index
}

/// What ties an operation to others: its key, the payment that it names, the payment that its answer shows.
fn names_in(operation: &Operation) -> Vec<String> {
    let key = operation.call.key().map(|key| key_of(&operation.client, key).to_string());
    let named = operation.call.payment().or_else(|| shown_in(operation).map(|shown| shown.id));
    key.into_iter().chain(named.map(|id| id.to_string())).collect()
}

/// Payments at the server that nobody asked for, and payments that two payers were told of.
fn strangers(history: &History, listed: &[PaymentId]) -> Vec<Violation> {
    let mut payer_of: BTreeMap<PaymentId, &str> = BTreeMap::new();
    let mut found = Vec::new();
    for operation in &history.0 {
        let Some(id) = shown_in(operation).map(|shown| shown.id) else { continue };
        let payer = *payer_of.entry(id).or_insert(&operation.payer);
        if payer != operation.payer && matches!(operation.call, Call::Authorise { .. }) {
            let words = format!("{id} was told to be {payer}'s and to be {}'s", operation.payer);
            found.push(Violation::of_payment(&operation.payer, words));
        }
    }
    let known: BTreeSet<PaymentId> = payer_of.into_keys().collect();
    for id in listed.iter().filter(|id| !known.contains(id)) {
        found.push(Violation::of_payment("nobody", format!("the server has {id}, and nobody asked for it")));
    }
    found
}
