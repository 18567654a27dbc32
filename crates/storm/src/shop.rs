//! What goes on at the tills: usual sales, sales that end otherwise, one code at two tills, and what no till should do.

use crate::chance::Chance;
use crate::line::{Line, Sent};
use crate::phone::{Code, Phone};
use crate::till::Till;
use api::payment::PaymentRequest;
use checkout::{Action, Plan};
use history::{Call, Outcome};
use model::{Currency, PaymentId, TerminalNumber};
use serde_json::{Value, json};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;

/// The highest amount of a sale, in Rappen: small, so that the account lasts.
const AMOUNT_MINOR_MAX: u64 = 400;
/// The power fails in one sale of so many.
const POWER_CUT_ONCE_IN: u64 = 12;
const TILL_BUSY_PAUSE: Duration = Duration::from_millis(2);
const RUDE_DEADLINE: Duration = Duration::from_secs(5);

/// Tills and customers.
pub(crate) struct Shop {
    pub(crate) tills: Vec<Mutex<Till>>,
    pub(crate) phones: Vec<Mutex<Phone>>,
    pub(crate) is_over: AtomicBool,
    /// Customers served.
    pub(crate) served: AtomicU64,
    /// Whether all are polite: nothing but usual sales.
    pub(crate) is_polite: bool,
    /// What polite customers were told who could not pay.
    pub(crate) failed: std::sync::Mutex<Vec<String>>,
}

impl Shop {
    /// Serves one customer after another until it is over.
    pub(crate) async fn serve(&self, mut chance: Chance) {
        while !self.is_over.load(Ordering::SeqCst) {
            let chosen = chance.index(self.tills.len());
            let customer = chance.index(self.phones.len());
            // Nobody queues at a till that waits for the bank while another is free.
            let Ok(mut till) = self.tills[chosen].try_lock() else {
                tokio::time::sleep(TILL_BUSY_PAUSE).await;
                continue;
            };
            let mut phone = self.phones[customer].lock().await;
            let Ok(code) = phone.code(None) else { continue };
            self.served.fetch_add(1, Ordering::Relaxed);
            if self.is_polite {
                // A code is used up before the phone makes the next one.
                self.sell_politely(&mut till, &code, &mut chance).await;
                continue;
            }
            drop(phone);
            match chance.below(100) {
                0..=49 => sell(&mut till, &code, &mut chance).await,
                50..=62 => hold_and_capture_part(&mut till, &code, &mut chance).await,
                63..=72 => hold_and_void(&mut till, &code, &mut chance).await,
                73..=82 => self.show_to_two(chosen, till, &code, &mut chance).await,
                _ => be_rude(&mut till, &code, &mut chance).await,
            }
        }
    }

    /// A usual sale, after which the customer goes away content or not.
    async fn sell_politely(&self, till: &mut Till, code: &Code, chance: &mut Chance) {
        let sale = till.pay(code, amount(chance), Plan::Capture, None).await;
        if sale.as_ref().is_some_and(checkout::Sale::is_paid) {
            return;
        }
        let told = format!("{} at {}: {sale:?}", code.payer, till.line.client);
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).push(told);
    }

    /// One code, held under two scanners at once.
    async fn show_to_two(
        &self,
        chosen: usize,
        mut till: tokio::sync::MutexGuard<'_, Till>,
        code: &Code,
        chance: &mut Chance,
    ) {
        let amount_minor = amount(chance);
        let other = (chosen + 1) % self.tills.len();
        // Whoever waits for two locks waits for neither.
        let Ok(mut other) = self.tills[other].try_lock() else {
            let _ = till.pay(code, amount_minor, Plan::Capture, None).await;
            return;
        };
        let (_, _) = tokio::join!(
            till.pay(code, amount_minor, Plan::Capture, None),
            other.pay(code, amount_minor + 1, Plan::Capture, None)
        );
    }
}

fn amount(chance: &mut Chance) -> i64 {
    i64::try_from(1 + chance.below(AMOUNT_MINOR_MAX)).unwrap_or(1)
}

async fn sell(till: &mut Till, code: &Code, chance: &mut Chance) {
    let is_cut = chance.once_in(POWER_CUT_ONCE_IN);
    let sum_minor = amount(chance);
    let sale = till.pay(code, sum_minor, Plan::Capture, is_cut.then_some(&mut *chance)).await;
    if is_cut {
        let _ = till.resume().await;
    }
    if let Some(sale) = sale
        && sale.is_paid()
        && chance.once_in(3)
    {
        let amount_minor = (!chance.once_in(3)).then(|| amount(chance));
        let cut = chance.once_in(POWER_CUT_ONCE_IN).then_some(&mut *chance);
        let _ = till.act(sale.number(), Action::Refund { amount_minor }, cut).await;
        let _ = till.resume().await;
    }
}

async fn hold_and_capture_part(till: &mut Till, code: &Code, chance: &mut Chance) {
    let sum_minor = amount(chance) + 2;
    let Some(sale) = till.pay(code, sum_minor, Plan::Hold, None).await else { return };
    let part = Action::Capture { amount_minor: Some(sum_minor / 2), is_final: false };
    let cut = chance.once_in(POWER_CUT_ONCE_IN).then_some(&mut *chance);
    let _ = till.act(sale.number(), part, cut).await;
    let _ = till.resume().await;
    let last = if chance.once_in(2) { Action::Void } else { Action::CAPTURE_ALL };
    let _ = till.act(sale.number(), last, None).await;
}

