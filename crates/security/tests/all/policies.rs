//! Signed policies from activation to decision: what is taken, when it holds, what it does, how it is explained.

use std::sync::Arc;

use crate::support::*;
use model::{Currency, PaymentId, TerminalNumber, Timestamp, Unwatched};
use protocol::{evidence::Evidence, verdict::Verdict};
use records::{
    Command, EnrolmentStatus, Ground, LockReason, Outcome, Page, PolicyRow, Queries, Ruling, Spent, Store,
};
use security::{KeyStore, Policy, PolicyRefusal, Security, SecurityError, SignedPolicy, Verification};
use serde_json::{Value, json};

fn document(version: u32, valid_from: Timestamp, policy: &Value) -> String {
    json!({ "realm": "shop.example", "version": version, "valid_from_ms": valid_from, "policy": policy })
        .to_string()
}

fn signed(world: &World, version: u32, valid_from: Timestamp, policy: &Value) -> SignedPolicy {
    let text = document(version, valid_from, policy);
    SignedPolicy::sign(&text, world.keys.realm(), &*world.keys.rule_signer()).unwrap()
}

/// Activates a policy with these rules, which holds at once.
async fn rules(world: &World, version: u32, rules: Value) {
    let policy = signed(world, version, Timestamp::default(), &json!({ "rules": rules }));
    world.security.activate_policy(&policy, "olga", start()).await.unwrap();
    assert_eq!(world.security.policy().version, version);
}

