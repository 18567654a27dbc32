//! After the storm: everything is brought to its end, looked at once more, and compared.

use crate::line::{Line, Sent};
use crate::shop::{Shop, cancel};
use crate::till::Till;
use api::payment::{PaymentPage, PaymentStateName, PaymentView};
use checkout::{Action, Closing, SaleNumber, Stage};
use history::{Call, Operation, Outcome};
use model::PaymentId;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Longer than any deadline of the server but that of captures, which the tills end.
const END_WITHIN: Duration = Duration::from_secs(120);
const ASK_DEADLINE: Duration = Duration::from_secs(10);

/// Ends what the tills know of, and waits until every payment has ended. What does not end is told.
pub(crate) async fn bring_to_an_end(shop: &Shop) -> Vec<String> {
    let mut wrong = Vec::new();
    for till in &shop.tills {
        let mut till = till.lock().await;
        let give_up_at = Instant::now() + END_WITHIN;
        while !end_all(&mut till).await {
            if Instant::now() > give_up_at {
                wrong.push(format!("{} does not come to an end", till.line.client));
                break;
            }
        }
    }
    let till = shop.tills[0].lock().await;
    let give_up_at = Instant::now() + END_WITHIN;
    loop {
        match list(&till.line).await {
            Ok(payments) if payments.iter().all(has_ended) => return wrong,
            Ok(payments) if Instant::now() > give_up_at => {
                let open: Vec<String> = payments
                    .iter()
                    .filter(|payment| !has_ended(payment))
                    .map(|payment| format!("{} is {:?}", payment.id, payment.state))
                    .collect();
                wrong.push(format!("payments that do not end: {}", open.join(", ")));
                return wrong;
            }
            Err(cause) if Instant::now() > give_up_at => {
                wrong.push(format!("the payments cannot be listed: {cause}"));
                return wrong;
            }
            Ok(_) | Err(_) => sleep(Duration::from_millis(300)).await,
        }
    }
}

/// Whether nothing of this till is open any more.
async fn end_all(till: &mut Till) -> bool {
    let mut is_over = till.resume().await;
    let held: Vec<SaleNumber> =
        till.sales().filter(|sale| sale.is_held()).map(checkout::Sale::number).collect();
    for sale in held {
        is_over &= till.act(sale, Action::Void, None).await.is_some();
    }
    let mut left = Vec::new();
    for (payer, key) in std::mem::take(&mut till.loose) {
        let outcome = cancel(&till.line, &payer, &key).await;
        // A refusal means that its money was taken; that is an end, too.
        if !matches!(outcome, Outcome::Answered { status: 200 | 409, .. }) {
            left.push((payer, key));
        }
    }
    till.loose = left;
    is_over && till.loose.is_empty()
}

const fn has_ended(payment: &PaymentView) -> bool {
    matches!(
        payment.state,
        PaymentStateName::Declined
            | PaymentStateName::Captured
            | PaymentStateName::ChargedBack
            | PaymentStateName::Voided
            | PaymentStateName::Expired
            | PaymentStateName::Reversed
    )
}

/// Looks up every key that a till asked under, then looks at every payment that there is, all noted; gives those
/// payments. The history so ends with what the server holds.
pub(crate) async fn look_at_everything(shop: &Arc<Shop>) -> Result<Vec<PaymentView>, String> {
    let history = shop.tills[0].lock().await.line.recorder().history();
    let mut keys: HashMap<String, BTreeSet<(String, String)>> = HashMap::new();
    for operation in history.0 {
        if let Call::Authorise { key, .. } = operation.call {
            keys.entry(operation.client).or_default().insert((operation.payer, key));
        }
    }
    let mut looking = JoinSet::new();
    for index in 0..shop.tills.len() {
        let name = shop.tills[index].lock().await.line.client.clone();
        let (shop, keys) = (Arc::clone(shop), keys.remove(&name).unwrap_or_default());
        looking.spawn(async move {
            let till = shop.tills[index].lock().await;
            for (payer, key) in keys {
                look_up(&till.line, &payer, &key).await?;
            }
            Ok::<(), String>(())
        });
    }
    for looked in looking.join_all().await {
        looked?;
    }
    look_at_all(&shop.tills[0]).await
}

