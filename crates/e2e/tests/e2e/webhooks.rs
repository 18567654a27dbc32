//! A merchant's system learns of everything that happened, whoever is killed when: at least once, and of each
//! payment in order.

use e2e::{Part, Phone, Receiver, Sums, System, Till, Told, eventually, has_failpoints};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

struct Shop {
    system: System,
    phone: Phone,
    till: Till,
    receiver: Receiver,
    endpoint: String,
}

impl Shop {
    fn open() -> Self {
        let system = System::start();
        let (phone, till) = (system.phone("robin"), system.till(7));
        let mut receiver = Receiver::start(&system);
        let endpoint = receiver.register(&system, false);
        Self { system, phone, till, receiver, endpoint }
    }

    /// What must have been told of every payment that the till knows of, by version: its events, as an operator
    /// reads them. None while the server is away.
    fn expected(&self) -> Option<BTreeMap<String, BTreeSet<u64>>> {
        let payments: Vec<String> = self.till.sales().iter().filter_map(payment).collect();
        assert!(!payments.is_empty());
        payments.into_iter().map(|id| Some((id.clone(), self.told_versions(&id)?))).collect()
    }

    fn told_versions(&self, payment: &str) -> Option<BTreeSet<u64>> {
        let ran = self.system.admin(&["payment", payment]);
        let story = ran.is_success().then(|| ran.expect("admin payment"))?;
        let events: Vec<String> =
            story["events"].as_array().expect("a list").iter().map(|event| event.to_string()).collect();
        let was_given_up = events.iter().any(|event| event.contains(" GivenUp"));
        let is_told = |event: &str| {
            [" Approved(", " Refused(", " GivenUp", " Capture {", " Refund {", " Void", " DeadlinePassed"]
                .iter()
                .any(|kind| event.contains(kind))
                || was_given_up && event.contains(" ReleaseBooked")
        };
        // The payment's first event leads to its version 2.
        Some((2..).zip(&events).filter(|(_, event)| is_told(event)).map(|(version, _)| version).collect())
    }

    /// Waits until all is told that happened, and looks at the order.
    fn expect_all_told(&mut self) -> Vec<Told> {
        let told = eventually("what was to be told", || {
            self.system.revive();
            self.receiver.revive();
            let expected = self.expected()?;
            let told = self.receiver.told();
            (heard(&told) == expected).then_some(told)
        });
        let mut last = BTreeMap::new();
        for one in &told {
            let before = last.insert((one.endpoint, &one.payment), one.sequence);
            assert!(before <= Some(one.sequence), "told out of order: {one:?} after {before:?}");
        }
        told
    }

    fn sell(&self, reference: &str) {
        let sold = self.till.sell(&self.phone.code(self.till.label()), "3.35", reference, &[], None);
        if sold.is_paid {
            let _ = self.till.act(&["refund", "--amount", "1.05"], reference, None);
        }
    }
}

fn payment(sold: &e2e::Sold) -> Option<String> {
    sold.document["payment"].as_str().map(str::to_owned)
}

fn heard(told: &[Told]) -> BTreeMap<String, BTreeSet<u64>> {
    let mut heard = BTreeMap::<_, BTreeSet<u64>>::new();
    for told in told {
        heard.entry(told.payment.clone()).or_default().insert(told.sequence);
    }
    heard
}

/// How many arrived more than once.
fn repeated(told: &[Told]) -> usize {
    let ids: BTreeSet<&str> = told.iter().map(|told| told.id.as_str()).collect();
    told.len() - ids.len()
}

#[test]
fn all_is_told_while_receiver_and_server_are_killed() {
    let Shop { mut system, phone, till, mut receiver, endpoint } = Shop::open();
    let mut kills = (0, Instant::now() + Duration::from_millis(700));
    let is_enough = AtomicBool::new(false);
    let sell = || {
        let sales = (1..).take_while(|sale| *sale <= 12 || !is_enough.load(Ordering::SeqCst));
        for sale in sales {
            let reference = format!("receipt-{sale}");
            let sold = till.sell(&phone.code(till.label()), "1.15", &reference, &[], None);
            if sold.is_paid && sale % 2 == 0 {
                let _ = till.act(&["refund", "--amount", "0.40"], &reference, None);
            }
        }
    };
    system.during(sell, |system| {
        system.revive();
        if Instant::now() < kills.1 || kills.0 == 6 {
            return;
        }
        // One after the other dies; the receiver stays away until its next turn.
        match kills.0 % 3 {
            0 => receiver.kill(),
            1 => {
                system.kill_part(Part::Server);
                system.start_part(Part::Server, None);
            }
            _ => receiver.revive(),
        }
        kills = (kills.0 + 1, Instant::now() + Duration::from_millis(700));
        is_enough.store(kills.0 >= 3, Ordering::SeqCst);
    });
    let mut shop = Shop { system, phone, till, receiver, endpoint };
    let told = shop.expect_all_told();
    eprintln!("{} webhooks, {} of them repeated", told.len(), repeated(&told));
    let taken = shop.till.taken_minor();
    shop.system.expect_settled(Sums::settled(taken));
}

