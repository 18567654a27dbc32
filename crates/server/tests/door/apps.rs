//! The registry of apps, through the running door: who is enrolled with which app, who may pay with it, and what phones
//! and operators are told.

use crate::attestation::{attesters, challenge, list, said};
use crate::support::{Pending, Phone, Setup, World, platform};
use api::app::{AppNotice, AppStateName};
use fixtures::attestation::android::{PACKAGE, SIGNER};
use fixtures::attestation::key;
use http::Method;
use protocol::activation_request::Attestation;
use records::Queries;
use serde_json::{Value, json};

const APP: &str = "linux:example.wallet";

async fn put(world: &World, path: &str, body: Value) -> Value {
    world.operator(Method::PUT, &format!("/v1/admin/apps/{path}"), Some(body)).await.is(200)
}

async fn register(world: &World, app: &str) {
    put(world, app, json!({"name": "Wallet"})).await;
    let words =
        json!({"en": "Update now.", "de": "Jetzt aktualisieren.", "fr": "Mettez à jour.", "it": "Aggiorni."});
    put(world, &format!("{app}/message"), words).await;
}

async fn set_version(world: &World, version: &str, state: Value) {
    put(world, &format!("{APP}/versions/{version}"), json!({"state": state})).await;
}

fn blocked() -> Value {
    json!({"state": "blocked", "reason": "leaks codes"})
}

async fn activate(world: &World, code: &str) -> crate::support::Answer {
    Pending::new(world, code).await.send(world).await
}

/// The phone asks how it stands, and says which version it runs.
async fn tells(world: &World, phone: &Phone, version: &str) -> Option<AppNotice> {
    let path = format!("/v1/enrolment?app_version={version}");
    let view = phone.ask(world, Method::GET, &path, None).await.is(200);
    view.get("app").map(|app| serde_json::from_value(app.clone()).unwrap())
}

