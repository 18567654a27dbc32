//! The state machine against `spec/payment-states.md`: every row of its table does what it says, and whatever no
//! row allows is refused.

#[path = "support/sample.rs"]
#[allow(dead_code, reason = "each test file uses a part of it")]
mod sample;

use model::{Layer, Payment, PaymentEvent, PaymentState, Posting, Timestamp};
use payments::{Told, step};
use records::EffectKind;
use sample::*;

/// One row of the table.
#[derive(Debug)]
struct Row {
    states: Vec<String>,
    events: Vec<String>,
    only_if: Vec<String>,
    next: String,
    ledger: String,
    provider: String,
    phone: String,
}

fn rows() -> Vec<Row> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/payment-states.md");
    let text = std::fs::read_to_string(path).unwrap();
    let section = text.split("## The table").nth(1).unwrap().split("\n## ").next().unwrap();
    let table = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let list = |cell: &str, by| cell.split(by).map(|part: &str| part.trim().to_owned()).collect::<Vec<_>>();
    let rows = table.map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        assert_eq!(cells.len(), 7, "{line}");
        Row {
            states: list(cells[0], ", "),
            events: list(cells[1], ", "),
            only_if: list(cells[2], ";").into_iter().filter(|part| !part.is_empty()).collect(),
            next: cells[3].to_owned(),
            ledger: cells[4].to_owned(),
            provider: cells[5].to_owned(),
            phone: cells[6].to_owned(),
        }
    });
    rows.collect()
}

fn amount(event: &PaymentEvent) -> i64 {
    match event {
        PaymentEvent::Capture { amount_minor, .. }
        | PaymentEvent::Refund { amount_minor, .. }
        | PaymentEvent::BookingRefused { amount_minor, .. } => *amount_minor,
        _ => panic!("{event:?} has no amount"),
    }
}

fn capture_by(payment: &Payment, event: &PaymentEvent) -> Timestamp {
    match (&payment.state, event) {
        (_, PaymentEvent::Approved(hold)) => hold.capture_by,
        (PaymentState::Authorised(hold) | PaymentState::PartlyCaptured(hold), _) => hold.capture_by,
        _ => panic!("no deadline"),
    }
}

fn held(payment: &Payment) -> i64 {
    payment.order.amount.amount_minor - payment.captured_minor
}

/// Whether a condition, in the table's words, holds.
fn holds(condition: &str, payment: &Payment, event: &PaymentEvent, at: Timestamp) -> bool {
    let is_final = matches!(event, PaymentEvent::Capture { is_final: true, .. });
    let refundable = payment.captured_minor - payment.refunded_minor;
    let has_room = payment.version < 1_000;
    match condition {
        "capture deadline is ahead" => capture_by(payment, event) > at,
        "capture deadline is not ahead" => capture_by(payment, event) <= at,
        "after the capture deadline" => at > capture_by(payment, event),
        "not after the capture deadline" => at <= capture_by(payment, event),
        "final and 0 < amount ≤ held, or amount = held" => {
            is_final && (1..=held(payment)).contains(&amount(event)) || amount(event) == held(payment)
        }
        "not final and 0 < amount < held" => !is_final && (1..held(payment)).contains(&amount(event)),
        "room for events" => has_room,
        "room for events, or amount = captured − refunded" => has_room || amount(event) == refundable,
        "0 < amount ≤ captured − refunded" => (1..=refundable).contains(&amount(event)),
        "0 < amount ≤ captured" => (1..=payment.captured_minor).contains(&amount(event)),
        "0 < amount ≤ refunded" => (1..=payment.refunded_minor).contains(&amount(event)),
        "refunded > 0" => payment.refunded_minor > 0,
        other => panic!("the table has a condition that this test does not know: {other}"),
    }
}

fn name(state: &PaymentState) -> &'static str {
    match state {
        PaymentState::Received => "received",
        PaymentState::Unknown => "unknown",
        PaymentState::Authorised(_) => "authorised",
        PaymentState::Declined(_) => "declined",
        PaymentState::PartlyCaptured(_) => "partly captured",
        PaymentState::Captured => "captured",
        PaymentState::Voided => "voided",
        PaymentState::Expired => "expired",
        PaymentState::Reversing => "reversing",
        PaymentState::Reversed => "reversed",
    }
}

fn postings(cell: &str, payment: &Payment, event: &PaymentEvent) -> Vec<Posting> {
    let entries = cell.split(';').map(str::trim).filter(|entry| *entry != "–");
    let posting = |entry: &str| {
        let (what, how_much) = entry.split_once(": ").unwrap();
        let minor = if how_much == "held" { held(payment) } else { amount_of_hold(payment, event) };
        match what {
            "pending" => sale(Layer::Pending, minor),
            "pending back" => sale(Layer::Pending, minor).reversed(),
            "posted" => sale(Layer::Posted, minor),
            "posted back" => sale(Layer::Posted, minor).reversed(),
            "suspense" => suspense(minor),
            "suspense back" => suspense(minor).reversed(),
            other => panic!("the table has a sum that this test does not know: {other}"),
        }
    };
    entries.map(posting).collect()
}

