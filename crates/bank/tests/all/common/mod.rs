//! A bank with both doors open on free ports, certificates of its own, a clock that tests move, and callers.

use bank::{Bank, BankConfig, Clock, Doors, IdentityFiles, NewAccount, NewCustomer, Partner, Settings};
use bank_api::{AccountId, AuthenticationLevel, Base64Url, Password};
use core::time::Duration;
use crypto::p256::{Sign, SigningKey};
use crypto::x509::{Certificate, Issue, Profile, issue};
use crypto::{Random, SystemRandom};
use http::{Method, Request};
use https::{Client, HttpsError, Identity, Limits, Roots};
use model::{Currency, Timestamp};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const PARTNER: &str = "shop-payments";
pub(crate) const CUSTOMER: &str = "100200";
pub(crate) const PASSWORD: &str = "correct horse";
const LIMITS: Limits = Limits { deadline: Duration::from_secs(20), max_body_bytes: 1 << 20 };

/// A certificate authority for one test.
pub(crate) struct Pki {
    ca: Certificate,
    ca_key: SigningKey,
    pub(crate) root_pem: String,
}

/// A certificate chain and a private key, PEM.
pub(crate) struct Issued {
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl Pki {
    pub(crate) fn make() -> Self {
        let (root_key, ca_key) = (SigningKey::make(&mut SystemRandom), SigningKey::make(&mut SystemRandom));
        let valid = (0, unix_s() + 3600);
        let root = certify("Test root", &root_key, "Test root", &root_key, Profile::Root, valid);
        let ca = certify("Test CA", &ca_key, "Test root", &root_key, Profile::TlsCa, valid);
        Self { ca, ca_key, root_pem: root.to_pem() }
    }

    pub(crate) fn issue(&self, name: &str, profile: Profile) -> Issued {
        self.issue_for(name, profile, (unix_s() - 60, unix_s() + 3600))
    }

    pub(crate) fn issue_for(&self, name: &str, profile: Profile, valid: (u64, u64)) -> Issued {
        let key = SigningKey::make(&mut SystemRandom);
        let leaf = certify(name, &key, "Test CA", &self.ca_key, profile, valid);
        Issued { chain: leaf.to_pem() + &self.ca.to_pem(), key: key.to_pkcs8_pem().expose().to_owned() }
    }

    pub(crate) fn server(&self) -> Issued {
        self.issue("bank", server_profile())
    }

    pub(crate) fn roots(&self) -> Roots {
        Roots::from_pem(self.root_pem.as_bytes()).unwrap()
    }
}

pub(crate) fn server_profile() -> Profile {
    Profile::TlsServer { dns_names: vec!["localhost".to_owned()], ip_addresses: vec![[127, 0, 0, 1].into()] }
}

fn certify(
    subject: &str,
    key: &SigningKey,
    issuer: &str,
    issuer_key: &SigningKey,
    profile: Profile,
    (not_before_s, not_after_s): (u64, u64),
) -> Certificate {
    let mut serial = [0; 16];
    SystemRandom.fill(&mut serial);
    let what = Issue {
        serial,
        subject: subject.to_owned(),
        issuer: issuer.to_owned(),
        not_before_s,
        not_after_s,
        public_key: key.verifying_key().clone(),
        profile,
    };
    Certificate::read(&issue(&what, issuer_key as &dyn Sign).unwrap()).unwrap()
}

pub(crate) fn unix_s() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

/// A running bank.
pub(crate) struct Running {
    pub(crate) folder: TempDir,
    pub(crate) pki: Pki,
    pub(crate) bank: Bank,
    pub(crate) partner_address: SocketAddr,
    pub(crate) customer_address: SocketAddr,
    pub(crate) account: AccountId,
    pub(crate) statement_key: SigningKey,
    /// Milliseconds.
    pub(crate) time: Arc<AtomicI64>,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<Result<(), bank::BankError>>,
    partner: Client,
    customer: Client,
}

/// What a door answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn is(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}", self.body);
        &self.body
    }

    pub(crate) fn is_problem(&self, status: u16, kind: &str) {
        assert_eq!(self.is(status)["type"], format!("urn:batzen-bank:problem:{kind}"), "{}", self.body);
    }
}

