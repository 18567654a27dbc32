//! Rules of policy against a naive evaluator that reads the same JSON, and against the mistakes that a file may have.

use model::{Currency, MerchantCategory, Money};
use proptest::prelude::*;
use protocol::evidence::Evidence;
use protocol::verdict::Verdict;
use records::{Facts, Ground, Ruling, Spent, TrustLevel};
use security::{Policy, PolicyDocument, PolicyRefusal};
use serde_json::{Map, Value, json};

/// Evidence that the rules of these tests ask for.
const CLAIMS: [&str; 6] = ["stale", "privileged", "emulator", "bit_15", "no_sensors", "doubtful"];

fn policy(rules: &Value) -> Policy {
    serde_json::from_value(json!({ "rules": rules })).unwrap()
}

fn chf(minor: i64) -> Money {
    Money::new(minor, Currency::CHF)
}

/// A phone with hardware keys, clean and bound to the till, at a grocer's.
fn plain() -> Facts {
    Facts {
        level: TrustLevel::Hardware,
        evidence: Evidence::SENSORS_RAN.bits(),
        attested_s: 3_600,
        offline_s: 60,
        is_bound: true,
        category: MerchantCategory::new(5_411),
        provider: "bank".parse().unwrap(),
        lately: Some([Spent { payments: 2, sum_minor: 1_000 }; 3]),
    }
}

/// What a rule comes to for a payment, by its JSON alone: how severe, and its verdict; none if it does not match.
fn naive(rule: &Value, amount: Money, facts: &Facts) -> Option<(u8, Verdict)> {
    let when = rule.get("when").cloned().unwrap_or_else(|| json!({}));
    if !naive_holds(&when, amount, facts) {
        return None;
    }
    if rule.get("unless").is_some_and(|unless| naive_holds(unless, amount, facts)) {
        return None;
    }
    let then = &rule["then"];
    Some(match then.as_str() {
        Some("allow") => (0, Verdict::Ok),
        Some("approve") => (2, Verdict::ApprovalNeeded),
        Some("lock") => (4, Verdict::EnrolmentLocked),
        _ => match (then.get("decline").and_then(Value::as_str), then.get("cap")) {
            (Some("policy_refused"), _) => (3, Verdict::PolicyRefused),
            (Some("limit_exceeded"), _) => (3, Verdict::LimitExceeded),
            (Some("evidence_refused"), _) => (3, Verdict::EvidenceRefused),
            (Some("offline_too_long"), _) => (3, Verdict::OfflineTooLong),
            (_, Some(caps)) => match caps.get(amount.currency.code()).and_then(Value::as_i64) {
                Some(most) if amount.amount_minor <= most => (1, Verdict::Ok),
                _ => (3, Verdict::LimitExceeded),
            },
            _ => panic!("{then}"),
        },
    })
}

fn naive_holds(asked: &Value, amount: Money, facts: &Facts) -> bool {
    let evidence = Evidence::from_bits_retain(facts.evidence);
    let claimed: Vec<String> = evidence.names().collect();
    let above = |amounts: &Value, minor: i64| {
        amounts.get(amount.currency.code()).and_then(Value::as_i64).is_some_and(|most| minor > most)
    };
    let any = |list: &Value, is_so: &dyn Fn(&str) -> bool| {
        list.as_array().unwrap().iter().any(|entry| is_so(entry.as_str().unwrap()))
    };
    asked.as_object().unwrap().iter().all(|(field, value)| match field.as_str() {
        "levels" => any(value, &|level| serde_json::to_value(facts.level).unwrap() == level),
        "evidence" => any(value, &|name| match name {
            "no_sensors" => !claimed.contains(&"sensors_ran".to_owned()),
            "doubtful" => claimed != ["sensors_ran"],
            name => claimed.contains(&name.to_owned()),
        }),
        "attested_s_above" => facts.attested_s > value.as_u64().unwrap(),
        "offline_s_above" => facts.offline_s > value.as_u64().unwrap(),
        "amount_above_minor" => above(value, amount.amount_minor),
        "velocity" => {
            let place = ["hour", "day", "week"].iter().position(|name| value["window"] == *name).unwrap();
            let before = facts.lately.unwrap()[place];
            let payments = value
                .get("payments_above")
                .is_none_or(|most| u64::from(before.payments) + 1 > most.as_u64().unwrap());
            let sum = value
                .get("sum_above_minor")
                .is_none_or(|most| above(most, before.sum_minor + amount.amount_minor));
            payments && sum
        }
        "providers" => any(value, &|provider| provider == facts.provider.as_str()),
        "merchant_categories" => any(value, &|range| match (range, facts.category) {
            ("unknown", category) => category.is_none(),
            (_, None) => false,
            (range, Some(category)) => {
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                (first..=last).contains(&category.to_string().as_str())
            }
        }),
        "terminal_bound" => value.as_bool().unwrap() == facts.is_bound,
        field => panic!("{field}"),
    })
}

