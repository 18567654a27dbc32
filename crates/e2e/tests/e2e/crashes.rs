//! Every named failpoint: the real process aborts there, is started again, and the till goes on as a till would.
//! Whatever was on its way ends; nothing is lost, doubled or stuck.

use e2e::{Part, Phone, Sold, Sums, System, Till, has_failpoints};
use std::time::Duration;

/// More occurrences of one point than a flow has.
const OCCURRENCES_MAX: usize = 16;

struct Shop {
    system: System,
    phone: Phone,
    till: Till,
    sales: usize,
}

/// What a till does with one code.
#[derive(Clone, Copy, Debug)]
enum Flow {
    PayAndRefund,
    HoldAndVoid,
    CapturePartAndVoid,
}

const FLOWS: [Flow; 3] = [Flow::PayAndRefund, Flow::HoldAndVoid, Flow::CapturePartAndVoid];

impl Shop {
    fn open() -> Self {
        assert!(
            has_failpoints(),
            "this batzen has no failpoints; run `cargo xtask test`, or build it with them"
        );
        let system = System::start();
        let (phone, till) = (system.phone("robin"), system.till(7));
        Self { system, phone, till, sales: 0 }
    }

    fn reference(&mut self) -> String {
        self.sales += 1;
        format!("receipt-{}", self.sales)
    }

    /// Runs `flow` while services that die are started again.
    fn run(&mut self, flow: Flow) {
        let reference = self.reference();
        let (phone, till) = (&self.phone, &self.till);
        let work = || {
            let code = phone.code(till.label());
            match flow {
                Flow::PayAndRefund => {
                    let sold = till.sell(&code, "3.35", &reference, &[], None);
                    assert!(sold.is_paid, "the server was back in time: {sold:?}");
                    let sold = till.act(&["refund", "--amount", "1.05"], &reference, None);
                    assert_eq!((sold.captured_minor, sold.refunded_minor), (335, 105), "{sold:?}");
                }
                Flow::HoldAndVoid => {
                    let sold = till.sell(&code, "4.70", &reference, &["--no-capture"], None);
                    assert_eq!(sold.document["state"], "authorised", "{sold:?}");
                    let sold = till.act(&["void"], &reference, None);
                    assert_eq!(sold.captured_minor, 0, "{sold:?}");
                }
                Flow::CapturePartAndVoid => {
                    let _ = till.sell(&code, "6.10", &reference, &["--no-capture"], None);
                    let _ = till.act(&["capture", "--amount", "2.15", "--not-final"], &reference, None);
                    let sold = till.act(&["void"], &reference, None);
                    assert_eq!(sold.captured_minor, 215, "{sold:?}");
                }
            }
        };
        self.system.during(work, System::revive);
        let taken = self.till.taken_minor();
        self.system.expect_sums(Sums::settled(taken));
    }

    fn end(mut self) {
        let taken = self.till.taken_minor();
        self.system.expect_settled(Sums::settled(taken));
    }
}

/// Kills `part` at each occurrence of `point` in each flow, until a flow ends before the point is reached.
fn kill_at_each(part: Part, point: &str, flows: &[Flow]) {
    let mut shop = Shop::open();
    for flow in flows {
        let mut killed = 0;
        for occurrence in 0..OCCURRENCES_MAX {
            let deaths = shop.system.deaths();
            shop.system.kill_part(part);
            shop.system.start_part(part, Some(&at(point, occurrence)));
            shop.run(*flow);
            if shop.system.deaths() == deaths {
                break;
            }
            killed += 1;
        }
        eprintln!("{point}: killed {killed} times in {flow:?}");
        assert!(killed > 0, "{point} is not on the way of {flow:?}");
    }
    // What was not reached must not go off later.
    shop.system.kill_part(part);
    shop.system.start_part(part, None);
    shop.end();
}

pub(crate) fn at(point: &str, occurrence: usize) -> String {
    if occurrence == 0 { format!("{point}=return") } else { format!("{point}={occurrence}*off->return") }
}

#[test]
fn the_server_dies_before_its_commits() {
    kill_at_each(Part::Server, "store-before-commit", &FLOWS);
}

#[test]
fn the_server_dies_after_its_commits() {
    kill_at_each(Part::Server, "store-after-commit", &FLOWS);
}

#[test]
fn the_server_dies_after_the_intent() {
    kill_at_each(Part::Server, "payments-after-intent", &FLOWS[..2]);
}

#[test]
fn the_server_dies_after_the_providers_answer() {
    kill_at_each(Part::Server, "payments-after-provider", &FLOWS[..2]);
}

