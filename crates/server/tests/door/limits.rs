//! What strangers, clumsy callers and floods meet: a problem that says what to do, and nothing more.

use crate::support::{
    ManualClock, OPERATOR_KEY, ScriptedBank, Setup, Wish, World, eventually, make_keys, parts,
};
use futures_util::future::join_all;
use http::Method;
use model::Clock;
use serde_json::{Value, json};
use server::ServerLimits;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_bounded_and_must_be_what_the_route_takes() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let ask = |body: Value| till.ask(Method::POST, "/v1/payments", Some("key"), Some(body));
    let good = json!({
        "code": phone.code(&world, 1).to_digits(), "amount_minor": 1250, "currency": "CHF",
        "terminal": till.terminal,
    });
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    ask(with("code", json!("7".repeat(70_000)))).await.is_problem(413, "body-too-large");
    ask(with("code", json!("7".repeat(60_000)))).await.is_problem(422, "code-misread");
    ask(with("extra", json!(1))).await.is_problem(400, "malformed-request");
    ask(with("amount_minor", json!("1250"))).await.is_problem(400, "malformed-request");
    ask(with("amount_minor", json!(12.5))).await.is_problem(400, "malformed-request");
    ask(with("currency", json!("XYZ"))).await.is_problem(400, "malformed-request");
    ask(with("terminal", json!("5725"))).await.is_problem(400, "malformed-request");
    ask(with("terminal", json!(model::TerminalNumber::new(9)))).await.is_problem(422, "terminal-unknown");
    for amount_minor in [0, -1, i64::MIN, i64::MAX, 100_000_001] {
        ask(with("amount_minor", json!(amount_minor))).await.is_problem(422, "amount-refused");
    }
    ask(json!([])).await.is_problem(400, "malformed-request");
    ask(json!({})).await.is_problem(400, "malformed-request");
    let raw = |kind: &str, body: &[u8]| {
        let builder = world.request(Method::POST, "/v1/payments").header("content-type", kind);
        let builder = builder.header("authorization", format!("Bearer {}", till.api_key));
        world.send(builder.header("idempotency-key", "key").body(body.to_vec()).unwrap())
    };
    raw("application/json", b"{\"code\": \"123").await.is_problem(400, "malformed-request");
    raw("application/json", b"\xff\xfe").await.is_problem(400, "malformed-request");
    raw("application/json", b"").await.is_problem(400, "malformed-request");
    raw("application/json", "[".repeat(10_000).as_bytes()).await.is_problem(400, "malformed-request");
    raw("text/plain", good.to_string().as_bytes()).await.is_problem(400, "malformed-request");
    raw("application/json; charset=utf-8", good.to_string().as_bytes()).await.is(201);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_is_not_repeated_in_problems() {
    let world = World::new().await;
    let till = world.till(&[7]).await;
    let secret = "0123456789012345678901234567890";
    for body in [json!({"code": secret, "amount_minor": secret}), json!({secret: 1}), json!(secret)] {
        let answer = till.ask(Method::POST, "/v1/payments", Some("key"), Some(body)).await;
        answer.is_problem(400, "malformed-request");
        assert!(!String::from_utf8_lossy(&answer.body).contains(secret));
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_addresses_and_methods_that_are_not_there() {
    let world = World::new().await;
    let till = world.till(&[7]).await;
    world.get("/v2/payments").await.is_problem(404, "no-such-route");
    world.get("/").await.is_problem(404, "no-such-route");
    world.get("/v1/payments/").await.is_problem(404, "no-such-route");
    let patch = world.request(Method::PATCH, "/v1/payments").body(Vec::new()).unwrap();
    world.send(patch).await.is_problem(405, "method-not-allowed");
    let get = till.ask(Method::GET, "/v1/cancellations", None, None).await;
    get.is_problem(405, "method-not-allowed");
    assert!(get.headers["allow"].to_str().unwrap().contains("POST"));
    till.ask(Method::GET, "/v1/payments/pay_", None, None).await.is_problem(400, "malformed-request");
    till.ask(Method::GET, "/v1/payments?limit=x", None, None).await.is_problem(400, "malformed-request");
    till.ask(Method::GET, "/v1/payments?unknown=1", None, None).await.is_problem(400, "malformed-request");
    till.ask(Method::GET, "/v1/payments?idempotency_key=", None, None)
        .await
        .is_problem(400, "malformed-request");
    let body = json!({"code": "1", "amount_minor": 1, "currency": "CHF", "terminal": till.terminal});
    let (longest, longer) = ("k".repeat(255), "k".repeat(256));
    let ask = |key| till.ask(Method::POST, "/v1/payments", key, Some(body.clone()));
    ask(None).await.is_problem(400, "idempotency-key-missing");
    ask(Some("")).await.is_problem(400, "idempotency-key-missing");
    ask(Some("with space")).await.is_problem(400, "idempotency-key-missing");
    ask(Some(&longer)).await.is_problem(400, "idempotency-key-missing");
    ask(Some(&longest)).await.is_problem(422, "code-misread");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_known_is_told_nothing() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let id = till.authorised("sale", &phone.code(&world, 1)).await;
    let ask = |path: &str, key: Option<String>| {
        let builder = world.request(Method::GET, path);
        let builder = key.into_iter().fold(builder, |builder, key| builder.header("authorization", key));
        world.send(builder.body(Vec::new()).unwrap())
    };
    let path = format!("/v1/payments/{id}");
    let mut told = Vec::new();
    let long = format!("Bearer {}", "k".repeat(300));
    for key in [
        None,
        Some("Bearer ".to_owned()),
        Some("Bearer wrong".to_owned()),
        Some("Basic eA==".to_owned()),
        Some(long),
    ] {
        let answer = ask(&path, key).await;
        answer.is_problem(401, "unauthenticated");
        assert_eq!(answer.headers["www-authenticate"], "Bearer");
        told.push(answer.body);
    }
    assert!(told.iter().all(|body| *body == told[0]));
    // Each key opens its own doors only.
    ask(&path, Some(format!("Bearer {OPERATOR_KEY}"))).await.is_problem(401, "unauthenticated");
    let admin = format!("/v1/admin/payments/{id}");
    ask(&admin, Some(format!("Bearer {}", till.api_key))).await.is_problem(401, "unauthenticated");
    ask("/v1/enrolment", Some(format!("Bearer {}", till.api_key))).await.is_problem(401, "unauthenticated");
    let story = ask(&admin, Some(format!("Bearer {OPERATOR_KEY}"))).await.is(200);
    assert_eq!((&story["verdict"], &story["id"]), (&json!("ok"), &json!(id)));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_request_is_taken_once_and_only_as_it_was_signed() {
    let world = World::new().await;
    let phone = world.paying_phone().await;
    let copy = |request: &http::Request<Vec<u8>>| {
        let mut copy = http::Request::new(request.body().clone());
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.headers_mut() = request.headers().clone();
        copy
    };
    let request = phone.signed(&world, &Method::POST, "/v1/methods", Some(json!({"provider": "bank"})));
    let mut other_body = copy(&request);
    other_body.body_mut().push(b' ');
    world.send(other_body).await.is_problem(401, "unauthenticated");
    let mut other_path = copy(&request);
    *other_path.uri_mut() = world.url("/v1/enrolment/lock").parse().unwrap();
    world.send(other_path).await.is_problem(401, "unauthenticated");
    world.send(copy(&request)).await.is(201);
    world.send(copy(&request)).await.is_problem(401, "unauthenticated");
    let mut unsigned = copy(&request);
    unsigned.headers_mut().remove("signature");
    world.send(unsigned).await.is_problem(401, "unauthenticated");
    let late = phone.signed(&world, &Method::GET, "/v1/enrolment", None);
    world.clock.advance_s(301);
    world.send(late).await.is_problem(401, "unauthenticated");
    // Somebody else's key does not sign for this phone.
    let other = world.paying_phone().await;
    let forger = crate::support::Phone { enrolment: phone.enrolment, ..other };
    forger.ask(&world, Method::POST, "/v1/enrolment/lock", None).await.is_problem(401, "unauthenticated");
    assert_eq!(
        phone.ask(&world, Method::GET, "/v1/methods", None).await.is(200)["methods"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_that_floods_waits_and_others_do_not() {
    let limits = ServerLimits { checkout_rate_per_s: 5, ..ServerLimits::default() };
    let world = World::with(Setup { limits, ..Setup::default() }).await;
    let (till, other) = (world.till(&[7]).await, world.till(&[8]).await);
    let answers = join_all((0..30).map(|_| till.ask(Method::GET, "/v1/checkout", None, None))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 10);
    let refused = answers.iter().find(|answer| answer.status != 200).unwrap();
    refused.is_problem(429, "too-many-requests");
    assert_eq!(refused.headers["retry-after"], "1");
    other.ask(Method::GET, "/v1/checkout", None, None).await.is(200);
    world.clock.advance_s(1);
    till.ask(Method::GET, "/v1/checkout", None, None).await.is(200);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_much_at_once_is_told_to_come_back() {
    let limits = ServerLimits { requests_at_once_max: 2, ..Setup::default().limits };
    let world = World::with(Setup { limits, ..Setup::default() }).await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let gate = Arc::new(Semaphore::new(0));
    world.bank.will([Wish::Wait(gate.clone()), Wish::Wait(gate.clone())]);
    let (one, other) = (phone.code(&world, 1), phone.code(&world, 2));
    let (a, b, ()) = tokio::join!(
        till.begin("one", &one),
        async {
            eventually("the first is under way", || async { world.bank.asked().len() == 1 }).await;
            till.begin("other", &other).await
        },
        async {
            eventually("both are under way", || async { world.bank.asked().len() == 2 }).await;
            let shed = till.ask(Method::GET, "/v1/checkout", None, None).await;
            shed.is_problem(503, "unavailable");
            assert_eq!(shed.headers["retry-after"], "1");
            for path in ["/healthz", "/readyz", "/metrics"] {
                assert_eq!(world.get(path).await.status, 200, "{path} is answered also while it is busy");
            }
            gate.add_permits(2);
        }
    );
    a.is(201);
    b.is(201);
    till.ask(Method::GET, "/v1/checkout", None, None).await.is(200);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_on_the_wire_ends_its_own_connection_alone() {
    let world = World::new().await;
    for garbage in [&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[..], b"GET / HTTP/9.9\r\n\r\n", &[b'A'; 70_000]]
    {
        let mut socket = TcpStream::connect(world.address).await.unwrap();
        // It may be cut while we still write; all that counts is that it ends.
        drop(socket.write_all(garbage).await);
        drop(socket.shutdown().await);
        let mut rest = Vec::new();
        drop(socket.read_to_end(&mut rest).await);
    }
    assert_eq!(world.get("/healthz").await.status, 200);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_requests_are_checked_too() {
    let world = World::new().await;
    let merchant = world.merchant("Bakery").await;
    let post = |path: &'static str, body: Value| world.operator(Method::POST, path, Some(body));
    for name in [String::new(), "n".repeat(65), "a\nb".to_owned()] {
        post("/v1/admin/customers", json!({"name": name})).await.is_problem(400, "malformed-request");
        post("/v1/admin/merchants", json!({"name": name})).await.is_problem(400, "malformed-request");
    }
    let checkout = |merchant: Value, terminals: Value| {
        post("/v1/admin/checkouts", json!({"merchant": merchant, "name": "till", "terminals": terminals}))
    };
    checkout(json!(model::MerchantId::from_u128(5)), json!([1])).await.is_problem(404, "not-found");
    checkout(json!(merchant), json!([])).await.is_problem(400, "malformed-request");
    checkout(json!(merchant), json!([0])).await.is_problem(400, "malformed-request");
    checkout(json!(merchant), json!((1..=1_001).collect::<Vec<_>>()))
        .await
        .is_problem(400, "malformed-request");
    checkout(json!(merchant), json!([1, 2])).await.is(201);
    checkout(json!(merchant), json!([2, 3])).await.is_problem(409, "already-exists");
    checkout(json!(merchant), json!([3, 3])).await.is_problem(400, "malformed-request");
    checkout(json!(merchant), json!([3])).await.is(201);
    let nobody = model::CustomerId::from_u128(5);
    let path = format!("/v1/admin/customers/{nobody}/activation-codes");
    world.operator(Method::POST, &path, None).await.is_problem(404, "not-found");
    let path = "/v1/admin/enrolments/000000000001";
    world.operator(Method::GET, path, None).await.is_problem(404, "not-found");
    world.operator(Method::POST, &format!("{path}/lock"), None).await.is_problem(404, "not-found");
    assert_eq!(
        world.operator(Method::GET, "/v1/admin/balances", None).await.is(200),
        json!({"balances": []})
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_is_spoken_on_this_machine_only() {
    let (setup, folder) = (Setup::default(), tempfile::tempdir().unwrap());
    let keys = make_keys(&folder, setup.now);
    let clock = Arc::new(ManualClock::at(setup.now));
    let bank = Arc::new(ScriptedBank::new(clock.clone()));
    let (parts, _) = parts(setup, &folder, &keys, &clock, &bank);
    let socket = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let listener = server::Listener { socket, tls: None };
    let ended = server::run(parts, listener, core::future::pending()).await;
    assert!(matches!(ended, Err(server::RunError::PlainNotLocal(_))), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_at_the_ends_of_their_range_do_no_harm() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let get = |path: String| {
        let phone = &phone;
        let world = &world;
        async move { phone.ask(world, Method::GET, &path, None).await }
    };
    for device_time_ms in [i64::MIN, -1, 0, i64::MAX] {
        get(format!("/v1/enrolment?device_time_ms={device_time_ms}")).await.is(200);
    }
    let offset_ms = world.enrolment(phone.enrolment).await.clock_offset_ms;
    assert!(offset_ms.abs() <= 86_400_000, "a clock is followed within policy's bounds: {offset_ms}");
    let last = get(format!("/v1/confirmations?after={}", u32::MAX)).await.is(200);
    assert_eq!(last, json!({"confirmations": [], "has_more": false}));
    get("/v1/confirmations?after=4294967296".to_owned()).await.is_problem(400, "malformed-request");
    get("/v1/confirmations?after=-1".to_owned()).await.is_problem(400, "malformed-request");
    let resync = json!({"counter": u32::MAX});
    let view = phone.ask(&world, Method::POST, "/v1/enrolment/resync", Some(resync)).await.is(200);
    assert_eq!((&view["status"], &view["counter"]), (&json!("active"), &json!(u32::MAX)));
    phone.hand_in(&world, model::MethodSlot(255), "proof CHF").await.is_problem(404, "not-found");
    let slot = phone.ask(&world, Method::DELETE, "/v1/methods/256", None).await;
    slot.is_problem(400, "malformed-request");
    for id in [0, u128::MAX].map(model::PaymentId::from_u128) {
        till.show(id).await.is_problem(404, "not-found");
        let story = world.operator(Method::GET, &format!("/v1/admin/payments/{id}"), None).await;
        story.is_problem(404, "not-found");
        let page = till.ask(Method::GET, &format!("/v1/payments?after={id}&limit=0"), None, None).await;
        assert_eq!(page.is(200)["payments"], json!([]));
    }
    till.authorised("sale", &phone.make(&phone.plan(u32::MAX, phone_time(&world, offset_ms)))).await;
    till.begin("none-left", &phone.make(&phone.plan(1, phone_time(&world, offset_ms))))
        .await
        .is_declined("open_app_online");
    assert_eq!(phone.status(&world).await.counter, u32::MAX);
    world.end().await;
}

/// What a phone's clock shows that runs ahead by this much.
fn phone_time(world: &World, offset_ms: i64) -> model::Timestamp {
    world.clock.now().plus_ms(offset_ms)
}
