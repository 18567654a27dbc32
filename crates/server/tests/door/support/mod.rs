//! A payment server on a free port, over real HTTP: the embedded store, the software key store, security
//! management and phones as they are; a bank that does what a test tells it; a clock that tests move.

mod answer;
mod bank;
mod phone;
mod receiver;
mod stream;
mod tills;
mod tls;

pub(crate) use answer::Answer;
pub(crate) use bank::{ACCOUNT_REF, Asked, ScriptedBank, Wish};
pub(crate) use phone::{Pending, Phone, Plan, RIGHT_PIN, WRONG_PIN, platform};
pub(crate) use receiver::{Receiver, Say, Told};
pub(crate) use stream::Events;
pub(crate) use tills::Till;

use core::future::Future;
use core::time::Duration;
use crypto::hash::sha256;
use crypto::p256::SigningKey;
use crypto::{SecretString, SystemRandom};
use http::{Method, Request};
use https::{Client, HttpsError, Limits, StreamLimits};
use keystore::{RealmKeys, TokenAddress};
use model::{Clock, Currency, CustomerId, EnrolmentId, MerchantId, Timestamp};
use payments::check::SignedBy;
use payments::{Provider, Terms};
use protocol::payment_code::{EmvProfile, Suite};
use protocol::realm::Realm;
use records::{Enrolment, Page, Queries};
use security::{Attesters, KeyStore, Policy, Rate, Security};
use serde_json::{Value, json};
use server::{Listener, Parts, RunError, ServerLimits};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::{EmbeddedStore, Options};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const OPERATOR_KEY: &str = "operator-key-that-no-log-may-hold";
pub(crate) const PASSPHRASE: &str = "only for tests";
const LIMITS: Limits = Limits { deadline: Duration::from_secs(60), max_body_bytes: 4 << 20 };

pub(crate) fn start() -> Timestamp {
    Timestamp::from_s(1_790_000_000)
}

/// A clock that stands still until it is moved.
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(crate) fn at(at: Timestamp) -> Self {
        Self(AtomicI64::new(at.ms()))
    }

    pub(crate) fn advance_s(&self, s: i64) {
        self.0.fetch_add(s * 1_000, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(self.0.load(Ordering::SeqCst))
    }
}

/// How a world shall be.
pub(crate) struct Setup {
    pub(crate) policy: Policy,
    pub(crate) limits: ServerLimits,
    pub(crate) terms: Terms,
    pub(crate) tls: bool,
    pub(crate) now: Timestamp,
    /// Which attestations are looked at.
    pub(crate) attesters: Option<Attesters>,
    /// The server's keys, where they are not its own.
    pub(crate) keys: Option<Arc<dyn KeyStore>>,
    pub(crate) emv_profile: Option<EmvProfile>,
    /// How webhook endpoints are called.
    pub(crate) webhooks: Option<Client>,
    pub(crate) pages: Option<axum::Router>,
}

impl Default for Setup {
    /// Rates that no test meets by chance.
    fn default() -> Self {
        let often = Rate { burst: 100_000, refill_ms: 1 };
        let policy = Policy { activation_rate: often, device_rate: often, ..Policy::default() };
        let limits = ServerLimits { checkout_rate_per_s: 1_000_000, ..ServerLimits::default() };
        Self {
            policy,
            limits,
            terms: Terms::default(),
            tls: false,
            now: start(),
            attesters: None,
            keys: None,
            emv_profile: None,
            webhooks: None,
            pages: None,
        }
    }
}