async fn hold_and_void(till: &mut Till, code: &Code, chance: &mut Chance) {
    let sum_minor = amount(chance);
    let Some(sale) = till.pay(code, sum_minor, Plan::Hold, None).await else { return };
    let cut = chance.once_in(POWER_CUT_ONCE_IN).then_some(&mut *chance);
    let _ = till.act(sale.number(), Action::Void, cut).await;
    let _ = till.resume().await;
}

/// What a broken or hostile till does: a code again, a key again, more money than there is, cancels that overtake.
async fn be_rude(till: &mut Till, code: &Code, chance: &mut Chance) {
    let amount_minor = amount(chance);
    let key = format!("rude-{:016x}", chance.below(u64::MAX));
    let other = format!("{key}-again");
    till.loose.extend([&key, &other].map(|key| (code.payer.clone(), key.clone())));
    let till = &*till;
    let ask = |key, amount_minor| ask(&till.line, till.terminal, code, key, amount_minor);
    match chance.below(5) {
        0 => {
            let _ = tokio::join!(ask(&key, amount_minor), ask(&other, amount_minor));
        }
        1 => {
            let _ = ask(&key, amount_minor).await;
            let _ = ask(&key, amount_minor + 1).await;
            let _ = ask(&key, amount_minor).await;
        }
        2 => {
            let _ = cancel(&till.line, &code.payer, &key).await;
            let _ = ask(&key, amount_minor).await;
        }
        3 => {
            let _ = tokio::join!(ask(&key, amount_minor), cancel(&till.line, &code.payer, &key));
        }
        _ => take_too_much(till, code, &key, amount_minor).await,
    }
}

async fn take_too_much(till: &Till, code: &Code, key: &str, amount_minor: i64) {
    let asked = ask(&till.line, till.terminal, code, key, amount_minor).await;
    let Some(payment) = payment_in(&asked) else { return };
    let more = Some(amount_minor + 1);
    let key = |name: &str| format!("{key}-{name}");
    let capture =
        |name, amount_minor| Call::Capture { key: key(name), payment, amount_minor, is_final: true };
    let refund = |name, amount_minor| Call::Refund { key: key(name), payment, amount_minor };
    let change = |call| change(till, &code.payer, payment, call);
    let _ = change(capture("more", more)).await;
    let _ = tokio::join!(
        change(capture("one", None)),
        change(capture("two", None)),
        change(Call::Void { key: key("void"), payment }),
    );
    let _ = change(capture("one", None)).await;
    let _ = change(refund("too-much", more)).await;
    let _ = tokio::join!(
        change(refund("all", None)),
        change(refund("all", None)),
        change(refund("part", Some(1))),
    );
}

/// Captures, voids or refunds past the till's journal.
async fn change(till: &Till, payer: &str, payment: PaymentId, call: Call) -> Outcome {
    let (what, body) = match &call {
        Call::Capture { amount_minor, is_final, .. } => {
            ("captures", json!({ "amount_minor": amount_minor, "is_final": is_final }))
        }
        Call::Refund { amount_minor, .. } => ("refunds", json!({ "amount_minor": amount_minor })),
        _ => ("void", json!({})),
    };
    let key = call.key().map(str::to_owned);
    let sent = post(format!("/v1/payments/{payment}/{what}"), key.as_deref(), &body);
    till.line.note(payer, call, sent, RUDE_DEADLINE).await
}

/// Asks for authorisation past the till's journal.
pub(crate) async fn ask(
    line: &Line,
    terminal: TerminalNumber,
    code: &Code,
    key: &str,
    amount_minor: i64,
) -> Outcome {
    let code_digits = code.digits.clone();
    let body = PaymentRequest { code: code_digits, amount_minor, currency: Currency::CHF, terminal };
    let call = Call::Authorise { key: key.to_owned(), counter: code.counter.0, amount_minor };
    let body = serde_json::to_value(&body).expect("plain data");
    line.note(&code.payer, call, post("/v1/payments".to_owned(), Some(key), &body), RUDE_DEADLINE).await
}

/// Cancels what was, or will be, asked under this key.
pub(crate) async fn cancel(line: &Line, payer: &str, key: &str) -> Outcome {
    let sent = post("/v1/cancellations".to_owned(), None, &json!({ "idempotency_key": key }));
    line.note(payer, Call::Cancel { key: key.to_owned() }, sent, RUDE_DEADLINE).await
}

fn post<'a>(path: String, key: Option<&'a str>, body: &Value) -> Sent<'a> {
    Sent { method: http::Method::POST, path, key, body: body.to_string().into_bytes() }
}

/// The payment that was authorised.
fn payment_in(outcome: &Outcome) -> Option<PaymentId> {
    let Outcome::Answered { status: 201, body } = outcome else { return None };
    let view: Value = serde_json::from_str(body).ok()?;
    view["id"].as_str()?.parse().ok()
}
