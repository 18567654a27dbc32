//! A hostile checkout: a shop of its own, an API key of its own, and no manners.

use crate::chance::Chance;
use crate::fault::Fault;
use crate::history::World;
use crate::net::Carried;
use crate::plan::{Act, Harm};
use api::payment::{CancellationView, PaymentView};
use http::{Method, StatusCode};
use model::{Currency, Money, PaymentId};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// How long it waits for an answer, milliseconds.
const PATIENCE_MS: u64 = 10_000;

/// One attempt.
struct Attempt {
    world: Arc<World>,
    number: u64,
    chance: Chance,
}

/// Does harm, or tries to.
pub(crate) async fn harm(world: &Arc<World>, act: &Act, harm: Harm) {
    let chance = Chance::of(&[world.plan.seed, 3, act.number]);
    let mut attempt = Attempt { world: Arc::clone(world), number: act.number, chance };
    match harm {
        Harm::Replay => attempt.replay().await,
        Harm::ReuseKey { phone } => attempt.reuse_key(phone).await,
        Harm::CancelFirst { phone } => attempt.cancel_first(phone).await,
        Harm::CaptureAgain { phone } => attempt.capture_again(phone).await,
        Harm::GuessPins { phone } => attempt.guess_pins(phone).await,
        Harm::Foreign => attempt.foreign().await,
    }
}

impl Attempt {
    async fn replay(&mut self) {
        let Some(digits) = self.world.overheard(&mut self.chance) else { return };
        self.world
            .log
            .fault(Fault::CodeReplayed, || "the hostile checkout sends a code that was shown".into());
        let amount_minor = self.amount();
        if let Some(payment) = self.begin("replay", &digits, amount_minor).await {
            self.operate(payment.id, "captures", "replay-capture", &json!({})).await;
        }
    }

    async fn reuse_key(&mut self, phone: usize) {
        let Some(digits) = self.world.make_code(phone, true, &mut self.chance) else { return };
        self.world
            .log
            .fault(Fault::KeyReused, || "the hostile checkout sends two amounts under a key".into());
        let (one, other) = (self.amount(), self.amount() + 1);
        let first = self.begin("reused", &digits, one).await;
        let second = self.begin("reused", &digits, other).await;
        if let (Some(first), Some(second)) = (first, second)
            && (first.id != second.id || first.amount_minor != second.amount_minor)
        {
            let what = format!("{} and {} were both begun under one key", first.id, second.id);
            self.world.log.violated("a key that began two payments", what);
        }
    }

    async fn cancel_first(&mut self, phone: usize) {
        let Some(digits) = self.world.make_code(phone, true, &mut self.chance) else { return };
        self.world.log.fault(Fault::CancelFirst, || "the hostile checkout cancels, then pays".into());
        let body = json!({"idempotency_key": self.key("cancelled")});
        let cancelled = self.send(&Method::POST, "/v1/cancellations", None, &body).await;
        let was_first = matches!(cancelled, Some((StatusCode::OK, view))
            if serde_json::from_value::<CancellationView>(view.clone()).is_ok_and(|view| !view.was_received));
        sleep(Duration::from_millis(self.chance.below(2_000))).await;
        let amount_minor = self.amount();
        if let Some(payment) = self.begin("cancelled", &digits, amount_minor).await
            && was_first
        {
            let what = format!("{} was begun although its request had been cancelled", payment.id);
            self.world.log.violated("a cancel that was forgotten", what);
        }
    }

    async fn capture_again(&mut self, phone: usize) {
        let Some(digits) = self.world.make_code(phone, true, &mut self.chance) else { return };
        self.world.log.fault(Fault::CapturedAgain, || "the hostile checkout captures again and again".into());
        let amount_minor = self.amount();
        let Some(payment) = self.begin("again", &digits, amount_minor).await else { return };
        let id = payment.id;
        self.operate(id, "captures", "beyond", &json!({"amount_minor": amount_minor + 1})).await;
        let mut beside = self.beside();
        let most = json!({"amount_minor": amount_minor / 2 + 1});
        let (_, _) = tokio::join!(
            self.operate(id, "captures", "one", &most),
            beside.operate(id, "captures", "other", &most)
        );
        self.operate(id, "captures", "rest", &json!({})).await;
        self.operate(id, "captures", "more", &json!({"amount_minor": amount_minor, "is_final": true})).await;
        self.operate(id, "refunds", "refund", &json!({"amount_minor": amount_minor + 1})).await;
        self.operate(id, "void", "void", &json!({})).await;
    }