/// Kills the server at each occurrence of `point` in a sale and its refund. Gives how many webhooks came twice.
fn kill_at_each(point: &str) -> usize {
    assert!(has_failpoints(), "this batzen has no failpoints; run `cargo xtask test`, or build it with them");
    let mut shop = Shop::open();
    let mut killed = 0;
    for occurrence in 0..3 {
        let deaths = shop.system.deaths();
        let points = if occurrence == 0 {
            format!("{point}=return")
        } else {
            format!("{point}={occurrence}*off->return")
        };
        shop.system.kill_part(Part::Server);
        shop.system.start_part(Part::Server, Some(&points));
        let (phone, till) = (&shop.phone, &shop.till);
        let reference = format!("receipt-{occurrence}");
        shop.system.during(
            || {
                let sold = till.sell(&phone.code(till.label()), "3.35", &reference, &[], None);
                assert!(sold.is_paid, "{sold:?}");
                let _ = till.act(&["refund", "--amount", "1.05"], &reference, None);
            },
            System::revive,
        );
        // Perhaps the last webhook of the sale is still to be sent, and kills then.
        let _ = shop.expect_all_told();
        killed += shop.system.deaths() - deaths;
        shop.system.kill_part(Part::Server);
        shop.system.start_part(Part::Server, None);
    }
    assert!(killed >= 3, "{point}: killed {killed} times");
    let told = shop.expect_all_told();
    let taken = shop.till.taken_minor();
    shop.system.expect_settled(Sums::settled(taken));
    repeated(&told)
}

#[test]
fn the_server_dies_between_commit_and_delivery() {
    let _ = kill_at_each("webhooks-before-send");
}

#[test]
fn the_server_dies_between_delivery_and_writing_it_down() {
    assert!(kill_at_each("webhooks-after-send") >= 3, "what was not written down is sent again");
}

#[test]
fn operators_look_after_endpoints_on_the_command_line() {
    let mut shop = Shop::open();
    let gone = shop.receiver.register(&shop.system, true);
    shop.sell("one");
    let told = shop.expect_all_told();
    assert!(told.iter().any(|told| told.endpoint == 0) && told.iter().any(|told| told.endpoint == 1));
    let admin = |words: &[&str]| -> Value {
        let words: Vec<&str> = core::iter::once("webhook").chain(words.iter().copied()).collect();
        shop.system.admin(&words).expect("admin webhook")
    };
    let status = |list: &Value, id: &str| {
        let endpoints = list["endpoints"].as_array().expect("a list").clone();
        endpoints.into_iter().find(|endpoint| endpoint["id"] == id).expect("it is listed")["status"].clone()
    };
    let list = eventually("the endpoint that is gone is disabled", || {
        let list = admin(&["list", shop.system.merchant()]);
        (status(&list, &gone) == "gone").then_some(list)
    });
    assert_eq!(status(&list, &shop.endpoint), "enabled");
    let dead = eventually("a dead letter", || {
        let dead = admin(&["dead", "--endpoint", &gone]);
        (!dead["webhooks"].as_array().expect("a list").is_empty()).then_some(dead)
    });
    let id = dead["webhooks"][0]["id"].as_str().expect("an id").to_owned();
    assert!(!shop.system.admin(&["webhook", "resend", &id]).is_success(), "its endpoint is disabled");

    // The old secret is still good; then the receiver changes over.
    let rotated = admin(&["rotate", &shop.endpoint]);
    shop.sell("two");
    let _ = shop.expect_all_told();
    shop.receiver.use_secret(0, rotated["secret"].as_str().expect("a secret"));
    shop.sell("three");
    let told = shop.expect_all_told();
    let since = "--since-ms=0";
    let own = shop.endpoint.clone();
    let admin = |words: &[&str]| shop.system.admin(words);
    let again =
        admin(&["webhook", "resend", "--endpoint", &own, since, "--include-delivered"]).expect("resend");
    let own_count = told.iter().filter(|told| told.endpoint == 0).count();
    assert_eq!(again["resent"], own_count);
    eventually("all comes again", || (shop.receiver.told().len() >= told.len() + own_count).then_some(()));

    assert_eq!(admin(&["webhook", "enable", &gone]).expect("enable")["status"], "enabled");
    assert!(admin(&["webhook", "resend", &id]).is_success());
    assert_eq!(admin(&["webhook", "disable", &gone]).expect("disable")["status"], "disabled");
    assert!(admin(&["webhook", "remove", &gone]).is_success());
    assert!(!admin(&["webhook", "remove", &gone]).is_success());
    assert_eq!(admin(&["webhook", "resend"]).code(), Some(2), "which ones must be said");
}
