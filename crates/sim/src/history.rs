//! One history, from its plan to the verdict on it.

use crate::chance::Chance;
use crate::clock::{MachineClock, START, Time};
use crate::fault::{Fault, Tally};
use crate::harm::harm;
use crate::log::{Log, Recorded, Violation};
use crate::net::Net;
use crate::node::Node;
use crate::phone::Phone;
use crate::plan::{Act, ActKind, Machine, Mishap, MishapKind, Plan, Whose};
use crate::programs::{self, BankNode, SeededIds, ServerNode, ServerSetup};
use crate::template::{Template, TillKit};
use crate::till::Till;
use crate::{end, errands};
use api::payment::{CancellationRequest, CancellationView};
use bank_api::{AccountId, AccountStatus};
use http::StatusCode;
use https::Bytes;
use model::{CheckoutId, EnrolmentId, IdempotencyKey, PaymentId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::fault_disk::Fate;
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// What came of a history.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The faults that were caused.
    pub tally: Tally,
    /// The story, line by line, if it was asked for.
    pub story: Vec<String>,
    /// The rules that did not hold.
    pub violations: Vec<Violation>,
    /// How many payments ended in each state.
    pub payments: BTreeMap<&'static str, u64>,
    /// Messages to which something happened, by number.
    pub(crate) hit: BTreeSet<u64>,
}

/// Everything that takes part.
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) log: Arc<Log>,
    pub(crate) net: Arc<Net>,
    pub(crate) server: Arc<ServerNode>,
    pub(crate) bank: Arc<BankNode>,
    pub(crate) hostile: TillKit,
    pub(crate) time: Time,
    server_clock: MachineClock,
    bank_clock: MachineClock,
    phones: Vec<Mutex<Phone>>,
    /// Each customer's account at the bank, and whether it was closed.
    accounts: Vec<(AccountId, AtomicBool)>,
    /// Codes that were shown.
    codes: Mutex<Vec<String>>,
    /// Payments that honest tills told of.
    payments: Mutex<Vec<PaymentId>>,
    /// What was acknowledged.
    pub(crate) acknowledged: Mutex<Vec<Acknowledged>>,
    /// Requests of which a cancel was told that they had not come.
    pub(crate) cancelled: Mutex<Vec<(CheckoutId, IdempotencyKey)>>,
}