pub(crate) struct World {
    pub(crate) store: Arc<EmbeddedStore>,
    pub(crate) keys: Arc<RealmKeys>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) bank: Arc<ScriptedBank>,
    pub(crate) address: SocketAddr,
    pub(crate) client: Client,
    _folder: TempDir,
    scheme: &'static str,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<Result<(), RunError>>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let keys = make_keys(&folder, setup.now);
        Self::open(setup, folder, keys).await
    }

    /// A world in this folder, with keys that were made already.
    pub(crate) async fn open(setup: Setup, folder: TempDir, keys: Arc<RealmKeys>) -> Self {
        let tls = setup.tls;
        let clock = Arc::new(ManualClock::at(setup.now));
        let bank = Arc::new(ScriptedBank::new(clock.clone()));
        let (parts, store) = parts(setup, &folder, &keys, &clock, &bank);
        let (server_tls, roots) = tls::server();
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let listener = Listener { socket, tls: tls.then_some(server_tls) };
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(server::run(parts, listener, async { drop(stopped.await) }));
        let scheme = if tls { "https" } else { "http" };
        let client = Client::new(roots, None);
        Self { store, keys, clock, bank, address, client, _folder: folder, scheme, stop: Some(stop), ended }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        Request::builder().method(method).uri(self.url(path))
    }

    pub(crate) async fn send(&self, request: Request<Vec<u8>>) -> Answer {
        self.try_send(request).await.unwrap()
    }

    pub(crate) async fn try_send(&self, request: Request<Vec<u8>>) -> Result<Answer, HttpsError> {
        self.client.send(request, LIMITS).await.map(|response| Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.into_body().to_vec(),
        })
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Vec::new()).unwrap()).await
    }

    pub(crate) async fn listen(&self, request: Request<Vec<u8>>) -> Events {
        let limits = StreamLimits { deadline: Duration::from_secs(10), idle: Duration::from_secs(30) };
        let response = self.client.send_streaming(request, limits).await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        Events::new(response.into_body())
    }

    pub(crate) async fn operator(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let builder = self
            .request(method, path)
            .header("authorization", format!("Bearer {OPERATOR_KEY}"))
            .header("x-operator", "grace");
        let request = match body {
            Some(body) => builder.header("content-type", "application/json").body(body.to_string().into()),
            None => builder.body(Vec::new()),
        };
        self.send(request.unwrap()).await
    }

    pub(crate) async fn customer(&self) -> CustomerId {
        let answer = self.operator(Method::POST, "/v1/admin/customers", Some(json!({"name": "Ada"}))).await;
        parse(&answer.is(201)["id"])
    }

    pub(crate) async fn activation_code(&self, customer: CustomerId) -> String {
        let path = format!("/v1/admin/customers/{customer}/activation-codes");
        self.operator(Method::POST, &path, None).await.text_of(201, "activation_code")
    }

    pub(crate) async fn merchant(&self, name: &str) -> MerchantId {
        let answer = self.operator(Method::POST, "/v1/admin/merchants", Some(json!({"name": name}))).await;
        parse(&answer.is(201)["id"])
    }

    /// A checkout of a merchant with these tills.
    pub(crate) async fn till_of(&self, merchant: MerchantId, terminals: &[u32]) -> Till {
        let asked = json!({"merchant": merchant, "name": "till", "terminals": terminals});
        let answer = self.operator(Method::POST, "/v1/admin/checkouts", Some(asked)).await;
        Till::new(self, answer.text_of(201, "api_key"), terminals[0])
    }

    /// A checkout of a merchant of its own with these tills.
    pub(crate) async fn till(&self, terminals: &[u32]) -> Till {
        let merchant = self.merchant("Bakery").await;
        self.till_of(merchant, terminals).await
    }

    /// An activated phone of a new customer, with one proved account in CHF in slot 1.
    pub(crate) async fn paying_phone(&self) -> Phone {
        let phone = self.phone().await;
        phone.prove_method(self, Currency::CHF).await;
        phone
    }

    /// An activated phone of a new customer.
    pub(crate) async fn phone(&self) -> Phone {
        let customer = self.customer().await;
        let code = self.activation_code(customer).await;
        Phone::activate(self, &code).await
    }

    pub(crate) async fn enrolment(&self, id: EnrolmentId) -> Enrolment {
        self.store.enrolment(id).await.unwrap().unwrap()
    }

    pub(crate) async fn audit_actions(&self) -> Vec<String> {
        let rows = self.store.audit(Page::first(1_000)).await.unwrap();
        rows.into_iter().map(|row| row.entry.action).collect()
    }

    /// Lets requests under way finish, ends the server, and checks every invariant of what is stored.
    pub(crate) async fn end(mut self) {
        drop(self.stop.take());
        (&mut self.ended).await.unwrap().unwrap();
        self.assert_sound().await;
    }

    /// Checks every invariant of what is stored.
    pub(crate) async fn assert_sound(&self) {
        let signed_by = SignedBy {
            realm: self.keys.realm().clone(),
            audit_keys: self.keys.audit_keys(),
            rule_keys: self.keys.rule_keys_ever(),
        };
        let report = payments::check::check(&*self.store, &signed_by).await.unwrap();
        assert_eq!(report.findings, []);
    }

    /// Begins to end the server; gives back what is ready once it has ended.
    pub(crate) fn drain(&mut self) -> impl Future<Output = ()> + use<> {
        drop(self.stop.take());
        let ended = std::mem::replace(&mut self.ended, tokio::spawn(async { Ok(()) }));
        async { ended.await.unwrap().unwrap() }
    }
}