fn refusal<T: std::fmt::Debug>(result: Result<T, SecurityError>) -> PolicyRefusal {
    match result {
        Err(SecurityError::PolicyRefused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_what_the_rule_signing_key_signed_for_this_realm_is_taken() {
    let world = World::new();
    let good = signed(&world, 3, Timestamp::default(), &json!({ "pin_failures_max": 5 }));
    let activate =
        async |policy: &SignedPolicy| world.security.activate_policy(policy, "olga", start()).await;
    // Each byte of the document, and each letter of the signature.
    for place in 0..good.document.len() {
        let mut bytes = good.document.clone().into_bytes();
        bytes[place] ^= 1;
        let Ok(document) = String::from_utf8(bytes) else { continue };
        let changed = SignedPolicy { document, ..good.clone() };
        assert_eq!(refusal(activate(&changed).await), PolicyRefusal::Signature);
    }
    for place in 0..86 {
        let mut letters = good.signature.clone().into_bytes();
        letters[place] = if letters[place] == b'A' { b'B' } else { b'A' };
        let changed = SignedPolicy { signature: String::from_utf8(letters).unwrap(), ..good.clone() };
        assert_eq!(refusal(activate(&changed).await), PolicyRefusal::Signature);
    }
    let realm = world.keys.realm();
    let by_others = SignedPolicy::sign(&good.document, realm, &*world.keys.audit_signer()).unwrap();
    assert_eq!(refusal(activate(&by_others).await), PolicyRefusal::Signature);
    let elsewhere = protocol::realm::Realm::new("other.example").unwrap();
    let document = good.document.replace("shop.example", "other.example");
    let other = SignedPolicy::sign(&document, &elsewhere, &*world.keys.rule_signer()).unwrap();
    assert_eq!(refusal(activate(&other).await), PolicyRefusal::Signature);
    let unusable = document_signed_anyway(&world, 3, &json!({ "pin_failures_max": 0 }));
    assert!(matches!(refusal(activate(&unusable).await), PolicyRefusal::Unusable(_)));
    assert_eq!(world.store.policies(Page::first(10)).await.unwrap(), []);
    assert!(!world.audit_actions().await.contains(&"policy.activated".to_owned()));

    activate(&good).await.unwrap();
    assert_eq!((world.security.policy().version, world.security.policy().pin_failures_max), (3, 5));
    assert_eq!(refusal(activate(&good).await), PolicyRefusal::Stale { version: 3, last: 3 });
    let older = signed(&world, 2, Timestamp::default(), &json!({}));
    assert_eq!(refusal(activate(&older).await), PolicyRefusal::Stale { version: 2, last: 3 });
    assert_eq!(world.audit_actions().await.iter().filter(|action| *action == "policy.activated").count(), 1);
    // Rates follow.
    let slow = json!({ "activation_rate": { "burst": 1, "refill_ms": 60_000 } });
    activate(&signed(&world, 4, Timestamp::default(), &slow)).await.unwrap();
    let challenge = || world.security.make_challenge("new", start(), &mut crypto::SystemRandom);
    assert!(challenge().is_ok());
    assert_eq!(challenge().unwrap_err(), SecurityError::TooManyRequests);
}

/// Signed by the right key although no command of ours would.
fn document_signed_anyway(world: &World, version: u32, policy: &Value) -> SignedPolicy {
    let document = document(version, Timestamp::default(), policy);
    let context = world.keys.realm().context("batzen/policy/v1");
    let signature = world.keys.rule_signer().sign(&[&context, document.as_bytes()]).unwrap();
    let signature = data_encoding::BASE64.encode(&signature.to_bytes());
    SignedPolicy { document, signature }
}

#[tokio::test]
async fn every_server_takes_up_the_newest_that_is_good_when_its_time_has_come() {
    let world = World::new();
    let other = Security::new(world.store.clone(), world.keys.clone(), Policy::default()).unwrap();
    let failures = |security: &Security| (security.policy().version, security.policy().pin_failures_max);
    assert_eq!(other.refresh_policy(start()).await.unwrap().taken_up, None);

    let at_once = signed(&world, 1, Timestamp::default(), &json!({ "pin_failures_max": 4 }));
    world.security.activate_policy(&at_once, "olga", start()).await.unwrap();
    let later = start().plus_s(100);
    let coming = signed(&world, 2, later, &json!({ "pin_failures_max": 5 }));
    world.security.activate_policy(&coming, "olga", start()).await.unwrap();
    assert_eq!(failures(&world.security), (1, 4));
    assert_eq!(failures(&other), (0, 3), "nothing is asked of the store in between");
    assert_eq!(other.refresh_policy(start()).await.unwrap().taken_up, Some(1));
    assert_eq!(failures(&other), (1, 4));
    assert_eq!(other.refresh_policy(later.plus_ms(-1)).await.unwrap().taken_up, None);
    assert_eq!(other.refresh_policy(later).await.unwrap().taken_up, Some(2));
    assert_eq!(failures(&other), (2, 5));
    assert_eq!(
        other.refresh_policy(start()).await.unwrap().taken_up,
        None,
        "a clock set back takes nothing back"
    );

    // Whoever can write to the store: a changed row, another version's row, a row that was never signed.
    let stored = world.store.policy(2).await.unwrap().unwrap();
    let bad = [
        PolicyRow { version: 3, signed: stored.signed.replace('5', "6"), ..stored.clone() },
        PolicyRow { version: 4, ..stored.clone() },
        PolicyRow { version: 5, signed: "{}".to_owned(), ..stored },
    ];
    for row in bad {
        let command = Command::ActivatePolicy(Box::new(row));
        assert_eq!(world.store.commit(command).await.unwrap(), Outcome::Done);
    }
    let news = other.refresh_policy(later).await.unwrap();
    assert_eq!(news.taken_up, None);
    let refused: Vec<u32> = news.refused.iter().map(|(version, _)| *version).collect();
    assert_eq!(refused, [3, 4, 5]);
    assert_eq!(failures(&other), (2, 5), "the last good one goes on");
    assert!(other.refresh_policy(later).await.unwrap().refused.is_empty(), "each is told once");
    let restarted = Security::new(world.store.clone(), world.keys.clone(), Policy::default()).unwrap();
    restarted.refresh_policy(later).await.unwrap();
    assert_eq!(failures(&restarted), (2, 5), "also after a restart");
    let good = signed(&world, 6, Timestamp::default(), &json!({ "pin_failures_max": 6 }));
    other.activate_policy(&good, "olga", later).await.unwrap();
    assert_eq!(failures(&other), (6, 6));
}

#[tokio::test]
async fn each_effect_does_what_it_says() {
    let world = World::new();
    let phone = world.paying_phone().await;
    let above = |minor: i64| json!({ "amount_above_minor": { "CHF": minor } });
    rules(
        &world,
        1,
        json!([
            { "name": "cap", "when": above(1_000), "then": { "cap": { "CHF": 2_000 } } },
            { "name": "approve", "when": above(3_000), "then": "approve" },
            { "name": "decline", "when": above(4_000), "then": { "decline": "policy_refused" } },
        ]),
    )
    .await;
    let mut counter = 0;
    let mut pay = async |minor: i64, expected: Verdict| {
        counter += 1;
        let code = phone.code(counter, start());
        let presented = world.present(&code, &order_of(minor, Currency::CHF), start()).await;
        assert_eq!(presented.verdict, expected, "{minor}");
        let stored = world.store.verdict(presented.payment).await.unwrap().unwrap();
        let decision = stored.decision.unwrap();
        assert_eq!(decision.policy_version, 1);
        (decision.ground, decision.ruling)
    };
    assert_eq!(pay(1_000, Verdict::Ok).await, (Ground::Nothing, Ruling::Allow));
    assert_eq!(pay(2_000, Verdict::Ok).await, (Ground::Rule(0), Ruling::Cap));
    assert_eq!(pay(2_001, Verdict::LimitExceeded).await, (Ground::Rule(0), Ruling::Decline));
    assert_eq!(
        pay(4_001, Verdict::LimitExceeded).await,
        (Ground::Rule(0), Ruling::Decline),
        "the first of equals"
    );

    // What is to be approved is good so far, and says how long the customer may take.
    rules(&world, 2, json!([{ "name": "approve", "then": "approve" }])).await;
    let code = phone.code(5, start());
    let id = PaymentId::derive(0, start(), 1);
    let verified = world.security.verify(&code, &order(), id, start(), &Unwatched).await.unwrap();
    let Verification::Accepted(accepted) = verified else { panic!("refused") };
    assert_eq!(accepted.verdict(), Verdict::ApprovalNeeded);
    assert_eq!(accepted.into_parts().approval.map(|wanted| wanted.within_s), Some(90));

    // A lock holds from then on, and is on record; a wrong PIN comes first.
    rules(&world, 3, json!([{ "name": "lock", "when": { "evidence": ["emulator"] }, "then": "lock" }])).await;
    let mut plan = phone.plan(5, start());
    plan.fields.claimed_evidence |= Evidence::EMULATOR;
    plan.pin = WRONG_PIN;
    assert_eq!(world.verdict(&phone.make(&plan), &order(), start()).await, Verdict::WrongPin);
    assert_eq!(world.enrolment(&phone).await.status, EnrolmentStatus::Active);
    plan.fields.counter = model::Counter(6);
    plan.pin = RIGHT_PIN;
    assert_eq!(world.verdict(&phone.make(&plan), &order(), start()).await, Verdict::EnrolmentLocked);
    let locked = EnrolmentStatus::Locked { reason: LockReason::Policy, since: start() };
    assert_eq!(world.enrolment(&phone).await.status, locked);
    assert!(world.audit_actions().await.contains(&"enrolment.locked".to_owned()));
    assert_eq!(world.verdict(&phone.code(7, start()), &order(), start()).await, Verdict::EnrolmentLocked);
    world.security.unlock(phone.enrolment, "olga", start()).await.unwrap();
    assert_eq!(world.verdict(&phone.code(8, start()), &order(), start()).await, Verdict::Ok);
}

#[tokio::test]
async fn velocity_counts_what_was_let_through_and_nothing_without_a_rule() {
    let world = World::new();
    let phone = world.paying_phone().await;
    assert_eq!(world.verdict(&phone.code(1, start()), &order(), start()).await, Verdict::Ok);
    assert_eq!(world.store.velocity(phone.enrolment).await.unwrap(), None, "nobody asks, nothing is kept");
    rules(
        &world,
        1,
        json!([{ "name": "often", "when": { "velocity": { "window": "hour", "payments_above": 2 } },
            "then": { "decline": "limit_exceeded" } }]),
    )
    .await;
    let at = |s: i64| start().plus_s(s);
    let pay = async |counter, s| world.verdict(&phone.code(counter, at(s)), &order(), at(s)).await;
    assert_eq!(pay(2, 10).await, Verdict::Ok);
    assert_eq!(world.verdict(&phone.wrong_pin_code(3, at(11)), &order(), at(11)).await, Verdict::WrongPin);
    assert_eq!(pay(4, 20).await, Verdict::Ok);
    assert_eq!(pay(5, 30).await, Verdict::LimitExceeded);
    let lately = world.store.velocity(phone.enrolment).await.unwrap().unwrap().until(at(30), Currency::CHF);
    assert_eq!(lately, [Spent { payments: 2, sum_minor: 2_500 }; 3], "what was refused does not count");
    assert_eq!(pay(6, 4_000).await, Verdict::Ok, "an hour later");
    // Another phone has sums of its own.
    let other = world.paying_phone().await;
    assert_eq!(world.verdict(&other.code(1, at(4_001)), &order(), at(4_001)).await, Verdict::Ok);
}

#[tokio::test]
async fn of_many_codes_at_once_no_more_pass_than_the_rule_allows() {
    let world = Arc::new(World::new());
    let phone = world.paying_phone().await;
    rules(
        &world,
        1,
        json!([{ "name": "often", "when": { "velocity": { "window": "day", "payments_above": 3 } },
            "then": { "decline": "limit_exceeded" } }]),
    )
    .await;
    let mut paying = tokio::task::JoinSet::new();
    for counter in 1..=12 {
        let (world, code) = (world.clone(), phone.code(counter, start()));
        paying.spawn(async move { world.verdict(&code, &order(), start()).await });
    }
    let verdicts = paying.join_all().await;
    assert!(verdicts.iter().filter(|verdict| verdict.is_ok()).count() <= 3, "{verdicts:?}");
    let counted = world.store.velocity(phone.enrolment).await.unwrap().unwrap().until(start(), Currency::CHF);
    assert_eq!(counted[1].payments as usize, verdicts.iter().filter(|verdict| verdict.is_ok()).count());
}

#[tokio::test]
async fn a_decision_is_explained_from_what_is_stored_by_the_policy_that_made_it() {
    let world = World::new();
    let phone = world.paying_phone().await;
    rules(
        &world,
        7,
        json!([
            { "name": "small-unbound", "when": { "terminal_bound": false }, "then": { "cap": { "CHF": 1_500 } } },
            { "name": "no-software", "when": { "levels": ["software"], "amount_above_minor": { "CHF": 1_000 } },
                "then": { "decline": "policy_refused" } },
        ]),
    )
    .await;
    let presented = world.present(&phone.code(1, start()), &order(), start()).await;
    assert_eq!(presented.verdict, Verdict::PolicyRefused);
    // Another policy holds by now; the explanation is the old one's.
    rules(&world, 8, json!([])).await;
    let row = world.store.verdict(presented.payment).await.unwrap().unwrap();
    let told = world.security.explain(order().amount, &row.decision.unwrap()).await.unwrap();
    assert_eq!((told.ground.as_str(), told.ruling), ("no-software", Ruling::Decline));
    assert_eq!(told.reasons, ["the phone's level is software", "the amount is 12.50 CHF, above 10.00 CHF"]);
    assert!(
        told.next.starts_with("cap by small-unbound: the code is not bound to the till; "),
        "{}",
        told.next
    );
    for fact in
        ["amount 12.50 CHF", "merchant category unknown", "method of bank", "code not bound to the till"]
    {
        assert!(told.facts.iter().any(|line| line == fact), "{:?}", told.facts);
    }
    // The numbers too.
    let mut plan = phone.plan(2, start());
    plan.fields.terminal = TerminalNumber::new(7);
    plan.fields.cap = protocol::payment_code::Cap::MAX;
    let presented = world.present(&phone.make(&plan), &order_of(50_001, Currency::CHF), start()).await;
    let row = world.store.verdict(presented.payment).await.unwrap().unwrap();
    let told =
        world.security.explain(order_of(50_001, Currency::CHF).amount, &row.decision.unwrap()).await.unwrap();
    assert_eq!(told.ground, "limits");
    assert!(
        told.reasons[0].contains("500.01 CHF") && told.reasons[0].contains("500.00 CHF"),
        "{:?}",
        told.reasons
    );
    assert!(told.next.starts_with("allow by nothing"));
}