/// A final answer that somebody got.
#[derive(Clone, Debug)]
pub(crate) struct Acknowledged {
    pub(crate) checkout: CheckoutId,
    pub(crate) key: IdempotencyKey,
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// Runs the history of `plan`, in a runtime of its own on this thread.
///
/// # Panics
/// If no runtime can be made.
#[must_use]
pub fn run(template: &Template, plan: &Plan, is_told: bool) -> Ended {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without a network needs nothing");
    runtime.block_on(live(template, plan, is_told))
}

async fn live(template: &Template, plan: &Plan, is_told: bool) -> Ended {
    let time = Time::begin(START);
    let clocks: Vec<MachineClock> = (0..template.tills.len()).map(|_| MachineClock::new(time)).collect();
    let world = Arc::new(World::open(template, plan, time, is_told));
    world.bank.boot();
    world.server.boot();
    let mut tills: Vec<JoinHandle<Till>> = Vec::new();
    let mut cuts = Vec::new();
    for (number, (kit, clock)) in template.tills.iter().zip(&clocks).enumerate() {
        let till = Till::new(number, kit.clone(), clock.clone());
        let (cut, cut_by) = errands::cuts();
        cuts.push(cut);
        tills.push(tokio::spawn(errands::till_day(Arc::clone(&world), till, cut_by)));
    }
    let others: Vec<JoinHandle<()>> = plan
        .acts
        .iter()
        .filter(|act| !matches!(act.kind, ActKind::Sale { .. }))
        .map(|act| tokio::spawn(other(Arc::clone(&world), act.clone())))
        .collect();
    let mishaps: Vec<JoinHandle<()>> = plan
        .mishaps
        .iter()
        .map(|mishap| tokio::spawn(happen(Arc::clone(&world), mishap.clone(), clocks.clone(), cuts.clone())))
        .collect();
    let mut at_end = Vec::new();
    for till in tills {
        match till.await {
            Ok(till) => at_end.push(till),
            Err(_) => world.log.violated("a till that panicked", "see above".to_owned()),
        }
    }
    for other in others {
        if other.await.is_err() {
            world.log.violated("a task that panicked", "see above".to_owned());
        }
    }
    mishaps.iter().for_each(JoinHandle::abort);
    for clock in &clocks {
        clock.set_ahead_ms(0);
    }
    let payments = end::settle_and_check(&world, template, &mut at_end).await;
    let Recorded { tally, story, violations, hit } = world.log.take();
    Ended { tally, story, violations, payments, hit }
}

async fn other(world: Arc<World>, act: Act) {
    sleep(Duration::from_millis(act.at_ms)).await;
    match act.kind {
        ActKind::Harm(kind) => harm(&world, &act, kind).await,
        ActKind::Fetch { phone } => {
            let mut chance = Chance::of(&[world.plan.seed, 4, act.number]);
            errands::fetch(&world, phone, &mut chance).await;
        }
        ActKind::Restore { phone } => {
            if world.phone(phone).restore() {
                let words = || format!("the phone of customer {} is set up from an old backup", phone + 1);
                world.log.fault(Fault::PhoneRestored, words);
            }
        }
        ActKind::Sale { .. } => {}
    }
}

async fn happen(world: Arc<World>, mishap: Mishap, clocks: Vec<MachineClock>, cuts: Vec<errands::CutSender>) {
    sleep(Duration::from_millis(mishap.at_ms)).await;
    match mishap.kind {
        MishapKind::Kill { at: Machine::Server, down_ms } => world.server.kill(down_ms),
        MishapKind::Kill { at: Machine::Bank, down_ms } => world.bank.kill(down_ms),
        MishapKind::Power { at, after_operations, fate, down_ms, again_at_start } => {
            let at_start = again_at_start.map(|operation| (operation, fate_of(fate.rotate_left(17))));
            let fate = fate_of(fate);
            match at {
                Machine::Server => world.server.cut_after(after_operations, fate, down_ms, at_start),
                Machine::Bank => world.bank.cut_after(after_operations, fate, down_ms, at_start),
            }
        }
        MishapKind::Sync { at: Machine::Server, down_ms } => world.server.fail_syncs(down_ms).await,
        MishapKind::Sync { at: Machine::Bank, down_ms } => world.bank.fail_syncs(down_ms).await,
        MishapKind::Full { at: Machine::Server, for_ms } => world.server.fill_disk(for_ms).await,
        MishapKind::Full { at: Machine::Bank, for_ms } => world.bank.fill_disk(for_ms).await,
        MishapKind::Silent { for_ms } => {
            world.log.fault(Fault::BankSilent, || format!("the bank answers nobody for {for_ms} ms"));
            world.net.silence_bank(true);
            sleep(Duration::from_millis(for_ms)).await;
            world.net.silence_bank(false);
        }
        MishapKind::CloseAccount { phone } => world.close_account(phone).await,
        MishapKind::Clock { whose, ahead_ms } => {
            let (clock, name) = match whose {
                Whose::Server => (&world.server_clock, "the server's clock".to_owned()),
                Whose::Bank => (&world.bank_clock, "the bank's clock".to_owned()),
                Whose::Till(number) => (&clocks[number], format!("the clock of till {}", number + 1)),
            };
            world
                .log
                .fault(Fault::ClockSet, || format!("{name} is set {ahead_ms} ms ahead of the true time"));
            clock.set_ahead_ms(ahead_ms);
        }
        MishapKind::Till { till, after_entries, cut, down_ms } => {
            // A till that has ended its day cannot be cut any more.
            let _ = cuts[till].send((after_entries, cut, down_ms));
        }
    }
}

fn fate_of(draw: u64) -> Fate {
    match draw % 4 {
        0 => Fate::Lost,
        1 => Fate::Torn,
        2 => Fate::Kept,
        _ => Fate::Scattered(draw),
    }
}

impl World {
    fn open(template: &Template, plan: &Plan, time: Time, is_told: bool) -> Self {
        let log = Arc::new(Log::new(time, is_told));
        let (server_clock, bank_clock) = (MachineClock::new(time), MachineClock::new(time));
        let net = Arc::new(Net::new(log.clone(), plan.network, plan.spared.clone()));
        let stream = |name| Chance::of(&[plan.seed, 5, name]);
        let start = programs::bank(template.secrets.clone(), bank_clock.clone());
        let bank = Node::new("bank", template.bank_images.clone(), start, log.clone(), stream(1));
        let start = programs::server(ServerSetup {
            secrets: template.secrets.clone(),
            clock: server_clock.clone(),
            ids: Arc::new(SeededIds(Mutex::new(stream(2)))),
            net: net.clone(),
            bank: bank.clone(),
            capture_window_s: plan.capture_window_s,
            look_again_ms: plan.look_again_ms,
            log_bytes: plan.log_bytes,
            chance: stream(3),
        });
        let server = Node::new("server", template.server_images.clone(), start, log.clone(), stream(4));
        Self {
            plan: plan.clone(),
            log,
            net,
            server,
            bank,
            hostile: template.hostile.clone(),
            time,
            server_clock,
            bank_clock,
            phones: template.phones.iter().cloned().map(Mutex::new).collect(),
            accounts: template.accounts.iter().map(|id| (*id, AtomicBool::new(false))).collect(),
            codes: Mutex::default(),
            payments: Mutex::default(),
            acknowledged: Mutex::default(),
            cancelled: Mutex::default(),
        }
    }

