//! One payment through all the parts, and the demo.

use e2e::{Phone, Ran, Sums, System, batzen, eventually};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// The phone's confirmations once there are `count` of them.
pub(crate) fn confirmations(phone: &Phone, count: usize) -> Vec<Value> {
    eventually("a confirmation", || {
        let told = phone.confirmations().expect("wallet confirmations");
        let all = told["confirmations"].as_array().cloned().unwrap_or_default();
        (all.len() >= count).then_some(all)
    })
}

#[test]
fn a_payment_reaches_bank_ledger_till_and_phone_to_the_cent() {
    let mut system = System::start();
    let phone = system.phone("robin");
    let till = system.till(7);
    let code = phone.code(till.label());
    let sale = till.pay(&code, "12.50").expect("checkout pay");
    assert_eq!(sale["outcome"], "paid", "{sale}");
    assert_eq!(sale["captured_minor"], 1_250, "{sale}");
    system.expect_sums(Sums::settled(1_250));

    let told = confirmations(&phone, 1);
    assert_eq!(told.len(), 1, "{told:?}");
    let (payment, shown) = (sale["payment"].as_str().expect("an id"), told[0].to_string());
    for part in [payment, "12.50", "Corner Shop", "captured"] {
        assert!(shown.contains(part), "`{part}` is not in {shown}");
    }
    assert_eq!(confirmations(&phone, 1).len(), 1, "one payment is confirmed once");

    let refunded = till.checkout(&["refund", payment, "--amount", "2.05"]).run().expect("checkout refund");
    assert_eq!(refunded["outcome"], "refunded", "{refunded}");
    assert_eq!(confirmations(&phone, 2).len(), 2);
    let story = system.admin(&["payment", payment]).expect("admin payment");
    assert_eq!(story["verdict"], "ok", "{story}");
    system.expect_settled(Sums::settled(1_045));
}

#[test]
fn held_money_is_held_captured_in_parts_and_given_back() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let hold = till.paying(&phone.code(till.label()), "30").arg("--no-capture").run().expect("hold");
    assert_eq!(hold["outcome"], "held", "{hold}");
    let held = Sums { held_minor: 3_000, pending_minor: 3_000, ..Sums::settled(0) };
    system.expect_sums(held);
    let payment = hold["payment"].as_str().expect("an id").to_owned();
    let part = till.checkout(&["capture", &payment, "--amount", "10", "--not-final"]).run().expect("capture");
    assert_eq!(part["outcome"], "captured", "{part}");
    system.expect_sums(Sums { held_minor: 2_000, pending_minor: 2_000, ..Sums::settled(1_000) });
    let voided = till.checkout(&["void", &payment]).run().expect("void");
    assert_eq!(voided["outcome"], "voided", "{voided}");
    system.expect_settled(Sums::settled(1_000));
}

#[test]
fn what_is_not_on_the_account_is_declined_and_nothing_moves() {
    let mut system = System::start();
    let till = system.till(7);
    let phone = system.phone("robin");
    // 20 payments of 50 francs are all that there is.
    for _ in 0..20 {
        let _ = till.pay(&phone.code(till.label()), "50").expect("checkout pay");
    }
    let declined = till.pay(&phone.code(till.label()), "0.01");
    declined.expect_failure(e2e::exit::DECLINED, &["another method"]);
    assert_eq!(declined.json()["customer_action"], "other_method", "{declined}");
    system.expect_settled(Sums::settled(e2e::OPENING_MINOR));
}

#[test]
fn the_demo_makes_one_payment_and_says_the_right_sums() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ran = batzen(["demo", "--once"]).in_folder(folder.path()).run();
    let _ = ran.expect("demo --once");
    assert!(ran.stdout.contains("187.50") && ran.stdout.contains("12.50"), "{ran}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("it is there").count(), 0, "the demo cleans up");

    // A folder of one's own survives: the second payment goes on where the first ended.
    let dir = folder.path().join("kept");
    for (account_minor, merchant_minor) in [(18_750, 1_250), (17_500, 2_500)] {
        let ran = once(&dir);
        assert_eq!(ran.json()["sums"]["account_minor"], account_minor, "{ran}");
        assert_eq!(ran.json()["sums"]["merchant_minor"], merchant_minor, "{ran}");
    }
}

fn once(dir: &Path) -> Ran {
    let ran = batzen(["--json", "demo", "--once", "--dir"]).arg(dir).run();
    let _ = ran.expect("demo --once --dir");
    ran
}

#[test]
fn the_demo_starts_again_where_it_ended() {
    let system = System::make();
    let dir = system.dir().with_file_name("demo");
    let start = || {
        let demo = batzen(["--json", "demo", "--port", &system.port().to_string(), "--dir"]).arg(&dir);
        let mut child = demo.start();
        let mut out = std::io::BufReader::new(child.stdout.take().expect("it was asked for"));
        // One document, printed when all is up.
        let mut printed = String::new();
        while !printed.trim_end().ends_with('}') {
            let count = std::io::BufRead::read_line(&mut out, &mut printed).expect("it is text");
            assert!(count > 0, "the demo ended: {printed}");
        }
        let seeded: Value = serde_json::from_str(&printed).expect("it is JSON");
        (child, seeded)
    };
    let end = |mut child: std::process::Child| {
        let id = child.id().to_string();
        let sent = std::process::Command::new("kill").args(["-INT", &id]).status().expect("kill runs");
        assert!(sent.success());
        let status = child.wait().expect("our own child");
        assert!(status.success(), "Ctrl-C ends the demo well: {status}");
    };
    let (first, seeded) = start();
    let phone = Phone::at(&dir.join("wallet"));
    let code = seeded["activation_code"].as_str().expect("a code").to_owned();
    let _ = phone.activate(&dir.join("phone/realm.json"), &code).expect("activate");
    let number = seeded["customer_number"].as_str().expect("a number");
    let _ = phone.add_account(number, "alpine-meadow-42").expect("methods add");
    let label = seeded["till"].as_str().expect("a label").to_owned();
    end(first);

    let (second, seeded) = start();
    assert_eq!(seeded["till"], label.as_str(), "the same till after a restart");
    let picture = phone.code(&label);
    let till = dir.join("till");
    let pay = batzen(["--json", "checkout", "pay", "--amount", "12.50", "--state"]).arg(&till);
    let paid = pay.arg("--code").arg(&picture).run().expect("checkout pay");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    assert_eq!(confirmations(&phone, 1).len(), 1);
    std::thread::sleep(Duration::from_millis(300));
    end(second);
    let settled = || batzen(["check", "--settled", "--config"]).arg(dir.join("server/server.json")).run();
    let _ = settled().expect("check after the demo");
}
