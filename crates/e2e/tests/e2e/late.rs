//! A till whose power, clock or server fails it: what it says in the end is what happened to the money.

use e2e::{Part, Sold, Sums, System, Till, exit, has_failpoints};
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

const WINDOW: Duration = Duration::from_secs(2);
/// Longer than that, and than the server needs to see that it has passed.
const AFTER_WINDOW: Duration = Duration::from_millis(3_500);

/// A system whose tills must capture within [`WINDOW`].
fn hurried() -> System {
    let system = System::make();
    let path = system.config(Part::Server);
    let text = fs::read_to_string(&path).expect("init made it");
    let mut config: serde_json::Value = serde_json::from_str(&text).expect("init wrote JSON");
    config["capture_window_s"] = WINDOW.as_secs().into();
    fs::write(&path, config.to_string()).expect("the folder can be written");
    opened(system)
}

fn opened(mut system: System) -> System {
    system.seed_bank("1000.00");
    system.start_part(Part::Bank, None);
    system.start_part(Part::Server, None);
    system.register();
    system
}

/// A sale whose till loses its power just before its capture is sent: the intention is in the journal.
fn cut_before_capture(till: &Till, code: &Path, reference: &str) {
    assert!(has_failpoints(), "this batzen has no failpoints; run `cargo xtask test`");
    let pay = till.paying(code, "3.35").args(["--reference", reference]);
    let cut = pay.env("FAILPOINTS", "checkout-before-capture=return").run();
    assert_eq!(cut.code(), None, "the power was to fail: {cut}");
    let sold = sale(till, reference);
    assert!(sold.is_open && !sold.is_paid, "{sold:?}");
}

fn sale(till: &Till, reference: &str) -> Sold {
    till.sale(reference).unwrap_or_else(|| panic!("no sale {reference}"))
}

#[test]
fn a_capture_that_comes_after_its_time_is_not_paid_and_the_money_is_given_back() {
    let mut system = hurried();
    let (phone, till) = (system.phone("robin"), system.till(7));
    cut_before_capture(&till, &phone.code(till.label()), "late");
    sleep(AFTER_WINDOW);
    let resumed = till.resume().expect("the refusal is an end");
    assert!(resumed.to_string().contains("not captured in time"), "{resumed}");
    let sold = sale(&till, "late");
    assert!(!sold.is_paid && !sold.is_open && sold.document["standing"] == "expired", "{sold:?}");
    let held = till.paying(&phone.code(till.label()), "1.00").args(["--no-capture", "--reference", "held"]);
    let _ = held.run().expect("held");
    sleep(AFTER_WINDOW);
    let number = sale(&till, "held").sale;
    till.checkout(&["capture", &number]).run().expect_failure(exit::FAILED, &["not done"]);
    assert!(!sale(&till, "held").is_paid);
    system.expect_settled(Sums::settled(0));
}

#[test]
fn a_capture_that_was_taken_in_time_and_told_too_late_is_paid() {
    let mut system = hurried();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let code = phone.code(till.label());
    // The second answer of this server is the capture's: it is durable, and nobody hears of it.
    system.stop_part(Part::Server);
    system.start_part(Part::Server, Some("server-before-answer=1*off->return"));
    let paid = system.during(
        || till.paying(&code, "3.35").args(["--reference", "told-late"]).run(),
        |system| {
            if system.has_ended(Part::Server) {
                sleep(AFTER_WINDOW);
                system.revive();
            }
        },
    );
    let _ = paid.expect("the same request gets the answer that is kept for it");
    assert_eq!(system.deaths(), 1, "the server was to die once");
    assert!(sale(&till, "told-late").is_paid);
    system.expect_settled(Sums::settled(335));
}

#[test]
fn a_till_whose_clock_was_set_back_or_ahead_takes_nothing_that_it_did_not_tell() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    for (reference, offset) in [("back", "-10m"), ("ahead", "+2h")] {
        cut_before_capture(&till, &phone.code(till.label()), reference);
        let clock = ["env", "FAKETIME_DONT_FAKE_MONOTONIC=1", "faketime", "-f", offset];
        let resumed = till.checkout(&["resume"]).within(&clock).run();
        let _ = resumed.expect("whatever the clock says, the journal says what is open");
        let sold = sale(&till, reference);
        assert!(!sold.is_open, "{offset}: {sold:?}");
    }
    let taken = till.taken_minor();
    system.expect_settled(Sums::settled(taken));
}

#[test]
fn two_commands_at_once_on_one_journal_are_one_after_the_other() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let codes = [phone.code(till.label()), phone.code(till.label())];
    let ran = std::thread::scope(|scope| {
        let paying = codes.each_ref().map(|code| scope.spawn(|| till.pay(code, "1.15")));
        paying.map(|one| one.join().expect("paying does not panic"))
    });
    for one in ran.iter().filter(|one| !one.is_success()) {
        // The older code may also come second: then it is declined.
        if one.code() != Some(exit::DECLINED) {
            one.expect_failure(exit::FAILED, &["another `batzen checkout`", "wait"]);
        }
    }
    let paid = ran.iter().filter(|one| one.is_success()).count();
    assert!(paid >= 1, "{} {}", ran[0], ran[1]);
    let sold = till.sales().into_iter().filter(|sold| sold.is_paid).count();
    assert_eq!(sold, paid);
    system.expect_settled(Sums::settled(i64::try_from(paid).expect("two at most") * 115));
}

#[test]
fn a_server_that_hears_and_does_not_answer_is_given_up_in_time_and_the_sale_cancelled() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let code = phone.code(till.label());
    system.freeze_part(Part::Server);
    // The till's 45 seconds pass fifteen times as fast; the server's do not pass at all.
    let hasty = ["faketime", "-f", "+0 x15"];
    let given_up = till.paying(&code, "3.35").args(["--reference", "silent"]).within(&hasty).run();
    assert!([Some(exit::UNKNOWN), Some(exit::UNREACHABLE)].contains(&given_up.code()), "{given_up}");
    assert!(!sale(&till, "silent").is_paid);
    system.thaw_part(Part::Server);
    let _ = e2e::eventually("the till's end of it", || {
        let resumed = till.resume();
        resumed.is_success().then_some(resumed)
    });
    let sold = sale(&till, "silent");
    assert!(!sold.is_paid && !sold.is_open, "{sold:?}");
    system.expect_settled(Sums::settled(0));
}