/// The most severe of all rules that match, the first of equals, by place.
fn naive_decision(rules: &[Value], amount: Money, facts: &Facts) -> Option<(usize, u8, Verdict)> {
    let mut most: Option<(usize, u8, Verdict)> = None;
    for (place, rule) in rules.iter().enumerate() {
        if let Some((severity, verdict)) = naive(rule, amount, facts)
            && most.is_none_or(|(_, so_far, _)| severity > so_far)
        {
            most = Some((place, severity, verdict));
        }
    }
    most
}

fn amounts() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => (0_i64..400).prop_map(|minor| json!({ "CHF": minor })),
        1 => (0_i64..400).prop_map(|minor| json!({ "EUR": minor, "CHF": 200 })),
        1 => (0_i64..400).prop_map(|minor| json!({ "EUR": minor })),
    ]
}

fn names(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    proptest::sample::subsequence(names, 1..=2).prop_map(|names| json!(names))
}

fn conditions(with_claims: bool) -> impl Strategy<Value = Value> {
    let velocity = (
        prop_oneof![Just("hour"), Just("day"), Just("week")],
        proptest::option::of(0_u32..6),
        proptest::option::of(amounts()),
    );
    let velocity = velocity.prop_filter_map("asks for something", |(window, payments, sum)| {
        let mut velocity = json!({ "window": window });
        payments.into_iter().for_each(|most| velocity["payments_above"] = json!(most));
        sum.into_iter().for_each(|most| velocity["sum_above_minor"] = most);
        (velocity.as_object()?.len() > 1).then_some(velocity)
    });
    let field = prop_oneof![
        names(&["browser", "software", "hardware"]).prop_map(|value| ("levels", value)),
        names(&CLAIMS).prop_map(|value| ("evidence", value)),
        (0_u64..4).prop_map(|s| ("attested_s_above", json!(s))),
        (0_u64..4).prop_map(|s| ("offline_s_above", json!(s))),
        amounts().prop_map(|value| ("amount_above_minor", value)),
        velocity.prop_map(|value| ("velocity", value)),
        names(&["bank", "cards", "other"]).prop_map(|value| ("providers", value)),
        names(&["5411", "5400-5499", "5900-5999", "unknown"])
            .prop_map(|value| ("merchant_categories", value)),
        any::<bool>().prop_map(|bound| ("terminal_bound", json!(bound))),
    ];
    proptest::collection::vec(field, 1..4).prop_map(move |fields| {
        let mut all = Map::new();
        for (field, value) in fields.into_iter().filter(|(field, _)| with_claims || *field != "evidence") {
            all.insert(field.to_owned(), value);
        }
        if all.is_empty() {
            all.insert("terminal_bound".to_owned(), json!(true));
        }
        Value::Object(all)
    })
}

fn effects() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!("allow")),
        Just(json!("approve")),
        Just(json!("lock")),
        amounts().prop_map(|caps| json!({ "cap": caps })),
        prop_oneof![
            Just("policy_refused"),
            Just("limit_exceeded"),
            Just("evidence_refused"),
            Just("offline_too_long")
        ]
        .prop_map(|told| json!({ "decline": told })),
    ]
}

fn tables() -> impl Strategy<Value = Vec<Value>> {
    let rule = (conditions(true), proptest::option::weighted(0.3, conditions(false)), effects()).prop_map(
        |(when, unless, then)| match unless {
            Some(unless) => json!({ "when": when, "unless": unless, "then": then }),
            None => json!({ "when": when, "then": then }),
        },
    );
    proptest::collection::vec(rule, 0..6).prop_map(|mut rules| {
        for (place, rule) in rules.iter_mut().enumerate() {
            rule["name"] = json!(format!("rule-{place}"));
        }
        rules
    })
}