#[test]
fn the_server_dies_before_telling_the_provider() {
    kill_at_each(Part::Server, "payments-before-effect", &FLOWS);
}

#[test]
fn the_server_dies_after_telling_the_provider() {
    kill_at_each(Part::Server, "payments-after-effect", &FLOWS);
}

#[test]
fn the_server_dies_before_its_answers() {
    kill_at_each(Part::Server, "server-before-answer", &FLOWS);
}

#[test]
fn the_bank_dies_before_its_commits() {
    kill_at_each(Part::Bank, "bank-before-commit", &FLOWS);
}

#[test]
fn the_bank_dies_after_its_commits() {
    kill_at_each(Part::Bank, "bank-after-commit", &FLOWS);
}

#[test]
fn the_bank_dies_before_its_answers() {
    kill_at_each(Part::Bank, "bank-before-answer", &FLOWS[..1]);
}

/// Kills the till's command at each occurrence of `point` in a sale and in the refund or void after it.
fn kill_the_till_at_each(point: &str) {
    let mut shop = Shop::open();
    let mut killed = 0;
    for (plan, after) in
        [(&[][..], &["refund", "--amount", "1.05"][..]), (&["--no-capture"][..], &["void"][..])]
    {
        for occurrence in 0..OCCURRENCES_MAX {
            let points = at(point, occurrence);
            let reference = shop.reference();
            let code = shop.phone.code(shop.till.label());
            let sold = shop.till.sell(&code, "3.35", &reference, plan, Some(&points));
            let mut was_killed = sold.was_killed;
            if can_go_on(&sold) {
                was_killed |= shop.till.act(after, &reference, Some(&points)).was_killed;
            }
            let taken = shop.till.taken_minor();
            shop.system.expect_sums(Sums::settled(taken));
            if !was_killed {
                break;
            }
            killed += 1;
        }
    }
    eprintln!("{point}: killed {killed} times");
    assert!(killed > 0, "{point} is not on the way");
    shop.end();
}

/// Whether there is something to refund or void: a sale whose till died may have been cancelled.
fn can_go_on(sold: &Sold) -> bool {
    sold.is_paid || sold.document["state"] == "authorised"
}

#[test]
fn the_till_dies_around_its_journal() {
    kill_the_till_at_each("checkout-before-journal");
    kill_the_till_at_each("checkout-after-journal");
}

#[test]
fn the_till_dies_before_it_sends() {
    kill_the_till_at_each("checkout-before-send");
}

#[test]
fn the_till_dies_after_the_answer() {
    kill_the_till_at_each("checkout-after-answer");
}

#[test]
fn the_till_dies_around_its_capture() {
    kill_the_till_at_each("checkout-before-capture");
    kill_the_till_at_each("checkout-after-capture");
}

#[test]
fn a_phone_is_enrolled_and_its_account_linked_whenever_the_server_dies() {
    for point in ["store-before-commit", "store-after-commit", "server-before-answer"] {
        let mut shop = Shop::open();
        for occurrence in 0..OCCURRENCES_MAX {
            let deaths = shop.system.deaths();
            let code = shop.system.activation_code();
            let phone = shop.system.blank_phone(&format!("{point}-{occurrence}"));
            let (realm, number) = (shop.system.realm_file(), shop.system.customer_number());
            shop.system.stop_part(Part::Server);
            shop.system.start_part(Part::Server, Some(&at(point, occurrence)));
            let work = || {
                until_it_works(|| phone.activate(&realm, &code));
                until_it_works(|| phone.add_account(number, e2e::BANK_PASSWORD));
            };
            shop.system.during(work, System::revive);
            let was_killed = shop.system.deaths() > deaths;
            // What was not reached must not go off later.
            shop.system.kill_part(Part::Server);
            shop.system.start_part(Part::Server, None);
            let paid = shop.till.pay(&phone.code(shop.till.label()), "0.25").expect("the new phone pays");
            assert_eq!(paid["outcome"], "paid", "{paid}");
            if !was_killed {
                assert!(occurrence > 0, "{point} is not on the way");
                break;
            }
        }
        shop.end();
    }
}

/// As a person would: reads what went wrong, which takes a while, and types the same again.
fn until_it_works(mut command: impl FnMut() -> e2e::Ran) {
    e2e::eventually("what was typed again", || {
        let has_worked = command().is_success();
        if !has_worked {
            std::thread::sleep(Duration::from_secs(2));
        }
        has_worked.then_some(())
    });
}
