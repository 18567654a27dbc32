//! The state machine against `spec/payment-states.md`: every row of its table does what it says, and whatever no
//! row allows is refused.

use crate::support::sample::*;
use model::{
    AccountKey, DeclineReason, Dispute, DisputeId, Layer, MerchantId, Payment, PaymentEvent, PaymentState,
    Posting, SettledWith, Timestamp,
};
use payments::{Told, step};
use records::EffectKind;

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
        | PaymentEvent::CaptureBooked { amount_minor, .. }
        | PaymentEvent::RefundBooked { amount_minor, .. }
        | PaymentEvent::BookingRefused { amount_minor, .. }
        | PaymentEvent::TaskSettled { amount_minor, .. } => *amount_minor,
        PaymentEvent::DisputeOpened(dispute) => dispute.amount_minor,
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

fn approval_end(payment: &Payment) -> Timestamp {
    payment.approval.expect("a payment that awaits approval has one").until
}

fn held(payment: &Payment) -> i64 {
    payment.order.amount.amount_minor - payment.captured_minor
}

/// Whether a condition, in the table's words, holds.
fn holds(condition: &str, payment: &Payment, event: &PaymentEvent, at: Timestamp) -> bool {
    let is_final = matches!(event, PaymentEvent::Capture { is_final: true, .. });
    let kept = payment.captured_minor - payment.refunded_minor - payment.charged_back_minor;
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
        "room for events, or amount = kept" => has_room || amount(event) == kept,
        "0 < amount ≤ kept" => (1..=kept).contains(&amount(event)),
        "0 < amount ≤ in suspense" => (1..=payment.in_suspense_minor).contains(&amount(event)),
        "amount = 0" => amount(event) == 0,
        "it is the open one" => open_dispute(payment).dispute == decided(event),
        "in dispute < kept" => open_dispute(payment).amount_minor < kept,
        "in dispute = kept" => open_dispute(payment).amount_minor == kept,
        "0 < amount ≤ captured" => (1..=payment.captured_minor).contains(&amount(event)),
        "0 < amount ≤ refunded" => (1..=payment.refunded_minor).contains(&amount(event)),
        "for a reason of the provider" => {
            !matches!(event, PaymentEvent::Refused(DeclineReason::Security(_) | DeclineReason::NotApproved))
        }
        "before the approval's end" => at < approval_end(payment),
        "not before the approval's end" => at >= approval_end(payment),
        other => panic!("the table has a condition that this test does not know: {other}"),
    }
}

fn postings(cell: &str, payment: &Payment, event: &PaymentEvent) -> Vec<Posting> {
    let entries = cell.split(';').map(str::trim).filter(|entry| *entry != "–");
    let posting = |entry: &str| {
        let Some((what, how_much)) = entry.split_once(": ") else {
            assert_eq!(entry, "terms");
            return terms(payment, event);
        };
        let minor = match how_much {
            "held" => held(payment),
            "in dispute" => open_dispute(payment).amount_minor,
            _ => amount_of_hold(payment, event),
        };
        let (what, is_back) =
            what.strip_suffix(" back").map_or((what, false), |what| (what, what != "taken"));
        let posting = match what {
            "pending" => sale(Layer::Pending, minor),
            "posted" => sale(Layer::Posted, minor),
            "booked" => booked(minor),
            "suspense" => suspense(minor),
            "disputed" => taken_back(Layer::Pending, minor),
            "taken" => taken_back(Layer::Posted, minor),
            "settled" => settled(event, minor),
            other => panic!("the table has a sum that this test does not know: {other}"),
        };
        vec![if is_back { posting.reversed() } else { posting }]
    };
    entries.flat_map(posting).collect()
}

