//! What is stored is checked while payments go on.

use crate::support::{World, eventually};
use http::Method;
use serde_json::{Value, json};

const PATH: &str = "/v1/admin/checks";

/// Begins a check and gives what it found.
async fn checked(world: &World, whole: bool) -> Value {
    world.operator(Method::POST, PATH, Some(json!({ "whole": whole }))).await.is(202);
    eventually("the check ends", || async { view(world).await["running_since_ms"].is_null() }).await;
    view(world).await[if whole { "whole" } else { "changes" }].clone()
}

async fn view(world: &World) -> Value {
    world.operator(Method::GET, PATH, None).await.is(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_reads_everything_or_what_changed() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let id = till.authorised("sale", &phone.code(&world, 1)).await;
    assert_eq!(checked(&world, false).await["payments"], 1);
    assert_eq!(checked(&world, false).await["payments"], 0, "nothing changed");
    till.capture("capture", id, json!({})).await.is(201);
    eventually("the bank knows", || async { world.bank.asked().len() == 2 }).await;
    eventually("it is read as it stands", || async { checked(&world, false).await["unsettled"] == 0 }).await;
    let whole = checked(&world, true).await;
    assert_eq!(
        (&whole["payments"], &whole["findings"], &whole["failure"]),
        (&json!(1), &json!([]), &Value::Null)
    );
    assert!(whole["rows"].as_u64().unwrap() > 10);
    let figures = world.get("/metrics").await;
    let text = String::from_utf8(figures.body).unwrap();
    assert!(
        text.contains("batzen_check_findings 0") && text.contains("batzen_check_ended_seconds 1"),
        "{text}"
    );
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_ends_its_check() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    for counter in 1..4 {
        till.authorised(&format!("sale-{counter}"), &phone.code(&world, counter)).await;
    }
    world.operator(Method::POST, PATH, Some(json!({ "whole": true }))).await.is(202);
    world.end().await;
}