    /// From now on nothing goes wrong any more, and every clock is right.
    pub(crate) fn calm(&self) {
        self.net.calm();
        self.server.calm();
        self.bank.calm();
        self.server_clock.set_ahead_ms(0);
        self.bank_clock.set_ahead_ms(0);
    }

    pub(crate) fn phone(&self, number: usize) -> MutexGuard<'_, Phone> {
        lock(&self.phones[number])
    }

    pub(crate) fn phones(&self) -> usize {
        self.phones.len()
    }

    /// The digits of a phone's next code; none if the phone makes none now.
    pub(crate) fn make_code(&self, phone: usize, is_pin_right: bool, chance: &mut Chance) -> Option<String> {
        let made = self.phone(phone).make_code(is_pin_right, self.time.now(), chance);
        match made {
            Ok(digits) => {
                if !is_pin_right {
                    self.log.fault(Fault::WrongPin, || format!("customer {} mistypes the PIN", phone + 1));
                }
                Some(digits)
            }
            Err(error) => {
                self.log.tell(|| format!("the phone of customer {} makes no code: {error}", phone + 1));
                None
            }
        }
    }

    /// A customer closes their account; the bank refuses while money is held on it.
    async fn close_account(&self, phone: usize) {
        let Some(bank) = self.bank.inside() else { return };
        let (account, is_closed) = &self.accounts[phone];
        // Said beforehand: it may be closed although the bank dies before it says so.
        is_closed.store(true, Ordering::SeqCst);
        match bank.set_account_status(*account, AccountStatus::Closed).await {
            Ok(()) => {
                let words = || format!("customer {} closes the account at the bank", phone + 1);
                self.log.fault(Fault::AccountClosed, words);
            }
            Err(error) => {
                self.log.tell(|| format!("customer {} cannot close the account: {error}", phone + 1));
            }
        }
    }

    /// Whether this enrolment's account at the bank may be closed.
    pub(crate) fn may_be_closed(&self, enrolment: EnrolmentId) -> bool {
        let owned = |phone: &Mutex<Phone>| lock(phone).state.enrolment() == Some(enrolment);
        let number = self.phones.iter().position(owned);
        number.is_some_and(|number| self.accounts[number].1.load(Ordering::SeqCst))
    }

    /// Others may see a code that is shown.
    pub(crate) fn overhear(&self, digits: &str) {
        lock(&self.codes).push(digits.to_owned());
    }

    /// One of the last codes that were shown.
    pub(crate) fn overheard(&self, chance: &mut Chance) -> Option<String> {
        let codes = lock(&self.codes);
        let last = &codes[codes.len().saturating_sub(2)..];
        last.get(chance.index(last.len())).cloned()
    }

    pub(crate) fn learn_payment(&self, payment: PaymentId) {
        lock(&self.payments).push(payment);
    }

    pub(crate) fn known_payment(&self, chance: &mut Chance) -> Option<PaymentId> {
        let payments = lock(&self.payments);
        payments.get(chance.index(payments.len())).copied()
    }

    /// Remembers an answer that must never be another one from now on.
    pub(crate) fn acknowledged(&self, kit: &TillKit, key: &IdempotencyKey, status: StatusCode, body: &Bytes) {
        if matches!(status, StatusCode::OK | StatusCode::CREATED | StatusCode::PAYMENT_REQUIRED) {
            let (checkout, key, body) = (kit.checkout, key.clone(), body.clone());
            lock(&self.acknowledged).push(Acknowledged { checkout, key, status, body });
        }
    }

    /// Remembers that a request is cancelled for good, if this answer to a cancel says so.
    pub(crate) fn cancel_acknowledged(&self, kit: &TillKit, asked: &[u8], status: StatusCode, body: &Bytes) {
        let asked = serde_json::from_slice::<CancellationRequest>(asked);
        let view = serde_json::from_slice::<CancellationView>(body);
        let (Ok(asked), Ok(view), StatusCode::OK) = (asked, view, status) else { return };
        if let (Ok(key), false) = (asked.idempotency_key.parse(), view.was_received) {
            lock(&self.cancelled).push((kit.checkout, key));
        }
    }
}

/// Every change is made whole, so a task that died holding the lock did no harm.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
