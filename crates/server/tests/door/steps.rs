//! How long each step of a payment took: told to operators, and to nobody who could learn from it.

use crate::support::{Till, Wish, World, start};
use http::Method;
use model::DeclineReason;
use serde_json::Value;

async fn steps(world: &World) -> Vec<Value> {
    let page = world.operator(Method::GET, "/v1/admin/steps", None).await.is(200);
    page["payments"].as_array().unwrap().clone()
}

/// Each step's name, with a `!` in front where it failed.
fn names(row: &Value) -> Vec<String> {
    let name = |step: &Value| {
        let mark = if step["ok"].as_bool().unwrap() { "" } else { "!" };
        format!("{mark}{}", step["step"].as_str().unwrap())
    };
    row["steps"].as_array().unwrap().iter().map(name).collect()
}

async fn decline(till: &Till, key: &str, code: &protocol::payment_code::PaymentCode) {
    assert_eq!(till.begin(key, code).await.status, 402);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_payment_s_steps_are_told_up_to_the_one_that_failed() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let code = phone.code(&world, 1);
    let paid = till.authorised("paid", &code).await;
    decline(&till, "used", &code).await;
    let late = phone.plan(2, model::Timestamp::from_s(1_789_999_000));
    decline(&till, "late", &phone.make(&late)).await;
    decline(&till, "wrong", &phone.wrong_pin_code(&world, 3)).await;
    world.bank.will([Wish::Refuse(DeclineReason::InsufficientFunds)]);
    decline(&till, "poor", &phone.code(&world, 4)).await;
    let rows = steps(&world).await;
    let told: Vec<String> = rows
        .iter()
        .rev()
        .map(|row| format!("{}: {}", row["verdict"].as_str().unwrap(), names(row).join(" ")))
        .collect();
    let expected = [
        "ok: open signature pin policy store bank",
        "counter_used: open !signature store",
        "too_old: open signature !policy store",
        "wrong_pin: open signature !pin store",
        "insufficient_funds: open signature pin policy store !bank",
    ];
    assert_eq!(told, expected);
    assert_eq!(rows[4]["payment"], paid.to_string());
    for row in &rows {
        let us = |value: &Value| value.as_u64().unwrap();
        let sum: u64 = row["steps"].as_array().unwrap().iter().map(|step| us(&step["us"])).sum();
        assert!(sum <= us(&row["total_us"]), "{row}");
        assert_eq!(row["at_ms"], start().ms());
    }
    let figures = String::from_utf8(world.get("/metrics").await.body).unwrap();
    assert!(figures.contains(r#"batzen_step_seconds_count{step="bank"} 2"#), "{figures}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_till_and_a_stranger_are_told_nothing() {
    let world = World::new().await;
    let till = world.till(&[7]).await;
    till.ask(Method::GET, "/v1/admin/steps", None, None).await.is_problem(401, "unauthenticated");
    world.get("/v1/admin/steps").await.is_problem(401, "unauthenticated");
    world.end().await;
}
