//! What operators say of apps and of what sensors look for, and what phones make of it, by the commands that people have.

use e2e::{Phone, System, batzen, binary_digest, exit, wallet_exit};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

const APP: &str = "linux:batzen.wallet";

fn app(system: &System, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = [&["app"][..], arguments].concat();
    system.admin(&arguments).expect("admin app")
}

/// The file that the app ships with in this version.
fn realm_file(system: &System, version: &str) -> PathBuf {
    let made = fs::read(system.realm_file()).expect("init made it");
    let mut realm: Value = serde_json::from_slice(&made).expect("it is JSON");
    realm["app"]["version"] = version.into();
    let path = system.dir().join(format!("realm-{version}.json"));
    fs::write(&path, realm.to_string()).expect("it can be written");
    path
}

fn update(system: &System, phone: &Phone, version: &str) -> Value {
    let realm = realm_file(system, version);
    phone.wallet(&["update-app", "--realm"]).arg(realm).run().expect("wallet update-app")
}

fn online(phone: &Phone) -> Value {
    phone.wallet(&["status", "--online"]).run().expect("wallet status")
}

/// What a customer reads who asks how the wallet stands.
fn read(phone: &Phone) -> String {
    let ran = batzen(["wallet", "--state"]).arg(phone.state()).args(["status", "--online"]).run();
    assert!(ran.is_success(), "{ran}");
    ran.said()
}

#[test]
fn a_version_is_offered_blocked_and_updated_and_what_is_too_old_enrols_nobody() {
    let system = System::start();
    let shown = app(&system, &["list"]);
    assert_eq!(shown["apps"], Value::Array(Vec::new()), "{shown}");
    let (phone, till) = (system.phone("robin"), system.till(7));
    let _ = update(&system, &phone, "1.0");
    let _ = app(&system, &["put", APP, "--name", "Command line"]);
    let _ = app(&system, &["version", APP, "1.0"]);
    assert_eq!(online(&phone)["app"]["state"], "up_to_date");
    assert_eq!(till.pay(&phone.code(till.label()), "5.00").expect("registered")["outcome"], "paid");

    let _ = app(&system, &["rollout", APP, "1.1", "100"]);
    let message = ["--en", "Update now.", "--de", "Neu!", "--fr", "Nouveau!", "--it", "Nuovo!"];
    let _ = app(&system, &[&["message", APP][..], &message].concat());
    let told = online(&phone);
    assert_eq!(told["app"]["state"], "update_available", "{told}");
    assert_eq!(told["app"]["offered_version"], "1.1", "{told}");

    let _ = app(&system, &["block", APP, "1.0", "--reason", "leaks codes"]);
    till.pay(&phone.code(till.label()), "5.00").expect_failure(exit::DECLINED, &["declined"]);
    let said = read(&phone);
    for words in ["app version 1.0: blocked (blocked version)", "version 1.1 is offered", "Update now."] {
        assert!(said.contains(words), "`{words}` is not in `{said}`");
    }
    assert!(!said.contains("leaks codes"), "why is the operators' matter: {said}");
    let confirmed = phone.confirmations().expect("wallet confirmations");
    assert!(confirmed.to_string().contains("app_blocked"), "{confirmed}");

    assert_eq!(update(&system, &phone, "1.1")["app"]["state"], "up_to_date");
    assert_eq!(till.pay(&phone.code(till.label()), "5.00").expect("updated")["outcome"], "paid");

    let _ = app(&system, &["minimum", APP, "1.2"]);
    assert_eq!(online(&phone)["app"]["cause"], "too_old");
    let late = system.blank_phone("late");
    let refused = late.activate(&realm_file(&system, "1.1"), &system.activation_code());
    refused.expect_failure(wallet_exit::REFUSED, &["Update now."]);
    let _ = app(&system, &["minimum", APP, "--none"]);
    assert_eq!(online(&phone)["app"]["state"], "up_to_date");
    let shown = app(&system, &["show", APP]);
    assert_eq!(shown["versions"][0]["state"]["reason"], "leaks codes", "{shown}");
}

#[test]
fn the_program_tells_its_digest_and_another_build_pays_no_more() {
    let system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let _ = update(&system, &phone, "1.0");
    let _ = app(&system, &["put", APP, "--name", "Command line", "--require-digests"]);
    let _ = app(&system, &["version", APP, "1.0", "--digest", &"11".repeat(32)]);
    till.pay(&phone.code(till.label()), "5.00").expect_failure(exit::DECLINED, &["declined"]);
    assert_eq!(online(&phone)["app"]["cause"], "unknown_build");
    let other = system.blank_phone("other");
    let refused = other.activate(&realm_file(&system, "1.0"), &system.activation_code());
    refused.expect_failure(wallet_exit::REFUSED, &["app"]);

    let _ =
        app(&system, &["version", APP, "1.0", "--digest", &"11".repeat(32), "--digest", &binary_digest()]);
    assert_eq!(online(&phone)["app"]["state"], "up_to_date");
    assert_eq!(till.pay(&phone.code(till.label()), "5.00").expect("our build")["outcome"], "paid");
    let _ = other.activate(&realm_file(&system, "1.0"), &system.activation_code()).expect("our build");
}

#[test]
fn a_list_of_rules_is_published_and_the_wallet_takes_it_and_then_what_changed() {
    let system = System::start();
    let phone = system.phone("robin");
    let publish = |name: &str, packages: &[String]| {
        let path = system.dir().join(name);
        let list = serde_json::json!({ "days": 30, "entries": { "package": packages, "port": ["27042"] } });
        fs::write(&path, list.to_string()).expect("it can be written");
        system.admin(&["rules", "publish", &path.to_string_lossy()]).expect("rules publish")
    };
    let kept = || fs::read_to_string(phone.state().join("rules.json")).expect("the wallet keeps the list");
    let mut packages: Vec<String> = (0..50).map(|n| format!("com.example.bad{n}")).collect();
    assert_eq!(publish("first.json", &packages)["version"], 1);
    assert_eq!(online(&phone)["rules_version"], 1);
    assert!(kept().contains("com.example.bad49"));

    packages.push("com.example.new".to_owned());
    let published = publish("second.json", &packages[1..]);
    assert_eq!((&published["version"], &published["entries"]), (&2.into(), &51.into()));
    // What leads from the first to the second is short, and it is what the wallet asks for.
    let delta: Value = serde_json::from_slice(&system.fetch("/v1/rules?from=1")).expect("it is JSON");
    assert_eq!((&delta["from"], &delta["removed"]), (&1.into(), &serde_json::json!([1])), "{delta}");
    assert_eq!(online(&phone)["rules_version"], 2);
    let list = kept();
    assert!(list.contains("com.example.new") && !list.contains("com.example.bad0\""), "{list}");
    assert_eq!(list.as_bytes(), system.fetch("/v1/rules"), "byte for byte what the server has");
    let listed = system.admin(&["rules", "list"]).expect("rules list");
    assert_eq!(listed["lists"].as_array().map(Vec::len), Some(2), "{listed}");
    // The phone still pays, and a store with lists in it checks.
    let till = system.till(7);
    let paid = till.pay(&phone.code(till.label()), "5.00").expect("checkout pay");
    assert_eq!(paid["outcome"], "paid");
}
