//! Merchants' systems are told what happens to payments, whatever they answer.

use crate::support::{Answer, Receiver, Say, Setup, Till, Told, World, eventually, parse};
use http::Method;
use https::{Client, Reach};
use model::MerchantId;
use records::Queries;
use serde_json::{Value, json};

const DAY_S: i64 = 24 * 3_600;

async fn world(reach: Reach) -> World {
    let roots = crate::support::roots();
    World::with(Setup { webhooks: Some(Client::with_reach(roots, None, reach)), ..Setup::default() }).await
}

/// A server that may call this machine, a merchant with a till, and an endpoint that listens.
struct Shop {
    world: World,
    merchant: MerchantId,
    till: Till,
    receiver: Receiver,
    endpoint: String,
    secret: String,
}

impl Shop {
    async fn open() -> Self {
        let world = world(Reach::Anywhere).await;
        let merchant = world.merchant("Bakery").await;
        let till = world.till_of(merchant, &[7]).await;
        let receiver = Receiver::start().await;
        let made = add(&world, merchant, &receiver.url()).await.is(201);
        let (endpoint, secret) = (text(&made["endpoint"]["id"]), text(&made["secret"]));
        Self { world, merchant, till, receiver, endpoint, secret }
    }

    async fn operator(&self, method: Method, path: &str) -> Answer {
        self.world.operator(method, path, None).await
    }

    async fn endpoint_is(&self, verb: &str) -> Value {
        let path = format!("/v1/admin/webhook-endpoints/{}/{verb}", self.endpoint);
        self.operator(Method::POST, &path).await.is(200)
    }

    async fn dead(&self) -> Vec<Value> {
        let page = self.operator(Method::GET, "/v1/admin/webhooks/dead").await.is(200);
        page["webhooks"].as_array().unwrap().clone()
    }

    async fn resend_all(&self, asked: Value) -> Value {
        self.world.operator(Method::POST, "/v1/admin/webhooks/resend", Some(asked)).await.is(202)["resent"]
            .clone()
    }

    async fn waiting(&self) -> u64 {
        figure(&self.world, "batzen_webhooks_waiting").await
    }
}

async fn add(world: &World, merchant: MerchantId, url: &str) -> Answer {
    let path = format!("/v1/admin/merchants/{merchant}/webhook-endpoints");
    world.operator(Method::POST, &path, Some(json!({ "url": url }))).await
}

