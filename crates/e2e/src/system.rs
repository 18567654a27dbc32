//! A whole system in a folder of its own: what `batzen init` makes, a bank with an account, a server, a shop.

mod database;

use crate::binary::{Ran, batzen};
use crate::door::Door;
use crate::ports::Ports;
use crate::service::{Part, Service};
use crate::{Phone, Till};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The customer's password at the bank.
pub const BANK_PASSWORD: &str = "glacier-harbour-7731";
/// What is on the customer's account at first, in Rappen.
pub const OPENING_MINOR: i64 = 100_000;
const OPENING: &str = "1000.00";
/// What the bank calls the customer.
pub const CUSTOMER_NUMBER: &str = "417205";
/// Longer than the server's answer deadline and a few retries.
const SETTLE_WITHIN: Duration = Duration::from_secs(60);

/// What the bank and the ledger say, in Rappen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// What is on the customer's account, booked.
    pub account_minor: i64,
    /// What the bank holds of it.
    pub held_minor: i64,
    /// What the ledger owes the shop.
    pub merchant_minor: i64,
    /// What the ledger expects for the shop.
    pub pending_minor: i64,
}

impl Sums {
    /// At an end, after the shop took so much altogether.
    #[must_use]
    pub const fn settled(taken_minor: i64) -> Self {
        let account_minor = OPENING_MINOR - taken_minor;
        Self { account_minor, held_minor: 0, merchant_minor: taken_minor, pending_minor: 0 }
    }
}

/// See the module.
#[derive(Debug)]
pub struct System {
    server: Option<Service>,
    bank: Option<Service>,
    second: Option<Service>,
    door: Door,
    ports: Ports,
    /// The second server's, if there may be one.
    second_ports: Option<Ports>,
    dir: PathBuf,
    customer: String,
    merchant: String,
    deaths: u32,
    /// What the services are run by, such as `nsenter`.
    wrapper: Vec<String>,
    /// What they find in their environment.
    variables: Vec<(String, String)>,
    _folder: TempDir,
}

impl System {
    /// Made, started, with a customer and a shop.
    ///
    /// # Panics
    /// If anything of it fails.
    #[must_use]
    pub fn start() -> Self {
        let mut system = Self::make();
        system.seed_bank(OPENING);
        system.start_part(Part::Bank, None);
        system.start_part(Part::Server, None);
        system.register();
        system
    }

