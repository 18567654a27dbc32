//! A policy tried on ten thousand decisions that were made, and stored, before.

use std::sync::Arc;

use crate::support::*;
use model::{Currency, PaymentId, TerminalNumber};
use protocol::{evidence::Evidence, verdict::Verdict};
use records::{Page, Queries};
use security::{Policy, Rate, Recorded, TrialReport};
use serde_json::json;

const PHONES: u32 = 100;
const PAYMENTS_EACH: u32 = 100;

/// What the payments of these tests are, by their number: every third is bound to the till, every tenth claims a rooted
/// phone, and amounts go from 0.20 to 20.00.
struct Case {
    is_bound: bool,
    is_rooted: bool,
    amount_minor: i64,
}

fn case(phone: u32, counter: u32) -> Case {
    let number = phone * PAYMENTS_EACH + counter;
    Case {
        is_bound: number.is_multiple_of(3),
        is_rooted: number.is_multiple_of(10),
        amount_minor: i64::from(number % 100 + 1) * 20,
    }
}

/// Ten thousand payments, made by phones, judged and committed as the server does; one each second.
async fn pay(world: &Arc<World>) {
    let mut paying = tokio::task::JoinSet::new();
    for phone in 0..PHONES {
        let world = world.clone();
        paying.spawn(async move {
            let device = world.paying_phone().await;
            for counter in 1..=PAYMENTS_EACH {
                let case = case(phone, counter);
                let now = start().plus_s(i64::from(counter));
                let mut plan = device.plan(counter, now);
                plan.fields.terminal = case.is_bound.then(|| TerminalNumber::new(7)).flatten();
                if case.is_rooted {
                    plan.fields.claimed_evidence |= Evidence::PRIVILEGED;
                }
                let order = order_of(case.amount_minor, Currency::CHF);
                let verdict = world.verdict(&device.make(&plan), &order, now).await;
                assert_eq!(verdict, Verdict::Ok, "the defaults let all of these pass");
            }
            // One that policy is not asked about.
            let late = start().plus_s(i64::from(PAYMENTS_EACH) + 1);
            let code = device.wrong_pin_code(PAYMENTS_EACH + 1, late);
            assert_eq!(world.verdict(&code, &order(), late).await, Verdict::WrongPin);
        });
    }
    paying.join_all().await;
}

async fn recorded(world: &World) -> Vec<Recorded> {
    let (mut all, mut after) = (Vec::new(), None::<PaymentId>);
    loop {
        let page = world.store.judged(0, Page { after, limit: 1_000 }).await.unwrap();
        let Some((last, _)) = page.last() else { return all };
        after = Some(last.id);
        all.extend(page.into_iter().map(|(payment, verdict)| Recorded {
            payment: payment.id,
            enrolment: verdict.enrolment,
            at: verdict.at,
            amount: payment.order.amount,
            verdict: verdict.verdict,
            decision: verdict.decision,
        }));
    }
}

async fn tried(world: &World, recorded: &[Recorded], rules: serde_json::Value) -> TrialReport {
    let policy: Policy = serde_json::from_value(json!({ "rules": rules })).unwrap();
    world.security.try_policy(policy, recorded.to_vec()).await.unwrap()
}

fn count(is_so: impl Fn(&Case) -> bool) -> u64 {
    let all = (0..PHONES).flat_map(|phone| (1..=PAYMENTS_EACH).map(move |counter| case(phone, counter)));
    all.filter(is_so).count() as u64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_tried_on_ten_thousand_decisions_tells_which_would_differ_and_why() {
    // All phones come from one source.
    let often = Rate { burst: 10_000, refill_ms: 1 };
    let world = World::with_policy(Policy { activation_rate: often, ..Policy::default() });
    let world = Arc::new(world);
    pay(&world).await;
    let recorded = recorded(&world).await;
    let decisions = u64::from(PHONES * PAYMENTS_EACH);
    assert_eq!(recorded.len() as u64, decisions + u64::from(PHONES));

    let same = tried(&world, &recorded, json!([])).await;
    let expected =
        TrialReport { tried: decisions, undecided: PHONES.into(), same: decisions, ..TrialReport::default() };
    assert_eq!(same, expected);

    let rules = json!([
        { "name": "rooted", "when": { "evidence": ["privileged"] }, "then": "lock" },
        { "name": "unbound-above-10", "when": { "terminal_bound": false, "amount_above_minor": { "CHF": 1_000 } },
            "then": { "decline": "policy_refused" } },
        { "name": "above-19", "when": { "amount_above_minor": { "CHF": 1_900 } }, "then": "approve" },
    ]);
    let report = tried(&world, &recorded, rules.clone()).await;
    let rooted = count(|case| case.is_rooted);
    let unbound = count(|case| !case.is_rooted && !case.is_bound && case.amount_minor > 1_000);
    let large = count(|case| !case.is_rooted && case.is_bound && case.amount_minor > 1_900);
    assert!(rooted > 0 && unbound > 0 && large > 0);
    assert_eq!(report.differing, rooted + unbound + large);
    assert_eq!((report.stopped, report.let_through), (report.differing, 0));
    assert_eq!((report.tried, report.same), (decisions, decisions - report.differing));
    let listing: Vec<_> = report
        .differences
        .iter()
        .map(|one| (one.was.as_str(), one.would_be.as_str(), one.payments))
        .collect();
    assert_eq!(
        listing,
        [
            ("allow by nothing", "decline (policy_refused) by unbound-above-10", unbound),
            ("allow by nothing", "lock (enrolment_locked) by rooted", rooted),
            ("allow by nothing", "approve (approval_needed) by above-19", large),
        ]
    );
    for (difference, why) in report.differences.iter().zip([
        ", above 10.00 CHF; the code is not bound to the till",
        "the phone claims sensors_ran, privileged",
        ", above 19.00 CHF",
    ]) {
        assert_eq!(difference.examples.len(), 3);
        for example in &difference.examples {
            assert!(example.why.ends_with(why), "{}", example.why);
            assert!(
                recorded.iter().any(|one| (one.payment, one.amount) == (example.payment, example.amount))
            );
        }
    }
    assert_eq!(report, tried(&world, &recorded, rules).await, "the same again");

    // Nobody asked for sums when these were decided: they are taken from the payments themselves, phone by phone.
    let rules = json!([{ "name": "often", "when": { "velocity": { "window": "day", "payments_above": 90 } },
        "then": { "decline": "limit_exceeded" } }]);
    let report = tried(&world, &recorded, rules).await;
    assert_eq!((report.stopped, report.sums_derived), (u64::from(PHONES) * 10, decisions));
    assert!(report.differences[0].examples[0].why.starts_with("it is payment 91 in one day, above 90"));
    // Nothing was changed by trying.
    assert_eq!(world.security.policy().version, 0);
    assert_eq!(world.store.policies(Page::first(1)).await.unwrap(), []);
}
