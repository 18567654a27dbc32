//! A whole town: bank, payment server, shops and customers, with the network between them in our hands.

use crate::audit;
use crate::chance::Chance;
use crate::faults::{Fault, Victims};
use crate::line::Line;
use crate::phone::Phone;
use crate::proxy::Proxy;
use crate::report::Report;
use crate::shop::Shop;
use crate::till::Till;
use crate::webhooks;
use api::payment::PaymentView;
use e2e::{Part, Receiver, SmallDisk, Sums, System};
use history::{Call, Operation, Outcome, Recorder, Terms, check};
use https::Roots;
use protocol::realm_file::RealmFile;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::sleep;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::Mutex;

const OPENING: &str = "1000000.00";
const OPENING_MINOR: i64 = 100_000_000;
/// Room for the server's store.
const DISK_MEGABYTES: u32 = 512;
/// Between two misfortunes, milliseconds.
const PAUSE_MS_MIN: u64 = 100;
const PAUSE_MS_MAX: u64 = 700;
/// Longer than a database is away that comes back.
const SALES_WITHIN: Duration = Duration::from_secs(240);
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// How bad it shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What everything is drawn from.
    pub seed: u64,
    /// How often server or bank are killed; other misfortunes come in between, about as many.
    pub kills: u32,
    /// Tills, each a checkout of its own.
    pub tills: u32,
    /// Phones, each an enrolment of its own.
    pub phones: u32,
    /// Customers served at once.
    pub at_once: u32,
    /// The empty PostgreSQL database that two servers have the store in; one server has it in a file if absent.
    pub database: Option<String>,
    /// How many steps of the database's tables the programs know, if not all; only programs with failpoints forget.
    pub known_steps: Option<u32>,
    /// Whether customers and tills do nothing but usual sales.
    pub is_polite: bool,
    /// Where to write what the tills saw; nowhere if absent.
    pub history: Option<PathBuf>,
}

impl Options {
    /// A storm of a size that a small machine carries.
    #[must_use]
    pub const fn of(seed: u64, kills: u32) -> Self {
        Self {
            seed,
            kills,
            tills: 16,
            phones: 8,
            at_once: 16,
            database: None,
            known_steps: None,
            is_polite: false,
            history: None,
        }
    }
}

/// Lets the storm come. `tell` is told each misfortune when it comes.
///
/// # Panics
/// If the system cannot be set up, or a service does not come back.
#[must_use]
pub fn run(options: &Options, mut tell: impl FnMut(&str)) -> Report {
    sell_during(options, |hands| {
        let mut chance = hands.chance.clone();
        let started = Instant::now();
        while hands.victims.done.kills.iter().sum::<u32>() < options.kills {
            sleep(Duration::from_millis(PAUSE_MS_MIN + chance.below(PAUSE_MS_MAX - PAUSE_MS_MIN)));
            let fault = Fault::draw(&mut chance);
            tell(&format!("+{:.1} s {fault}", started.elapsed().as_secs_f64()));
            hands.victims.suffer(fault);
        }
    })
}

/// Lets the town sell while `trouble` is made. How often something is killed is not looked at: that is its affair.
///
/// # Panics
/// If the system cannot be set up, or `trouble` panics.
#[must_use]
pub fn sell_during(options: &Options, trouble: impl FnOnce(&mut Hands<'_>)) -> Report {
    let mut town = Town::build(options);
    let mut chance = Chance::of(options.seed);
    let started = Instant::now();
    let customers: Vec<_> = (0..options.at_once)
        .map(|_| {
            let (shop, chance) = (Arc::clone(&town.shop), chance.branch());
            town.runtime.spawn(async move { shop.serve(chance).await })
        })
        .collect();
    let done = {
        let (tills, bank, disk) = (&town.to_server, &town.to_bank, town.disk.as_ref());
        let (system, receiver) = (&mut town.system, &mut town.receiver);
        let victims = Victims { system, tills, bank, disk, receiver, done: Default::default() };
        let mut hands = Hands { victims, recorder: &town.recorder, chance };
        trouble(&mut hands);
        hands.victims.done
    };
    let took = started.elapsed();
    town.shop.is_over.store(true, Ordering::SeqCst);
    for customer in customers {
        town.runtime.block_on(customer).expect("serving does not panic");
    }
    let report = Report { seed: options.seed, took, done, ..Report::default() };
    town.end(report, options)
}

/// Our hands on a town that sells.
pub struct Hands<'a> {
    victims: Victims<'a>,
    recorder: &'a Recorder,
    /// What is left of the seed after the customers had their part.
    chance: Chance,
}

