//! Policy at the operators' door: activated without a restart, tried, explained, refused.

use crate::support::{Answer, Phone, World, eventually, start};
use futures_util::future::join_all;
use http::Method;
use security::{KeyStore, SignedPolicy};
use serde_json::{Value, json};

fn document(version: u32, valid_from_ms: i64, rules: &Value) -> String {
    let policy = json!({ "rules": rules, "activation_rate": {"burst": 1000, "refill_ms": 1} });
    json!({ "realm": "shop.example", "version": version, "valid_from_ms": valid_from_ms, "policy": policy })
        .to_string()
}

fn signed(world: &World, document: &str) -> Value {
    let signed = SignedPolicy::sign(document, world.keys.realm(), &*world.keys.rule_signer()).unwrap();
    serde_json::to_value(signed).unwrap()
}

pub(crate) async fn activate(world: &World, version: u32, valid_from_ms: i64, rules: &Value) -> Answer {
    let asked = signed(world, &document(version, valid_from_ms, rules));
    world.operator(Method::POST, "/v1/admin/policies", Some(asked)).await
}

async fn get(world: &World, path: &str) -> Value {
    world.operator(Method::GET, path, None).await.is(200)
}

fn above(minor: i64) -> Value {
    json!([{ "name": "above", "when": { "amount_above_minor": { "CHF": minor } }, "then": { "decline": "policy_refused" } }])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_is_activated_while_payments_go_on_and_its_decisions_are_explained() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    assert_eq!(get(&world, "/v1/admin/policy").await["version"], 0);
    let id = till.authorised("before", &phone.code(&world, 1)).await;
    let story = get(&world, &format!("/v1/admin/payments/{id}")).await;
    assert_eq!(
        (&story["decision"]["ruling"], &story["decision"]["ground"]),
        (&json!("allow"), &json!("nothing"))
    );

    let entry = activate(&world, 1, 0, &above(1_000)).await.is(201);
    assert_eq!((&entry["version"], &entry["is_in_force"]), (&json!(1), &json!(true)));
    let declined = till.begin("after", &phone.code(&world, 2)).await;
    let problem = declined.is(402);
    assert_eq!(problem["customer_action"], "other_method", "the till learns no more");
    assert!(!problem.to_string().contains("policy"), "{problem}");
    let id = problem["payment"]["id"].as_str().unwrap().to_owned();
    let story = get(&world, &format!("/v1/admin/payments/{id}")).await;
    assert_eq!(story["verdict"], "policy_refused");
    let decision = &story["decision"];
    assert_eq!((&decision["policy_version"], &decision["ground"]), (&json!(1), &json!("above")));
    assert_eq!(decision["reasons"], json!(["the amount is 12.50 CHF, above 10.00 CHF"]));
    assert!(decision["next"].as_str().unwrap().starts_with("allow by nothing"));

    let view = get(&world, "/v1/admin/policy").await;
    assert_eq!(view["activated_by"], "grace");
    assert_eq!(view["document"], document(1, 0, &above(1_000)));
    let history = get(&world, "/v1/admin/policies").await;
    assert_eq!(history["policies"].as_array().unwrap().len(), 1);
    assert!(world.audit_actions().await.contains(&"policy.activated".to_owned()));
    let metrics = world.get("/metrics").await;
    assert!(String::from_utf8(metrics.body).unwrap().contains("batzen_policy_version 1"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_holds_from_its_own_time_on() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let entry = activate(&world, 1, start().plus_s(60).ms(), &above(1_000)).await.is(201);
    assert_eq!(entry["is_in_force"], false);
    till.authorised("before", &phone.code(&world, 1)).await;
    world.clock.advance_s(60);
    eventually("the policy in force", async || get(&world, "/v1/admin/policy").await["version"] == 1).await;
    till.begin("after", &phone.code(&world, 2)).await.is(402);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_that_are_not_taken_change_nothing_and_say_why() {
    let world = World::new().await;
    activate(&world, 5, 0, &json!([])).await.is(201);
    let stale = activate(&world, 5, 0, &json!([])).await.is(409);
    assert!(stale["detail"].as_str().unwrap().contains("5"), "{stale}");
    let mut changed = signed(&world, &document(6, 0, &above(1_000)));
    changed["document"] = json!(document(6, 0, &above(1_001)));
    let refused = world.operator(Method::POST, "/v1/admin/policies", Some(changed)).await.is(400);
    assert!(refused["detail"].as_str().unwrap().contains("signature"), "{refused}");
    let nobody = world.get("/v1/admin/policies").await;
    nobody.is(401);
    assert_eq!(get(&world, "/v1/admin/policy").await["version"], 5);
    world.operator(Method::GET, "/v1/admin/policies/6", None).await.is(404);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trying_a_policy_tells_what_would_differ_and_changes_nothing() {
    let world = World::new().await;
    let merchant = world.merchant("Bakery").await;
    let path = format!("/v1/admin/merchants/{merchant}/category");
    world.operator(Method::PUT, &path, Some(json!({ "category": "5462" }))).await.is(200);
    world.operator(Method::PUT, &path, Some(json!({ "category": "546" }))).await.is(400);
    let (till, phone) = (world.till_of(merchant, &[7]).await, world.paying_phone().await);
    for counter in 1..=3 {
        till.authorised(&format!("sale-{counter}"), &phone.code(&world, counter)).await;
    }
    let rules =
        json!([{ "name": "bakeries", "when": { "merchant_categories": ["5460-5469"] }, "then": "approve" }]);
    let tried =
        async |asked: Value| world.operator(Method::POST, "/v1/admin/policy/trials", Some(asked)).await;
    let view = tried(json!({ "document": document(9, 0, &rules) })).await.is(200);
    assert_eq!((&view["tried"], &view["differing"], &view["stopped"]), (&json!(3), &json!(3), &json!(3)));
    let difference = &view["differences"][0];
    assert_eq!(difference["was"], "allow by nothing");
    assert_eq!(difference["would_be"], "approve (approval_needed) by bakeries");
    assert_eq!(difference["examples"][0]["why"], "the merchant's category is 5462");
    let last = tried(json!({ "document": document(9, 0, &rules), "last": 2 })).await.is(200);
    assert_eq!(last["tried"], 2);
    let none = json!({ "document": document(9, 0, &rules), "since_ms": start().plus_s(1).ms() });
    assert_eq!(tried(none).await.is(200)["tried"], 0);
    let wrong = tried(json!({ "document": document(9, 0, &json!([{ "name": "x" }])) })).await.is(400);
    assert!(wrong["detail"].as_str().unwrap().contains("rule 1"), "{wrong}");
    // Nothing of it holds, and it is on record.
    assert_eq!(get(&world, "/v1/admin/policy").await["version"], 0);
    till.authorised("sale-4", &phone.code(&world, 4)).await;
    assert!(world.audit_actions().await.contains(&"policy.tried".to_owned()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_is_tried_on_ten_thousand_decisions() {
    const EACH: u32 = 1_250;
    let world = World::new().await;
    let till = world.till(&[7]).await;
    let mut phones = Vec::new();
    for _ in 0..8 {
        phones.push(world.paying_phone().await);
    }
    // Each second eight phones pay: 5.00, then 10.00, 15.00, 20.00, and again.
    for counter in 1..=EACH {
        let amount_minor = 500 * i64::from(1 + (counter - 1) % 4);
        let sell = |(number, phone): (usize, &Phone)| {
            let (key, digits) = (format!("{number}-{counter}"), phone.code(&world, counter).to_digits());
            let till = &till;
            async move { till.begin_with(&key, &digits, amount_minor).await.is(201) }
        };
        join_all(phones.iter().enumerate().map(sell)).await;
        world.clock.advance_s(1);
    }
    let rules = json!([
        { "name": "large", "when": { "amount_above_minor": { "CHF": 1_500 } }, "then": "approve" },
        { "name": "often", "when": { "velocity": { "window": "hour", "payments_above": 1_000 } },
          "then": { "decline": "limit_exceeded" } },
    ]);
    let asked = json!({ "document": document(9, 0, &rules) });
    let view = world.operator(Method::POST, "/v1/admin/policy/trials", Some(asked)).await.is(200);
    // Of each phone's 1,250 the last 250 are too many, and of the first 1,000 every fourth is large.
    assert_eq!((&view["tried"], &view["differing"]), (&json!(10_000), &json!(8 * (250 + 250))), "{view}");
    let differences = view["differences"].as_array().unwrap();
    let told = |rule: &str| {
        let found = differences.iter().find(|one| one["would_be"].as_str().unwrap().ends_with(rule)).unwrap();
        let why = found["examples"][0]["why"].as_str().unwrap();
        (found["payments"].clone(), found["was"].clone(), why.to_owned())
    };
    let (count, was) = (json!(2_000), json!("allow by nothing"));
    let why = "the amount is 20.00 CHF, above 15.00 CHF".to_owned();
    assert_eq!(told("by large"), (count.clone(), was.clone(), why));
    assert_eq!(told("by often"), (count, was, "it is payment 1001 in one hour, above 1000".to_owned()));
    world.end().await;
}
