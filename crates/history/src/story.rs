//! A violation as a story: the shortest beginning of the history that cannot be explained, line by line.

use crate::observed::Observed;
use crate::operation::{Call, Operation, Outcome};
use crate::payments::{Payments, key_of};
use crate::search::{Found, search};
use crate::spec::Terms;
use std::fmt;

/// Something that no server which keeps its promises can have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Whose history it is.
    pub payer: String,
    /// The operations up to the one that cannot be explained, which is the last; empty if it is not about one.
    pub prefix: Vec<Operation>,
    /// What is wrong.
    pub words: String,
}

impl Violation {
    pub(crate) fn of_payment(payer: &str, words: String) -> Self {
        Self { payer: payer.to_owned(), prefix: Vec::new(), words }
    }
}

/// The story of `operations`, which nothing explains.
pub(crate) fn shortest(payer: &str, operations: &[&Operation], terms: &Terms) -> Violation {
    let mut answers: Vec<&Operation> =
        operations.iter().copied().filter(|operation| operation.answered_us.is_some()).collect();
    answers.sort_by_key(|operation| operation.answered_us);
    let is_explained = |operation: &&Operation| {
        let until_us = operation.answered_us.unwrap_or_default();
        !matches!(search(operations, until_us, terms), Found::NoOrder)
    };
    // Once a beginning is not explained, no longer one is.
    let at = answers.partition_point(is_explained).min(answers.len().saturating_sub(1));
    let Some(culprit) = answers.get(at) else {
        return Violation::of_payment(payer, "there is nothing to explain".to_owned());
    };
    let until_us = culprit.answered_us.unwrap_or_default();
    let before_us = at.checked_sub(1).and_then(|before| answers[before].answered_us).unwrap_or_default();
    let words = match search(operations, before_us, terms) {
        Found::Order(stood) => standing(&stood, culprit),
        Found::NoOrder | Found::GivenUp => String::new(),
    };
    let is_before =
        |operation: &&&Operation| operation.invoked_us <= until_us && operation.number != culprit.number;
    let mut prefix: Vec<Operation> =
        operations.iter().filter(is_before).map(|operation| (*operation).clone()).collect();
    for operation in &mut prefix {
        if operation.answered_us.is_some_and(|answered_us| answered_us > until_us) {
            operation.answered_us = None;
            operation.outcome = Outcome::Unknown { cause: "not answered yet".to_owned() };
        }
    }
    prefix.push((*culprit).clone());
    Violation { payer: payer.to_owned(), prefix, words: format!("nothing explains the last answer{words}") }
}

fn standing(payments: &Payments, culprit: &Operation) -> String {
    let by_id = culprit.call.payment().and_then(|id| payments.payment(id));
    let by_key = culprit.call.key().and_then(|key| payments.payment_under(&key_of(&culprit.client, key)));
    match by_id.or(by_key) {
        Some(payment) => {
            let seen = payment.seen();
            format!(
                "; before it the payment may have been {:?}, captured {}, refunded {}",
                seen.state,
                money(seen.captured_minor),
                money(seen.refunded_minor)
            )
        }
        None => "; before it there need not have been such a payment".to_owned(),
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "payer {}: {}", self.payer, self.words)?;
        for operation in &self.prefix {
            writeln!(f, "  {}", line(operation))?;
        }
        Ok(())
    }
}

/// One operation on one line: number, times, who, what, answer.
fn line(operation: &Operation) -> String {
    let answered = operation.answered_us.map_or_else(|| "…".to_owned(), seconds);
    format!(
        "#{} {} to {answered}, {}: {} → {}",
        operation.number,
        seconds(operation.invoked_us),
        operation.client,
        asked(&operation.call),
        answer(operation)
    )
}

fn asked(call: &Call) -> String {
    let amount = |minor: &Option<i64>| minor.map_or_else(|| "all".to_owned(), money);
    match call {
        Call::Authorise { key, counter, amount_minor } => {
            format!("authorise {} with code {counter} (key {key})", money(*amount_minor))
        }
        Call::Capture { key, payment, amount_minor, is_final } => {
            let last = if *is_final { ", the last" } else { "" };
            format!("capture {}{last} of {payment} (key {key})", amount(amount_minor))
        }
        Call::Void { key, payment } => format!("void {payment} (key {key})"),
        Call::Refund { key, payment, amount_minor } => {
            format!("refund {} of {payment} (key {key})", amount(amount_minor))
        }
        Call::Cancel { key } => format!("cancel the request under key {key}"),
        Call::Look { payment } => format!("look at {payment}"),
        Call::LookUp { key } => format!("look up the request under key {key}"),
    }
}

fn answer(operation: &Operation) -> String {
    match &operation.outcome {
        Outcome::Unknown { cause } => format!("unknown: {cause}"),
        Outcome::NotSent { cause } => format!("not sent: {cause}"),
        Outcome::Answered { status, body } => match Observed::of(operation) {
            Observed::Strange => format!("{status}, which is not of the API: {body}"),
            Observed::Refused(problem) => format!("{status} {}", problem.title()),
            _ => format!("{status} {body}"),
        },
    }
}

fn seconds(us: u64) -> String {
    format!("+{}.{:06} s", us / 1_000_000, us % 1_000_000)
}

fn money(minor: i64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}