    /// Made, not started.
    ///
    /// # Panics
    /// If `batzen init` fails.
    #[must_use]
    pub fn make() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("batzen-e2e-")
            .tempdir()
            .expect("the system has a temporary folder");
        let dir = folder.path().join("system");
        let ports = Ports::take();
        let init =
            batzen(["--json", "init", "--realm", "e2e.batzen.example", "--port", &ports.first.to_string()]);
        let _ = init.arg("--dir").arg(&dir).run().expect("init");
        let mut config: Value = read_json(&dir.join("bank/bank.json"));
        // Tests ask for balances more often than a customer does.
        config["logins_per_minute"] = json!(10_000);
        write_json(&dir.join("bank/bank.json"), &config);
        crate::receiver::allow_this_machine(&dir.join("server/server.json"));
        // There is one customer, and some tests give it many phones.
        write_json(&dir.join("server/policy.json"), &json!({ "devices_max": 250 }));
        let mut config: Value = read_json(&dir.join("server/server.json"));
        config["policy"] = json!("policy.json");
        write_json(&dir.join("server/server.json"), &config);
        let (customer, merchant) = (String::new(), String::new());
        Self {
            server: None,
            bank: None,
            second: None,
            door: Door::new(dir.join("tls/roots.pem")),
            ports,
            second_ports: None,
            dir,
            customer,
            merchant,
            deaths: 0,
            wrapper: Vec::new(),
            variables: Vec::new(),
            _folder: folder,
        }
    }

    /// Makes the customer's account at the bank.
    ///
    /// # Panics
    /// If it cannot.
    pub fn seed_bank(&self, opening: &str) {
        write_secret(&self.dir.join("bank/customer.password"), BANK_PASSWORD);
        let accounts = json!([{
            "customer_number": CUSTOMER_NUMBER, "customer_name": "Robin Example",
            "password_file": "customer.password", "label": "Private account", "currency": "CHF", "opening": opening,
        }]);
        write_json(&self.dir.join("bank/accounts.json"), &accounts);
        let seed = batzen(["--json", "bank", "seed", "--config"]).arg(self.config(Part::Bank));
        let _ = seed.arg("--accounts").arg(self.dir.join("bank/accounts.json")).run().expect("bank seed");
    }

    /// Registers the customer and the shop.
    ///
    /// # Panics
    /// If the server refuses.
    pub fn register(&mut self) {
        self.customer = text(&self.admin(&["add-customer", "Robin Example"]).expect("add-customer")["id"]);
        self.merchant = text(&self.admin(&["add-merchant", "Corner Shop"]).expect("add-merchant")["id"]);
    }

    /// A new phone of the customer: activated, with the bank account as its method 1.
    ///
    /// # Panics
    /// If it cannot be activated.
    #[must_use]
    pub fn phone(&self, name: &str) -> Phone {
        self.phone_at(Part::Server, name)
    }

    /// The same with a phone that knows this server only.
    ///
    /// # Panics
    /// If it cannot be activated.
    #[must_use]
    pub fn phone_at(&self, server: Part, name: &str) -> Phone {
        let phone = self.blank_phone(name);
        let realm_file = self.realm_file_of(server);
        let _ = phone.activate(&realm_file, &self.activation_code()).expect("wallet activate");
        let _ = phone.add_account(CUSTOMER_NUMBER, BANK_PASSWORD).expect("wallet methods add");
        phone
    }

    /// A phone that is not activated.
    #[must_use]
    pub fn blank_phone(&self, name: &str) -> Phone {
        Phone::new(self.dir.join("phones").join(name))
    }

    /// An activation code for one more phone.
    ///
    /// # Panics
    /// If the server refuses.
    #[must_use]
    pub fn activation_code(&self) -> String {
        let issued = self.admin(&["issue-activation-code", &self.customer]).expect("issue-activation-code");
        text(&issued["activation_code"])
    }

    /// A new till of the shop; each `number` once.
    ///
    /// # Panics
    /// If it cannot be registered or set up.
    #[must_use]
    pub fn till(&self, number: u32) -> Till {
        self.till_at(Part::Server, number)
    }

    /// The same with a till that knows this server only.
    ///
    /// # Panics
    /// If it cannot be registered or set up.
    #[must_use]
    pub fn till_at(&self, server: Part, number: u32) -> Till {
        let (label, api_key) = self.register_till(number);
        let till = Till::new(self.dir.join("tills").join(number.to_string()), label);
        let _ = till.set_up(&self.url_of(server), &self.roots(), &api_key).expect("checkout setup");
        till
    }

    /// Registers a till of the shop; each `number` once. The number on its label, and its API key.
    ///
    /// # Panics
    /// If the server refuses.
    #[must_use]
    pub fn register_till(&self, number: u32) -> (String, String) {
        let name = format!("Till {number}");
        let made = self.admin(&["add-checkout", &self.merchant, &name, &number.to_string()]);
        let made = made.expect("add-checkout");
        (text(&made["terminals"][0]), text(&made["api_key"]))
    }

    /// `batzen admin` with these arguments.
    #[must_use]
    pub fn admin(&self, arguments: &[&str]) -> Ran {
        self.admin_at(Part::Server, arguments)
    }

    /// The same at this server.
    #[must_use]
    pub fn admin_at(&self, server: Part, arguments: &[&str]) -> Ran {
        let admin =
            batzen(["--json", "admin", "--server", &self.url_of(server), "--roots"]).arg(self.roots());
        admin.arg("--key").arg(self.dir.join("server/operator.key")).args(arguments).run()
    }

    /// What the payment server gives to anybody who asks for this path.
    ///
    /// # Panics
    /// If it gives nothing.
    #[must_use]
    pub fn fetch(&self, path: &str) -> Vec<u8> {
        let answer = self.door.get(&format!("{}{path}", self.server_url()));
        let (status, body) = answer.expect("the server answers");
        assert_eq!(status, 200, "{path}");
        body
    }

    /// The shop's id.
    #[must_use]
    pub fn merchant(&self) -> &str {
        &self.merchant
    }

    /// The folder that `batzen init` made.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where the payment server is.
    #[must_use]
    pub fn server_url(&self) -> String {
        format!("https://localhost:{}", self.ports.first)
    }

    /// Where this server is.
    ///
    /// # Panics
    /// If the system has no such server.
    #[must_use]
    pub fn url_of(&self, server: Part) -> String {
        format!("https://localhost:{}", self.port_of(server))
    }

    /// A service's port; of the bank's two the customers'.
    ///
    /// # Panics
    /// If the system has no such service.
    #[must_use]
    pub fn port_of(&self, part: Part) -> u16 {
        match part {
            Part::Server => self.ports.first,
            Part::Bank => self.ports.first + 2,
            Part::Second => self.second_ports.as_ref().expect("the store is in PostgreSQL").first,
        }
    }

    /// The payment server's port; the bank has the two after it.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.ports.first
    }

    /// Who issued the services' certificates.
    #[must_use]
    pub fn roots(&self) -> PathBuf {
        self.dir.join("tls/roots.pem")
    }

    /// What phones ship with.
    #[must_use]
    pub fn realm_file(&self) -> PathBuf {
        self.dir.join("phone/realm.json")
    }

    /// What phones ship with that know this server only.
    #[must_use]
    pub fn realm_file_of(&self, server: Part) -> PathBuf {
        if server == Part::Second { self.dir.join("phone/second.json") } else { self.realm_file() }
    }

    /// A service's configuration.
    #[must_use]
    pub fn config(&self, part: Part) -> PathBuf {
        // Servers of one system have the same keys.
        let folder = if part == Part::Second { Part::Server } else { part };
        self.dir.join(format!("{}/{}.json", folder.name(), part.name()))
    }

    /// A service's log, from all its starts.
    #[must_use]
    pub fn log(&self, part: Part) -> PathBuf {
        self.dir.join(format!("{}.log", part.name()))
    }

    /// The phone's number at the bank.
    #[must_use]
    pub const fn customer_number(&self) -> &'static str {
        CUSTOMER_NUMBER
    }
}

