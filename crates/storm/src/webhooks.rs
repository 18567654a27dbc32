//! After the storm: the merchant's own system has heard everything that happened to its payments, of each in order.

use api::payment::PaymentView;
use e2e::{Receiver, Told};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Longer than the pauses after a few failed attempts.
const TOLD_WITHIN: Duration = Duration::from_secs(300);

/// What the merchant's system heard.
pub(crate) struct Heard {
    /// Webhooks, each counted once.
    pub(crate) webhooks: usize,
    /// How many came more than once.
    pub(crate) repeated: usize,
    /// What it was not told, or was told in the wrong order.
    pub(crate) wrong: Vec<String>,
}

/// Waits until all is told that became of `payments`.
pub(crate) fn all_told(receiver: &mut Receiver, payments: &[PaymentView]) -> Heard {
    let give_up_at = Instant::now() + TOLD_WITHIN;
    loop {
        receiver.revive();
        let told = receiver.told();
        let wrong = missing(&told, payments);
        if wrong.is_empty() || Instant::now() > give_up_at {
            let ids: BTreeSet<&str> = told.iter().map(|one| one.id.as_str()).collect();
            let (webhooks, repeated) = (ids.len(), told.len() - ids.len());
            return Heard { webhooks, repeated, wrong };
        }
        sleep(Duration::from_millis(500));
    }
}

fn missing(told: &[Told], payments: &[PaymentView]) -> Vec<String> {
    let mut of_payment: HashMap<&str, Vec<&Told>> = HashMap::new();
    for one in told {
        of_payment.entry(&one.payment).or_default().push(one);
    }
    let mut wrong = Vec::new();
    for payment in payments {
        let id = payment.id.to_string();
        let told = of_payment.remove(id.as_str()).unwrap_or_default();
        if told.windows(2).any(|pair| pair[0].sequence > pair[1].sequence) {
            wrong.push(format!("webhooks of {id} came out of order"));
        }
        let last = told.last().and_then(|one| serde_json::from_value(one.data["payment"].clone()).ok());
        if last.as_ref() != Some(payment) {
            wrong.push(format!("webhooks do not tell how {id} ended: {last:?}, not {payment:?}"));
        }
        let sums = (sum(&told, "captured", "capture"), sum(&told, "refunded", "refund"));
        if sums != (payment.captured_minor, payment.refunded_minor) {
            wrong.push(format!("webhooks tell of {sums:?} taken and given back of {id}"));
        }
    }
    wrong.extend(of_payment.keys().map(|id| format!("webhooks tell of {id}, which is no payment")));
    wrong
}

/// What the webhooks `payment.{event}` come to, each counted once, in minor units of its `what`.
fn sum(told: &[&Told], event: &str, what: &str) -> i64 {
    let event = format!("payment.{event}");
    let made: BTreeMap<&str, i64> = told
        .iter()
        .filter(|one| one.event_type == event)
        .filter_map(|one| Some((one.id.as_str(), one.data[what]["amount_minor"].as_i64()?)))
        .collect();
    made.values().sum()
}
