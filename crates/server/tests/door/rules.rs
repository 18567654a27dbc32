//! Lists of rules for sensors, through the running door: who publishes, what phones and caches get, what they take.

use crate::support::{Answer, World};
use http::Method;
use protocol::error::ProtocolError;
use protocol::rule_list::{RuleDelta, RuleKind, RuleList, RuleListTrust};
use security::KeyStore;
use serde_json::{Value, json};

async fn publish(world: &World, packages: &[&str]) -> Answer {
    let asked = json!({"days": 30, "entries": {"package": packages, "port": ["27042"]}});
    world.operator(Method::POST, "/v1/admin/rules", Some(asked)).await
}

async fn published(world: &World, packages: &[&str]) -> u64 {
    publish(world, packages).await.is(201)["version"].as_u64().unwrap()
}

async fn fetch(world: &World, query: &str, tag: Option<&str>) -> Answer {
    let request = world.request(Method::GET, &format!("/v1/rules{query}"));
    let request = tag.into_iter().fold(request, |request, tag| request.header("if-none-match", tag));
    world.send(request.body(Vec::new()).unwrap()).await
}

/// What a phone trusts, by the bundle that it was given when it was activated.
fn trusting<T>(world: &World, last_version: u32, what: impl FnOnce(&RuleListTrust<'_>) -> T) -> T {
    let keys = [world.keys.rule_signer().verifying_key().clone()];
    let (realm, at) = (world.keys.realm(), model::Clock::now(&*world.clock));
    what(&RuleListTrust { keys: &keys, realm, at, last_version })
}

fn whole(world: &World, answer: &Answer) -> RuleList {
    assert_eq!(answer.status, 200);
    trusting(world, 0, |trust| RuleList::verify(&answer.body, trust)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_published_announced_fetched_and_followed_by_deltas() {
    let world = World::new().await;
    let phone = world.phone().await;
    fetch(&world, "", None).await.is_problem(404, "not-found");
    assert_eq!(phone.status(&world).await.rule_list, None);
    assert_eq!(published(&world, &["a", "b", "c"]).await, 1);
    assert_eq!(phone.status(&world).await.rule_list, Some(1));
    let key = &phone.bundle.rule_keys[0].public_key;
    assert_eq!(key, world.keys.rule_signer().verifying_key(), "the bundle names who signs lists");
    let first = whole(&world, &fetch(&world, "", None).await);
    assert_eq!(first.entries().len(), 4);

    assert_eq!(published(&world, &["c", "d", "a"]).await, 2);
    let answer = fetch(&world, "?from=1", None).await;
    let delta: Value = answer.is(200);
    assert_eq!((&delta["from"], &delta["removed"]), (&json!(1), &json!([2])));
    assert_eq!(delta["added"], json!([{"id": 5, "kind": "package", "value": "d"}]));
    let second = whole(&world, &fetch(&world, "", None).await);
    let read = RuleDelta::from_json(&answer.body).unwrap();
    assert_eq!(trusting(&world, 1, |trust| read.apply(&first, trust)), Ok(second.clone()));
    // What comes back is another entry.
    published(&world, &["b"]).await;
    let third = whole(&world, &fetch(&world, "", None).await);
    let b = third.entries().iter().find(|entry| entry.kind == RuleKind::Package).unwrap();
    assert_eq!((b.id, b.value.as_str()), (6, "b"));
    // From a list that nobody knows, or that is to come, the whole one leads.
    for query in ["?from=0", "?from=3", "?from=4", "?from=4294967295"] {
        assert_eq!(whole(&world, &fetch(&world, query, None).await), third, "{query}");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_or_a_forged_list_is_refused() {
    let world = World::new().await;
    published(&world, &["a", "b"]).await;
    let old = fetch(&world, "", None).await;
    published(&world, &["a", "c"]).await;
    let refused = trusting(&world, 2, |trust| RuleList::verify(&old.body, trust));
    assert!(matches!(refused, Err(ProtocolError::RolledBack(_))), "an old list was taken from a cache");
    let forged = String::from_utf8(old.body).unwrap().replace("\"a\"", "\"x\"");
    let refused = trusting(&world, 0, |trust| RuleList::verify(forged.as_bytes(), trust));
    assert!(matches!(refused, Err(ProtocolError::DigestMismatch(_))));
    let delta =
        String::from_utf8(fetch(&world, "?from=1", None).await.body).unwrap().replace("\"c\"", "\"x\"");
    let first = whole(&world, &fetch(&world, "?from=9", None).await);
    let delta = RuleDelta::from_json(delta.as_bytes()).unwrap();
    let refused = trusting(&world, 0, |trust| delta.apply(&first, trust));
    assert!(matches!(refused, Err(ProtocolError::DigestMismatch(_))));
    world.clock.advance_s(30 * 86_400);
    let latest = fetch(&world, "", None).await;
    let refused = trusting(&world, 0, |trust| RuleList::verify(&latest.body, trust));
    assert!(matches!(refused, Err(ProtocolError::Expired(_))));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caches_may_keep_lists_and_ask_for_news() {
    let world = World::new().await;
    published(&world, &["a"]).await;
    published(&world, &["a", "b"]).await;
    for query in ["", "?from=1"] {
        let answer = fetch(&world, query, None).await;
        assert_eq!(answer.headers["cache-control"], "public, max-age=300");
        let tag = answer.headers["etag"].to_str().unwrap().to_owned();
        let same = fetch(&world, query, Some(&format!("\"other\", {tag}"))).await;
        assert_eq!(
            (same.status, same.body.len(), same.headers["etag"].to_str().unwrap()),
            (304, 0, tag.as_str())
        );
        published(&world, &["a", "b", query.len().to_string().as_str()]).await;
        assert_eq!(fetch(&world, query, Some(&tag)).await.status, 200, "{query}: news were not told");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_are_told_what_no_list_may_hold_and_publishing_is_on_record() {
    let world = World::new().await;
    let try_with = async |body: Value| world.operator(Method::POST, "/v1/admin/rules", Some(body)).await;
    let too_many: Vec<String> = (1..=2_049).map(|n| n.to_string()).collect();
    for body in [
        json!({"days": 0, "entries": {}}),
        json!({"days": 367, "entries": {}}),
        json!({"days": 1, "entries": {"smell": []}}),
        json!({"days": 1, "entries": {"path": ["su"]}}),
        json!({"days": 1, "entries": {"port": ["1", "1"]}}),
        json!({"days": 1, "entries": {"port": too_many}}),
        json!({"days": 1, "entries": {}, "more": 1}),
    ] {
        let told = body.to_string().chars().take(80).collect::<String>();
        let answer = try_with(body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (400, "malformed-request"), "{told}");
    }
    try_with(json!({"days": 1, "entries": {}})).await.is(201);
    published(&world, &["a"]).await;
    let page = world.operator(Method::GET, "/v1/admin/rules", None).await.is(200);
    let versions: Vec<_> = page["lists"].as_array().unwrap().iter().map(|list| &list["version"]).collect();
    assert_eq!(versions, [2, 1]);
    let told = world.audit_actions().await.iter().filter(|one| *one == "rules.published").count();
    assert_eq!(told, 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_source_may_ask_only_so_often() {
    let policy = security::Policy {
        activation_rate: security::Rate { burst: 5, refill_ms: 60_000 },
        ..security::Policy::default()
    };
    let world = World::with(crate::support::Setup { policy, ..crate::support::Setup::default() }).await;
    published(&world, &["a"]).await;
    for _ in 0..5 {
        assert_eq!(fetch(&world, "", None).await.status, 200);
    }
    fetch(&world, "", None).await.is_problem(429, "too-many-requests");
    world.end().await;
}