/// Starting, ending, killing.
impl System {
    /// Starts a service and waits until it is ready, or has died at one of `failpoints`.
    ///
    /// # Panics
    /// If it ends without such a reason.
    pub fn start_part(&mut self, part: Part, failpoints: Option<&str>) {
        let mut service = self.launch(part, failpoints);
        let is_open = service.wait_until_open(&self.door, self.port_of(part));
        assert!(is_open || failpoints.is_some(), "the {} ended\n{}", part.name(), service.log_end());
        *self.service(part) = Some(service);
    }

    /// Has services that are started from now on run by another program, such as `nsenter`; by none if empty.
    pub fn run_services_within(&mut self, wrapper: &[&str]) {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
    }

    /// Lets services that are started from now on find these variables in their environment.
    pub fn run_services_with(&mut self, variables: &[(&str, &str)]) {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        self.variables = variables.iter().map(owned).collect();
    }

    /// Runs a service to its end: for one that should refuse to start.
    #[must_use]
    pub fn run_part(&self, part: Part) -> Ran {
        let run = batzen(part.command()).arg("--config").arg(self.config(part));
        let wrapper: Vec<&str> = self.wrapper.iter().map(String::as_str).collect();
        if wrapper.is_empty() { run.run() } else { run.within(&wrapper).run() }
    }

    /// Starts a service without waiting until others can reach it.
    pub fn launch_part(&mut self, part: Part) {
        let service = self.launch(part, None);
        *self.service(part) = Some(service);
    }

    fn launch(&self, part: Part, failpoints: Option<&str>) -> Service {
        let (config, log) = (self.config(part), self.log(part));
        Service::start(part, &config, &log, &self.wrapper, &self.variables, failpoints)
    }

    /// Ends a service in order.
    ///
    /// # Panics
    /// If it does not end well.
    pub fn stop_part(&mut self, part: Part) {
        if let Some(mut service) = self.service(part).take() {
            let status = service.stop();
            assert!(status.success(), "the {} ended with {status}\n{}", part.name(), service.log_end());
        }
    }

    /// `SIGTERM`, and waits until the service has finished what it had taken on.
    ///
    /// # Panics
    /// If it does not end well.
    pub fn terminate_part(&mut self, part: Part) {
        if let Some(mut service) = self.service(part).take() {
            let status = service.terminate();
            assert!(status.success(), "the {} ended with {status}\n{}", part.name(), service.log_end());
        }
    }

    /// `kill -9`.
    pub fn kill_part(&mut self, part: Part) {
        if let Some(mut service) = self.service(part).take() {
            service.kill();
        }
    }

    /// `SIGSTOP`: the service stays, and does nothing, until [`System::thaw_part`].
    pub fn freeze_part(&mut self, part: Part) {
        if let Some(service) = self.service(part) {
            service.freeze(true);
        }
    }

    /// `SIGCONT`.
    pub fn thaw_part(&mut self, part: Part) {
        if let Some(service) = self.service(part) {
            service.freeze(false);
        }
    }

    /// Starts again, without failpoints, what has died. How often that was needed is [`System::deaths`].
    pub fn revive(&mut self) {
        for part in Part::EVERY {
            if self.service(part).as_mut().is_some_and(Service::has_ended) {
                self.deaths += 1;
                self.start_part(part, None);
            }
        }
    }

    /// Whether a service that was started has ended by itself.
    pub fn has_ended(&mut self, part: Part) -> bool {
        self.service(part).as_mut().is_some_and(Service::has_ended)
    }

    /// How often a service was found dead.
    #[must_use]
    pub const fn deaths(&self) -> u32 {
        self.deaths
    }

