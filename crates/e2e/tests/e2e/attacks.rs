//! The attacks that the design names, each mounted against the running programs: docs/attacks.md, "The main ones".

use crate::broken_plugs::with_clock;
use crate::guards::enrolment;
use crate::rogue::Rogue;
use crypto::SystemRandom;
use crypto::p256::SigningKey;
use e2e::{PIN, Part, Ran, Sums, System, WRONG_PIN, exit};
use protocol::evidence::Evidence;
use protocol::payment_code::{Cap, KeyId};
use protocol::realm::Realm;
use std::fs;

/// Declined, with this to do for the customer, and not a word of why.
#[track_caller]
fn expect_declined(ran: &Ran, action: &str) {
    ran.expect_failure(exit::DECLINED, &["declined"]);
    assert_eq!(ran.json()["customer_action"], action, "{ran}");
}

#[track_caller]
fn expect_paid(ran: &Ran) {
    assert_eq!(ran.expect("paid")["outcome"], "paid", "{ran}");
}

/// What the audit trail says of the customer, by action.
fn audited(system: &System, action: &str) -> usize {
    let out = system.dir().join("export.json");
    let _ = fs::remove_file(&out);
    let customer = enrolment(system)["customer"].as_str().expect("an id").to_owned();
    let export = ["customer", "export", &customer, "--out", out.to_str().expect("a path")];
    let _ = system.admin(&export).expect("admin customer export");
    let text = fs::read_to_string(&out).expect("it was written");
    text.matches(&format!("\"{action}\"")).count()
}

#[test]
fn a_code_that_was_captured_pays_at_no_other_till_and_not_after_its_time() {
    let mut system = System::start();
    let (phone, here, elsewhere) = (system.phone("robin"), system.till(7), system.till(8));
    // Lifted while its owner's payment was jammed: the phone had bound it to the till.
    let lifted = phone.code(here.label());
    expect_declined(&elsewhere.pay(&lifted, "5.00"), "enter_again");
    expect_paid(&here.pay(&phone.code(here.label()), "5.00"));
    // Bound to none, and kept for three minutes.
    let kept = phone.state().with_extension("kept.png");
    let mut rogue = Rogue::activate(&system, "rogue");
    let late = rogue.code(|rogue| rogue.fields.device_time_s -= 180);
    fs::copy(&late, &kept).expect("the file can be copied");
    expect_declined(&elsewhere.pay(&kept, "5.00"), "enter_again");
    expect_paid(&elsewhere.pay(&rogue.code(|_| {}), "5.00"));
    system.expect_settled(Sums::settled(1_000));
}

#[test]
fn a_photographed_code_is_worth_nothing_once_it_was_shown_and_only_another_till_raises_an_alarm() {
    let mut system = System::start();
    let (phone, till, other) = (system.phone("robin"), system.till(7), system.till(8));
    let code = phone.code_for_any_till(PIN);
    let photograph = code.with_extension("photograph.png");
    fs::copy(&code, &photograph).expect("a picture can be copied");
    expect_paid(&till.pay(&code, "5.00"));
    // The cashier scans it once more, for the next customer.
    let again = till.checkout(&["pay", "--amount", "5.00", "--reference", "next", "--code"]).arg(&code).run();
    again.expect_failure(exit::DECLINED, &["declined"]);
    assert_eq!(audited(&system, "code.reused_elsewhere"), 0, "no alarm for a hasty cashier");
    other.pay(&photograph, "5.00").expect_failure(exit::DECLINED, &["declined"]);
    assert_eq!(audited(&system, "code.reused_elsewhere"), 1, "somebody has a copy");
    system.expect_settled(Sums::settled(500));
}

#[test]
fn a_stranger_who_knows_everything_but_the_device_s_key_locks_nobody_out() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let victim = enrolment(&system);
    let id = victim["id"].as_str().expect("an id").parse().expect("an enrolment's id");
    let mut rogue = Rogue::activate(&system, "rogue");
    for _ in 0..10 {
        let forged = rogue.code(|rogue| {
            rogue.fields.enrolment = id;
            rogue.pin = WRONG_PIN;
        });
        expect_declined(&till.pay(&forged, "1.00"), "enter_again");
    }
    let list = system.admin(&["enrolments"]).expect("admin enrolments");
    let found = list["enrolments"].as_array().expect("a list").iter().find(|one| one["id"] == victim["id"]);
    assert_eq!(found, Some(&victim), "nothing was counted");
    expect_paid(&till.pay(&phone.code(till.label()), "5.00"));
    system.expect_settled(Sums::settled(500));
}