async fn look_up(line: &Line, payer: &str, key: &str) -> Result<(), String> {
    const BUSY: u16 = 429;
    for _ in 0..100 {
        let path = format!("/v1/payments?idempotency_key={key}");
        let sent = Sent { method: http::Method::GET, path, key: None, body: Vec::new() };
        match line.note(payer, Call::LookUp { key: key.to_owned() }, sent, ASK_DEADLINE).await {
            Outcome::Answered { status, .. } if status != BUSY => return Ok(()),
            _ => sleep(Duration::from_millis(100)).await,
        }
    }
    Err(format!("the request under {key} cannot be looked up"))
}

async fn look_at_all(till: &Mutex<Till>) -> Result<Vec<PaymentView>, String> {
    let till = till.lock().await;
    let recorder = till.line.recorder();
    let payer_of = payers(&recorder.history().0);
    let asked: Vec<_> = payer_of
        .iter()
        .map(|(payment, payer)| (*payment, recorder.ask("auditor", payer, Call::Look { payment: *payment })))
        .collect();
    let payments = list(&till.line).await?;
    let by_id: HashMap<PaymentId, &PaymentView> = payments.iter().map(|view| (view.id, view)).collect();
    for (payment, asked) in asked {
        // Being left out of the whole list is what "not found" is for one.
        let outcome = match by_id.get(&payment) {
            Some(view) => {
                Outcome::Answered { status: 200, body: serde_json::to_string(view).unwrap_or_default() }
            }
            None => {
                let kind = api::problem::ProblemType::NotFound;
                let problem = api::problem::Problem::new(kind, "it is not in the list");
                let body = serde_json::to_string(&problem).unwrap_or_default();
                Outcome::Answered { status: kind.status(), body }
            }
        };
        recorder.answered(asked, outcome);
    }
    Ok(payments)
}

/// Whose each payment is, by the answers that told of it.
fn payers(operations: &[Operation]) -> BTreeMap<PaymentId, String> {
    let mut payers = BTreeMap::new();
    for operation in operations {
        let Outcome::Answered { body, .. } = &operation.outcome else { continue };
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        for id in [&body["id"], &body["payment"]["id"]] {
            if let Some(id) = id.as_str().and_then(|id| id.parse().ok()) {
                payers.entry(id).or_insert_with(|| operation.payer.clone());
            }
        }
    }
    payers
}

async fn list(line: &Line) -> Result<Vec<PaymentView>, String> {
    let mut payments = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/v1/payments?limit=100{after}");
        let sent = Sent { method: http::Method::GET, path, key: None, body: Vec::new() };
        let body = match line.exchange(sent, ASK_DEADLINE).await {
            Outcome::Answered { status: 200, body } => body,
            Outcome::Answered { status: 429, .. } => {
                sleep(Duration::from_millis(200)).await;
                continue;
            }
            other => return Err(format!("{other:?}")),
        };
        let page: PaymentPage = serde_json::from_str(&body).map_err(|error| error.to_string())?;
        payments.extend(page.payments);
        match page.next_after {
            Some(id) => after = format!("&after={id}"),
            None => return Ok(payments),
        }
    }
}

/// What the tills' journals say of their sales is what the server holds: nothing is paid at a till that was not taken,
/// and nothing is held or taken for a sale that the till closed.
pub(crate) async fn compare_journals(shop: &Shop, payments: &[PaymentView]) -> Vec<String> {
    let by_id: HashMap<PaymentId, &PaymentView> = payments.iter().map(|view| (view.id, view)).collect();
    let mut wrong = Vec::new();
    for till in &shop.tills {
        let till = till.lock().await;
        for sale in till.sales() {
            let name = format!("sale {} of {}", sale.number(), till.line.client);
            let held = sale.payment().and_then(|payment| by_id.get(&payment.id));
            let sum = |is_wanted: fn(&Action) -> bool| -> i64 {
                let done = sale.done().iter().filter(|done| is_wanted(&done.action));
                done.map(|done| done.amount_minor).sum()
            };
            let taken_minor = sum(|action| matches!(action, Action::Capture { .. }));
            let given_minor = sum(|action| matches!(action, Action::Refund { .. }));
            let at_server = held.map_or((0, 0), |view| (view.captured_minor, view.refunded_minor));
            if at_server != (taken_minor, given_minor) {
                wrong.push(format!(
                    "{name}: the till took {taken_minor} and gave {given_minor}, the server {at_server:?}"
                ));
            }
            if matches!(sale.stage(), Stage::Closed(Closing::Cancelled | Closing::Abandoned(_)))
                && held.is_some_and(|view| view.captured_minor > 0)
            {
                wrong.push(format!("{name} is closed at the till and taken at the server"));
            }
        }
    }
    wrong
}