    /// Does `work` on a thread of its own and `tick` all the while; `tick` keeps the services alive, or kills them.
    ///
    /// # Panics
    /// If `work` does.
    pub fn during<T: Send>(&mut self, work: impl FnOnce() -> T + Send, mut tick: impl FnMut(&mut Self)) -> T {
        thread::scope(|scope| {
            let worker = scope.spawn(work);
            while !worker.is_finished() {
                tick(self);
                thread::sleep(Duration::from_millis(10));
            }
            worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    fn service(&mut self, part: Part) -> &mut Option<Service> {
        match part {
            Part::Server => &mut self.server,
            Part::Bank => &mut self.bank,
            Part::Second => &mut self.second,
        }
    }

    /// Whether the service was started, and neither stopped nor killed since.
    #[must_use]
    pub const fn has_started(&self, part: Part) -> bool {
        match part {
            Part::Server => self.server.is_some(),
            Part::Bank => self.bank.is_some(),
            Part::Second => self.second.is_some(),
        }
    }
}

/// Sums and checks.
impl System {
    /// What the bank and the ledger say now.
    ///
    /// # Errors
    /// If one of them cannot be asked.
    pub fn sums(&self) -> Result<Sums, String> {
        let url = format!("https://localhost:{}", self.ports.first + 2);
        let accounts = self.door.accounts(&url, CUSTOMER_NUMBER, BANK_PASSWORD)?;
        let ledger = self.admin(&["balances"]);
        if !ledger.is_success() {
            return Err(ledger.to_string());
        }
        let ledger = ledger.json();
        let of_merchants = |field: &str| -> i64 {
            let balances = ledger["balances"].as_array().into_iter().flatten();
            let merchants = balances.filter(|balance| text(&balance["account"]).starts_with("merchant "));
            merchants.map(|balance| -balance[field].as_i64().unwrap_or_default()).sum()
        };
        Ok(Sums {
            account_minor: accounts.iter().map(|account| account.balance_minor).sum(),
            held_minor: accounts.iter().map(|account| account.held_minor).sum(),
            merchant_minor: of_merchants("posted_minor"),
            pending_minor: of_merchants("pending_minor"),
        })
    }

    /// The numbers of the customer's accounts.
    ///
    /// # Panics
    /// If the bank cannot be asked.
    #[must_use]
    pub fn ibans(&self) -> Vec<String> {
        let url = format!("https://localhost:{}", self.ports.first + 2);
        let accounts = self.door.accounts(&url, CUSTOMER_NUMBER, BANK_PASSWORD).expect("the bank answers");
        accounts.into_iter().map(|account| account.iban).collect()
    }

    /// Waits until the sums are these, reviving what has died.
    ///
    /// # Panics
    /// If they do not become so.
    #[track_caller]
    pub fn expect_sums(&mut self, expected: Sums) {
        let give_up_at = Instant::now() + SETTLE_WITHIN;
        loop {
            self.revive();
            let sums = self.sums();
            if sums == Ok(expected) {
                return;
            }
            assert!(Instant::now() < give_up_at, "the sums are {sums:?}, not {expected:?}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the sums are these and nothing is left to do, ends all services, and has both stores checked.
    ///
    /// # Panics
    /// If anything is wrong.
    #[track_caller]
    pub fn expect_settled(&mut self, expected: Sums) {
        self.expect_sums(expected);
        // A booking that the bank made may not be written down at the server yet; a drained server looks once.
        let give_up_at = Instant::now() + SETTLE_WITHIN;
        let has_second = self.has_started(Part::Second);
        loop {
            self.stop_part(Part::Server);
            self.stop_part(Part::Second);
            let check = self.check(&["--settled"]);
            if check.is_success() {
                break;
            }
            let is_sound = check.json()["is_sound"].as_bool() == Some(true);
            assert!(is_sound && Instant::now() < give_up_at, "{check}");
            self.start_part(Part::Server, None);
            if has_second {
                self.start_part(Part::Second, None);
            }
            thread::sleep(Duration::from_secs(1));
        }
        self.stop_part(Part::Bank);
        let check = batzen(["--json", "bank", "check", "--config"]).arg(self.config(Part::Bank)).run();
        let report = check.expect("bank check");
        assert_eq!(report["open_holds"], 0, "{check}");
    }
}

impl Drop for System {
    fn drop(&mut self) {
        if thread::panicking() {
            for part in [Part::Server, Part::Second, Part::Bank] {
                if let Some(service) = self.service(part) {
                    eprintln!("{}", service.log_end());
                }
            }
        }
    }
}

/// Looks until there is something.
///
/// # Panics
/// If nothing comes.
#[track_caller]
pub fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let give_up_at = Instant::now() + SETTLE_WITHIN;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < give_up_at, "{what} did not come");
        thread::sleep(Duration::from_millis(50));
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn read_json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("init made it")).expect("init wrote JSON")
}

fn write_json(path: &Path, value: &Value) {
    fs::write(path, value.to_string()).expect("the folder can be written");
}

fn write_secret(path: &Path, secret: &str) {
    fs::write(path, secret).expect("the folder can be written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("the file is ours");
}
