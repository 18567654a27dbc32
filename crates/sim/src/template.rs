//! The world before the day begins: keys, customers, shops, activated phones, linked accounts. Made once for all
//! histories, through the real doors; each history begins with a copy.

use crate::approving::ASKED_ABOVE_MINOR;
use crate::chance::Chance;
use crate::clock::{MachineClock, START, Time};
use crate::log::Log;
use crate::net::Net;
use crate::node::Node;
use crate::phone::{Phone, RIGHT_PIN};
use crate::plan::{Network, PHONES, TILLS};
use crate::programs::{self, BankNode, SOURCE, SeededIds, ServerNode, ServerSetup};
use api::phone::{ChallengeView, MethodView};
use bank::{NewAccount, NewCustomer};
use bank_api::{AccountId, AuthenticationLevel, LoginRequest, Password, ProofRequest};
use crypto::p256::{Sign, SigningKey};
use crypto::x509::{Issue, Profile, issue};
use http::{Method, Request, header};
use https::Bytes;
use keystore::RealmKeys;
use model::{CheckoutId, Currency, TerminalNumber, Timestamp};
use protocol::activation_request::{Attestation, Platform};
use protocol::evidence::Evidence;
use protocol::payment_code::Pin;
use protocol::realm::Realm;
use protocol::realm_file::AppIdentity;
use protocol::short_text::ShortText;
use security::{Policy, Rate};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::error::Error;
use std::sync::{Arc, Mutex};
use store::fault_disk::{Fate, Images};
use wallet::{Applicant, DevicePublicKeys, MemoryVault, State, Vault};

/// The name by which the server knows the bank.
pub(crate) const BANK: &str = "bank";
/// The name by which the bank knows the server.
pub(crate) const PARTNER: &str = "shop-payments";
/// What each customer has at the bank, minor units: some soon have nothing left.
const OPENING_MINOR: [i64; PHONES] = [100_000, 100_000, 20_000, 6_000];
/// The world is made so long before a history begins.
const BEFORE_S: i64 = 3_600;

type Made<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What the server's machine knows and no disk of ours holds.
pub(crate) struct Secrets {
    pub(crate) keys: Arc<RealmKeys>,
    pub(crate) policy: Policy,
    pub(crate) operator_key: String,
    /// What the server shows to the bank, DER.
    pub(crate) partner_certificate: Vec<u8>,
}

/// A checkout with one till.
#[derive(Clone)]
pub(crate) struct TillKit {
    pub(crate) checkout: CheckoutId,
    pub(crate) api_key: String,
    pub(crate) terminal: TerminalNumber,
}

/// The world before the day begins.
pub struct Template {
    pub(crate) secrets: Arc<Secrets>,
    pub(crate) server_images: Images,
    pub(crate) bank_images: Images,
    pub(crate) phones: Vec<Phone>,
    /// Each customer's account at the bank.
    pub(crate) accounts: Vec<AccountId>,
    pub(crate) tills: Vec<TillKit>,
    /// The hostile checkout, of a shop of its own.
    pub(crate) hostile: TillKit,
}

impl Template {
    /// Makes the world.
    ///
    /// # Errors
    /// If one of its parts refuses: a mistake here, or in the product.
    pub fn make() -> Made<Self> {
        let secrets = Arc::new(make_secrets()?);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
        runtime.block_on(async { World::open(secrets).make().await })
    }
}

fn make_secrets() -> Made<Secrets> {
    let folder = tempfile::tempdir()?;
    let made_at = START.plus_s(-BEFORE_S);
    let realm = Realm::new("shop.example")?;
    let path = folder.path().join("keys");
    let keys = RealmKeys::create_file(&path, "only simulated", &realm, made_at, &mut Chance::of(&[1]))?;
    let often = Rate { burst: 100_000, refill_ms: 1 };
    // About a third of all sales is to be approved on the phone.
    let large = json!([{"name": "large", "when": {"amount_above_minor": {"CHF": ASKED_ABOVE_MINOR}}, "then": "approve"}]);
    let rules = serde_json::from_value(large)?;
    let policy = Policy { activation_rate: often, device_rate: often, rules, ..Policy::default() };
    let operator_key = "operator key of the simulated server".replace(' ', "-");
    Ok(Secrets {
        keys: Arc::new(keys),
        policy,
        operator_key,
        partner_certificate: partner_certificate(made_at)?,
    })
}

