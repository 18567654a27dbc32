//! What somebody might try: a copied phone, a method that was taken away, a changed store.

use e2e::{PIN, Part, Sums, System, batzen, exit};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// The first phone, as operators see it.
pub(crate) fn enrolment(system: &System) -> Value {
    system.admin(&["enrolments"]).expect("admin enrolments")["enrolments"][0].clone()
}

#[test]
fn a_copied_phone_is_found_and_locked_with_its_original() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let thief = phone.copied_to(&phone.state().with_file_name("thief"));
    let paid = till.pay(&phone.code(till.label()), "5.00").expect("the owner pays");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    // The same counter with other content, soon after.
    till.pay(&thief.code(till.label()), "5.00").expect_failure(exit::DECLINED, &["declined"]);
    assert_eq!(enrolment(&system)["status"], "locked_clone");
    till.pay(&phone.code(till.label()), "5.00").expect_failure(exit::DECLINED, &["declined"]);
    let told = phone.wallet(&["status", "--online"]).run().expect("wallet status");
    assert_eq!(told["standing"], "locked_clone", "the owner is told: {told}");
    let id = enrolment(&system)["id"].as_str().expect("an id").to_owned();
    let _ = system.admin(&["unlock", &id]).expect("admin unlock");
    let _ = phone.wallet(&["resync"]).run().expect("wallet resync");
    let paid = till.pay(&phone.code(till.label()), "5.00").expect("the owner pays again");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    system.expect_settled(Sums::settled(1_000));
}

#[test]
fn a_method_that_was_taken_away_pays_nothing_any_more() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let before = phone.copied_to(&phone.state().with_file_name("before"));
    let _ = phone.wallet(&["methods", "remove", "1"]).run().expect("methods remove");
    let out = phone.state().with_extension("png");
    phone.making(PIN, till.label(), &out).run().expect_failure(1, &["method"]);
    // The phone as it was still makes codes with it.
    let declined = till.pay(&before.code(till.label()), "5.00");
    declined.expect_failure(exit::DECLINED, &["declined"]);
    assert_eq!(declined.json()["customer_action"], "other_method", "{declined}");
    system.expect_settled(Sums::settled(0));
}

#[test]
fn a_phone_that_listens_is_told_at_once_pays_meanwhile_and_outlives_the_server() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let listening = batzen(["wallet", "--state"]).arg(phone.state()).args(["confirmations", "--follow"]);
    let mut listening = listening.start();
    let mut out = BufReader::new(listening.stdout.take().expect("it was asked for")).lines();
    let mut expect_told = |amount: &str| {
        let line = out.next().expect("it tells something").expect("it is text");
        for part in ["captured", amount, "Corner Shop"] {
            assert!(line.contains(part), "`{part}` is not in `{line}`");
        }
    };
    let _ = till.pay(&phone.code(till.label()), "12.50").expect("a sale");
    expect_told("12.50");
    system.stop_part(Part::Server);
    system.start_part(Part::Server, None);
    let _ = till.pay(&phone.code(till.label()), "7.50").expect("a sale after the restart");
    expect_told("7.50");
    let _ = listening.kill();
    let _ = listening.wait();
    system.expect_settled(Sums::settled(2_000));
}

#[test]
fn a_store_that_somebody_changed_is_found_out() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let _ = till.pay(&phone.code(till.label()), "12.50").expect("checkout pay");
    system.expect_settled(Sums::settled(1_250));
    let store = system.dir().join("server/store/payments.redb");
    let whole = fs::read(&store).expect("the store is there");
    let check = || batzen(["--json", "check", "--config"]).arg(system.config(Part::Server)).run();
    // In the audit trail, and where no chain of ours goes.
    for (kept, written) in [("merchant.created", "merchant.cleated"), ("Corner Shop", "Corner Shod")] {
        fs::write(&store, replaced(&whole, kept.as_bytes(), written.as_bytes())).expect("it can be written");
        check().expect_failure(1, &["store", "damaged"]);
    }
    fs::write(&store, &whole).expect("it can be written");
    let _ = check().expect("the store as it was");
    let cut = &whole[..whole.len() / 2];
    fs::write(&store, cut).expect("it can be written");
    check().expect_failure(1, &[&name(&store)]);
}

fn name(path: &Path) -> String {
    path.file_name().expect("a file").to_string_lossy().into_owned()
}

/// Every occurrence, old pages included.
fn replaced(bytes: &[u8], kept: &[u8], written: &[u8]) -> Vec<u8> {
    assert_eq!(kept.len(), written.len());
    let mut changed = bytes.to_vec();
    let places: Vec<usize> =
        (0..bytes.len() - kept.len()).filter(|at| bytes[*at..].starts_with(kept)).collect();
    assert!(!places.is_empty(), "it is not in the store");
    for at in places {
        changed[at..at + written.len()].copy_from_slice(written);
    }
    changed
}

#[test]
fn a_slip_at_the_bank_uses_up_no_method() {
    let system = System::start();
    let phone = system.blank_phone("slip");
    let _ = phone.activate(&system.realm_file(), &system.activation_code()).expect("activate");
    for _ in 0..2 {
        phone
            .add_account(system.customer_number(), "not-the-password")
            .expect_failure(e2e::wallet_exit::REFUSED, &["at the bank", "login"]);
    }
    let added = phone.add_account(system.customer_number(), e2e::BANK_PASSWORD).expect("methods add");
    assert_eq!((&added["slot"], &added["state"]), (&1.into(), &"active".into()), "{added}");
    let listed = phone.wallet(&["methods", "list"]).run().expect("methods list");
    assert_eq!(listed["methods"].as_array().map(Vec::len), Some(1), "{listed}");
}
