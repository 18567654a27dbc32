//! A store as a few maps: what must become of any sequence of commands, and what must be there afterwards.

use super::sample;
use model::{CheckoutId, Counter, Layer, Payment, PaymentId, Timestamp};
use records::{
    ChangeEnrolment, ChangePayment, Command, Enrolment, EnrolmentChange, Outcome, PAGE_LIMIT_MAX, Page,
    RequestId, Store, StoreError,
};
use std::collections::{BTreeMap, BTreeSet};

/// What somebody tries; small numbers, so that they meet. `lag` is how old the version is that they saw.
#[derive(Clone, Debug)]
pub enum Step {
    /// Issue activation code `n`.
    Issue(u8),
    /// Use activation code `n` for enrolment `n`.
    Enrol(u8),
    /// Change an enrolment.
    Touch {
        /// Which.
        device: u8,
        /// How many versions ago it was seen.
        lag: u32,
    },
    /// Lock a device and tell the customer's devices of it.
    Lock {
        /// Which.
        device: u8,
        /// How many versions ago it, and the list of devices, were seen.
        lag: u32,
    },
    /// Begin a payment.
    Begin {
        /// Which; its effect has the same number.
        n: u8,
        /// The request's idempotency key.
        key: u8,
        /// What the request asks.
        asks: u8,
        /// Whose code it is.
        device: u8,
        /// How many versions ago the enrolment was seen.
        lag: u32,
        /// The code's counter.
        counter: u32,
        /// Whether the phone is told.
        confirm: bool,
    },
    /// Move a payment by an event.
    Move(Move),
    /// Cancel a request.
    Cancel {
        /// The request's idempotency key.
        key: u8,
        /// What it asked.
        asks: u8,
    },
    /// Put off effect `n`.
    Delay(u8),
    /// Register or change an app.
    PutApp {
        /// Which.
        n: u8,
        /// How many versions ago it was seen.
        lag: u32,
    },
    /// Write an audit entry.
    Record,
    /// Write an audit entry; whoever runs the steps then takes the power away.
    PowerLoss,
}

/// How a payment is moved.
#[derive(Clone, Debug)]
pub struct Move {
    /// Which payment.
    pub n: u8,
    /// How many versions ago it was seen.
    pub lag: u32,
    /// The effect that is done.
    pub done: Option<u8>,
    /// The effect that is to be done.
    pub new: Option<u8>,
    /// Key and content of the request that asks for it.
    pub asks: Option<(u8, u8)>,
    /// Key of the request that began the payment and is answered now.
    pub answers: Option<u8>,
    /// Minor units posted; zero or less is refused.
    pub amount: i64,
}

/// What is known of a request: what it asks, for which payment, and its answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Request {
    asks: u8,
    payment: Option<u8>,
    answer: Option<String>,
}

/// What must become of a command.
#[derive(Clone, PartialEq, Debug)]
pub enum Expected {
    /// This outcome.
    Plain(Outcome),
    /// A replay of what is known of the request.
    Replay(Request),
    /// An error that changes nothing.
    Refused,
}

const DONE: Expected = Expected::Plain(Outcome::Done);
const CONFLICT: Expected = Expected::Plain(Outcome::Conflict);
const MISSING: Expected = Expected::Plain(Outcome::Missing);
const EXISTS: Expected = Expected::Plain(Outcome::Exists);

/// The store as a few maps.
#[derive(Default)]
pub struct Maps {
    codes: BTreeMap<u8, bool>,
    devices: BTreeMap<u8, (u32, u32)>,
    uses: BTreeSet<(u8, u32)>,
    payments: BTreeMap<u8, u32>,
    requests: BTreeMap<u8, Request>,
    /// By payment and number.
    effects: BTreeSet<(u8, u8)>,
    confirmations: BTreeMap<u8, usize>,
    /// The version of the customer's list of devices, and how many notices there are.
    list: (u32, u32),
    /// The version of each app.
    apps: BTreeMap<u8, u32>,
    audit: usize,
    pending_minor: i64,
}

impl Maps {
    fn known(&self, key: u8, asks: u8) -> Option<Expected> {
        self.requests.get(&key).map(|known| match known {
            Request { payment: None, .. } => Expected::Plain(Outcome::Cancelled),
            known if known.asks == asks => Expected::Replay(known.clone()),
            _ => Expected::Plain(Outcome::OtherRequest),
        })
    }