fn partner_certificate(at: Timestamp) -> Made<Vec<u8>> {
    let random = &mut Chance::of(&[2]);
    let (authority, key) = (SigningKey::make(random), SigningKey::make(random));
    let s = u64::try_from(at.s())?;
    let what = Issue {
        serial: [7; 16],
        subject: PARTNER.to_owned(),
        issuer: "Simulated authority".to_owned(),
        not_before_s: s,
        not_after_s: s + 86_400,
        public_key: key.verifying_key().clone(),
        profile: Profile::TlsClient,
    };
    Ok(issue(&what, &authority as &dyn Sign)?)
}

struct World {
    secrets: Arc<Secrets>,
    server: Arc<ServerNode>,
    bank: Arc<BankNode>,
    now: Timestamp,
    random: Chance,
}

impl World {
    fn open(secrets: Arc<Secrets>) -> Self {
        let now = START.plus_s(-BEFORE_S);
        let time = Time::begin(now);
        let log = Arc::new(Log::new(time, false));
        let clock = MachineClock::new(time);
        let net = Arc::new(Net::new(log.clone(), Network::CALM, BTreeSet::new()));
        let start = programs::bank(secrets.clone(), clock.clone());
        let bank = Node::new("bank", Images::default(), start, log.clone(), Chance::of(&[3]));
        let start = programs::server(ServerSetup {
            secrets: secrets.clone(),
            clock,
            ids: Arc::new(SeededIds(Mutex::new(Chance::of(&[4])))),
            net,
            bank: bank.clone(),
            capture_window_s: 60,
            look_again_ms: 1_000,
            log_bytes: None,
            chance: Chance::of(&[5]),
        });
        let server = Node::new("server", Images::default(), start, log, Chance::of(&[6]));
        Self { secrets, server, bank, now, random: Chance::of(&[7]) }
    }

    async fn make(mut self) -> Made<Template> {
        self.bank.boot();
        self.server.boot();
        let (mut phones, mut accounts) = (Vec::new(), Vec::new());
        for (number, opening_minor) in OPENING_MINOR.into_iter().enumerate() {
            let mut phone = self.activate(number).await?;
            accounts.push(self.link_account(&mut phone, number, opening_minor).await?);
            phones.push(phone);
        }
        let bakery = self.merchant("Bakery").await?;
        let mut tills = Vec::new();
        for number in 1..=u32::try_from(TILLS)? {
            tills.push(self.till(&bakery, number).await?);
        }
        let stall = self.merchant("Stall").await?;
        let hostile = self.till(&stall, 99).await?;
        let closed = "a program of the template is gone";
        Ok(Template {
            server_images: self.server.images_now(Fate::Lost).ok_or(closed)?,
            bank_images: self.bank.images_now(Fate::Lost).ok_or(closed)?,
            secrets: self.secrets,
            phones,
            accounts,
            tills,
            hostile,
        })
    }

