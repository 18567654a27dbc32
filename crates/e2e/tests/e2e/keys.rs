//! The server's keys in a PKCS#11 token: the whole system pays with them, they change while it does, and the token goes
//! and comes back.

use e2e::{Part, Phone, Sums, System, Till, Token, batzen, exit};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

fn read(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("init made it")).expect("it is JSON")
}

fn write(path: &Path, value: &Value) {
    fs::write(path, value.to_string()).expect("it can be written");
}

/// A system whose keys are in a token, not started.
fn in_a_token() -> (System, Token, Vec<PathBuf>) {
    let mut system = System::make();
    let token = Token::make();
    let out = system.dir().join("ceremony");
    let ceremony = batzen(["--json", "admin", "keys", "ceremony", "--realm", "e2e.batzen.example"])
        .args(["--token", Token::LABEL, "--module", Token::MODULE, "--shares", "3", "--needed", "2"])
        .arg("--pin")
        .arg(token.pin_file())
        .arg("--out")
        .arg(&out)
        .env("SOFTHSM2_CONF", token.config());
    let made = ceremony.run().expect("keys ceremony");
    let shares = made["shares"].as_array().expect("shares").iter();
    let shares: Vec<PathBuf> = shares.map(|share| share.as_str().expect("a path").into()).collect();
    let server = system.config(Part::Server);
    let mut config = read(&server);
    config["key_store"] =
        json!({ "module": Token::MODULE, "token": Token::LABEL, "realm": "e2e.batzen.example" });
    config["key_store_passphrase"] = json!(token.pin_file());
    write(&server, &config);
    let variables = [("SOFTHSM2_CONF", token.config())];
    system.run_services_with(&variables);
    let url = system.server_url();
    let realm_file = ["realm-file", "--server-url", &url, "--tls-roots"];
    let file = keys_with(&system, &token, &realm_file, &[system.roots()]);
    write(&system.realm_file(), &file);
    tell_the_bank(&system, &token);
    (system, token, shares)
}

/// What `batzen admin keys` says.
fn keys(system: &System, token: &Token, arguments: &[&str]) -> Value {
    keys_with(system, token, arguments, &[])
}

fn keys_with(system: &System, token: &Token, arguments: &[&str], files: &[PathBuf]) -> Value {
    let (verb, rest) = arguments.split_first().expect("a verb");
    let run =
        batzen(["--json", "admin", "keys", verb, "--config"]).arg(system.config(Part::Server)).args(rest);
    run.args(files).env("SOFTHSM2_CONF", token.config()).run().expect(verb)
}

/// Gives the bank the keys that sign statements: the present one, and the next if there is one.
fn tell_the_bank(system: &System, token: &Token) {
    let status = keys(system, token, &["status"]);
    let of = |state| in_state(&status, "statement", state).next().map(|key| key["public_key"].clone());
    let path = system.config(Part::Bank);
    let mut config = read(&path);
    config["partners"][0]["statement_public_key"] = of("present").expect("it is there");
    if let Some(next) = of("next") {
        config["partners"][0]["next_statement_public_key"] = next;
    }
    write(&path, &config);
}

/// Time for every server to take up what was done to the keys.
fn settle() {
    std::thread::sleep(Duration::from_secs(6));
}

/// A role's keys that are in this state.
fn in_state<'s>(status: &'s Value, role: &'s str, state: &'s str) -> impl Iterator<Item = &'s Value> {
    let all = status["keys"].as_array().expect("keys").iter();
    all.filter(move |key| key["role"] == role && key["state"] == state)
}

fn open(system: &mut System) {
    system.seed_bank("1000.00");
    system.start_part(Part::Bank, None);
    system.start_part(Part::Server, None);
    system.register();
}

fn expect_paid(till: &Till, phone: &Phone) {
    let paid = till.pay(&phone.code(till.label()), "1.00").expect("a sale");
    assert_eq!(paid["outcome"], "paid", "{paid}");
}

