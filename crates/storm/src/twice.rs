//! One code at two servers at once: phones show each code to two tills, each of which asks its own server.

use crate::line::Line;
use crate::phone::{Code, Phone};
use crate::shop::ask;
use e2e::{Part, Sums, System};
use futures_util::future::join_all;
use history::{Outcome, Recorder};
use https::Roots;
use model::TerminalNumber;
use protocol::realm_file::RealmFile;
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

const PHONES: u32 = 8;
const AMOUNT_MINOR: i64 = 10;
const BUSY: u16 = 429;
const BUSY_PAUSE: Duration = Duration::from_millis(50);

/// What became of the codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Twice {
    /// Accepted at one till and declined at the other.
    pub once: u32,
    /// Of those, accepted at the second server.
    pub at_second: u32,
    /// Everything else, in words.
    pub otherwise: Vec<String>,
}

struct Counter {
    line: Line,
    terminal: TerminalNumber,
}

/// Shows so many codes to two servers at once, each server a process of its own on the empty PostgreSQL database at
/// `url`; then the bank must hold the amount of each accepted code, and the store must be sound.
///
/// # Panics
/// If the system cannot be set up, or bank and ledger do not agree.
#[must_use]
pub fn show_to_two_servers(url: &str, codes: u32) -> Twice {
    let mut system = System::start_on(url);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("threads can be started");
    let recorder = Arc::new(Recorder::default());
    let counters = [(Part::Server, 1), (Part::Second, 2)].map(|(server, number)| {
        let (label, api_key) = system.register_till(number);
        let roots = Roots::from_pem(&fs::read(system.roots()).expect("init made them")).expect("PEM");
        let name = format!("till {number}");
        let line = Line::new(name, system.url_of(server), api_key, roots, Arc::clone(&recorder));
        Counter { line, terminal: label.parse().expect("a till's number") }
    });
    let realm = RealmFile::parse(&fs::read(system.realm_file()).expect("init made it")).expect("init's own");
    let phones: Vec<Phone> = (1..=PHONES)
        .map(|number| {
            let code = system.activation_code();
            let name = format!("phone {number}");
            let phone = runtime.block_on(Phone::activate(name, &realm, &code, system.customer_number()));
            phone.expect("a phone can be activated")
        })
        .collect();
    let each = codes / PHONES;
    let shown = runtime.block_on(join_all(phones.into_iter().map(|phone| show_all(phone, &counters, each))));
    let mut twice = Twice::default();
    for one in shown {
        twice.once += one.once;
        twice.at_second += one.at_second;
        twice.otherwise.extend(one.otherwise);
    }
    let held_minor = i64::from(twice.once) * AMOUNT_MINOR;
    system.expect_sums(Sums { held_minor, pending_minor: held_minor, ..Sums::settled(0) });
    let check = system.check(&[]);
    let _ = check.expect("check");
    twice
}

async fn show_all(mut phone: Phone, counters: &[Counter; 2], codes: u32) -> Twice {
    let mut twice = Twice::default();
    for _ in 0..codes {
        let code = phone.code(None).expect("a phone can always make a code");
        let [first, second] = counters;
        let (first, second) = tokio::join!(show(first, &code), show(second, &code));
        match (is_accepted(&first), is_accepted(&second)) {
            (Some(true), Some(false)) => twice.once += 1,
            (Some(false), Some(true)) => {
                twice.once += 1;
                twice.at_second += 1;
            }
            _ => twice.otherwise.push(format!("{} {}: {first:?}, {second:?}", code.payer, code.counter.0)),
        }
    }
    twice
}

/// Asks until the server is not too busy.
async fn show(counter: &Counter, code: &Code) -> Outcome {
    let key = format!("{}-{}", code.payer.replace(' ', "-"), code.counter.0);
    loop {
        let outcome = ask(&counter.line, counter.terminal, code, &key, AMOUNT_MINOR).await;
        if !matches!(outcome, Outcome::Answered { status: BUSY, .. }) {
            return outcome;
        }
        sleep(BUSY_PAUSE).await;
    }
}

/// Whether it was accepted, or declined as a used code is.
fn is_accepted(outcome: &Outcome) -> Option<bool> {
    match outcome {
        Outcome::Answered { status: 201, .. } => Some(true),
        Outcome::Answered { status: 402, body } if body.contains("enter_again") => Some(false),
        _ => None,
    }
}
