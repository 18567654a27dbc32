//! What must never stand in a log, after a day with everything in it.

use crate::payment::confirmations;
use e2e::{BANK_PASSWORD, PIN, Part, System, WRONG_PIN, exit};
use serde_json::Value;
use std::fs;

#[test]
fn logs_hold_no_secret_and_no_code() {
    let mut system = System::start();
    let activation_code = system.activation_code();
    let phone = system.blank_phone("robin");
    let _ = phone.activate(&system.realm_file(), "0000-0000-0000-0000");
    let _ = phone.activate(&system.realm_file(), &activation_code).expect("wallet activate");
    let _ = phone.add_account(system.customer_number(), "not-the-password");
    let _ = phone.add_account(system.customer_number(), BANK_PASSWORD).expect("methods add");
    let till = system.till(7);
    let codes =
        [phone.code(till.label()), phone.code_with(WRONG_PIN, till.label()), phone.code(till.label())];
    let _ = till.pay(&codes[0], "12.50").expect("checkout pay");
    till.pay(&codes[1], "12.50").expect_failure(exit::DECLINED, &[]);
    let _ = till.pay(&codes[1], "12.50");
    let _ = till.pay(&codes[2], "12.50").expect("checkout pay");
    let payment = till.sales()[0].document["payment"].as_str().expect("an id").to_owned();
    let _ = till.checkout(&["refund", &payment]).run().expect("checkout refund");
    let _ = till.checkout(&["pay", "--code", "-", "--amount", "1"]).typing("1234").run();
    let _ = confirmations(&phone, 3);
    let wrong_key = system.dir().join("wrong.key");
    fs::copy(system.dir().join("server/key-store.passphrase"), &wrong_key).expect("it is there");
    let ibans = system.ibans();
    system.stop_part(Part::Server);
    system.stop_part(Part::Bank);

    let read = |name: &str| fs::read_to_string(system.dir().join(name)).expect(name).trim().to_owned();
    let till_file: Value =
        serde_json::from_slice(&fs::read(till.state().join("checkout.json")).expect("it is there"))
            .expect("it is JSON");
    let mut secrets = vec![
        ("the PIN", PIN.to_owned()),
        ("the wrong PIN", WRONG_PIN.to_owned()),
        ("the activation code", activation_code.clone()),
        ("the activation code without groups", activation_code.replace('-', "")),
        ("the bank's password", BANK_PASSWORD.to_owned()),
        ("a wrong password", "not-the-password".to_owned()),
        ("the till's key", till_file["api_key"].as_str().expect("a key").to_owned()),
        ("the operator's key", read("server/operator.key")),
        ("the key store's pass phrase", read("server/key-store.passphrase")),
    ];
    for picture in &codes {
        let bytes = fs::read(picture).expect("the picture is there");
        let found = symbols::read_image(&bytes, &symbols::ReadLimits::default()).expect("it is a code");
        let digits = found[0].text().to_owned();
        assert_eq!(digits.len(), 365);
        secrets.push(("a part of a code", digits[100..140].to_owned()));
        secrets.push(("a code", digits));
    }
    for iban in ibans {
        let compact = iban.replace(' ', "");
        secrets.push(("the account's number", compact[4..].to_owned()));
        secrets.push(("the IBAN", iban));
        secrets.push(("the IBAN without spaces", compact));
    }
    for part in [Part::Server, Part::Bank] {
        let log = fs::read_to_string(system.log(part)).expect("there is a log");
        assert!(log.lines().count() > 10, "a log of nothing proves nothing");
        for line in log.lines() {
            assert!(serde_json::from_str::<Value>(line).is_ok(), "no JSON: {line}");
        }
        for (what, secret) in &secrets {
            let line = log.lines().find(|line| line.contains(secret.as_str()));
            assert!(
                line.is_none(),
                "{what} stands in the {}'s log: {}",
                part.name(),
                line.unwrap_or_default()
            );
        }
    }
}