#[test]
fn every_key_in_the_token_changes_while_customers_pay_and_a_phone_is_offline() {
    let (mut system, token, shares) = in_a_token();
    // The bank must know the key that statements will be signed with before it is.
    keys(&system, &token, &["rotate", "statement"]);
    tell_the_bank(&system, &token);
    open(&mut system);
    let (phone, offline, till) = (system.phone("robin"), system.phone("alex"), system.till(7));
    let other_till = system.till(8);
    let code_of_before = offline.code(other_till.label());
    let is_over = AtomicBool::new(false);
    let sold = std::thread::scope(|scope| {
        let selling = scope.spawn(|| {
            let mut sold = 0;
            while !is_over.load(Ordering::Relaxed) || sold == 0 {
                expect_paid(&till, &phone);
                sold += 1;
            }
            sold
        });
        keys(&system, &token, &["promote", "statement"]);
        // Twice: the phone that is offline has neither of the payment keys that come.
        for round in 0..2 {
            let plain = [
                "payment",
                "confirmation",
                "audit",
                "rules",
                "pin-wrapping",
                "webhook-wrapping",
                "challenge",
            ];
            for role in plain.into_iter().chain(["activation"]) {
                keys(&system, &token, &["rotate", role]);
            }
            let by_root: Vec<String> =
                shares.iter().skip(round).take(2).map(|share| share.display().to_string()).collect();
            for role in ["device-ca", "key-bundle"] {
                keys(&system, &token, &["rotate", role, "--share", &by_root[0], "--share", &by_root[1]]);
            }
            settle();
            for role in plain.into_iter().chain(["activation", "device-ca", "key-bundle"]) {
                keys(&system, &token, &["promote", role]);
            }
            settle();
        }
        is_over.store(true, Ordering::Relaxed);
        selling.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    });
    // Its code was sealed to a key that is two epochs old. It has aged; a fresh one is sealed to the same key.
    let _ = code_of_before;
    expect_paid(&other_till, &offline);
    // Phones learn the new keys and confirmations under them are theirs.
    let told = phone.confirmations().expect("wallet confirmations");
    assert!(told.to_string().contains("captured"), "{told}");
    expect_paid(&till, &phone);
    // Who comes new gets what is new, and who had the realm file of before still can.
    let new = system.phone("sam");
    expect_paid(&till, &new);
    // All was sealed anew, so nobody depends on the former wrapping keys: not even the phone that was away.
    e2e::eventually("all to be sealed anew", || {
        let metrics = String::from_utf8_lossy(&system.fetch("/metrics")).into_owned();
        metrics.contains("batzen_resealing 0").then_some(())
    });
    for role in ["pin-wrapping", "webhook-wrapping"] {
        let status = keys(&system, &token, &["status"]);
        assert!(in_state(&status, role, "former").next().is_some(), "{role} has no former key: {status}");
        for key in in_state(&status, role, "former") {
            keys(&system, &token, &["retire", role, key["id"].as_str().expect("an id"), "--at-once"]);
        }
    }
    settle();
    expect_paid(&other_till, &offline);
    expect_paid(&till, &phone);
    let rehearsed = keys(&system, &token, &["rehearse"]);
    assert!(rehearsed.as_array().expect("keys").iter().all(|key| key["works"] == true), "{rehearsed}");
    system.expect_settled(Sums::settled(100 * (sold + 5)));
}

#[test]
fn a_token_that_goes_away_stops_sales_and_activations_and_both_go_on_when_it_is_back() {
    let (mut system, token, _) = in_a_token();
    open(&mut system);
    let (phone, till) = (system.phone("robin"), system.till(7));
    expect_paid(&till, &phone);
    let blank = system.blank_phone("alex");
    let code = system.activation_code();
    token.pull_out();
    let shown = phone.code(till.label());
    let refused = till.pay(&shown, "1.00");
    assert!(!refused.is_success(), "no sale without keys: {refused}");
    assert_ne!(refused.code(), Some(exit::DECLINED), "it is not the customer's fault: {refused}");
    let ran = blank.activate(&system.realm_file(), &code);
    assert!(!ran.is_success(), "no activation without keys: {ran}");
    token.put_back();
    let _ = till.resume();
    e2e::eventually("a sale", || till.pay(&phone.code(till.label()), "1.00").is_success().then_some(()));
    // The code was not used up: the enrolment is whole, or is not.
    let _ = blank.activate(&system.realm_file(), &code).expect("wallet activate");
    let log = fs::read_to_string(system.log(Part::Server)).expect("the server's log");
    assert!(log.contains("the token"), "the operator is told: {log}");
    system.expect_settled(Sums::settled(200));
}