prop_compose! {
    fn payments()(
        level in prop_oneof![Just(TrustLevel::Browser), Just(TrustLevel::Software), Just(TrustLevel::Hardware)],
        evidence in prop_oneof![Just(1_u16), Just(0), Just(1 | 1 << 4), Just(1 | 1 << 15), any::<u16>()],
        attested_s in 0_u64..5,
        offline_s in 0_u64..5,
        is_bound in any::<bool>(),
        category in proptest::option::of(prop_oneof![Just(5_411_u16), Just(5_999), Just(7_995)]),
        provider in prop_oneof![Just("bank"), Just("cards")],
        lately in proptest::array::uniform3((0_u32..6, 0_i64..300)),
        minor in 1_i64..300,
        currency in prop_oneof![3 => Just(Currency::CHF), 1 => Just(Currency::EUR)],
    ) -> (Money, Facts) {
        let facts = Facts {
            level,
            // Nothing that is refused whatever the rules say.
            evidence: evidence & !Policy::default().evidence_refused.bits(),
            attested_s,
            offline_s,
            is_bound,
            category: category.and_then(MerchantCategory::new),
            provider: provider.parse().unwrap(),
            lately: Some(lately.map(|(payments, sum_minor)| Spent { payments, sum_minor })),
        };
        (Money::new(minor, currency), facts)
    }
}

fn severity(ruling: Ruling) -> u8 {
    ruling as u8
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn decisions_are_those_of_a_naive_evaluator(rules in tables(), (amount, facts) in payments()) {
        let policy = policy(&json!(rules));
        let found = policy.decide(amount, &facts);
        match naive_decision(&rules, amount, &facts) {
            None => prop_assert_eq!((found.ground, found.ruling), (Ground::Nothing, Ruling::Allow)),
            Some((place, severe, verdict)) => {
                prop_assert_eq!(found.ground, Ground::Rule(u8::try_from(place).unwrap()));
                prop_assert_eq!((severity(found.ruling), found.verdict), (severe, verdict));
            }
        }
        prop_assert_eq!(found, policy.decide(amount, &facts), "the same again");
        // What was read is written as the same, and without the rule that decided the next one does.
        let json = serde_json::to_string(&policy).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Policy>(&json).unwrap(), &policy);
        if let Ground::Rule(place) = found.ground {
            let mut others = rules.clone();
            others.remove(place.into());
            let next = policy.decide_without(found.ground, amount, &facts);
            let naive = naive_decision(&others, amount, &facts);
            prop_assert_eq!(severity(next.ruling), naive.map_or(0, |(_, severe, _)| severe));
        }
    }

    /// The most severe rule counts, so nothing that is added helps whoever pays.
    #[test]
    fn no_rule_makes_a_policy_milder(rules in tables(), (amount, facts) in payments()) {
        let all = policy(&json!(rules)).decide(amount, &facts);
        for place in 0..rules.len() {
            let mut fewer = rules.clone();
            fewer.remove(place);
            prop_assert!(policy(&json!(fewer)).decide(amount, &facts).ruling <= all.ruling);
        }
        let mut turned = rules;
        turned.reverse();
        prop_assert_eq!(policy(&json!(turned)).decide(amount, &facts).ruling, all.ruling);
    }

    /// What a phone says of itself is the suspect's own word.
    #[test]
    fn no_claim_gains_anything(rules in tables(), (amount, facts) in payments(), worse in any::<u16>()) {
        let policy = policy(&json!(rules));
        let honest = policy.decide(amount, &facts);
        let threats = Evidence::from_bits_retain(worse).threats().bits();
        for evidence in [facts.evidence | threats, facts.evidence & !1, (facts.evidence | threats) & !1] {
            let claimed = policy.decide(amount, &Facts { evidence, ..facts.clone() });
            prop_assert!(claimed.ruling >= honest.ruling, "{:?} after {:?}", claimed, honest);
        }
    }
}