    /// The command for a step, and what must become of it.
    pub fn take(&mut self, step: &Step) -> (Command, Expected) {
        match step {
            Step::Issue(n) => {
                let command =
                    Command::IssueActivationCode(sample::activation_code(*n), sample::entry("issued"));
                if self.codes.contains_key(n) {
                    return (command, EXISTS);
                }
                self.codes.insert(*n, false);
                self.audit += 1;
                (command, DONE)
            }
            Step::Enrol(n) => (Command::Enrol(Box::new(sample::enrol(*n))), self.enrol(*n)),
            Step::Touch { device, lag } => self.touch(*device, *lag),
            Step::Lock { device, lag } => self.lock(*device, *lag),
            Step::Begin { n, key, asks, device, lag, counter, confirm } => {
                let seen = self.seen(*device, *lag);
                let mut command = sample::begin((*n).into(), &seen, *counter);
                command.request = request(*key, *asks);
                command.confirmation =
                    confirm.then(|| sample::confirmation(seen.id, command.payment.id, *counter));
                let expected = self.begin((*n, *key, *asks), (*device, seen.version), *counter, *confirm);
                (Command::BeginPayment(Box::new(command)), expected)
            }
            Step::Move(step) => {
                let version =
                    self.payments.get(&step.n).map_or(1, |version| version.saturating_sub(step.lag)).max(1);
                (Command::ChangePayment(Box::new(move_command(step, version))), self.moved(step, version))
            }
            Step::Cancel { key, asks } => {
                let command = Command::Cancel(request(*key, *asks), sample::NOW);
                if let Some(known) = self.requests.get(key) {
                    return (command, Expected::Replay(known.clone()));
                }
                self.requests.insert(*key, Request { asks: *asks, payment: None, answer: None });
                (command, DONE)
            }
            Step::Delay(n) => {
                let known = self.effects.iter().find(|(_, effect)| effect == n).copied();
                let (payment, effect) = known.unwrap_or((*n, *n));
                let command = Command::DelayEffect {
                    payment: PaymentId::from_u128(payment.into()),
                    effect: model::EffectId::from_u128(effect.into()),
                    attempts: 1,
                    due_at: sample::NOW.plus_s((*n).into()),
                };
                (command, if known.is_some() { DONE } else { MISSING })
            }
            Step::PutApp { n, lag } => {
                let version = self.apps.get(n).copied().unwrap_or(0);
                let seen = version.saturating_sub(*lag);
                if seen == version {
                    self.apps.insert(*n, seen + 1);
                    self.audit += 1;
                }
                (sample::put_app(*n, seen + 1), if seen == version { DONE } else { CONFLICT })
            }
            Step::Record | Step::PowerLoss => {
                self.audit += 1;
                (Command::Record(sample::entry("looked")), DONE)
            }
        }
    }

    fn seen(&self, device: u8, lag: u32) -> Enrolment {
        let version = self.devices.get(&device).map_or(1, |(version, _)| version.saturating_sub(lag)).max(1);
        Enrolment { version, ..sample::enrolment(device) }
    }

    fn enrol(&mut self, n: u8) -> Expected {
        match self.codes.get(&n) {
            None => MISSING,
            Some(true) => EXISTS,
            Some(false) if self.list.0 + 1 != u32::from(n) => CONFLICT,
            Some(false) => {
                self.codes.insert(n, true);
                self.devices.insert(n, (1, 0));
                self.list.0 += 1;
                self.list.1 += 1;
                self.audit += 1;
                DONE
            }
        }
    }

    fn lock(&mut self, device: u8, lag: u32) -> (Command, Expected) {
        let seen = self.seen(device, lag);
        let counter = self.devices.get(&device).map_or(0, |(_, counter)| *counter);
        let seen_list = self.list.0.saturating_sub(lag);
        let command = sample::lock(&Enrolment { counter: Counter(counter), ..seen.clone() }, seen_list);
        let expected = match self.devices.get_mut(&device) {
            _ if seen_list != self.list.0 => CONFLICT,
            None => MISSING,
            Some((version, _)) if *version != seen.version => CONFLICT,
            Some((version, _)) => {
                *version += 1;
                self.list.0 += 1;
                self.list.1 += 1;
                self.audit += 1;
                DONE
            }
        };
        (Command::ChangeDevices(Box::new(command)), expected)
    }

