//! Approval on the phone, by the commands that customers, cashiers and banks have.

use e2e::{Batzen, PIN, Part, Phone, Ran, Sums, System, Till, batzen, eventually, exit, wallet_exit};
use serde_json::{Value, json};
use std::fs;

/// Makes the policy of this system want everything above 10.00 CHF approved.
fn ask_above_ten(system: &System) {
    let document = json!({ "realm": "e2e.batzen.example", "version": 1, "policy": { "rules": [
        { "name": "large", "when": { "amount_above_minor": { "CHF": 1_000 } }, "then": "approve" } ] } });
    let (plain, signed) = (system.dir().join("policy.json"), system.dir().join("policy.signed.json"));
    fs::write(&plain, document.to_string()).expect("the folder can be written");
    let plain = plain.to_str().expect("a path of ours");
    let signed = signed.to_str().expect("a path of ours");
    let config = system.config(Part::Server);
    let config = config.to_str().expect("a path of ours");
    let _ = e2e::batzen(["admin", "policy", "sign", plain, "--config", config, "--out", signed])
        .run()
        .expect("sign");
    let _ = system.admin(&["policy", "activate", signed]).expect("activate");
}

fn waiting(phone: &Phone) -> Vec<Value> {
    let asked = phone.wallet(&["approvals"]).run().expect("approvals");
    asked["approvals"].as_array().expect("a list").clone()
}

/// What the phone is asked, once it is.
fn asked(phone: &Phone) -> Value {
    eventually("a question", || waiting(phone).pop())
}

fn approve(phone: &Phone, pin: &str) -> Ran {
    phone.wallet(&["approve", "--pin-stdin"]).typing(&format!("{pin}\n")).run()
}

/// Pays while somebody does something at the same time.
fn paying(till: &Till, phone: &Phone, amount: &str, meanwhile: impl FnOnce()) -> Ran {
    let code = phone.code(till.label());
    while_selling(till.paying(&code, amount), meanwhile)
}

fn while_selling(sale: Batzen, meanwhile: impl FnOnce()) -> Ran {
    std::thread::scope(|scope| {
        let selling = scope.spawn(|| sale.run());
        meanwhile();
        selling.join().expect("the till does not panic")
    })
}

#[test]
fn a_large_payment_waits_for_the_customer_through_a_crash_and_a_small_one_does_not() {
    let mut system = System::start();
    ask_above_ten(&system);
    let (phone, till) = (system.phone("robin"), system.till(7));
    assert_eq!(till.pay(&phone.code(till.label()), "9.00").expect("small")["outcome"], "paid");

    let paid = paying(&till, &phone, "20.00", || {
        let question = asked(&phone);
        assert_eq!((&question["kind"], &question["amount_minor"]), (&json!("payment"), &json!(2_000)));
        approve(&phone, "111111").expect_failure(wallet_exit::REFUSED, &["2 tries are left"]);
        assert_eq!(approve(&phone, PIN).expect("approve")["state"], "approved");
    });
    assert_eq!(paid.expect("large")["outcome"], "paid");

    // In words, as a cashier reads it.
    let code = phone.code(till.label());
    let sale = batzen(["checkout", "--state"]).arg(till.state());
    let refused = while_selling(sale.args(["pay", "--amount", "30.00", "--code"]).arg(&code), || {
        asked(&phone);
        assert_eq!(phone.wallet(&["refuse"]).run().expect("refuse")["state"], "refused");
    });
    let words = ["The customer is asked to confirm on the phone", "open the app"];
    refused.expect_failure(exit::DECLINED, &words);

    // The server dies while the customer is asked, and comes back.
    let code = phone.code(till.label());
    let paid = std::thread::scope(|scope| {
        let selling = scope.spawn(|| till.pay(&code, "40.00"));
        asked(&phone);
        system.kill_part(Part::Server);
        system.start_part(Part::Server, None);
        assert_eq!(approve(&phone, PIN).expect("approve")["state"], "approved");
        selling.join().expect("the till does not panic")
    });
    assert_eq!(paid.expect("through a crash")["outcome"], "paid");
    assert!(waiting(&phone).is_empty());
    system.expect_settled(Sums::settled(6_900));
}

#[test]
fn a_bank_has_a_transfer_approved_and_a_login_refused() {
    let system = System::start();
    let phone = system.phone("robin");
    let customer = {
        let status = phone.status().expect("status");
        let shown = system.admin(&["device", "show", status["enrolment"].as_str().expect("an id")]);
        shown.expect("show")["customer"].as_str().expect("an id").to_owned()
    };
    let transfer = [
        "approval",
        "ask",
        &customer,
        "--kind",
        "transfer",
        "--reference",
        "T-1",
        "--amount-minor",
        "70000",
        "--currency",
        "CHF",
        "--payee",
        "Max Muster",
    ];
    let asked_for = system.admin(&transfer).expect("ask");
    assert_eq!(system.admin(&transfer).expect("ask again")["id"], asked_for["id"]);
    let question = asked(&phone);
    assert_eq!((&question["payee"], &question["amount_minor"]), (&json!("Max Muster"), &json!(70_000)));
    let _ = approve(&phone, PIN).expect("approve");
    let of = |view: &Value, name: &str| view[name].as_str().expect("a text").to_owned();
    let (enrolment, id) = (of(&asked_for, "enrolment"), of(&asked_for, "id"));
    let shown = system.admin(&["approval", "show", &enrolment, &id, "--wait", "5"]).expect("show");
    assert_eq!(shown["state"], "approved");
    assert!(!of(&shown, "signature").is_empty() && !of(&shown, "certificate").is_empty());

    let login =
        ["approval", "ask", &customer, "--kind", "login", "--reference", "L-1", "--payee", "e-banking"];
    let login = system.admin(&login).expect("ask");
    asked(&phone);
    let _ = phone.wallet(&["refuse"]).run().expect("refuse");
    let shown = system.admin(&["approval", "show", &of(&login, "enrolment"), &of(&login, "id")]);
    assert_eq!(shown.expect("show")["state"], "refused");
}
