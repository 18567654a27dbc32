//! Codes are used once, and in the order of their counters: moments can be found at which that happened.

use crate::observed::{Observed, shown_in};
use crate::operation::{Call, Operation};
use crate::story::Violation;
use api::payment::PaymentStateName;
use api::problem::ProblemType;

/// A request for authorisation that came, as its code's counter sees it.
struct Use<'a> {
    counter: u32,
    /// Whether the code was taken: a payment came of it, whatever became of that.
    is_taken: bool,
    /// Not before, microseconds.
    from_us: u64,
    /// Not after: then it was told.
    until_us: u64,
    /// All that was asked about it.
    group: &'a [&'a Operation],
}

/// What cannot be in the uses of one payer's codes.
pub(crate) fn check(payer: &str, groups: &[Vec<&Operation>]) -> Vec<Violation> {
    let mut uses: Vec<Use<'_>> = groups.iter().flat_map(|group| uses_in(group)).collect();
    uses.sort_by_key(|one| (one.counter, !one.is_taken, one.from_us));
    let mut found = Vec::new();
    // Each code is taken at the earliest moment that the codes before it leave; whoever comes too late then cannot
    // have been.
    let mut last: Option<&Use<'_>> = None;
    let mut at_us = 0;
    for one in &uses {
        match last {
            Some(last) if one.is_taken && last.counter == one.counter => {
                found.push(story(payer, last, one, "the same code was taken twice"));
            }
            Some(last) if at_us > one.until_us => {
                let words = if one.is_taken {
                    "a code was taken after one with a higher counter"
                } else {
                    "a code was taken after one with a higher counter had been declined"
                };
                found.push(story(payer, one, last, words));
            }
            _ => {}
        }
        if one.is_taken {
            at_us = at_us.max(one.from_us);
            last = Some(one);
        }
    }
    found
}

fn uses_in<'a>(group: &'a [&'a Operation]) -> Vec<Use<'a>> {
    let asks = group.iter().filter_map(|operation| match &operation.call {
        Call::Authorise { key, counter, .. } => Some((&operation.client, key, *counter)),
        _ => None,
    });
    let mut asks: Vec<(&String, &String, u32)> = asks.collect();
    asks.sort_unstable();
    asks.dedup();
    asks.into_iter().filter_map(|(client, key, counter)| use_of(group, client, key, counter)).collect()
}

/// What is known of the request with this code under this key; none if nothing was ever told of it.
fn use_of<'a>(group: &'a [&'a Operation], client: &str, key: &str, counter: u32) -> Option<Use<'a>> {
    let is_ours = |operation: &&&Operation| {
        operation.client == client
            && matches!(&operation.call, Call::Authorise { key: k, counter: c, .. } if k == key && *c == counter)
    };
    let asked_us = group.iter().filter(is_ours).map(|operation| operation.invoked_us).min()?;
    let is_by_key = |operation: &&Operation| operation.client == client && operation.call.key() == Some(key);
    // Under a key that was reused only what answers this very request shows its payment.
    let is_reuse = |operation: &&&Operation| {
        let is_ask = matches!(operation.call, Call::Authorise { .. }) || operation.call.payment().is_some();
        is_by_key(operation) && is_ask && !is_ours(operation)
    };
    let first = group.iter().filter(is_ours).find_map(|operation| shown_in(operation));
    let others = || {
        let is_reused = group.iter().any(|operation| is_reuse(&operation));
        let by_key = group.iter().filter(|operation| is_by_key(operation) && !is_reused);
        by_key.copied().find_map(shown_in)
    };
    let id = first.or_else(others)?.id;
    let shows = group.iter().filter_map(|operation| {
        let shown = shown_in(operation).filter(|shown| shown.id == id)?;
        Some((operation.answered_us?, shown.seen.state))
    });
    let is_taken = shows.clone().any(|(_, state)| state != PaymentStateName::Declined);
    let not_yet = group.iter().filter(|operation| {
        is_by_key(operation) && Observed::of(operation) == Observed::Refused(ProblemType::NotFound)
    });
    let from_us = not_yet.map(|operation| operation.invoked_us).fold(asked_us, u64::max);
    let until_us = shows.map(|(answered_us, _)| answered_us).min()?;
    Some(Use { counter, is_taken, from_us, until_us, group })
}

/// What was asked about the two, up to the answer that gives it away, which is the later one's.
fn story(payer: &str, one: &Use<'_>, other: &Use<'_>, words: &str) -> Violation {
    let until_us = one.until_us.max(other.until_us);
    let both = one.group.iter().chain(other.group);
    let mut prefix: Vec<Operation> = both
        .filter(|operation| operation.invoked_us <= until_us)
        .map(|operation| (*operation).clone())
        .collect();
    let is_last = |operation: &Operation| operation.answered_us == Some(until_us);
    prefix.sort_by_key(|operation| (is_last(operation), operation.number));
    prefix.dedup();
    Violation { payer: payer.to_owned(), prefix, words: words.to_owned() }
}