    fn touch(&mut self, device: u8, lag: u32) -> (Command, Expected) {
        let seen = self.seen(device, lag);
        let counter = self.devices.get(&device).map_or(0, |(_, counter)| *counter);
        let enrolment = Enrolment { version: seen.version + 1, counter: Counter(counter), ..seen.clone() };
        let change = EnrolmentChange { expected_version: seen.version, enrolment, notice: None };
        let command = Command::ChangeEnrolment(Box::new(ChangeEnrolment { change, audit: vec![] }));
        let expected = match self.devices.get_mut(&device) {
            None => MISSING,
            Some((version, _)) if *version != seen.version => CONFLICT,
            Some((version, _)) => {
                *version += 1;
                DONE
            }
        };
        (command, expected)
    }

    fn begin(
        &mut self,
        (n, key, asks): (u8, u8, u8),
        (device, seen): (u8, u32),
        counter: u32,
        confirm: bool,
    ) -> Expected {
        if let Some(known) = self.known(key, asks) {
            return known;
        }
        if self.payments.contains_key(&n) {
            return EXISTS;
        }
        let Some((version, last)) = self.devices.get(&device).copied() else { return MISSING };
        if version != seen || last >= counter || self.uses.contains(&(device, counter)) {
            return CONFLICT;
        }
        self.devices.insert(device, (version + 1, counter));
        self.uses.insert((device, counter));
        self.payments.insert(n, 1);
        self.effects.insert((n, n));
        self.requests.insert(key, Request { asks, payment: Some(n), answer: None });
        *self.confirmations.entry(device).or_default() += usize::from(confirm);
        self.audit += 1;
        DONE
    }

    fn moved(&mut self, step: &Move, seen: u32) -> Expected {
        if let Some(known) = step.asks.and_then(|(key, asks)| self.known(key, asks)) {
            return known;
        }
        let Some(version) = self.payments.get(&step.n).copied() else { return MISSING };
        if version != seen {
            return CONFLICT;
        }
        if step.done.is_some_and(|done| !self.effects.contains(&(step.n, done))) {
            return MISSING;
        }
        if step.new.is_some_and(|new| self.effects.contains(&(step.n, new))) {
            return EXISTS;
        }
        let begun = |request: &Request| request.asks == 1 && request.payment == Some(step.n);
        if step.answers.is_some_and(|key| !self.requests.get(&key).is_some_and(begun)) {
            return MISSING;
        }
        if step.amount <= 0 {
            return Expected::Refused;
        }
        self.payments.insert(step.n, version + 1);
        self.effects.retain(|(payment, effect)| *payment != step.n || Some(*effect) != step.done);
        self.effects.extend(step.new.map(|new| (step.n, new)));
        if let Some(known) = step.answers.and_then(|key| self.requests.get_mut(&key)) {
            known.answer.get_or_insert("begun".into());
        }
        if let Some((key, asks)) = step.asks {
            self.requests.insert(key, Request { asks, payment: Some(step.n), answer: Some("moved".into()) });
        }
        self.pending_minor += step.amount;
        DONE
    }
}

fn request(key: u8, asks: u8) -> RequestId {
    sample::request(&key.to_string(), asks)
}

fn move_command(step: &Move, version: u32) -> ChangePayment {
    let seen = Payment { version, ..sample::payment(step.n.into(), sample::enrolment(1).id, 1) };
    ChangePayment {
        postings: vec![sample::posting(Layer::Pending, step.amount)],
        new_effects: step.new.map(|new| sample::effect(new.into(), seen.id)).into_iter().collect(),
        done_effect: step.done.map(|done| model::EffectId::from_u128(done.into())),
        request: step.asks.map(|(key, asks)| (request(key, asks), sample::answer("moved"))),
        begin_answer: step.answers.map(|key| (request(key, 1), sample::answer("begun"))),
        ..sample::change(&seen)
    }
}

/// What came, in the model's words.
fn came(answer: Result<Outcome, StoreError>) -> Expected {
    match answer {
        Ok(Outcome::Replay(row)) => Expected::Replay(Request {
            asks: row.request.request_hash[0],
            payment: row.payment.map(|id| u8::try_from(id.to_u128()).unwrap()),
            answer: row.answer.map(|answer| String::from_utf8(answer.body).unwrap()),
        }),
        Ok(outcome) => Expected::Plain(outcome),
        Err(StoreError::Failed(_)) => Expected::Refused,
        Err(other) => panic!("{other}"),
    }
}