/// Roots that vouch for nobody in particular.
pub(crate) fn roots() -> https::Roots {
    tls::server().1
}

pub(crate) fn make_keys(folder: &TempDir, now: Timestamp) -> Arc<RealmKeys> {
    keys_in_a_token(now).unwrap_or_else(|| make_keys_in(folder, now, Suite::X25519))
}

/// The realm's keys in the token that `tests/tokens/run.sh` made for this test, if it runs the test.
fn keys_in_a_token(now: Timestamp) -> Option<Arc<RealmKeys>> {
    let from_runner = |name: &str| std::env::var(format!("BATZEN_TEST_TOKEN{name}")).ok();
    let (module, token, pin) = (from_runner("_MODULE")?, from_runner("")?, from_runner("_PIN")?);
    let address = || TokenAddress {
        module: module.clone().into(),
        token: token.clone(),
        pin: SecretString::from_string(pin.clone()),
    };
    let (realm, root) = (Realm::new("shop.example").unwrap(), SigningKey::make(&mut SystemRandom));
    // A test of several worlds has one token for all.
    let keys = RealmKeys::open_in_token(address(), &realm)
        .or_else(|_| RealmKeys::create_in_token(address(), &realm, &root, now, &mut SystemRandom));
    Some(Arc::new(keys.unwrap()))
}

pub(crate) fn make_keys_in(folder: &TempDir, now: Timestamp, suite: Suite) -> Arc<RealmKeys> {
    let path = folder.path().join("keys");
    let realm = Realm::new("shop.example").unwrap();
    let random = &mut SystemRandom;
    Arc::new(RealmKeys::create_file_in_suite(&path, PASSPHRASE, &realm, suite, now, random).unwrap())
}

/// What a server is put together from, and its store.
pub(crate) fn parts(
    setup: Setup,
    folder: &TempDir,
    keys: &Arc<RealmKeys>,
    clock: &Arc<ManualClock>,
    bank: &Arc<ScriptedBank>,
) -> (Parts, Arc<EmbeddedStore>) {
    let options = Options { cache_bytes: 16 << 20, check_pages: false };
    let store = Arc::new(EmbeddedStore::open_with(&folder.path().join("store"), options).unwrap());
    let server_keys = setup.keys.unwrap_or_else(|| keys.clone());
    let mut security = Security::new(store.clone(), server_keys.clone(), setup.policy).unwrap();
    if let Some(attesters) = setup.attesters {
        security = security.attested_by(attesters);
    }
    let bank_port: Arc<dyn Provider> = bank.clone();
    let parts = Parts {
        store: store.clone(),
        keys: server_keys,
        security: Arc::new(security),
        providers: HashMap::from([("bank".parse().unwrap(), bank_port)]),
        clock: clock.clone(),
        terms: setup.terms,
        operator_key_hash: sha256(&[OPERATOR_KEY.as_bytes()]),
        limits: setup.limits,
        check_every: None,
        emv_profile: setup.emv_profile,
        webhooks: setup.webhooks,
        pages: setup.pages,
    };
    (parts, store)
}

pub(crate) fn parse<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap()
}

/// Asks again until the answer is yes.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    for _ in 0..2_000 {
        if ask().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{what}: never");
}