/// Opens a bank with one customer, who has 100.00 CHF and may overdraw by 20.00.
pub(crate) async fn start() -> Running {
    start_with(|_| {}).await
}

pub(crate) async fn start_with(change: impl FnOnce(&mut BankConfig)) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let pki = Pki::make();
    let statement_key = SigningKey::make(&mut SystemRandom);
    let mut config = config(folder.path(), &pki, &statement_key);
    change(&mut config);
    let time = Arc::new(AtomicI64::new(i64::try_from(unix_s()).unwrap() * 1000));
    let bank = open(&config, &time);
    let account = seed(&bank).await;
    let doors = Doors::open(&config).await.unwrap();
    let (partner_address, customer_address) = (doors.partner_address(), doors.customer_address());
    let (stop, stopped) = oneshot::channel::<()>();
    let served = bank.clone();
    let ended = tokio::spawn(async move { doors.serve(served, async { drop(stopped.await) }).await });
    let shown = pki.issue(PARTNER, Profile::TlsClient);
    let identity = Identity::from_pem(shown.chain.as_bytes(), shown.key.as_bytes()).unwrap();
    Running {
        partner: Client::new(pki.roots(), Some(identity)),
        customer: Client::new(pki.roots(), None),
        folder,
        pki,
        bank,
        partner_address,
        customer_address,
        account,
        statement_key,
        time,
        stop: Some(stop),
        ended,
    }
}

pub(crate) fn open(config: &BankConfig, time: &Arc<AtomicI64>) -> Bank {
    let time = Arc::clone(time);
    let clock = Clock::from_fn(move || Timestamp::from_ms(time.load(Ordering::SeqCst)));
    Bank::open(&config.data_dir, Settings { hold_lifetime_s: config.hold_lifetime_s.into(), clock }).unwrap()
}

pub(crate) fn config(folder: &Path, pki: &Pki, statement_key: &SigningKey) -> BankConfig {
    let server = pki.server();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.join(name), text).unwrap();
        folder.join(name)
    };
    BankConfig {
        data_dir: folder.join("store"),
        partner_listen: ([127, 0, 0, 1], 0).into(),
        customer_listen: ([127, 0, 0, 1], 0).into(),
        identity: IdentityFiles {
            certificate_chain: write("bank.pem", &server.chain),
            private_key: write("bank.key", &server.key),
        },
        partner_roots: write("roots.pem", &pki.root_pem),
        partners: vec![
            Partner::new(PARTNER.parse().unwrap(), statement_key.verifying_key().clone()),
            Partner::new("other-payments".parse().unwrap(), statement_key.verifying_key().clone()),
        ],
        hold_lifetime_s: 3600,
        expiry_interval_s: 1,
        drain_s: 5,
        logins_per_minute: 1000,
    }
}

pub(crate) async fn seed(bank: &Bank) -> AccountId {
    let customer = NewCustomer {
        number: CUSTOMER.parse().unwrap(),
        name: "Anna Beispiel".to_owned(),
        password: Password::from_string(PASSWORD.to_owned()),
    };
    bank.seed_customer(customer).await.unwrap();
    bank.seed_account(new_account("Private", Currency::CHF)).await.unwrap()
}

pub(crate) fn new_account(label: &str, currency: Currency) -> NewAccount {
    NewAccount {
        customer: CUSTOMER.parse().unwrap(),
        label: label.to_owned(),
        currency,
        opening_minor: 10_000,
        overdraft_limit_minor: 20_00,
        least_level: AuthenticationLevel::Software,
    }
}

impl Running {
    pub(crate) fn advance_s(&self, seconds: i64) {
        self.time.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.time.load(Ordering::SeqCst)
    }

