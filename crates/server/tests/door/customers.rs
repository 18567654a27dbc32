//! What a customer may ask for by law: all that is stored, and its erasure.

use crate::policy::activate;
use crate::support::{ACCOUNT_REF, Pending, Phone, World, eventually, start};
use http::Method;
use model::{Currency, CustomerId};
use records::{EnrolmentStatus, MethodState, Queries, RevocationReason};
use serde_json::{Value, json};

async fn export(world: &World, customer: CustomerId) -> Value {
    world.operator(Method::GET, &format!("/v1/admin/customers/{customer}/export"), None).await.is(200)
}

async fn part(world: &World, customer: CustomerId, path: &str) -> Value {
    world.operator(Method::GET, &format!("/v1/admin/customers/{customer}/export/{path}"), None).await.is(200)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_holds_all_that_is_stored_and_no_secret() {
    let world = World::new().await;
    let customer = world.customer().await;
    let phone = Phone::activate(&world, &world.activation_code(customer).await).await;
    phone.prove_method(&world, Currency::CHF).await;
    let unused = world.activation_code(customer).await;
    let till = world.till(&[7]).await;
    count_what_is_paid(&world).await;
    let paid = till.authorised("paid", &phone.code(&world, 1)).await;
    till.begin("wrong", &phone.wrong_pin_code(&world, 2)).await;
    let asked = json!({"reference": "L-1", "kind": "login", "payee": "e-banking"});
    let ask = format!("/v1/admin/customers/{customer}/approvals");
    world.operator(Method::POST, &ask, Some(asked)).await.is(201);
    let exported = export(&world, customer).await;
    let approvals = exported["devices"][0]["approvals"].as_array().unwrap();
    assert_eq!((approvals.len(), &approvals[0]["question"]["payee"]), (1, &"e-banking".into()));
    assert_eq!(exported["customer"]["name"], "Ada");
    assert_eq!(exported["devices"][0]["enrolment"], phone.enrolment.to_string());
    assert_eq!(exported["devices"][0]["platform"], "test, linux 6, example.wallet 1");
    let lately = exported["devices"][0]["paid_lately"].as_array().unwrap();
    assert_eq!(lately.len(), 3, "an hour, a day, a week: {lately:?}");
    assert_eq!((&lately[2]["window"], &lately[2]["sum_minor"]), (&"week".into(), &1_250.into()));
    assert_eq!(exported["methods"][0]["details"]["account_ref"], ACCOUNT_REF);
    assert_eq!(exported["activation_codes"].as_array().unwrap().len(), 2);
    assert_eq!(exported["notices"][0]["kind"], "activated");
    let of = format!("enrolment={}", phone.enrolment);
    let payments = part(&world, customer, &format!("payments?{of}")).await;
    let payments = payments["payments"].as_array().unwrap().clone();
    assert_eq!(payments.len(), 2);
    assert_eq!((&payments[0]["id"], &payments[0]["state"]), (&paid.to_string().into(), &"authorised".into()));
    assert_eq!(payments[1]["verdict"], "wrong_pin");
    let decision = &payments[0]["decision"];
    assert_eq!((&decision["policy_version"], &decision["ruling"]), (&1.into(), &"allow".into()));
    assert!(!decision["facts"].as_array().unwrap().is_empty(), "{decision}");
    assert_eq!(payments[1]["decision"], Value::Null, "policy had nothing to decide of a wrong PIN");
    let told = part(&world, customer, &format!("confirmations?{of}")).await;
    assert_eq!(
        told["confirmations"].as_array().unwrap().len(),
        1,
        "an authorisation is confirmed when it is captured"
    );
    let audit = part(&world, customer, "audit").await;
    let actions: Vec<_> =
        audit["audit"].as_array().unwrap().iter().map(|entry| entry["action"].clone()).collect();
    assert!(
        actions.contains(&"customer.created".into()) && actions.contains(&"method.proved".into()),
        "{actions:?}"
    );
    // Neither the code that is still good, nor what PINs are checked with, nor who works at the bank.
    let everything = format!("{exported}{payments:?}{told}{audit}");
    let enrolment = world.enrolment(phone.enrolment).await;
    let wrapped = data_encoding::HEXLOWER.encode(&enrolment.pin.wrapped_key);
    for secret in [unused.replace('-', ""), unused, wrapped, "grace".to_owned()] {
        assert!(!everything.contains(&secret), "{secret}");
    }
    // Another customer's phone is not this one's.
    let stranger = world.phone().await;
    let path = format!("/v1/admin/customers/{customer}/export/payments?enrolment={}", stranger.enrolment);
    world.operator(Method::GET, &path, None).await.is_problem(404, "not-found");
    assert_eq!(world.get(&format!("/v1/admin/customers/{customer}/export")).await.status, 401);
    world.end().await;
}

/// From now on sums of what phones paid lately are kept.
async fn count_what_is_paid(world: &World) {
    let often = json!([{ "name": "often", "when": { "velocity": { "window": "day", "payments_above": 9 } },
        "then": { "decline": "limit_exceeded" } }]);
    activate(world, 1, 0, &often).await.is(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_customer_is_an_id_and_the_books_are_as_before() {
    let world = World::new().await;
    let customer = world.customer().await;
    let phone = Phone::activate(&world, &world.activation_code(customer).await).await;
    phone.prove_method(&world, Currency::CHF).await;
    let unused = world.activation_code(customer).await;
    let till = world.till(&[7]).await;
    count_what_is_paid(&world).await;
    let paid = till.authorised("paid", &phone.code(&world, 1)).await;
    assert!(world.store.velocity(phone.enrolment).await.unwrap().is_some(), "nothing to wipe");
    let path = format!("/v1/admin/customers/{customer}/erase");
    world.operator(Method::POST, &path, None).await.is_problem(409, "wrong-state");
    assert_eq!(world.store.customer(customer).await.unwrap().unwrap().name, "Ada", "refused, and half done");
    till.capture("capture", paid, json!({})).await.is(201);
    eventually("the bank books the capture", || async {
        world.store.effects_of(paid).await.unwrap().is_empty()
    })
    .await;
    world.operator(Method::POST, &path, None).await.is(200);
    world.operator(Method::POST, &path, None).await.is(200);

    assert_eq!(world.store.customer(customer).await.unwrap().unwrap().name, "");
    let enrolment = world.enrolment(phone.enrolment).await;
    let since = start();
    assert_eq!(enrolment.status, EnrolmentStatus::Revoked { reason: RevocationReason::Erased, since });
    assert!(enrolment.platform.is_empty() && enrolment.pin.wrapped_key.is_empty());
    assert_eq!(
        world.store.velocity(phone.enrolment).await.unwrap(),
        None,
        "what was paid lately is still there"
    );
    let methods = world.store.methods(customer).await.unwrap();
    assert!(methods.iter().all(|method| matches!(method.state, MethodState::Removed { .. })));
    let exported = export(&world, customer).await.to_string();
    for gone in ["Ada", "linux", "example.wallet", ACCOUNT_REF, "CH.. 42"] {
        assert!(!exported.contains(gone), "{gone}");
    }
    // The phone is nobody any more, and no code makes another one.
    phone.ask(&world, Method::GET, "/v1/enrolment", None).await.is_problem(401, "unauthenticated");
    till.begin("after", &phone.code(&world, 2)).await.is_declined("open_app_online");
    assert_eq!(world.store.velocity(phone.enrolment).await.unwrap(), None, "a refused code counts again");
    Pending::new(&world, &unused).await.send(&world).await.is_problem(403, "activation-refused");
    let path = format!("/v1/admin/customers/{customer}/activation-codes");
    world.operator(Method::POST, &path, None).await.is_problem(409, "wrong-state");
    // What law wants kept is there, and whole.
    let payment = world.store.payment(paid).await.unwrap().unwrap();
    assert_eq!(payment.payer.unwrap().customer, customer);
    world.end().await;
}