/// Asks the store for everything that the maps know, and panics where they differ.
pub async fn compare(store: &impl Store, maps: &Maps) {
    let audit = store.audit(Page::first(PAGE_LIMIT_MAX)).await.unwrap();
    assert_eq!(audit.len(), maps.audit);
    assert!(audit.windows(2).all(|pair| pair[1].follows(&pair[0].hash)));
    let customer = sample::customer(1).id;
    let list = store.devices(customer).await.unwrap();
    let notices = store.notices(customer, Page::first(PAGE_LIMIT_MAX)).await.unwrap();
    assert_eq!(list.map_or(0, |list| list.version), maps.list.0);
    assert!(notices.iter().map(|row| row.sequence).eq(1..=maps.list.1));
    for (n, (version, counter)) in &maps.devices {
        let id = sample::enrolment(*n).id;
        let stored = store.enrolment(id).await.unwrap().unwrap();
        assert_eq!((stored.version, stored.counter), (*version, Counter(*counter)));
        let told = store.confirmations(id, Page::first(PAGE_LIMIT_MAX)).await.unwrap();
        assert_eq!(told.len(), maps.confirmations.get(n).copied().unwrap_or(0));
        assert!(told.iter().zip(1..).all(|(row, sequence)| row.sequence == sequence));
        for counter in 1..9 {
            let used = store.code_use(id, Counter(counter)).await.unwrap().is_some();
            assert_eq!(used, maps.uses.contains(&(*n, counter)));
        }
    }
    let apps = store.apps().await.unwrap();
    let wanted = maps.apps.iter().map(|(n, version)| sample::app(*n, *version));
    assert!(apps.into_iter().eq(wanted), "the apps are others");
    let payments = store.payments(Page::first(PAGE_LIMIT_MAX)).await.unwrap();
    let versions = payments.iter().map(|payment| (payment.id.to_u128(), payment.version));
    assert!(versions.eq(maps.payments.iter().map(|(n, version)| (u128::from(*n), *version))));
    for (n, version) in &maps.payments {
        let id = PaymentId::from_u128((*n).into());
        assert_eq!(store.events(id).await.unwrap().len(), *version as usize - 1);
        let open = store.effects_of(id).await.unwrap().len();
        assert_eq!(open, maps.effects.iter().filter(|(payment, _)| payment == n).count());
    }
    for (key, known) in &maps.requests {
        let key = sample::idempotency_key(&key.to_string());
        let row = store.request(CheckoutId::from_u128(1), key).await.unwrap().unwrap();
        assert_eq!(came(Ok(Outcome::Replay(Box::new(row)))), Expected::Replay(known.clone()));
    }
    let due = store.effects_due(Timestamp::from_ms(i64::MAX), PAGE_LIMIT_MAX).await.unwrap();
    assert_eq!(due.len(), maps.effects.len());
    let balances = store.balances().await.unwrap();
    let debits: i128 = balances.iter().map(|balance| balance.pending_debit_minor).sum();
    let credits: i128 = balances.iter().map(|balance| balance.pending_credit_minor).sum();
    let pending = i128::from(maps.pending_minor);
    assert_eq!((debits, credits), (pending, pending));
}

/// Sends a group at once, in order, so that some of it shares a transaction.
pub async fn send(store: &impl Store, group: Vec<(Command, Expected)>) {
    let told: Vec<String> = group.iter().map(|(command, _)| format!("{command:?}")).collect();
    let (mut waiting, expected): (Vec<_>, Vec<_>) =
        group.into_iter().map(|(command, expected)| (store.commit(command), expected)).unzip();
    let mut answers: Vec<Option<_>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (waiting, answer) in waiting.iter_mut().zip(&mut answers).filter(|(_, answer)| answer.is_none()) {
            if let std::task::Poll::Ready(came) = waiting.as_mut().poll(context) {
                *answer = Some(came);
            }
        }
        if answers.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    for ((answer, expected), told) in answers.into_iter().zip(expected).zip(told) {
        assert_eq!(came(answer.unwrap()), expected, "after {told}");
    }
}