    /// Ends the bank and waits until its store is let go.
    pub(crate) async fn stop(mut self) -> TempDir {
        self.stop.take().unwrap().send(()).unwrap();
        self.ended.await.unwrap().unwrap();
        drop(self.bank);
        self.folder
    }

    pub(crate) async fn partner(&self, method: Method, path: &str, body: Value) -> Answer {
        call(&self.partner, self.partner_address, method, path, "", &body).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.partner(Method::POST, path, body).await
    }

    pub(crate) async fn customer(&self, method: Method, path: &str, session: &str, body: Value) -> Answer {
        call(&self.customer, self.customer_address, method, path, session, &body).await.unwrap()
    }

    pub(crate) async fn login(&self) -> String {
        let body = json!({"customer_number": CUSTOMER, "password": PASSWORD});
        let answer = self.customer(Method::POST, "/v1/login", "", body).await;
        answer.is(200)["session"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn proof(&self, link_id: &str) -> String {
        let session = self.login().await;
        let body = json!({"link_id": link_id, "account_id": self.account.0, "partner": PARTNER});
        let answer = self.customer(Method::POST, "/v1/proofs", &session, body).await;
        answer.is(201)["proof"].as_str().unwrap().to_owned()
    }

    /// Links the customer's account; gives its reference.
    pub(crate) async fn linked(&self) -> String {
        let proof = self.proof("link-1").await;
        let answer = self.post("/v1/links", json!({"link_id": "link-1", "proof": proof})).await;
        answer.is(201)["account_ref"].as_str().unwrap().to_owned()
    }

    /// A hold as it should be.
    pub(crate) fn hold(&self, hold_id: &str, account_ref: &str, amount_minor: i64) -> Value {
        self.hold_stating(hold_id, account_ref, amount_minor, |_| {})
    }

    /// A hold whose statement, before it is signed, is changed.
    pub(crate) fn hold_stating(
        &self,
        hold_id: &str,
        account_ref: &str,
        amount_minor: i64,
        change: impl FnOnce(&mut Value),
    ) -> Value {
        let mut statement = json!({
            "hold_id": hold_id, "amount_minor": amount_minor, "currency": "CHF", "account_ref": account_ref,
            "level": "software", "customer_verification": "pin", "code_hash": "00", "at_ms": self.now_ms(),
            "something_else": true,
        });
        change(&mut statement);
        let statement = statement.to_string().into_bytes();
        let signature = self.statement_key.sign(&[&statement]).to_bytes().to_vec();
        json!({
            "hold_id": hold_id, "account_ref": account_ref, "amount_minor": amount_minor, "currency": "CHF",
            "payee": "Corner shop", "authentication_statement": Base64Url(statement),
            "authentication_signature": Base64Url(signature),
        })
    }

    /// Balance and held amount of the customer's first account.
    pub(crate) async fn balance(&self) -> (i64, i64) {
        let session = self.login().await;
        let answer = self.customer(Method::GET, "/v1/accounts", &session, Value::Null).await;
        let account = &answer.is(200)["accounts"][0];
        (account["balance_minor"].as_i64().unwrap(), account["held_minor"].as_i64().unwrap())
    }

    pub(crate) fn is_clean(&self) {
        let report = self.bank.check().unwrap();
        assert!(report.is_clean(), "{:?}", report.first_fault);
    }
}

pub(crate) async fn call(
    client: &Client,
    address: SocketAddr,
    method: Method,
    path: &str,
    session: &str,
    body: &Value,
) -> Result<Answer, HttpsError> {
    let mut request = Request::builder().method(method).uri(format!("https://{address}{path}"));
    if !session.is_empty() {
        request = request.header("authorization", format!("Bearer {session}"));
    }
    let text = if body.is_null() { String::new() } else { body.to_string() };
    if !text.is_empty() {
        request = request.header("content-type", "application/json");
    }
    let answer = client.send(request.body(text).unwrap(), LIMITS).await?;
    let body = serde_json::from_slice(answer.body()).unwrap_or(Value::Null);
    Ok(Answer { status: answer.status().as_u16(), body })
}