/// Each condition by itself: what it is asked of, and the fact that it turns on.
#[test]
fn each_condition_turns_on_its_own_fact() {
    type Change = fn(&mut Money, &mut Facts);
    let cases: [(Value, Change); 12] = [
        (json!({ "levels": ["browser", "software"] }), |_, facts| facts.level = TrustLevel::Software),
        (json!({ "evidence": ["privileged"] }), |_, facts| facts.evidence |= Evidence::PRIVILEGED.bits()),
        (json!({ "evidence": ["no_sensors"] }), |_, facts| facts.evidence = 0),
        (json!({ "evidence": ["doubtful"] }), |_, facts| facts.evidence |= Evidence::STALE.bits()),
        (json!({ "attested_s_above": 3_600 }), |_, facts| facts.attested_s = 3_601),
        (json!({ "offline_s_above": 60 }), |_, facts| facts.offline_s = 61),
        (json!({ "amount_above_minor": { "CHF": 500 } }), |amount, _| amount.amount_minor = 501),
        (json!({ "velocity": { "window": "hour", "payments_above": 3 } }), |_, facts| {
            facts.lately = Some([Spent { payments: 3, sum_minor: 0 }, Spent::default(), Spent::default()]);
        }),
        (json!({ "velocity": { "window": "week", "sum_above_minor": { "CHF": 1_500 } } }), |_, facts| {
            facts.lately =
                Some([Spent::default(), Spent::default(), Spent { payments: 0, sum_minor: 1_001 }]);
        }),
        (json!({ "providers": ["cards"] }), |_, facts| facts.provider = "cards".parse().unwrap()),
        (json!({ "merchant_categories": ["7995", "unknown"] }), |_, facts| facts.category = None),
        (json!({ "terminal_bound": false }), |_, facts| facts.is_bound = false),
    ];
    for (asked, change) in cases {
        for (then, ruling, verdict) in [
            (json!({ "decline": "policy_refused" }), Ruling::Decline, Verdict::PolicyRefused),
            (json!("lock"), Ruling::Lock, Verdict::EnrolmentLocked),
            (json!("approve"), Ruling::Approve, Verdict::ApprovalNeeded),
            (json!({ "cap": { "CHF": 499 } }), Ruling::Decline, Verdict::LimitExceeded),
            (json!({ "cap": { "CHF": 501 } }), Ruling::Cap, Verdict::Ok),
            (json!({ "cap": { "EUR": 501 } }), Ruling::Decline, Verdict::LimitExceeded),
        ] {
            let (mut amount, mut facts) = (chf(500), plain());
            let table = policy(&json!([{ "name": "one", "when": asked, "then": then }]));
            assert_eq!(table.decide(amount, &facts).ground, Ground::Nothing, "{asked}");
            let excepted = policy(
                &json!([{ "name": "one", "when": asked, "unless": { "levels": ["hardware", "software"] },
                    "then": then }]),
            );
            change(&mut amount, &mut facts);
            let found = table.decide(amount, &facts);
            assert_eq!(
                (found.ground, found.ruling, found.verdict),
                (Ground::Rule(0), ruling, verdict),
                "{asked}"
            );
            assert_eq!(excepted.decide(amount, &facts).ground, Ground::Nothing, "{asked}");
        }
    }
}

#[test]
fn the_numbers_of_before_come_before_rules_of_the_same_severity_and_after_a_lock() {
    let too_much = chf(100_001);
    let declines = policy(&json!([{ "name": "all", "then": { "decline": "policy_refused" } }]));
    assert_eq!(declines.decide(chf(1), &plain()).verdict, Verdict::PolicyRefused);
    assert_eq!(declines.decide(too_much, &plain()).ground, Ground::Limit);
    let hooked = Facts { evidence: (Evidence::SENSORS_RAN | Evidence::HOOKING).bits(), ..plain() };
    assert_eq!(declines.decide(too_much, &hooked).ground, Ground::Evidence);
    let offline = Facts { offline_s: 7 * 86_400 + 1, ..plain() };
    assert_eq!(declines.decide(chf(1), &offline).ground, Ground::Offline);
    let approves = policy(&json!([{ "name": "all", "then": "approve" }]));
    assert_eq!(approves.decide(too_much, &plain()).ground, Ground::Limit);
    let locks = policy(&json!([{ "name": "all", "then": "lock" }]));
    assert_eq!(locks.decide(too_much, &hooked).ground, Ground::Rule(0));
    let allows = policy(&json!([{ "name": "all", "then": "allow" }]));
    assert_eq!(allows.decide(too_much, &plain()).ruling, Ruling::Decline, "no rule lifts a limit");
}