async fn has_code_left(world: &World, code: &str) {
    set_version(world, "1", json!({"state": "full"})).await;
    activate(world, code).await.is(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_app_is_registered_none_is_looked_at() {
    let world = World::new().await;
    assert_eq!(world.operator(Method::GET, "/v1/admin/apps", None).await.is(200)["apps"], json!([]));
    let phone = world.paying_phone().await;
    assert_eq!(tells(&world, &phone, "0.0.1").await, None);
    world.till(&[7]).await.authorised("a", &phone.code(&world, 1)).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_enrolled_with_an_app_that_is_unknown_blocked_ended_or_too_old() {
    let world = World::new().await;
    register(&world, "android:example.wallet").await;
    let code = world.activation_code(world.customer().await).await;
    let refused = activate(&world, &code).await;
    refused.is_problem(403, "app-refused");
    assert_eq!(refused.json()["app"]["cause"], "unknown_app");
    // Whatever the code is: what is said of the app tells nothing of the code.
    let guessed = activate(&world, "0000-0000-0000").await;
    assert_eq!((guessed.status, guessed.json()), (403, refused.json()));

    register(&world, APP).await;
    set_version(&world, "1", blocked()).await;
    set_version(&world, "2.1", json!({"state": "full"})).await;
    let refused = activate(&world, &code).await;
    refused.is_problem(403, "app-refused");
    let problem = refused.json();
    assert_eq!(problem["detail"], "Update now.");
    assert_eq!(problem["app"]["cause"], "blocked_version");
    assert_eq!(problem["app"]["offered_version"], "2.1");
    assert_eq!(problem["app"]["message"]["fr"], "Mettez à jour.");

    let ends_at_ms = crate::support::start().plus_s(60).ms();
    set_version(&world, "1", json!({"state": "deprecated", "ends_at_ms": ends_at_ms})).await;
    activate(&world, &world.activation_code(world.customer().await).await).await.is(200);
    world.clock.advance_s(60);
    assert_eq!(activate(&world, &code).await.json()["app"]["cause"], "ended_version");

    // Nobody new with what is older than the minimum, though phones have until tomorrow.
    set_version(&world, "1", json!({"state": "full"})).await;
    let minimum = json!({"minimum": {"version": "1.0.1", "from_ms": ends_at_ms + 86_400_000}});
    put(&world, &format!("{APP}/minimum"), minimum).await;
    assert_eq!(activate(&world, &code).await.json()["app"]["cause"], "too_old");
    put(&world, &format!("{APP}/minimum"), json!({"minimum": null})).await;

    put(&world, APP, json!({"name": "Wallet", "only_known_versions": true})).await;
    activate(&world, &world.activation_code(world.customer().await).await).await.is(200);
    has_code_left(&world, &code).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_vulnerable_app_that_is_kept_in_use_pays_no_more() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    register(&world, APP).await;
    set_version(&world, "1", json!({"state": "full"})).await;
    till.authorised("before", &phone.code(&world, 1)).await;
    set_version(&world, "1", blocked()).await;
    // The phone stays offline: the server goes by what it last said. A wrong PIN is not looked at.
    till.begin("right", &phone.code(&world, 2)).await.is_declined("open_app_online");
    till.begin("wrong", &phone.wrong_pin_code(&world, 3)).await.is_declined("open_app_online");
    assert_eq!(world.enrolment(phone.enrolment).await.pin.failures, 0);
    let told = phone.confirmations(&world, 0).await;
    let causes: Vec<_> =
        told.iter().filter_map(|one| one.cause.name()).filter(|name| *name != "none").collect();
    assert_eq!(causes, ["app_blocked", "app_blocked"], "the phone learns why, the till does not");

    let notice = phone.status(&world).await.app.unwrap();
    assert_eq!((notice.state, notice.cause.as_deref()), (AppStateName::Blocked, Some("blocked_version")));
    assert_eq!(notice.message.unwrap().de, "Jetzt aktualisieren.");
    let asked = json!({"provider": "bank"});
    phone.ask(&world, Method::POST, "/v1/methods", Some(asked)).await.is_problem(403, "app-refused");
    let proof = Some(json!({"proof": "proof CHF"}));
    phone.ask(&world, Method::POST, "/v1/methods/1/proof", proof).await.is_problem(403, "app-refused");
    phone.ask(&world, Method::POST, "/v1/enrolment/pin", None).await.is_problem(403, "app-refused");
    phone.ask(&world, Method::GET, "/v1/methods", None).await.is(200);

    // Updated, it pays; who goes back to the old version does not.
    assert_eq!(tells(&world, &phone, "1.1").await.unwrap().state, AppStateName::UpToDate);
    till.authorised("updated", &phone.code(&world, 4)).await;
    assert_eq!(tells(&world, &phone, "1").await.unwrap().state, AppStateName::Blocked);
    till.begin("back", &phone.code(&world, 5)).await.is_declined("open_app_online");
    let changes = world.audit_actions().await.iter().filter(|one| *one == "enrolment.app_changed").count();
    assert_eq!(changes, 2);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn phones_learn_what_is_offered_and_until_when_they_may_pay() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    register(&world, APP).await;
    assert_eq!(tells(&world, &phone, "1").await.unwrap().state, AppStateName::UpToDate);
    set_version(&world, "1.5", json!({"state": "rollout", "percent": 0})).await;
    assert_eq!(tells(&world, &phone, "1").await.unwrap().state, AppStateName::UpToDate);
    set_version(&world, "1.5", json!({"state": "rollout", "percent": 100})).await;
    let notice = tells(&world, &phone, "1").await.unwrap();
    assert_eq!((notice.state, notice.offered_version), (AppStateName::UpdateAvailable, "1.5".parse().ok()));
    assert!(
        tells(&world, &phone, "1.5-rc.1").await.unwrap().message.is_none(),
        "words where nothing is to be done"
    );

    let from_ms = crate::support::start().plus_s(3_600).ms();
    let minimum = json!({"minimum": {"version": "1.5", "from_ms": from_ms}});
    put(&world, &format!("{APP}/minimum"), minimum).await;
    let notice = tells(&world, &phone, "1").await.unwrap();
    assert_eq!((notice.state, notice.needed_before_ms), (AppStateName::UpdateNeeded, Some(from_ms)));
    till.authorised("in-time", &phone.code(&world, 1)).await;
    world.clock.advance_s(3_600);
    till.begin("late", &phone.code(&world, 2)).await.is_declined("open_app_online");
    // What is no version is older than every minimum.
    assert_eq!(tells(&world, &phone, "debug").await.unwrap().cause.as_deref(), Some("too_old"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repackaged_app_is_told_by_who_signed_it_and_by_what_is_attested() {
    let world = World::with(Setup { attesters: Some(attesters(list(""))), ..Setup::default() }).await;
    let app = format!("android:{PACKAGE}");
    let try_with = async |os: &'static str, version: &'static str| {
        let of = challenge(&world).await;
        let code = world.activation_code(world.customer().await).await;
        let attestation = said(&world, &of, |_| {});
        let pending = Pending::of_app(&world, &code, of, key(1), attestation, [os, PACKAGE, version]);
        pending.send(&world).await
    };
    register(&world, &app).await;
    try_with("android", "1.0").await.is(200);
    // Signed by others than the registry knows.
    put(&world, &app, json!({"name": "Wallet", "signers": ["11".repeat(32)]})).await;
    let refused = try_with("android", "1.0").await;
    refused.is_problem(403, "app-refused");
    assert_eq!(refused.json()["app"]["cause"], "other_signer");
    let signers = json!(["11".repeat(32), data_encoding::HEXLOWER.encode(&SIGNER)]);
    put(&world, &app, json!({"name": "Wallet", "signers": signers})).await;
    try_with("android", "1.0").await.is(200);
    // It says that it is a later version than the one that is attested.
    put(&world, &format!("{app}/versions/2.0"), json!({"number": 1_000_000, "state": {"state": "full"}}))
        .await;
    assert_eq!(try_with("android", "2.0").await.json()["app"]["cause"], "other_version");
    // It says that it is another registered app.
    register(&world, &format!("linux:{PACKAGE}")).await;
    assert_eq!(try_with("linux", "1.0").await.json()["app"]["cause"], "other_app");
    world.end().await;
}

/// Lists version 1 with these digests.
async fn list_digests(world: &World, digests: Value) {
    put(world, &format!("{APP}/versions/1"), json!({"digests": digests, "state": {"state": "full"}})).await;
}

async fn require_digests(world: &World) {
    put(world, APP, json!({"name": "Wallet", "digests_required": true})).await;
}

/// The phone asks how it stands, and says that its version 1 has this digest.
async fn tells_digest(world: &World, phone: &Phone, digest: &str) -> AppNotice {
    let path = format!("/v1/enrolment?app_version=1&app_digest={digest}");
    let view = phone.ask(world, Method::GET, &path, None).await.is(200);
    serde_json::from_value(view["app"].clone()).unwrap()
}

fn why(notice: &AppNotice) -> Option<&str> {
    notice.cause.as_deref()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_nobody_registered_pays_no_more_and_one_that_is_not_told_where_that_is_asked_for() {
    let world = World::new().await;
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let (ours, theirs) = ("11".repeat(32), "22".repeat(32));
    register(&world, APP).await;
    set_version(&world, "1", json!({"state": "full"})).await;
    // A version without digests: whatever is told is good.
    assert_eq!(tells_digest(&world, &phone, &theirs).await.state, AppStateName::UpToDate);
    till.authorised("no-digests", &phone.code(&world, 1)).await;

    list_digests(&world, json!([ours])).await;
    let notice = phone.status(&world).await.app.unwrap();
    assert_eq!((notice.state, why(&notice)), (AppStateName::Blocked, Some("unknown_build")));
    assert_eq!(notice.message.unwrap().de, "Jetzt aktualisieren.");
    till.begin("theirs", &phone.code(&world, 2)).await.is_declined("open_app_online");
    let asked = json!({"provider": "bank"});
    phone.ask(&world, Method::POST, "/v1/methods", Some(asked)).await.is_problem(403, "app-refused");
    // Silence takes back nothing that was said of this version.
    assert_eq!(why(&tells(&world, &phone, "1").await.unwrap()), Some("unknown_build"));
    assert_eq!(tells_digest(&world, &phone, &ours).await.state, AppStateName::UpToDate);
    till.authorised("ours", &phone.code(&world, 3)).await;

    // A phone that never told one pays, until an operator asks for it.
    let silent = world.paying_phone().await;
    till.authorised("silent", &silent.code(&world, 1)).await;
    require_digests(&world).await;
    till.begin("asked-for", &silent.code(&world, 2)).await.is_declined("open_app_online");
    assert_eq!(why(&silent.status(&world).await.app.unwrap()), Some("untold_build"));
    till.authorised("told-before", &phone.code(&world, 4)).await;
    assert_eq!(tells_digest(&world, &silent, &ours).await.state, AppStateName::UpToDate);
    till.authorised("told-now", &silent.code(&world, 3)).await;

    // A good digest helps no version that is blocked.
    set_version(&world, "1", blocked()).await;
    assert_eq!(why(&tells_digest(&world, &phone, &ours).await), Some("blocked_version"));
    for bad in ["", "11", &"zz".repeat(32), &"AB".repeat(32)] {
        let path = format!("/v1/enrolment?app_version=1&app_digest={bad}");
        phone.ask(&world, Method::GET, &path, None).await.is_problem(400, "malformed-request");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_enrolled_with_a_build_that_nobody_registered() {
    let world = World::new().await;
    register(&world, APP).await;
    list_digests(&world, json!(["11".repeat(32), "22".repeat(32)])).await;
    let code = world.activation_code(world.customer().await).await;
    let try_with = async |digest: Option<[u8; 32]>| {
        let of = challenge(&world).await;
        let said = platform(["linux", "example.wallet", "1"], digest);
        let pending = Pending::of_platform(&world, &code, of, key(1), Attestation::None {}, said);
        pending.send(&world).await
    };
    let refused = try_with(Some([0x33; 32])).await;
    refused.is_problem(403, "app-refused");
    assert_eq!(refused.json()["app"]["cause"], "unknown_build");
    require_digests(&world).await;
    assert_eq!(try_with(None).await.json()["app"]["cause"], "untold_build");
    // The code is still good, and what was told is kept.
    try_with(Some([0x22; 32])).await.is(200);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_are_told_what_no_app_may_be_and_changes_are_on_record() {
    let world = World::new().await;
    let put = async |path: &str, body: Value| {
        world.operator(Method::PUT, &format!("/v1/admin/apps/{path}"), Some(body)).await
    };
    put("wallet", json!({"name": "x"})).await.is_problem(400, "malformed-request");
    put(APP, json!({"name": ""})).await.is_problem(400, "malformed-request");
    put(APP, json!({"name": "x", "signers": ["abc"]})).await.is_problem(400, "malformed-request");
    put(APP, json!({"name": "x", "signers": vec!["11".repeat(32); 9]}))
        .await
        .is_problem(400, "malformed-request");
    let minimum = json!({"minimum": null});
    put(&format!("{APP}/minimum"), minimum).await.is_problem(404, "not-found");
    register(&world, APP).await;
    let state = |state: Value| json!({"state": state});
    let version = format!("{APP}/versions/1.2");
    put(&version, state(json!({"state": "rollout", "percent": 101})))
        .await
        .is_problem(400, "malformed-request");
    put(&version, state(json!({"state": "blocked", "reason": ""})))
        .await
        .is_problem(400, "malformed-request");
    put(&version, state(json!({"state": "full", "more": 1}))).await.is_problem(400, "malformed-request");
    let zero = format!("{APP}/versions/0");
    put(&zero, state(json!({"state": "full"}))).await.is_problem(400, "malformed-request");
    let message = |en: &str, de: &str| json!({"en": en, "de": de, "fr": "x", "it": "x"});
    for (en, de) in [("x".repeat(281), "x"), ("x".to_owned(), ""), ("x\u{202e}".to_owned(), "x")] {
        put(&format!("{APP}/message"), message(&en, de)).await.is_problem(400, "malformed-request");
    }
    // A block keeps the number and the digests that are known.
    let listed = json!({"number": 12, "digests": ["22".repeat(32)], "state": {"state": "full"}});
    put(&version, listed).await.is(200);
    put(&version, state(blocked())).await.is(200);
    let shown = world.operator(Method::GET, &format!("/v1/admin/apps/{APP}"), None).await.is(200);
    let known = &shown["versions"][0];
    assert_eq!((&known["number"], &known["digests"][0]), (&json!(12), &json!("22".repeat(32))));
    assert_eq!(known["state"], blocked());
    let audit = world.store.audit(records::Page::first(99)).await.unwrap();
    let told: Vec<_> =
        audit.iter().filter(|row| row.entry.subject == APP).map(|row| &row.entry.action).collect();
    assert_eq!(told, ["app.put", "app.message_set", "app.version_put", "app.version_put"]);
    assert!(audit.last().unwrap().entry.detail.contains("leaks codes"));
    world.end().await;
}
