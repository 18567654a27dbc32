//! Sales and outcomes in plain values, for a page to put into its own words.

use checkout::{Action, End, Outcome, Sale, Stage};
use model::CustomerAction;
use serde::Serialize;

/// A sale as a page shows it.
#[derive(Serialize)]
pub(crate) struct SaleText {
    sale: String,
    opened_at_ms: i64,
    stage: &'static str,
    amount_minor: Option<i64>,
    currency: Option<String>,
    terminal: Option<String>,
    reference: Option<String>,
    payment: Option<String>,
    payment_state: Option<api::payment::PaymentStateName>,
    captured_minor: i64,
    refunded_minor: i64,
    held_minor: i64,
    refundable_minor: i64,
    /// What the last capture or refund came to; 0 for a void.
    last_done_minor: Option<i64>,
    is_open: bool,
    is_paid: bool,
    is_held: bool,
    outcome: OutcomeText,
}

impl SaleText {
    pub(crate) fn of(sale: &Sale) -> Self {
        let (opening, payment) = (sale.opening(), sale.payment());
        let amount = opening.map(|opening| opening.amount);
        let (captured_minor, refunded_minor) =
            payment.map_or((0, 0), |payment| (payment.captured_minor, payment.refunded_minor));
        let amount_minor = amount.map(|it| it.amount_minor).or(payment.map(|it| it.amount_minor));
        let held_minor =
            if sale.is_held() { amount_minor.unwrap_or(0).saturating_sub(captured_minor) } else { 0 };
        let terminal = opening.map(|it| it.terminal).or(payment.map(|it| it.terminal));
        Self {
            sale: sale.number().to_string(),
            opened_at_ms: sale.opened_at().ms(),
            stage: match sale.stage() {
                Stage::Asking => "asking",
                Stage::Cancelling => "cancelling",
                Stage::Known => "known",
                Stage::Closed(_) => "closed",
            },
            amount_minor,
            currency: amount.map(|it| it.currency).or(payment.map(|it| it.currency)).map(|it| it.to_string()),
            terminal: terminal.map(|it| it.to_string()),
            reference: opening.and_then(|opening| opening.reference.clone()),
            payment: payment.map(|payment| payment.id.to_string()),
            payment_state: payment.map(|payment| payment.state),
            captured_minor,
            refunded_minor,
            held_minor,
            refundable_minor: payment.map_or(0, api::payment::PaymentView::refundable_minor),
            last_done_minor: sale.done().last().map(|done| done.amount_minor),
            is_open: sale.is_open(),
            is_paid: sale.is_paid(),
            is_held: sale.is_held(),
            outcome: OutcomeText::of(&Outcome::of(sale, &End::Settled, None)),
        }
    }
}

/// What the cashier is to be told.
#[derive(Serialize)]
pub(crate) struct OutcomeText {
    kind: &'static str,
    customer_action: Option<CustomerAction>,
    detail: Option<String>,
}

impl OutcomeText {
    pub(crate) fn of(outcome: &Outcome) -> Self {
        let plain = |kind| Self { kind, customer_action: None, detail: None };
        let because = |kind, why: &str| Self { detail: Some(why.to_owned()), ..plain(kind) };
        match outcome {
            Outcome::Paid => plain("paid"),
            Outcome::Held => plain("held"),
            Outcome::Done(Action::Capture { .. }) => plain("captured"),
            Outcome::Done(Action::Void) => plain("voided"),
            Outcome::Done(Action::Refund { .. }) => plain("refunded"),
            Outcome::Declined(action) => Self { customer_action: Some(*action), ..plain("declined") },
            Outcome::ScanAgain => plain("scan_again"),
            Outcome::NotPaid(why) => because("not_paid", why),
            Outcome::NotDone(why) => because("not_done", why),
            Outcome::Unreachable(why) => because("unreachable", why),
            Outcome::Unknown(why) => because("unknown", why),
            _ => plain("unknown"),
        }
    }
}
