//! The API's description: the committed page is the one that the server gives, and every route in it is there.

use crate::support::World;
use http::Method;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

const PAGE: &str = "../../docs/openapi.json";

#[test]
fn the_committed_page_is_what_the_server_gives() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let given = format!("{}\n", server::openapi_json());
    if std::env::var_os("BATZEN_BLESS").is_some() {
        std::fs::write(&page, given).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&page).unwrap_or_default();
    let differing = given.lines().zip(committed.lines()).position(|(one, other)| one != other);
    assert!(
        given == committed,
        "docs/openapi.json is stale from line {:?} on; run this test with BATZEN_BLESS=1 and look at the difference",
        differing.map(|line| line + 1),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_there_and_asks_who_is_calling() {
    let world = World::new().await;
    let answer = world.get("/openapi.json").await;
    let description = answer.is(200);
    assert_eq!(answer.body, server::openapi_json().as_bytes());
    let mut names = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(names.insert(name), "{operation}: a name for each operation");
            let answer = ask(&world, method, path).await;
            if operation["security"].is_array() {
                // The phone's body is covered by its signature, so it is read first; no body, no digest, no caller.
                answer.is_problem(401, "unauthenticated");
            } else {
                // Where nothing was published yet there is nothing to be had.
                assert!(matches!(answer.status, 200 | 400 | 404), "{method} {path}: {}", answer.status);
            }
        }
    }
    assert!(names.len() > 30);
    world.end().await;
}

async fn ask(world: &World, method: &str, path: &str) -> crate::support::Answer {
    let path = path
        .replace("/payments/{id}", "/payments/pay_00000000000000000000000001")
        .replace("/merchants/{id}", "/merchants/mer_00000000000000000000000001")
        .replace("/webhook-endpoints/{id}", "/webhook-endpoints/whe_00000000000000000000000001")
        .replace("/webhooks/{id}", "/webhooks/msg_00000000000000000000000001")
        .replace("/customers/{id}", "/customers/cus_00000000000000000000000001")
        .replace("/enrolments/{id}", "/enrolments/0000a1b2c3d4")
        .replace("/devices/{id}", "/devices/0000a1b2c3d4")
        .replace("/merchants/{id}", "/merchants/mer_00000000000000000000000001")
        .replace("/tasks/{id}", "/tasks/eff_00000000000000000000000001")
        .replace("{enrolment}", "0000a1b2c3d4")
        .replace("/approvals/{id}", "/approvals/apr_00000000000000000000000001")
        .replace("/0000a1b2c3d4/{id}", "/0000a1b2c3d4/apr_00000000000000000000000001")
        .replace("{app}", "android:com.example.wallet")
        .replace("{version}", "1.0")
        .replace("{slot}", "1");
    assert!(!path.contains('{'), "{path}");
    let method: Method = method.to_uppercase().parse().unwrap();
    world.send(world.request(method, &path).body(Vec::new()).unwrap()).await
}

#[test]
fn every_schema_that_is_named_is_described_and_problems_have_their_own_type() {
    let description: Value = serde_json::from_str(server::openapi_json()).unwrap();
    let schemas = description["components"]["schemas"].as_object().unwrap();
    for name in ["Problem", "PaymentView", "PaymentRequest", "ConfirmationView", "EnrolmentView"] {
        assert!(schemas.contains_key(name), "{name}");
    }
    let declined = &description["paths"]["/v1/payments"]["post"]["responses"]["402"]["content"];
    assert!(declined["application/problem+json"].is_object(), "{declined}");
    // Nothing points at a schema that is not there.
    let text = server::openapi_json();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name} is named and not described");
    }
}