async fn figure(world: &World, name: &str) -> u64 {
    let text = String::from_utf8(world.get("/metrics").await.body).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} "))).expect(name);
    line.parse().unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_of_a_payment_is_told_signed_and_in_order() {
    let shop = Shop::open().await;
    let phone = shop.world.paying_phone().await;
    let id = shop.till.authorised("sale", &phone.code(&shop.world, 1)).await;
    let part = json!({"amount_minor": 500, "is_final": false});
    let captured = shop.till.capture("part", id, part).await.is(201);
    shop.till.void("rest", id).await.is(200);
    let refunded = shop.till.refund("refund", id, json!({"amount_minor": 200})).await.is(201);
    shop.receiver.has_heard(4).await;
    let told = shop.receiver.told();
    assert_eq!(shop.receiver.kinds(), ["authorised", "captured", "released", "refunded"]);
    assert!(told.iter().all(|told| told.is_signed_with(&shop.secret)));
    assert!(told.iter().all(|told| told.json()["id"] == told.header("webhook-id")));
    let sequences: Vec<i64> =
        told.iter().map(|told| told.json()["data"]["sequence"].as_i64().unwrap()).collect();
    assert!(sequences.windows(2).all(|pair| pair[0] < pair[1]), "{sequences:?}");
    // The payment as the till saw it, and what was moved.
    assert_eq!(told[1].json()["data"]["payment"], captured["payment"]);
    assert_eq!(told[1].json()["data"]["capture"], json!({"id": captured["id"], "amount_minor": 500}));
    assert_eq!(told[3].json()["data"]["payment"], refunded["payment"]);
    assert_eq!(told[3].json()["data"]["refund"], json!({"id": refunded["id"], "amount_minor": 200}));
    assert_eq!(told[0].header("content-type"), "application/json");
    eventually("all is written down", || async { shop.waiting().await == 0 }).await;
    shop.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_code_is_told_without_the_cause() {
    let shop = Shop::open().await;
    let phone = shop.world.paying_phone().await;
    let code = phone.code(&shop.world, 1);
    shop.till.authorised("sale", &code).await;
    shop.till.begin("again", &code).await.is_declined("enter_again");
    shop.receiver.has_heard(2).await;
    let declined = shop.receiver.told().into_iter().find(|told| told.kind() == "declined").unwrap().json();
    assert_eq!(declined["data"]["payment"]["state"], "declined");
    assert_eq!(declined["data"]["payment"]["customer_action"], "enter_again");
    assert!(!declined.to_string().contains("verdict"));
    shop.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_hears_of_its_own_payments_only() {
    let shop = Shop::open().await;
    let phone = shop.world.paying_phone().await;
    let other = shop.world.till(&[9]).await;
    other.authorised("other", &phone.code(&shop.world, 1)).await;
    let own = shop.till.authorised("own", &phone.code(&shop.world, 2)).await;
    shop.receiver.has_heard(1).await;
    let told = shop.receiver.told();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].json()["data"]["payment"]["id"], own.to_string());
    assert_eq!(figure(&shop.world, "batzen_webhooks_dead").await, 0);
    shop.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_tried_again_and_nothing_of_its_payment_overtakes_it() {
    let shop = Shop::open().await;
    let phone = shop.world.paying_phone().await;
    shop.receiver.will([Say::Status(503), Say::Status(302)]);
    let id = shop.till.authorised("sale", &phone.code(&shop.world, 1)).await;
    shop.till.capture("capture", id, json!({})).await.is(201);
    shop.receiver.has_heard(1).await;
    eventually("the failure is written down", || async {
        let row = shop.world.store.webhook(shop.receiver.told()[0].id()).await.unwrap().unwrap();
        row.waiting().is_some_and(|waiting| waiting.attempts == 1)
    })
    .await;
    assert_eq!(shop.waiting().await, 2);
    shop.world.clock.advance_s(10);
    shop.receiver.has_heard(2).await;
    assert_eq!(shop.receiver.kinds(), ["authorised", "authorised"], "the capture waits");
    eventually("the second failure is written down", || async {
        let row = shop.world.store.webhook(shop.receiver.told()[0].id()).await.unwrap().unwrap();
        row.waiting().is_some_and(|waiting| waiting.attempts == 2)
    })
    .await;
    shop.world.clock.advance_s(60);
    shop.receiver.has_heard(4).await;
    assert_eq!(shop.receiver.kinds(), ["authorised", "authorised", "authorised", "captured"]);
    let told = shop.receiver.told();
    assert!(told[..3].iter().all(|again| again.id() == told[0].id() && again.body == told[0].body));
    assert_ne!(told[0].header("webhook-timestamp"), told[2].header("webhook-timestamp"));
    assert!(told[2].is_signed_with(&shop.secret));
    shop.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_days_it_is_a_dead_letter_until_it_is_sent_again() {
    let shop = Shop::open().await;
    let phone = shop.world.paying_phone().await;
    shop.receiver.will_always(Some(Say::Status(500)));
    let id = shop.till.authorised("sale", &phone.code(&shop.world, 1)).await;
    shop.receiver.has_heard(1).await;
    let first = shop.receiver.told()[0].clone();
    eventually("the failure is written down", || async {
        let row = shop.world.store.webhook(first.id()).await.unwrap().unwrap();
        row.waiting().is_some_and(|waiting| waiting.attempts == 1)
    })
    .await;
    shop.world.clock.advance_s(3 * DAY_S);
    eventually("it is given up", || async {
        shop.dead().await.iter().any(|dead| dead["id"] == first.id().to_string())
    })
    .await;
    let dead = shop.dead().await;
    assert_eq!((&dead[0]["payment"], &dead[0]["event_type"]), (&json!(id), &json!("payment.authorised")));
    assert_eq!(dead[0]["failure"], "it answered with status 500");
    assert!(figure(&shop.world, "batzen_webhooks_dead").await >= 1);

    // The hold expired meanwhile, which is told once the dead letter is out of its way.
    shop.receiver.will_always(None);
    eventually("the rest is delivered", || async {
        shop.world.clock.advance_s(10);
        shop.waiting().await == 0
    })
    .await;
    assert_eq!(shop.receiver.kinds().last().unwrap(), "expired");
    let again = shop.operator(Method::POST, &format!("/v1/admin/webhooks/{}/resend", first.id())).await;
    again.is(202);
    eventually("it is told again", || async { shop.dead().await.is_empty() && shop.waiting().await == 0 })
        .await;
    let last = shop.receiver.told().pop().unwrap();
    assert_eq!((last.id(), &last.body), (first.id(), &first.body));
    shop.operator(Method::POST, "/v1/admin/webhooks/msg_00000000000000000000000001/resend")
        .await
        .is_problem(404, "not-found");
    shop.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_gone_is_disabled_and_can_be_enabled() {
    let shop = Shop::open().await;
    let phone = shop.world.paying_phone().await;
    shop.receiver.will([Say::Status(410)]);
    shop.till.authorised("one", &phone.code(&shop.world, 1)).await;
    eventually("it is given up", || async { shop.dead().await.len() == 1 }).await;
    let path = format!("/v1/admin/merchants/{}/webhook-endpoints", shop.merchant);
    let list = shop.operator(Method::GET, &path).await.is(200);
    assert_eq!(list["endpoints"][0]["status"], "gone");
    shop.till.authorised("two", &phone.code(&shop.world, 2)).await;
    assert_eq!(shop.waiting().await, 0, "nothing is written for an endpoint that is told nothing");
    assert_eq!(shop.resend_all(json!({})).await, 0);
    let dead = text(&shop.dead().await[0]["id"]);
    let path = format!("/v1/admin/webhooks/{dead}/resend");
    shop.operator(Method::POST, &path).await.is_problem(409, "wrong-state");

    assert_eq!(shop.endpoint_is("enable").await["status"], "enabled");
    // An endpoint that failed rests for a moment.
    shop.world.clock.advance_s(60);
    shop.till.authorised("three", &phone.code(&shop.world, 3)).await;
    shop.receiver.has_heard(2).await;
    assert_eq!(shop.resend_all(json!({ "endpoint": shop.endpoint })).await, 1);
    shop.receiver.has_heard(3).await;
    let actions = shop.world.audit_actions().await;
    for action in
        ["webhook_endpoint.created", "webhook_endpoint.gone", "webhook_endpoint.enabled", "webhooks.resent"]
    {
        assert!(actions.iter().any(|one| one == action), "{action}");
    }
    shop.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_an_endpoint_that_is_disabled_or_removed_is_given_up() {
    let shop = Shop::open().await;
    let phone = shop.world.paying_phone().await;
    shop.receiver.will_always(Some(Say::Status(500)));
    shop.till.authorised("one", &phone.code(&shop.world, 1)).await;
    shop.receiver.has_heard(1).await;
    assert_eq!(shop.endpoint_is("disable").await["status"], "disabled");
    shop.world.clock.advance_s(60);
    eventually("it is given up", || async { shop.dead().await.len() == 1 }).await;
    assert_eq!(shop.dead().await[0]["failure"], "the endpoint is disabled");

    shop.endpoint_is("enable").await;
    shop.till.authorised("two", &phone.code(&shop.world, 2)).await;
    shop.receiver.has_heard(2).await;
    let path = format!("/v1/admin/webhook-endpoints/{}", shop.endpoint);
    assert_eq!(shop.operator(Method::DELETE, &path).await.status, 204);
    shop.operator(Method::DELETE, &path).await.is_problem(404, "not-found");
    shop.world.clock.advance_s(600);
    eventually("it is given up", || async { shop.dead().await.len() == 2 }).await;
    let failures: Vec<_> = shop.dead().await.iter().map(|dead| text(&dead["failure"])).collect();
    assert!(failures.contains(&"the endpoint was removed".to_owned()), "{failures:?}");
    shop.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_rotation_both_secrets_sign_for_a_day() {
    let shop = Shop::open().await;
    let phone = shop.world.paying_phone().await;
    let rotated = shop.endpoint_is("rotate").await;
    let new = text(&rotated["secret"]);
    assert_ne!(new, shop.secret);
    assert!(rotated["endpoint"]["previous_secret_until_ms"].is_i64());
    shop.till.authorised("one", &phone.code(&shop.world, 1)).await;
    shop.receiver.has_heard(1).await;
    let told = shop.receiver.told().pop().unwrap();
    assert!(told.is_signed_with(&new) && told.is_signed_with(&shop.secret));
    shop.world.clock.advance_s(DAY_S);
    let list = format!("/v1/admin/merchants/{}/webhook-endpoints", shop.merchant);
    let list = shop.operator(Method::GET, &list).await;
    assert_eq!(list.is(200)["endpoints"][0]["previous_secret_until_ms"], Value::Null);
    let listed = String::from_utf8(list.body).unwrap();
    assert!(!listed.contains("whsec_") && !listed.contains(new.strip_prefix("whsec_").unwrap()));
    // The hold of the first payment expired meanwhile.
    shop.receiver.has_heard(2).await;
    let told = shop.receiver.told().pop().unwrap();
    assert!(told.is_signed_with(&new) && !told.is_signed_with(&shop.secret));
    shop.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_delivered_is_sent_again_for_a_receiver_that_lost_it() {
    let shop = Shop::open().await;
    let phone = shop.world.paying_phone().await;
    let id = shop.till.authorised("sale", &phone.code(&shop.world, 1)).await;
    shop.till.capture("capture", id, json!({})).await.is(201);
    eventually("both are delivered", || async {
        shop.receiver.told().len() == 2 && shop.waiting().await == 0
    })
    .await;
    shop.world.clock.advance_s(60);
    let since_ms = crate::support::start().ms();
    let path = "/v1/admin/webhooks/resend";
    let unbounded = json!({ "include_delivered": true });
    shop.world.operator(Method::POST, path, Some(unbounded)).await.is_problem(400, "malformed-request");
    assert_eq!(shop.resend_all(json!({ "since_ms": since_ms })).await, 0, "nothing is dead");
    let late = json!({ "since_ms": since_ms + 30_000, "include_delivered": true });
    assert_eq!(shop.resend_all(late).await, 0);
    let all = json!({ "since_ms": since_ms, "include_delivered": true, "endpoint": shop.endpoint });
    assert_eq!(shop.resend_all(all).await, 2);
    shop.receiver.has_heard(4).await;
    let told = shop.receiver.told();
    let ids = |told: &[Told]| told.iter().map(Told::id).collect::<Vec<_>>();
    assert_eq!(ids(&told[2..]), ids(&told[..2]), "the same ids in the same order");
    shop.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_slow_endless_or_leads_elsewhere_holds_nobody_up() {
    let shop = Shop::open().await;
    let phone = shop.world.paying_phone().await;
    let (bad, elsewhere) = (Receiver::start().await, Receiver::start().await);
    add(&shop.world, shop.merchant, &bad.url()).await.is(201);
    bad.will([Say::Endless, Say::With(307, "location", elsewhere.url())]);
    bad.will_always(Some(Say::Hang));
    for counter in 1..=20 {
        shop.till.authorised(&format!("sale-{counter}"), &phone.code(&shop.world, counter)).await;
    }
    shop.receiver.has_heard(20).await;
    shop.world.clock.advance_s(2);
    bad.has_heard(3).await;
    assert_eq!(elsewhere.told().len(), 0, "redirects are not followed");
    assert!(bad.told().len() <= 10, "no more than a few are on their way to one endpoint at once");
    assert!(shop.waiting().await >= 18, "endless or not, success is success");
    shop.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_inside_are_refused_whatever_they_are_called() {
    let world = world(Reach::PublicOnly).await;
    let (merchant, phone) = (world.merchant("Bakery").await, world.paying_phone().await);
    let refused = [
        "http://localhost:1/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://10.0.0.1/",
        "https://[fe80::1]/",
        "https://169.254.169.254/latest",
        "http://shop.example/",
        "ftp://shop.example/",
        "shop.example",
        "https://user:word@shop.example/",
        "https://shop.example/#part",
        "",
    ];
    let long = format!("https://shop.example/{}", "x".repeat(512));
    for url in refused.into_iter().chain([long.as_str()]) {
        add(&world, merchant, url).await.is_problem(400, "malformed-request");
    }
    add(&world, MerchantId::from_u128(1), "https://shop.example/").await.is_problem(404, "not-found");
    // A name is looked up when it is called: this one leads to this machine, where something listens.
    let trap = Receiver::start().await;
    let port: u16 = trap.url().rsplit(':').next().unwrap().strip_suffix("/hook").unwrap().parse().unwrap();
    add(&world, merchant, &format!("https://localhost:{port}/hook")).await.is(201);
    let till = world.till_of(merchant, &[7]).await;
    till.authorised("sale", &phone.code(&world, 1)).await;
    eventually("it was tried", || async {
        let due =
            world.store.webhooks_due(model::Timestamp::from_ms(i64::MAX), 9, records::Page::first(9)).await;
        let reasons = due.unwrap().into_iter().filter_map(|one| one.waiting()?.last_failure.clone());
        reasons.filter(|reason| reason.contains("leads to no public address")).count() == 1
    })
    .await;
    assert_eq!(trap.told().len(), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_has_five_endpoints_at_most() {
    let shop = Shop::open().await;
    for n in 2..=5 {
        add(&shop.world, shop.merchant, &format!("https://shop.example/{n}")).await.is(201);
    }
    add(&shop.world, shop.merchant, "https://shop.example/6").await.is_problem(409, "wrong-state");
    let made = add(&shop.world, shop.world.merchant("Other").await, "https://shop.example/").await;
    let secret = made.text_of(201, "secret");
    assert!(secret.starts_with("whsec_") && secret.len() == 50, "{}", secret.len());
    shop.world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_roots_for_webhooks_says_so() {
    let world = World::new().await;
    let merchant: MerchantId = parse(&json!(world.merchant("Bakery").await));
    let answer = add(&world, merchant, "https://shop.example/").await;
    answer.is_problem(409, "wrong-state");
    assert!(answer.json()["detail"].as_str().unwrap().contains("configuration"));
    world.end().await;
}
