//! Wrong PINs: counted once each, locked at three, and nobody but the phone's owner learns why.

use crate::crashes::at;
use e2e::{PIN, Part, Phone, Ran, Sums, System, Till, WRONG_PIN, exit, wallet_exit};
use serde_json::Value;
use std::path::Path;

fn failures(system: &System) -> (i64, String) {
    let page = system.admin(&["enrolments"]).expect("admin enrolments");
    let first = &page["enrolments"][0];
    (first["pin_failures"].as_i64().expect("a number"), first["status"].as_str().expect("a name").to_owned())
}

fn enrolment(system: &System) -> String {
    let page = system.admin(&["enrolments"]).expect("admin enrolments");
    page["enrolments"][0]["id"].as_str().expect("an id").to_owned()
}

/// Posts one code many times at once, from several tills.
fn post_everywhere(tills: &[Till], code: &Path) -> Vec<Ran> {
    std::thread::scope(|scope| {
        let posting: Vec<_> = tills.iter().map(|till| scope.spawn(|| till.pay(code, "5.00"))).collect();
        posting.into_iter().map(|one| one.join().expect("posting does not panic")).collect()
    })
}

#[test]
fn three_wrong_pins_lock_counted_once_each_however_often_they_are_posted() {
    let mut system = System::start();
    let phone = system.phone("robin");
    let tills: Vec<Till> = (7..10).map(|number| system.till(number)).collect();
    let mut codes = Vec::new();
    for wrong in 1..=3 {
        // Bound to no till, so that each may try.
        let code = phone.code_for_any_till(WRONG_PIN);
        for declined in post_everywhere(&tills, &code) {
            declined.expect_failure(exit::DECLINED, &["declined"]);
            for word in ["pin", "lock", "attempt", "tries"] {
                let said = declined.said().to_lowercase();
                assert!(!said.contains(word), "the till learns `{word}`: {declined}");
            }
            let action = declined.json()["customer_action"].clone();
            assert!(action == "enter_again" || action == "open_app_online", "{declined}");
        }
        let expected = if wrong == 3 { "locked_pin" } else { "active" };
        assert_eq!(failures(&system), (wrong, expected.to_owned()));
        codes.push(code);
    }
    // Posted once more, nothing is counted.
    for code in &codes {
        let _ = tills[0].pay(code, "5.00");
    }
    assert_eq!(failures(&system), (3, "locked_pin".to_owned()));

    let locked = tills[0].pay(&phone.code(tills[0].label()), "5.00");
    locked.expect_failure(exit::DECLINED, &["declined"]);
    let _ = system.admin(&["unlock", &enrolment(&system)]).expect("admin unlock");
    assert_eq!(failures(&system), (0, "active".to_owned()));
    let paid = tills[0].pay(&phone.code(tills[0].label()), "5.00").expect("unlocked");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    system.expect_settled(Sums::settled(500));
}

#[test]
fn a_right_pin_forgets_the_wrong_ones() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    for _ in 0..2 {
        let wrong = till.pay(&phone.code_with(WRONG_PIN, till.label()), "5.00");
        wrong.expect_failure(exit::DECLINED, &["declined"]);
    }
    assert_eq!(failures(&system).0, 2);
    let _ = till.pay(&phone.code(till.label()), "5.00").expect("the right PIN");
    assert_eq!(failures(&system), (0, "active".to_owned()));
    system.expect_settled(Sums::settled(500));
}

#[test]
fn nothing_on_the_phone_tells_a_wrong_pin_from_a_right_one() {
    let system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let pay = |pin: &str| {
        let out = phone.state().with_extension(format!("{pin}.png"));
        let ran = phone.making(pin, till.label(), &out).run();
        let printed = ran.expect("wallet pay");
        (
            shape(&printed),
            ran.stderr.clone(),
            shape(&phone.status().expect("wallet status")),
            files(phone.state()),
        )
    };
    let right = pay(e2e::PIN);
    let wrong = pay(WRONG_PIN);
    assert_eq!(right, wrong, "the phone shows a difference");
}

/// A document without what moves with every code: numbers and texts that hold counters, times or the code.
fn shape(document: &Value) -> Value {
    match document {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), if is_moving(name) { Value::Null } else { shape(value) }))
            .collect(),
        Value::Array(items) => items.iter().map(shape).collect(),
        other => other.clone(),
    }
}

fn is_moving(name: &str) -> bool {
    ["counter", "digits", "code", "out", "picture"].contains(&name)
        || ["_ms", "_s", "_at", "until", "time"].iter().any(|end| name.ends_with(end))
}

/// Every file's name and length.
fn files(folder: &Path) -> Vec<(String, u64)> {
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .expect("the phone's folder")
        .map(|entry| entry.expect("a file"))
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), entry.metadata().expect("facts").len())
        })
        .collect();
    found.sort();
    found
}

const NEW_PIN: &str = "730948";

fn change_pin(phone: &Phone, present: &str, new: &str) -> Ran {
    phone.wallet(&["change-pin", "--pin-stdin"]).typing(&format!("{present}\n{new}\n")).run()
}

#[test]
fn a_new_pin_pays_and_the_old_one_is_wrong() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    change_pin(&phone, WRONG_PIN, NEW_PIN).expect_failure(wallet_exit::REFUSED, &["2 tries are left"]);
    change_pin(&phone, PIN, "123456").expect_failure(wallet_exit::USAGE, &["first that others would try"]);
    change_pin(&phone, PIN, PIN).expect_failure(exit::FAILED, &["choose another one"]);
    let _ = till.pay(&phone.code(till.label()), "5.00").expect("the PIN so far still pays");
    // Nothing was sent, so nothing waits.
    system.kill_part(Part::Server);
    change_pin(&phone, PIN, NEW_PIN).expect_failure(wallet_exit::UNREACHABLE, &["cannot be reached"]);
    system.start_part(Part::Server, None);
    let _ = till.pay(&phone.code(till.label()), "5.00").expect("the PIN so far still pays");
    let changed = change_pin(&phone, PIN, NEW_PIN).expect("change-pin");
    assert_eq!(changed["changed"], true);
    let paid = till.pay(&phone.code_with(NEW_PIN, till.label()), "5.00").expect("the new PIN");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    till.pay(&phone.code(till.label()), "5.00").expect_failure(exit::DECLINED, &["declined"]);
    assert_eq!(failures(&system).0, 1, "the old PIN is a wrong one now");
    system.expect_settled(Sums::settled(1_500));
}

#[test]
fn a_change_that_nobody_answered_is_finished_later_whatever_the_server_made_of_it() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    // The new PIN is durable when the server dies, and the phone never hears of it.
    system.stop_part(Part::Server);
    system.start_part(Part::Server, Some(&at("server-before-answer", 0)));
    change_pin(&phone, PIN, NEW_PIN)
        .expect_failure(wallet_exit::UNREACHABLE, &["run the same command again"]);
    assert!(system.has_ended(Part::Server), "it was to die before it answers");
    system.start_part(Part::Server, None);
    let changed = change_pin(&phone, WRONG_PIN, WRONG_PIN).expect("the same request again");
    assert_eq!(changed["changed"], true);
    let _ = till.pay(&phone.code_with(NEW_PIN, till.label()), "5.00").expect("the new PIN");
    assert_eq!(failures(&system).0, 0);
    system.expect_settled(Sums::settled(500));
}
