//! The life of a customer's devices, by the commands that people have.

use e2e::{PIN, Part, Phone, Sums, System, WRONG_PIN, eventually, exit, wallet_exit};
use serde_json::{Value, json};
use std::fs;

fn id_of(phone: &Phone) -> String {
    let status = phone.wallet(&["status"]).run().expect("wallet status");
    status["enrolment"].as_str().expect("an id").to_owned()
}

fn kinds(phone: &Phone) -> Vec<String> {
    let told = phone.wallet(&["notices"]).run().expect("wallet notices");
    let notices = told["notices"].as_array().expect("a list");
    notices.iter().map(|notice| notice["kind"].as_str().expect("a name").to_owned()).collect()
}

fn with_pin(phone: &Phone, arguments: &[&str], pin: &str) -> e2e::Ran {
    phone.wallet(arguments).typing(&format!("{pin}\n")).run()
}

#[test]
fn a_phone_locks_names_and_revokes_another_and_is_told_of_it() {
    let system = System::start();
    let (one, other, till) = (system.phone("robin"), system.phone("second"), system.till(7));
    let other_id = id_of(&other);
    let _ = one.wallet(&["rename", &other_id, "In the drawer"]).run().expect("rename");
    let listed: Value = one.wallet(&["devices"]).run().expect("devices");
    assert_eq!(listed["devices"].as_array().expect("a list").len(), 2);
    assert_eq!(listed["devices"][1]["name"], "In the drawer");
    let locked = one.wallet(&["lock", &other_id]).run().expect("lock");
    assert_eq!(locked["devices"][1]["status"], "locked_customer");
    till.pay(&other.code(till.label()), "5.00").expect_failure(exit::DECLINED, &["declined"]);
    let _ = system.admin(&["device", "unlock", &other_id]).expect("unlock");
    assert_eq!(till.pay(&other.code(till.label()), "5.00").expect("unlocked")["outcome"], "paid");

    let revoke = ["revoke", &other_id, "--lost", "--pin-stdin"];
    with_pin(&one, &revoke, WRONG_PIN).expect_failure(wallet_exit::REFUSED, &["2 tries are left"]);
    let left = with_pin(&one, &revoke, PIN).expect("revoke");
    assert_eq!(left["devices"].as_array().expect("a list").len(), 1);
    other
        .wallet(&["status", "--online"])
        .run()
        .expect_failure(wallet_exit::REFUSED, &["not signed by an enrolled"]);
    let shown = system.admin(&["device", "show", &other_id]).expect("device show");
    assert_eq!((&shown["status"], &shown["revoked_for"]), (&"revoked".into(), &"lost".into()));
    let own_id = id_of(&one);
    let revoke_self = ["revoke", &own_id, "--pin-stdin"];
    with_pin(&one, &revoke_self, PIN).expect_failure(wallet_exit::REFUSED, &["last phone"]);
    let told = kinds(&one);
    for kind in ["activated", "renamed", "locked", "unlocked", "revoked"] {
        assert!(told.iter().any(|known| known == kind), "{kind} is not among {told:?}");
    }
}

#[test]
fn a_customer_moves_to_a_new_phone_resets_a_pin_is_exported_and_erased() {
    let mut system = System::start();
    let (old, till) = (system.phone("robin"), system.till(7));
    with_pin(&old, &["move", "--pin-stdin"], WRONG_PIN).expect_failure(wallet_exit::REFUSED, &["PIN"]);
    let code = with_pin(&old, &["move", "--pin-stdin"], PIN).expect("move");
    let code = code["activation_code"].as_str().expect("a code").to_owned();
    let new = system.blank_phone("new");
    let _ = new.activate(&system.realm_file(), &code).expect("activate");
    let _ = new.wallet(&["methods", "list"]).run().expect("methods list");
    till.pay(&old.code(till.label()), "5.00").expect_failure(exit::DECLINED, &["declined"]);
    assert_eq!(till.pay(&new.code(till.label()), "5.00").expect("new")["outcome"], "paid");

    let id = id_of(&new);
    let reset = system.admin(&["device", "reset-pin", &id]).expect("reset-pin");
    let reset = reset["activation_code"].as_str().expect("a code").to_owned();
    let command = ["reset-pin", "--code", &reset, "--pin-stdin"];
    let _ = with_pin(&new, &command, "730948").expect("wallet reset-pin");
    till.pay(&new.code(till.label()), "5.00").expect_failure(exit::DECLINED, &["declined"]);
    let again = new.wallet(&["notices"]).run().expect("notices").to_string();
    // What came before it was activated is not told to it.
    assert!(
        again.contains("pin_reset") && again.contains("revoked") && !again.contains("move_begun"),
        "{again}"
    );

    let page = system.admin(&["enrolments"]).expect("enrolments");
    let customer = page["enrolments"][0]["customer"].as_str().expect("an id").to_owned();
    let file = system.dir().join("export.json");
    let file_name = file.to_str().expect("a path").to_owned();
    let export = ["customer", "export", &customer, "--out", &file_name];
    let _ = system.admin(&export).expect("export");
    system.admin(&export).expect_failure(exit::FAILED, &["cannot be written"]);
    let text = std::fs::read_to_string(&file).expect("the export is there");
    let exported: Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(exported["customer"]["name"], "Robin Example");
    assert_eq!(exported["devices"].as_array().expect("a list").len(), 2);
    assert_eq!(exported["payments"].as_array().expect("a list").len(), 3);
    // Refused until the bank has booked what was paid.
    eventually("the customer is erased", || {
        system.admin(&["customer", "erase", &customer]).is_success().then_some(())
    });
    let gone = new.wallet(&["status", "--online"]).run();
    gone.expect_failure(wallet_exit::REFUSED, &["not signed by an enrolled"]);
    system.stop_part(Part::Server);
    let _ = system.check(&[]).expect("the books are sound after an erasure");
}

#[test]
fn a_bank_that_asks_holds_money_for_a_good_device_and_none_while_nobody_says_so() {
    let mut system = System::make();
    let path = system.config(Part::Bank);
    let mut config: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let roots = system.roots();
    let ask = |server_url: &str| json!({ "server_url": server_url, "roots": roots, "from_minor": 200, "relied_on_s": 0 });
    config["partners"][0]["device_status"] = ask(&system.server_url());
    fs::write(&path, config.to_string()).unwrap();
    system.seed_bank("1000.00");
    for part in [Part::Bank, Part::Server] {
        system.start_part(part, None);
    }
    system.register();
    let (phone, till) = (system.phone("robin"), system.till(7));
    // Both amounts are held; for the larger one the server that asks for it is asked itself.
    for amount in ["1.00", "5.00"] {
        let paid = till.pay(&phone.code(till.label()), amount).expect("paid");
        assert_eq!(paid["outcome"], "paid", "{paid}");
    }
    let asked = |system: &System| {
        let log = fs::read_to_string(system.log(Part::Server)).unwrap();
        log.matches("/v1/certificates/status").count()
    };
    assert_eq!(asked(&system), 1);
    // Nobody there who could say it: small amounts only.
    config["partners"][0]["device_status"] = ask("https://127.0.0.1:9");
    fs::write(&path, config.to_string()).unwrap();
    system.stop_part(Part::Bank);
    system.start_part(Part::Bank, None);
    let paid = till.pay(&phone.code(till.label()), "1.00").expect("paid");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    let refused = till.pay(&phone.code(till.label()), "5.00");
    assert!(!refused.is_success(), "{refused}");
    let _ = till.resume();
    system.expect_settled(Sums::settled(700));
}
