//! Looks for an order that explains everything: Wing and Gong's search with the memory of Lowe's, "Testing for
//! linearizability" (2017). Depth first over what may come next; a place where we have been before, the same operations
//! done and the payments standing the same, is not entered again.

use crate::operation::Operation;
use crate::payments::{Payments, Prepared};
use crate::spec::Terms;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Places looked at before a search is given up.
const PLACES_MAX: usize = 200_000;

/// What a search found.
#[derive(Debug)]
pub(crate) enum Found {
    /// An order that explains everything; this is how the payments stand after it.
    Order(Box<Payments>),
    /// There is none.
    NoOrder,
    /// It was given up.
    GivenUp,
}

/// One thing that must, or may, have its place in the order.
struct Entry {
    operation: usize,
    from_us: u64,
    /// The answer's time, for what must have its place: an answer that is to be explained.
    until_us: Option<u64>,
}

/// Whether an order of `operations`, which are sorted by when they were asked, explains all their answers. What was
/// answered after `until_us` counts as not answered, and what was asked after it not at all.
pub(crate) fn search(operations: &[&Operation], until_us: u64, terms: &Terms) -> Found {
    let asked: Vec<Operation> = operations
        .iter()
        .filter(|operation| operation.invoked_us <= until_us)
        .map(|operation| {
            let mut operation = (*operation).clone();
            operation.answered_us = operation.answered_us.filter(|answered_us| *answered_us <= until_us);
            if operation.answered_us.is_none() && !matches!(operation.outcome, crate::Outcome::NotSent { .. })
            {
                operation.outcome = crate::Outcome::Unknown { cause: String::new() };
            }
            operation
        })
        .collect();
    Search::of(&asked, terms).run()
}

struct Search<'a> {
    prepared: Vec<Prepared<'a>>,
    entries: Vec<Entry>,
    terms: &'a Terms,
}

/// A place in the search: what is done, how the payments stand, and what is still to be tried from here.
struct Place {
    done: Done,
    payments: Payments,
    candidates: Vec<usize>,
    nexts: Vec<(usize, Payments)>,
}

/// A set of entries.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Done(Vec<u64>);

impl Done {
    fn none(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    fn has(&self, entry: usize) -> bool {
        self.0[entry / 64] & (1 << (entry % 64)) != 0
    }

    fn with(&self, entry: usize) -> Self {
        let mut done = self.clone();
        done.0[entry / 64] |= 1 << (entry % 64);
        done
    }
}

impl<'a> Search<'a> {
    /// An answered operation must have its place. One that may have happened before its answer was decided, or that
    /// has no answer, may have a place of its own in addition, at which nothing is told.
    fn of(operations: &'a [Operation], terms: &'a Terms) -> Self {
        let prepared: Vec<Prepared<'_>> = operations.iter().map(Prepared::of).collect();
        let mut entries = Vec::new();
        for (index, operation) in operations.iter().enumerate() {
            let from_us = operation.invoked_us;
            if operation.answered_us.is_some() {
                entries.push(Entry { operation: index, from_us, until_us: operation.answered_us });
            }
            let is_sent = !matches!(operation.outcome, crate::Outcome::NotSent { .. });
            let decides_later = matches!(operation.call, crate::Call::Authorise { .. });
            if is_sent && (operation.answered_us.is_none() || decides_later) {
                entries.push(Entry { operation: index, from_us, until_us: None });
            }
        }
        Self { prepared, entries, terms }
    }

    fn run(&self) -> Found {
        let mut seen = HashSet::new();
        let mut path = vec![self.place(Done::none(self.entries.len()), Payments::default())];
        while let Some(place) = path.last_mut() {
            if self.is_complete(&place.done) {
                return Found::Order(Box::new(place.payments.clone()));
            }
            let next = match place.nexts.pop() {
                Some((entry, payments)) => Some((place.done.with(entry), payments)),
                None => match place.candidates.pop() {
                    Some(entry) => {
                        place.nexts =
                            self.after(&place.payments, entry).into_iter().map(|p| (entry, p)).collect();
                        continue;
                    }
                    None => None,
                },
            };
            let Some((done, payments)) = next else {
                path.pop();
                continue;
            };
            if seen.insert(fingerprint(&done, &payments)) {
                if seen.len() > PLACES_MAX {
                    return Found::GivenUp;
                }
                path.push(self.place(done, payments));
            }
        }
        Found::NoOrder
    }

    fn after(&self, payments: &Payments, entry: usize) -> Vec<Payments> {
        let entry = &self.entries[entry];
        let prepared = &self.prepared[entry.operation];
        match entry.until_us {
            Some(_) => payments.answered(prepared, self.terms),
            None => payments.happened(prepared, self.terms),
        }
    }

    fn is_complete(&self, done: &Done) -> bool {
        self.entries.iter().enumerate().all(|(index, entry)| entry.until_us.is_none() || done.has(index))
    }

    /// What may come next: whatever began before the first of the answers that are still to be explained. The last is
    /// tried first: answers by their time, and only then what nobody needs to have happened.
    fn place(&self, done: Done, payments: Payments) -> Place {
        let left = || self.entries.iter().enumerate().filter(|(index, _)| !done.has(*index));
        let bound_us = left().filter_map(|(_, entry)| entry.until_us).min().unwrap_or(u64::MAX);
        let may_come = left().filter(|(_, entry)| entry.from_us <= bound_us);
        let mut candidates: Vec<usize> =
            may_come.filter(|(index, _)| !self.is_answered(&done, *index)).map(|(index, _)| index).collect();
        candidates.sort_by_key(|index| {
            let entry = &self.entries[*index];
            (entry.until_us.is_some(), std::cmp::Reverse(entry.until_us.unwrap_or(entry.from_us)))
        });
        Place { done, payments, candidates, nexts: Vec::new() }
    }

    /// Whether this is the untold place of an operation whose answer is explained already.
    fn is_answered(&self, done: &Done, index: usize) -> bool {
        let entry = &self.entries[index];
        let is_untold = entry.until_us.is_none();
        is_untold && index > 0 && self.entries[index - 1].operation == entry.operation && done.has(index - 1)
    }
}

/// 128 bits stand for a place. Two places with the same bits would hide one of them; with so few places that is
/// less likely than one in 10²⁷.
fn fingerprint(done: &Done, payments: &Payments) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, done, payments).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(1) << 64 | half(2)
}