    async fn activate(&mut self, number: usize) -> Made<Phone> {
        let customer: Value = self
            .operator("/v1/admin/customers", &json!({"name": format!("Customer {}", number + 1)}))
            .await?;
        let customer = customer["id"].as_str().unwrap_or_default();
        let path = format!("/v1/admin/customers/{customer}/activation-codes");
        let issued: Value = self.operator(&path, &json!({})).await?;
        let challenge: ChallengeView =
            self.send(Request::post("/v1/activations/challenge").body(Bytes::new())?).await?;
        let app = AppIdentity { id: "example.wallet".to_owned(), version: "1.0".to_owned() };
        let roots = self.secrets.keys.root_certificate().to_pem();
        let mut state = State::new(self.secrets.keys.realm_file("https://pay.example", &roots, app));
        let vault = Arc::new(MemoryVault::make(&mut self.random));
        let text = ShortText::new;
        let applicant = Applicant {
            activation_code: issued["activation_code"].as_str().unwrap_or_default().parse()?,
            challenge: challenge.challenge.parse()?,
            pin: Pin::parse(RIGHT_PIN)?,
            platform: Platform {
                os: text("linux")?,
                os_version: text("6")?,
                model: text("simulated")?,
                app_id: text("example.wallet")?,
                app_version: text("1.0")?,
                app_digest: None,
            },
            attestation: Attestation::None {},
            evidence: Evidence::SENSORS_RAN,
        };
        let keys = DevicePublicKeys::of(&*vault)?;
        let draft = state.draft_activation(applicant, &keys, self.now, &mut self.random)?;
        let signatures = draft.sign(&*vault)?;
        let unsent = state.begin_activation(draft, &signatures, &mut self.random)?;
        let request = Request::post("/v1/activations")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(unsent.stored()))?;
        let reply = self.answer(request).await?;
        let device_key = vault.device_key().verifying_key().clone();
        state.complete_activation(&reply, &device_key, self.now, self.now)?;
        Ok(Phone::new(state, vault))
    }

    /// Opens an account at the bank, and proves it there.
    async fn link_account(
        &mut self,
        phone: &mut Phone,
        number: usize,
        opening_minor: i64,
    ) -> Made<AccountId> {
        let bank = self.bank.inside().ok_or("the bank is down")?;
        let customer_number: bank_api::CustomerNumber = format!("10000{number}").parse()?;
        let password = || Password::from_string("correct horse".to_owned());
        bank.seed_customer(NewCustomer {
            number: customer_number.clone(),
            name: format!("Customer {}", number + 1),
            password: password(),
        })
        .await?;
        let account_id = bank
            .seed_account(NewAccount {
                customer: customer_number.clone(),
                label: "Everyday".to_owned(),
                currency: Currency::CHF,
                opening_minor,
                overdraft_limit_minor: 0,
                least_level: AuthenticationLevel::Browser,
            })
            .await?;
        let added: MethodView = self.phone(phone, "/v1/methods", &json!({"provider": BANK})).await?;
        let link_id = added.link.ok_or("a method without a link")?.to_string().parse()?;
        let session = bank.login(LoginRequest { customer_number, password: password() }).await?.session;
        let session = bank.session(&session)?;
        let asked = ProofRequest { link_id, account_id, partner: PARTNER.parse()? };
        let proof = bank.make_proof(&session, asked).await?.proof;
        let path = format!("/v1/methods/{}/proof", added.slot.0);
        let proved = self.phone(phone, &path, &json!({"proof": proof.expose()})).await?;
        phone.state.apply_method(proved)?;
        Ok(account_id)
    }

    async fn merchant(&mut self, name: &str) -> Made<String> {
        let made: Value = self.operator("/v1/admin/merchants", &json!({"name": name})).await?;
        Ok(made["id"].as_str().unwrap_or_default().to_owned())
    }

    async fn till(&mut self, merchant: &str, terminal: u32) -> Made<TillKit> {
        let asked =
            json!({"merchant": merchant, "name": format!("till {terminal}"), "terminals": [terminal]});
        let made: Value = self.operator("/v1/admin/checkouts", &asked).await?;
        let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
        let terminal = TerminalNumber::new(terminal).ok_or("a till without a number")?;
        Ok(TillKit { checkout: text("id").parse()?, api_key: text("api_key"), terminal })
    }

    async fn operator<A: DeserializeOwned>(&mut self, path: &str, asked: &impl Serialize) -> Made<A> {
        let request = Request::post(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.secrets.operator_key))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::from(serde_json::to_vec(asked)?))?;
        self.send(request).await
    }

    async fn phone<A: DeserializeOwned>(&mut self, phone: &Phone, path: &str, asked: &Value) -> Made<A> {
        let body = serde_json::to_vec(asked)?;
        let request = phone.request(&Method::POST, path, body, self.now, &mut self.random);
        self.send(request.ok_or("a request that cannot be signed")?).await
    }

    async fn send<A: DeserializeOwned>(&self, request: Request<Bytes>) -> Made<A> {
        Ok(serde_json::from_slice(&self.answer(request).await?)?)
    }

    async fn answer(&self, mut request: Request<Bytes>) -> Made<Bytes> {
        let path = request.uri().path().to_owned();
        request.extensions_mut().insert(SOURCE);
        let (status, body) = self.server.serve(request).await.ok_or("the server is down")?;
        if status.is_success() {
            return Ok(body);
        }
        Err(format!("{path}: {status}: {}", String::from_utf8_lossy(&body)).into())
    }
}
