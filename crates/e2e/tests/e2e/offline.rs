//! A phone without a network.

use crate::payment::confirmations;
use e2e::{PIN, Part, Sums, System};

#[test]
fn a_phone_pays_in_a_namespace_with_no_interface_up() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let picture = phone.state().with_extension("png");
    // `unshare -n`: a new network namespace, in which even the loopback interface is down.
    let nowhere: &[&str] = if e2e::is_root() { &["unshare", "-n"] } else { &["unshare", "-r", "-n"] };
    let reached = till.checkout(&["status"]).within(nowhere).run();
    assert_ne!(reached.code(), Some(0), "there is a network in there: {reached}");
    let made = phone.making(PIN, till.label(), &picture).within(nowhere).run();
    let _ = made.expect("wallet pay without a network");
    let _ = phone.status().expect("wallet status");
    let paid = till.pay(&picture, "12.50").expect("checkout pay");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    let lost = phone.wallet(&["confirmations"]).within(nowhere).run();
    assert!(!lost.said().contains("12.50"), "it cannot know yet: {lost}");
    assert_eq!(confirmations(&phone, 1).len(), 1, "it comes once the phone is back");
    system.expect_settled(Sums::settled(1_250));
}

#[test]
fn codes_are_made_while_the_server_is_dead_and_confirmed_when_it_is_back() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    system.kill_part(Part::Server);
    let picture = phone.code(till.label());
    let unreachable = till.pay(&picture, "12.50");
    unreachable.expect_failure(e2e::exit::UNREACHABLE, &["cannot be reached", "nothing happened"]);
    system.start_part(Part::Server, None);
    let paid = till.pay(&picture, "12.50").expect("the same code, once the server is back");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    assert_eq!(confirmations(&phone, 1).len(), 1);
    system.expect_settled(Sums::settled(1_250));
}