#[test]
fn a_code_sealed_for_another_server_under_another_key_s_name_or_signed_by_another_key_is_refused() {
    let mut system = System::start();
    let till = system.till(7);
    let mut rogue = Rogue::activate(&system, "rogue");
    let other_realm = Realm::new("other.batzen.example").unwrap();
    let code = rogue.code(|rogue| rogue.recipient.realm = other_realm);
    till.pay(&code, "5.00").expect_failure(exit::DECLINED, &["declined"]);
    let code = rogue.code(|rogue| rogue.recipient.key_id = KeyId(rogue.recipient.key_id.0 + 1));
    till.pay(&code, "5.00").expect_failure(exit::DECLINED, &["declined"]);
    let code = rogue.code(|rogue| rogue.device_key = SigningKey::make(&mut SystemRandom));
    till.pay(&code, "5.00").expect_failure(exit::DECLINED, &["declined"]);
    // Each digit is under a check, the seal and the signature: no other code is read out of this one.
    let digits = fs::read_to_string(rogue.code(|_| {})).unwrap();
    let altered = system.dir().join("altered.txt");
    for place in (0..digits.len()).step_by(40) {
        let mut bytes = digits.clone().into_bytes();
        bytes[place] = b'0' + (bytes[place] - b'0' + 1) % 10;
        fs::write(&altered, &bytes).unwrap();
        assert!(!till.pay(&altered, "5.00").is_success(), "digit {place}");
    }
    expect_paid(&till.pay(&rogue.code(|_| {}), "5.00"));
    system.expect_settled(Sums::settled(500));
}

#[test]
fn a_till_takes_no_more_than_the_customer_said() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let declined = till.pay(&phone.code_for_any_till(PIN), "20.01");
    declined.expect_failure(exit::DECLINED, &["declined"]);
    expect_paid(&till.pay(&phone.code_for_any_till(PIN), "20.00"));
    let told = phone.confirmations().expect("confirmations");
    let told = told["confirmations"].as_array().expect("a list");
    let paid: Vec<_> = told.iter().filter(|one| one["kind"] == "captured").collect();
    let [paid] = paid[..] else { panic!("the phone is told once what was taken: {told:?}") };
    assert_eq!((&paid["amount_minor"], &paid["merchant"]), (&2_000.into(), &"Corner Shop".into()));
    system.expect_settled(Sums::settled(2_000));
}

#[test]
fn what_a_phone_claims_of_itself_lowers_trust_and_never_raises_it() {
    let mut system = System::start();
    let till = system.till(7);
    let mut rogue = Rogue::activate(&system, "rogue");
    let terminal = till.label().parse().ok();
    let mut pay = |evidence: Evidence, amount: &str| {
        let code = rogue.code(|rogue| {
            rogue.fields.claimed_evidence = evidence;
            rogue.fields.terminal = terminal;
            rogue.fields.cap = Cap::at_least(90_000).unwrap();
        });
        till.pay(&code, amount)
    };
    // A phone of which no hardware says anything: clean is the best that it can say, and 500 francs the most.
    pay(Evidence::SENSORS_RAN, "500.01").expect_failure(exit::DECLINED, &["declined"]);
    // Saying nothing is not clean.
    pay(Evidence::empty(), "150.01").expect_failure(exit::DECLINED, &["declined"]);
    for seen in [Evidence::DEBUGGER, Evidence::HOOKING, Evidence::TAMPERED_APP, Evidence::MALWARE] {
        let declined = pay(Evidence::SENSORS_RAN.union(seen), "1.00");
        declined.expect_failure(exit::DECLINED, &["declined"]);
    }
    expect_paid(&pay(Evidence::empty(), "150.00"));
    expect_paid(&pay(Evidence::SENSORS_RAN, "500.00"));
    system.expect_settled(Sums::settled(65_000));
}

#[test]
fn a_restored_backup_goes_online_once_and_is_a_clone_the_second_time() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let backup = phone.copied_to(&system.dir().join("backup"));
    let code_in = |hours: u32| {
        let (out, offset) = (phone.state().with_extension(format!("{hours}.png")), format!("+{hours}h"));
        let making = phone.making(PIN, till.label(), &out).within(&with_clock(&offset));
        let _ = making.run().expect("wallet pay");
        out
    };
    expect_paid(&till.pay(&code_in(0), "1.00"));
    // Hours later, so that it can be no second phone that pays at the same time.
    for (hours, status) in [(1, "unsynchronised"), (2, "locked_clone")] {
        let _ = backup.copied_to(phone.state());
        for part in [Part::Server, Part::Bank] {
            system.stop_part(part);
        }
        system.run_services_within(&with_clock(&format!("+{hours}h")));
        for part in [Part::Bank, Part::Server] {
            system.start_part(part, None);
        }
        expect_declined(&till.pay(&code_in(hours), "1.00"), "open_app_online");
        assert_eq!(enrolment(&system)["status"], status);
        let online = phone.wallet(&["resync"]).within(&with_clock(&format!("+{hours}h"))).run();
        assert_eq!(online.is_success(), hours == 1, "{online}");
        if hours == 1 {
            expect_paid(&till.pay(&code_in(hours), "1.00"));
        }
    }
    system.expect_settled(Sums::settled(200));
}
