//! Payments over two servers, and phones that listen at the other one.

use super::expect_settled;
use e2e::postgres::Cluster;
use e2e::{PIN, Part, Sums, System, eventually};
use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A server looks for confirmations by itself every ten seconds. If so many payments all come within half of that, it
/// was told of them. The phone asks for nothing while it listens.
const TOLD_WITHIN: Duration = Duration::from_secs(5);
const PAYMENTS: usize = 10;

#[test]
fn a_payment_goes_through_both_servers_to_the_cent() {
    let cluster = Cluster::start();
    let mut system = System::start_on(&cluster.create_database("shop"));
    let (till, other_till) = (system.till(7), system.till_at(Part::Second, 8));
    let phone = system.phone_at(Part::Second, "robin");
    let sale = till.pay(&phone.code(till.label()), "12.50").expect("checkout pay");
    assert_eq!((&sale["outcome"], &sale["captured_minor"]), (&"paid".into(), &1_250.into()), "{sale}");
    system.expect_sums(Sums::settled(1_250));
    let payment = sale["payment"].as_str().expect("an id");
    let refunded = till.checkout(&["refund", payment, "--amount", "2.05"]).run().expect("checkout refund");
    assert_eq!(refunded["outcome"], "refunded", "{refunded}");
    let sale = other_till.pay(&phone.code(other_till.label()), "3.35").expect("checkout pay");
    assert_eq!(sale["outcome"], "paid", "{sale}");
    // A code that one server has seen is used at the other, too.
    let code = system.dir().join("for-any-till.png");
    let pay = phone.wallet(&["pay", "--cap", "50", "--pin-stdin", "--quiet", "--out"]).arg(&code);
    let _ = pay.typing(&format!("{PIN}\n")).run().expect("wallet pay");
    assert!(other_till.pay(&code, "0.40").is_success());
    till.pay(&code, "0.40").expect_failure(e2e::exit::DECLINED, &["new code"]);
    eventually("three confirmations and a refund's", || {
        let told = phone.confirmations().expect("wallet confirmations");
        (told["confirmations"].as_array()?.len() == 4).then_some(())
    });
    for server in Part::SERVERS {
        let story = system.admin_at(server, &["payment", payment]).expect("admin payment");
        assert_eq!(story["verdict"], "ok", "{story}");
    }
    expect_settled(&mut system, 1_250 - 205 + 335 + 40);
}

#[test]
fn a_phone_at_one_server_hears_at_once_of_payments_at_the_other() {
    let cluster = Cluster::start();
    let mut system = System::start_on(&cluster.create_database("shop"));
    let till = system.till(7);
    let phone = system.phone_at(Part::Second, "robin");
    let codes: Vec<_> = (0..PAYMENTS).map(|_| phone.code(till.label())).collect();
    let listening = Listening::start(&phone);
    let mut longest = Duration::ZERO;
    for (number, code) in codes.iter().enumerate() {
        let sale = till.pay(code, "0.55").expect("checkout pay");
        assert_eq!(sale["outcome"], "paid", "{sale}");
        let paid_at = Instant::now();
        let payment = sale["payment"].as_str().expect("an id").to_owned();
        let shown = listening.until(&payment);
        assert!(shown, "payment {number} was not told");
        longest = longest.max(paid_at.elapsed());
    }
    eprintln!("told at most {longest:?} after the till");
    drop(listening);
    expect_settled(&mut system, 55 * 10);
}

/// A phone that shows confirmations as they come.
struct Listening {
    child: Child,
    lines: Receiver<String>,
}

impl Listening {
    fn start(phone: &e2e::Phone) -> Self {
        let mut child = phone.wallet(&["confirmations", "--follow"]).start();
        let stdout = child.stdout.take().expect("it was asked for");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines }
    }

    /// Waits until it shows this payment.
    fn until(&self, payment: &str) -> bool {
        let give_up_at = Instant::now() + TOLD_WITHIN;
        while let Ok(line) = self.lines.recv_timeout(give_up_at.saturating_duration_since(Instant::now())) {
            if line.contains(payment) {
                return true;
            }
        }
        false
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