impl Hands<'_> {
    /// The processes.
    pub fn system(&mut self) -> &mut System {
        self.victims.system
    }

    /// `kill -9` of a service, and a new start.
    ///
    /// # Panics
    /// If it does not come back.
    pub fn kill(&mut self, part: Part) {
        self.victims.suffer(Fault::Kill(part));
    }

    /// Waits until so many more authorisations are acknowledged; what gave up by itself is started again meanwhile.
    ///
    /// # Panics
    /// If they are not.
    pub fn wait_for_sales(&mut self, more: usize) {
        let give_up_at = Instant::now() + SALES_WITHIN;
        let from_us = self.recorder.now_us();
        while self.acknowledged_us(from_us).len() < more {
            assert!(Instant::now() < give_up_at, "no {more} authorisations within {SALES_WITHIN:?}");
            self.victims.system.revive();
            sleep(LOOK_AGAIN);
        }
    }

    /// The present moment, microseconds since the recording began.
    #[must_use]
    pub fn now_us(&self) -> u64 {
        self.recorder.now_us()
    }

    /// The longest time from a moment until now in which no authorisation was acknowledged.
    #[must_use]
    pub fn without_service(&self, from_us: u64) -> Duration {
        let until_us = self.recorder.now_us();
        let times = [vec![from_us], self.acknowledged_us(from_us), vec![until_us]].concat();
        let longest_us = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default();
        Duration::from_micros(longest_us)
    }

    /// When authorisations were acknowledged from a moment on, in order.
    fn acknowledged_us(&self, from_us: u64) -> Vec<u64> {
        let is_good = |operation: &Operation| {
            matches!(operation.call, Call::Authorise { .. })
                && matches!(operation.outcome, Outcome::Answered { status: 200..=299, .. })
        };
        let operations = self.recorder.history().0;
        let good = operations.into_iter().filter(is_good).filter_map(|operation| operation.answered_us);
        let mut times: Vec<u64> = good.filter(|time| *time >= from_us).collect();
        times.sort_unstable();
        times
    }
}

struct Town {
    system: System,
    runtime: Runtime,
    to_server: Proxy,
    to_bank: Proxy,
    /// The store's, if that is in a file.
    disk: Option<SmallDisk>,
    receiver: Receiver,
    shop: Arc<Shop>,
    recorder: Arc<Recorder>,
}