/// `amount` in the ledger's column: the event's, or the whole payment's where the event has none.
fn amount_of_hold(payment: &Payment, event: &PaymentEvent) -> i64 {
    if matches!(event, PaymentEvent::Approved(_)) { payment.order.amount.amount_minor } else { amount(event) }
}

fn effects(cell: &str, payment: &Payment, event: &PaymentEvent) -> Vec<EffectKind> {
    let words =
        cell.split(';').map(str::trim).filter(|word| !word.starts_with('–') && !word.starts_with('('));
    let effect = |word: &str| match (word, event) {
        ("release", _) => Some(EffectKind::Release),
        ("release if something is left", _) => (held(payment) > amount(event)).then_some(EffectKind::Release),
        ("capture", PaymentEvent::Capture { capture, amount_minor, .. }) => {
            Some(EffectKind::Capture { capture: *capture, amount_minor: *amount_minor })
        }
        ("refund", PaymentEvent::Refund { refund, amount_minor }) => {
            Some(EffectKind::Refund { refund: *refund, amount_minor: *amount_minor })
        }
        other => panic!("the table has an effect that this test does not know: {other:?}"),
    };
    words.filter_map(effect).collect()
}

fn told(cell: &str, event: &PaymentEvent) -> Option<Told> {
    match cell {
        "–" => None,
        "declined" => Some(Told::Declined),
        "captured" => Some(Told::Captured(amount(event))),
        "voided" => Some(Told::Voided),
        "expired" => Some(Told::Expired),
        "refunded" => Some(Told::Refunded(amount(event))),
        other => panic!("the table tells the phone what this test does not know: {other}"),
    }
}

/// The sums after the event.
fn sums(payment: &Payment, event: &PaymentEvent) -> (i64, i64) {
    match event {
        PaymentEvent::Capture { amount_minor, .. } => {
            (payment.captured_minor + amount_minor, payment.refunded_minor)
        }
        PaymentEvent::Refund { amount_minor, .. } => {
            (payment.captured_minor, payment.refunded_minor + amount_minor)
        }
        _ => (payment.captured_minor, payment.refunded_minor),
    }
}

#[test]
fn every_row_does_what_it_says_and_every_other_pair_is_refused() {
    let rows = rows();
    let mut used = vec![0; rows.len()];
    for (state, payment) in every_state() {
        assert_eq!(state, name(&payment.state));
        for (kind, event, at) in every_event() {
            let fits = |row: &Row| {
                row.states.iter().any(|name| name == state)
                    && row.events.iter().any(|name| name == kind)
                    && row.only_if.iter().all(|condition| holds(condition, &payment, &event, at))
            };
            let fitting: Vec<_> = (0..rows.len()).filter(|place| fits(&rows[*place])).collect();
            let context = format!("{state} v{}, {event:?} at {at}", payment.version);
            let result = step(&payment, &event, at);
            let [place] = fitting[..] else {
                assert!(fitting.is_empty(), "{context}: two rows fit");
                assert!(result.is_err(), "{context}: no row allows it");
                continue;
            };
            let (row, step) = (&rows[place], result.unwrap_or_else(|why| panic!("{context}: {why}")));
            used[place] += 1;
            let next = if row.next == "unchanged" { state } else { &row.next };
            assert_eq!(name(&step.payment.state), next, "{context}");
            assert_eq!(step.payment.version, payment.version + 1, "{context}");
            let after = (step.payment.captured_minor, step.payment.refunded_minor);
            assert_eq!(after, sums(&payment, &event), "{context}");
            assert_eq!(step.postings, postings(&row.ledger, &payment, &event), "{context}");
            assert_eq!(step.effects, effects(&row.provider, &payment, &event), "{context}");
            assert_eq!(step.told, told(&row.phone, &event), "{context}");
        }
    }
    for (row, used) in rows.iter().zip(used) {
        let begins = row.states == ["–"];
        assert_eq!(used == 0, begins, "{row:?} was used {used} times");
    }
}

#[test]
fn what_has_no_payer_never_moves() {
    for (_, payment) in every_state() {
        let payment = Payment { payer: None, ..payment };
        for (_, event, at) in every_event() {
            assert!(step(&payment, &event, at).is_err());
        }
    }
}

#[test]
fn a_task_is_left_exactly_where_the_table_says_so() {
    for row in rows() {
        let refused = row.events.iter().any(|event| event.ends_with("refused by the provider"));
        assert_eq!(row.provider.contains("operator's task"), refused, "{row:?}");
    }
}