    /// However many are tried at once, each is counted, and no more than the limit are looked at.
    async fn guess_pins(&mut self, phone: usize) {
        let codes: Vec<String> = (0..self.chance.between(2, 5))
            .map_while(|_| self.world.make_code(phone, false, &mut self.chance))
            .collect();
        self.world.log.fault(Fault::PinsGuessed, || format!("{} wrong PINs are tried at once", codes.len()));
        let tries = codes.into_iter().zip(1..).map(|(digits, number)| {
            let mut beside = self.beside();
            tokio::spawn(async move { beside.begin(&format!("guess-{number}"), &digits, 100).await })
        });
        for attempt in tries.collect::<Vec<_>>() {
            if let Ok(Some(payment)) = attempt.await {
                self.world.log.violated("a wrong PIN that pays", payment.id.to_string());
            }
        }
    }

    /// Nothing of another shop's may even be seen.
    async fn foreign(&mut self) {
        let Some(payment) = self.world.known_payment(&mut self.chance) else { return };
        self.world.log.fault(Fault::ForeignPayment, || format!("the hostile checkout touches {payment}"));
        for (what, body) in
            [("captures", json!({})), ("void", json!({})), ("refunds", json!({"amount_minor": 1}))]
        {
            let answered = self.operate(payment, what, &format!("foreign-{what}"), &body).await;
            if answered.is_some_and(|status| status.is_success()) {
                let what = format!("another shop's {what} of {payment} was taken");
                self.world.log.violated("a payment that strangers can touch", what);
            }
        }
    }

    /// For something that is done at the same time.
    fn beside(&mut self) -> Self {
        let chance = Chance::of(&[self.chance.draw()]);
        Self { world: Arc::clone(&self.world), number: self.number, chance }
    }

    fn amount(&mut self) -> i64 {
        i64::try_from(self.chance.between(1, 4_000)).unwrap_or(1)
    }

    fn key(&self, name: &str) -> String {
        format!("hostile-{}-{name}", self.number)
    }

    async fn begin(&mut self, key: &str, digits: &str, amount_minor: i64) -> Option<PaymentView> {
        let terminal = self.world.hostile.terminal;
        let body = json!({
            "code": digits, "amount_minor": amount_minor, "currency": "CHF", "terminal": terminal,
        });
        let key = self.key(key);
        let (status, view) = self.send(&Method::POST, "/v1/payments", Some(&key), &body).await?;
        (status == StatusCode::CREATED).then(|| serde_json::from_value(view).ok()).flatten()
    }

    async fn operate(
        &mut self,
        payment: PaymentId,
        what: &str,
        key: &str,
        body: &Value,
    ) -> Option<StatusCode> {
        let key = self.key(key);
        let path = format!("/v1/payments/{payment}/{what}");
        self.send(&Method::POST, &path, Some(&key), body).await.map(|(status, _)| status)
    }

    async fn send(
        &mut self,
        method: &Method,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Option<(StatusCode, Value)> {
        let world = Arc::clone(&self.world);
        let asked_bytes = body.to_string().into_bytes();
        let request = world.hostile.request(method, path, key, asked_bytes.clone())?;
        let what = || format!("hostile checkout, {}", asked(path, body));
        world.log.tell(what);
        match world.net.exchange(&world.server, request, &what, PATIENCE_MS, &mut self.chance).await {
            Carried::Answer(status, body) => {
                match key.and_then(|key| key.parse().ok()) {
                    Some(key) => world.acknowledged(&world.hostile, &key, status, &body),
                    None => world.cancel_acknowledged(&world.hostile, &asked_bytes, status, &body),
                }
                world.log.tell(|| format!("{}: {status}", what()));
                Some((status, serde_json::from_slice(&body).unwrap_or_default()))
            }
            Carried::NotSent | Carried::Lost => None,
        }
    }
}

/// What a request asks for, in words.
fn asked(path: &str, body: &Value) -> String {
    let amount = body["amount_minor"]
        .as_i64()
        .map_or_else(String::new, |minor| format!(" {}", Money::new(minor, Currency::CHF)));
    let id = path.split('/').nth(3).unwrap_or_default();
    match path.rsplit('/').next() {
        Some("captures") => format!("asks to capture{amount} of {id}"),
        Some("refunds") => format!("asks to refund{amount} of {id}"),
        Some("void") => format!("asks to void {id}"),
        Some("cancellations") => format!("cancels {}", body["idempotency_key"].as_str().unwrap_or_default()),
        _ => format!("asks for a payment of{amount}"),
    }
}