impl Town {
    fn build(options: &Options) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.expect("threads can be started");
        let mut system = System::make();
        system.seed_bank(OPENING);
        let proxy = |to| runtime.block_on(Proxy::start(to)).expect("a port is free");
        let to_bank = proxy(vec![system.port() + 1]);
        reach_bank_by(&system, to_bank.port);
        system.start_part(Part::Bank, None);
        let to_server = match &options.database {
            None => proxy(vec![system.port()]),
            Some(url) => {
                system.use_database(url);
                let known = options.known_steps.map(|known| known.to_string());
                let known = known.as_deref().map(|known| ("BATZEN_SCHEMA_KNOWN", known));
                system.run_services_with(known.as_slice());
                let _ = system.migrate(&[]).expect("admin migrate");
                system.start_part(Part::Second, None);
                proxy(Part::SERVERS.map(|server| system.port_of(server)).to_vec())
            }
        };
        system.start_part(Part::Server, None);
        system.register();
        let mut receiver = Receiver::start(&system);
        let _ = receiver.register(&system, false);
        let recorder = Arc::new(Recorder::default());
        let tills = (1..=options.tills).map(|number| {
            let (label, api_key) = system.register_till(number);
            let roots = Roots::from_pem(&fs::read(system.roots()).expect("init made them")).expect("PEM");
            let server = format!("https://localhost:{}", to_server.port);
            let line = Line::new(format!("till {number}"), server, api_key, roots, Arc::clone(&recorder));
            Mutex::new(Till::new(line, label.parse().expect("a till's number")))
        });
        let tills = tills.collect();
        let realm =
            RealmFile::parse(&fs::read(system.realm_file()).expect("init made it")).expect("init's own");
        let phones = (1..=options.phones).map(|number| {
            let code = system.activation_code();
            let name = format!("phone {number}");
            let phone = runtime.block_on(Phone::activate(name, &realm, &code, system.customer_number()));
            Mutex::new(phone.expect("a phone can be activated"))
        });
        let phones = phones.collect();
        let disk = options.database.is_none().then(|| {
            system.stop_part(Part::Server);
            let disk = SmallDisk::over(&system.dir().join("server/store"), DISK_MEGABYTES);
            system.run_services_within(&disk.wrapper());
            system.start_part(Part::Server, None);
            disk
        });
        let shop = Arc::new(Shop {
            tills,
            phones,
            is_over: false.into(),
            served: 0.into(),
            is_polite: options.is_polite,
            failed: Default::default(),
        });
        Self { system, runtime, to_server, to_bank, disk, receiver, shop, recorder }
    }

    /// Fair weather again: what is open ends, and all that is known is compared.
    fn end(mut self, mut report: Report, options: &Options) -> Report {
        report.customers = self.shop.served.load(Ordering::Relaxed);
        report.gave_up = self.system.deaths();
        report.failed = self.shop.failed.lock().map(|failed| failed.clone()).unwrap_or_default();
        report.broken_connections = self.to_server.broken() + self.to_bank.broken();
        report.wrong = self.runtime.block_on(audit::bring_to_an_end(&self.shop));
        let payments = match self.runtime.block_on(audit::look_at_everything(&self.shop)) {
            Ok(payments) => payments,
            Err(cause) => {
                report.wrong.push(cause);
                Vec::new()
            }
        };
        report.wrong.extend(self.runtime.block_on(audit::compare_journals(&self.shop, &payments)));
        let told = webhooks::all_told(&mut self.receiver, &payments);
        report.webhooks = told.webhooks;
        report.webhooks_repeated = told.repeated;
        report.wrong.extend(told.wrong);
        report.power_cuts = self.runtime.block_on(power_cuts(&self.shop));
        report.payments = payments.len();
        report.captured = payments.iter().filter(|payment| payment.captured_minor > 0).count();
        report.taken_minor =
            payments.iter().map(|payment| payment.captured_minor - payment.refunded_minor).sum();
        let history = self.recorder.history();
        if let Some(path) = &options.history {
            let file = File::create(path).expect("the history's file can be made");
            history.write(BufWriter::new(file)).expect("the history can be written");
        }
        let ids: Vec<_> = payments.iter().map(|payment: &PaymentView| payment.id).collect();
        report.checked = check(&history, &ids, &Terms::default());
        // What has not ended cannot settle, and is told already.
        if report.wrong.is_empty() {
            self.settle(report.taken_minor);
        }
        report
    }

    /// Bank and ledger agree to the Rappen, and both stores are sound.
    fn settle(mut self, taken_minor: i64) {
        let sums = Sums {
            account_minor: OPENING_MINOR - taken_minor,
            held_minor: 0,
            merchant_minor: taken_minor,
            pending_minor: 0,
        };
        self.system.expect_sums(sums);
        if let Some(disk) = self.disk.take() {
            self.system.stop_part(Part::Server);
            disk.give_back();
            self.system.run_services_within(&[]);
            self.system.start_part(Part::Server, None);
        }
        self.system.expect_settled(sums);
    }
}

async fn power_cuts(shop: &Shop) -> u32 {
    let mut cuts = 0;
    for till in &shop.tills {
        cuts += till.lock().await.power_cuts;
    }
    cuts
}

/// Has the server go to the bank by this port.
fn reach_bank_by(system: &System, port: u16) {
    let path = system.config(Part::Server);
    let mut config: serde_json::Value =
        serde_json::from_slice(&fs::read(&path).expect("init made it")).expect("init wrote JSON");
    config["banks"][0]["partner_url"] = format!("https://localhost:{port}").into();
    fs::write(&path, config.to_string()).expect("the folder can be written");
}