#[test]
fn mistakes_are_named_with_their_rule_and_field() {
    let realm = protocol::realm::Realm::new("shop.example").unwrap();
    let document = |rules: &str| {
        format!(r#"{{"realm": "shop.example", "version": 1, "policy": {{"rules": [{rules}]}}}}"#)
    };
    let good = r#"{"name": "a", "then": "lock"}"#;
    PolicyDocument::parse(&document(good), &realm).unwrap();
    for (wrong, words) in [
        (r#"{"name": "b", "then": "looks"}"#.to_owned(), &["rule 2", "looks"][..]),
        (r#"{"name": "b", "wen": {}, "then": "lock"}"#.to_owned(), &["rule 2", "`wen`"]),
        (r#"{"name": "b", "when": {"levle": []}, "then": "lock"}"#.to_owned(), &["rule 2", "`levle`"]),
        (r#"{"name": "b", "when": {"levels": []}, "then": "lock"}"#.to_owned(), &["rule 2", "`levels`"]),
        (r#"{"name": "b", "when": {"levels": ["iron"]}, "then": "lock"}"#.to_owned(), &["rule 2", "iron"]),
        (r#"{"name": "b", "when": {}, "when": {}, "then": "lock"}"#.to_owned(), &["rule 2", "duplicate"]),
        (
            r#"{"name": "b", "when": {"evidence": ["sensors_ran"]}, "then": "lock"}"#.to_owned(),
            &["no_sensors"],
        ),
        (r#"{"name": "b", "when": {"evidence": ["ghosts"]}, "then": "lock"}"#.to_owned(), &["`ghosts`"]),
        (
            r#"{"name": "b", "when": {"velocity": {"window": "day"}}, "then": "lock"}"#.to_owned(),
            &["`velocity`"],
        ),
        (
            r#"{"name": "b", "when": {"amount_above_minor": {}}, "then": "lock"}"#.to_owned(),
            &["amount_above_minor"],
        ),
        (
            r#"{"name": "b", "when": {"amount_above_minor": {"CHF": 1, "CHF": 2}}, "then": "lock"}"#
                .to_owned(),
            &["rule 2", "CHF is named twice"],
        ),
        (r#"{"name": "b", "when": {"merchant_categories": ["99"]}, "then": "lock"}"#.to_owned(), &["`99`"]),
        (
            r#"{"name": "b", "unless": {"evidence": ["stale"]}, "then": "lock"}"#.to_owned(),
            &["rule 2 `b`", "unless"],
        ),
        (r#"{"name": "b", "unless": {}, "then": "lock"}"#.to_owned(), &["rule 2 `b`", "`unless`"]),
        (r#"{"name": "b", "then": {"cap": {"CHF": -1}}}"#.to_owned(), &["rule 2 `b`", "`cap`"]),
        (r#"{"name": "B b", "then": "lock"}"#.to_owned(), &["rule 2", "`name`"]),
        (r#"{"name": "a", "then": "lock"}"#.to_owned(), &["rule 2 `a`", "another rule's"]),
    ] {
        let refusal = PolicyDocument::parse(&document(&format!("{good}, {wrong}")), &realm).unwrap_err();
        let told = refusal.to_string();
        assert!(words.iter().all(|word| told.contains(word)), "{wrong}: {told}");
    }
    let many: Vec<String> =
        (0..=security::RULES_MAX).map(|n| format!(r#"{{"name": "r{n}", "then": "allow"}}"#)).collect();
    assert!(PolicyDocument::parse(&document(&many.join(",")), &realm).is_err());
    PolicyDocument::parse(&document(&many[1..].join(",")), &realm).unwrap();
    let long = format!("{}{}", document(good), " ".repeat(security::DOCUMENT_BYTES_MAX));
    assert_eq!(PolicyDocument::parse(&long, &realm), Err(PolicyRefusal::TooLong));
    for wrong in [
        r#"{"realm": "other.example", "version": 1, "policy": {}}"#,
        r#"{"realm": "shop.example", "version": 0, "policy": {}}"#,
        r#"{"realm": "shop.example", "version": 1, "policy": {}, "policies": {}}"#,
        r#"{"realm": "shop.example", "version": 1, "policy": {"pin_failures_max": 0}}"#,
        r#"{"realm": "shop.example", "version": 1}"#,
    ] {
        assert!(PolicyDocument::parse(wrong, &realm).is_err(), "{wrong}");
    }
}

/// The page's own example, to be copied.
#[test]
fn the_documented_example_is_one() {
    let page = include_str!("../../../../docs/policy.md");
    let example = page.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let realm = protocol::realm::Realm::new("shop.example").unwrap();
    let document = PolicyDocument::parse(example, &realm).unwrap();
    assert_eq!((document.version, document.policy.offline_days_max), (7, 5));
    assert!(document.policy.rules.ask_for_velocity());
    // Each name that the page explains is one that reads.
    for (place, name) in [
        "levels",
        "evidence",
        "attested_s_above",
        "offline_s_above",
        "amount_above_minor",
        "velocity",
        "providers",
        "merchant_categories",
        "terminal_bound",
    ]
    .iter()
    .enumerate()
    {
        assert!(page.contains(&format!("| `{name}` |")), "condition {place} `{name}`");
    }
}