/// What the merchant pays because of the event, by the text of the specification.
fn terms(payment: &Payment, event: &PaymentEvent) -> Vec<Posting> {
    let fee = |captured: i64| {
        let share = (captured * i64::from(payment.terms.fee_basis_points) + 5_000) / 10_000;
        if captured > 0 { (share + i64::from(payment.terms.fee_fixed_minor)).min(captured) } else { 0 }
    };
    let incentive = |kept: i64| kept * i64::from(payment.terms.incentive_basis_points) / 10_000;
    let (captured, refunded, charged_back) = sums(payment, event);
    let fee = fee(captured) - fee(payment.captured_minor);
    let incentive = incentive(captured - refunded - charged_back) - incentive(payment.kept_minor());
    let paid = (fee > 0).then(|| from_merchant(AccountKey::Fees, fee));
    let account = AccountKey::Incentives(payment.order.merchant);
    let set_aside = match incentive {
        1.. => Some(from_merchant(account, incentive)),
        0 => None,
        _ => Some(from_merchant(account, -incentive).reversed()),
    };
    paid.into_iter().chain(set_aside).collect()
}

fn settled(event: &PaymentEvent, minor: i64) -> Posting {
    let PaymentEvent::TaskSettled { with, .. } = event else { panic!("{event:?} settles nothing") };
    let debit = match with {
        SettledWith::Provider => AccountKey::ProviderClearing(provider()),
        SettledWith::Merchant => AccountKey::Merchant(MerchantId::from_u128(1)),
        SettledWith::Operator => AccountKey::Fees,
    };
    Posting { debit, credit: AccountKey::Suspense(provider()), ..suspense(minor) }
}

fn open_dispute(payment: &Payment) -> &Dispute {
    match &payment.state {
        PaymentState::Disputed(dispute) => dispute,
        state => panic!("{state:?} has no dispute"),
    }
}

fn decided(event: &PaymentEvent) -> DisputeId {
    match event {
        PaymentEvent::DisputeWon(dispute) | PaymentEvent::DisputeLost(dispute) => *dispute,
        _ => panic!("{event:?} decides nothing"),
    }
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

/// What is captured, refunded and charged back after the event.
fn sums(payment: &Payment, event: &PaymentEvent) -> (i64, i64, i64) {
    let (captured, refunded, charged_back) =
        (payment.captured_minor, payment.refunded_minor, payment.charged_back_minor);
    match event {
        PaymentEvent::Capture { amount_minor, .. } => (captured + amount_minor, refunded, charged_back),
        PaymentEvent::Refund { amount_minor, .. } => (captured, refunded + amount_minor, charged_back),
        PaymentEvent::DisputeLost(_) => {
            (captured, refunded, charged_back + open_dispute(payment).amount_minor)
        }
        _ => (captured, refunded, charged_back),
    }
}

/// What is in suspense after the event.
fn in_suspense(payment: &Payment, event: &PaymentEvent) -> i64 {
    match event {
        PaymentEvent::BookingRefused { amount_minor, .. } => payment.in_suspense_minor + amount_minor,
        PaymentEvent::TaskSettled { amount_minor, .. } => payment.in_suspense_minor - amount_minor,
        _ => payment.in_suspense_minor,
    }
}

#[test]
fn every_row_does_what_it_says_and_every_other_pair_is_refused() {
    let rows = rows();
    let mut used = vec![0; rows.len()];
    for (state, payment) in every_state() {
        assert_eq!(state, payment.state.name());
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
            assert_eq!(step.payment.state.name(), next, "{context}");
            assert_eq!(step.payment.version, payment.version + 1, "{context}");
            let Payment { captured_minor, refunded_minor, charged_back_minor, .. } = step.payment;
            let after = (captured_minor, refunded_minor, charged_back_minor);
            assert_eq!(after, sums(&payment, &event), "{context}");
            assert_eq!(step.payment.in_suspense_minor, in_suspense(&payment, &event), "{context}");
            assert_eq!(step.postings, postings(&row.ledger, &payment, &event), "{context}");
            assert_eq!(step.effects, effects(&row.provider, &payment, &event), "{context}");
            assert_eq!(step.told, told(&row.phone, &event), "{context}");
            let approved_at = step.payment.approval.and_then(|approval| approval.approved_at);
            let is_approved = event == PaymentEvent::ApprovedOnPhone;
            assert_eq!(approved_at, is_approved.then_some(at), "{context}");
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
