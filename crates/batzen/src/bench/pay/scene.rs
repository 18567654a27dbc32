//! Who pays and who sells in a bench: customers with enrolled phones and accounts, shops with tills.
//!
//! They are written straight into the store, by the commands that activation and operators use.

use crate::failure::Failure;
use crypto::hash::sha256;
use crypto::p256::SigningKey;
use crypto::x509::{Issue, Profile, issue};
use crypto::{Random, SystemRandom, x25519};
use futures_util::{StreamExt, TryStreamExt, stream};
use model::{
    CheckoutId, Counter, Currency, CustomerId, EnrolmentId, MerchantId, MethodSlot, TerminalNumber, Timestamp,
};
use protocol::payment_code::{Pin, PinGeneration, PinKey, PinSecret};
use records::{
    ActivationCodeRow, ActivationPurpose, ActivationUse, Actor, AuditEntry, Checkout, Command, Customer,
    Enrol, Enrolment, EnrolmentStatus, InstalledApp, Merchant, Method, MethodState, Outcome, PinState, Store,
    TrustLevel,
};
use security::{Authority, KeyStore};

/// What all customers pay in.
pub(super) const CURRENCY: Currency = Currency::CHF;
/// The method that all customers pay with.
pub(super) const METHOD: MethodSlot = MethodSlot(1);
/// Every so many checkouts belong to one shop.
const CHECKOUTS_OF_MERCHANT: u32 = 4;
/// How many customers are written at once, so that they share commits.
const AT_ONCE: usize = 128;
const YEAR_S: i64 = 365 * 86_400;

/// A customer's phone, as far as a payment code needs it.
pub(super) struct Phone {
    pub(super) id: EnrolmentId,
    pub(super) device: SigningKey,
    pub(super) pin_key: PinKey,
    /// The PIN key as the server keeps it.
    pub(super) wrapped_pin_key: Vec<u8>,
    /// The last code's number.
    pub(super) counter: Counter,
}

/// A till with a checkout of its own.
pub(super) struct Till {
    pub(super) api_key: String,
    pub(super) terminal: TerminalNumber,
}

/// Enrols `count` customers, each with a phone and an account at `provider`; accounts are given out in turn.
pub(super) async fn enrol(
    store: &dyn Store,
    keys: &dyn KeyStore,
    count: usize,
    account_refs: &[String],
    now: Timestamp,
) -> Result<Vec<Phone>, Failure> {
    let enrolling = (0..count).map(|place| async move {
        let account_ref = &account_refs[place % account_refs.len()];
        enrol_one(store, keys, account_ref, now).await
    });
    stream::iter(enrolling).buffered(AT_ONCE).try_collect().await
}

async fn enrol_one(
    store: &dyn Store,
    keys: &dyn KeyStore,
    account_ref: &str,
    now: Timestamp,
) -> Result<Phone, Failure> {
    let customer =
        Customer { id: CustomerId::derive(0, now, random()), name: "Ada".to_owned(), created_at: now };
    let id = EnrolmentId::derive(0, u32::from_be_bytes(drawn()));
    let pin_key = PinKey::derive(&PinSecret::make(&mut SystemRandom), &Pin::parse("493817")?);
    let phone = Phone {
        id,
        device: SigningKey::make(&mut SystemRandom),
        wrapped_pin_key: keys.wrap_pin_key(id, PinGeneration::FIRST, &pin_key, &mut SystemRandom)?,
        pin_key,
        counter: Counter(0),
    };
    let code = ActivationCodeRow {
        code_hash: drawn(),
        customer: customer.id,
        issued_at: now,
        expires_at: now.plus_s(3_600),
        purpose: ActivationPurpose::NewDevice,
        used: None,
    };
    let enrolment = enrolment(keys, &phone, customer.id, now)?;
    let used = ActivationUse { request_hash: drawn(), enrolment: phone.id, reply: vec![0; 1_600], at: now };
    let audit = entry(now, "enrolment.activated");
    let enrol = Enrol::first_device(code.code_hash, used, enrolment, drawn(), audit);
    let method = Method {
        customer: customer.id,
        slot: METHOD,
        version: 1,
        provider: super::system::PROVIDER.parse()?,
        state: MethodState::Active {
            account_ref: account_ref.to_owned(),
            currency: CURRENCY,
            label: "CH93 •••• 5295 7".to_owned(),
        },
        added_at: now,
    };
    let put = records::PutMethod { expected_version: 0, method, audit: entry(now, "method.proved") };
    for command in [
        Command::CreateCustomer(customer, entry(now, "customer.added")),
        Command::IssueActivationCode(code, entry(now, "activation.issued")),
        Command::Enrol(Box::new(enrol)),
        Command::PutMethod(Box::new(put)),
    ] {
        commit(store, command).await?;
    }
    Ok(phone)
}

fn enrolment(
    keys: &dyn KeyStore,
    phone: &Phone,
    customer: CustomerId,
    now: Timestamp,
) -> Result<Enrolment, Failure> {
    let Authority { certificate: authority, signer } = keys.device_ca();
    let mut serial: [u8; 16] = drawn();
    serial[0] = serial[0] & 0x7f | 0x40;
    let now_s = u64::try_from(now.s()).unwrap_or(0);
    let to_issue = Issue {
        serial,
        subject: phone.id.to_string(),
        issuer: authority.subject_cn().to_owned(),
        not_before_s: now_s,
        not_after_s: now_s + YEAR_S.unsigned_abs(),
        public_key: phone.device.verifying_key().clone(),
        profile: Profile::Device,
    };
    let online = SigningKey::make(&mut SystemRandom);
    Ok(Enrolment {
        id: phone.id,
        version: 1,
        customer,
        device_key: phone.device.verifying_key().to_sec1_uncompressed().to_vec(),
        online_key: online.verifying_key().to_sec1_compressed().to_vec(),
        confirmation_key: *x25519::SecretKey::make(&mut SystemRandom).public_key().as_bytes(),
        certificate: issue(&to_issue, &*signer)?,
        certificate_not_after: now.plus_s(YEAR_S),
        pin: PinState {
            generation: 1,
            wrapped_key: phone.wrapped_pin_key.clone(),
            previous: None,
            failures: 0,
            blocked_until: None,
        },
        status: EnrolmentStatus::Active,
        counter: Counter(0),
        forks: 0,
        last_fork_at: None,
        clock_offset_ms: 0,
        level: TrustLevel::Software,
        platform: "Bench, linux 6, batzen.wallet 1".to_owned(),
        activated_at: now,
        last_online_at: now,
        app: Some(InstalledApp { id: "linux:batzen.wallet".parse()?, version: "1.0".parse()?, digest: None }),
    })
}

/// Registers `count` checkouts with a till each, several to a shop.
pub(super) async fn register_tills(
    store: &dyn Store,
    count: u32,
    now: Timestamp,
) -> Result<Vec<Till>, Failure> {
    let mut tills = Vec::new();
    let mut merchant = MerchantId::derive(0, now, random());
    for number in 0..count {
        if number % CHECKOUTS_OF_MERCHANT == 0 {
            merchant = MerchantId::derive(0, now, random());
            let name = format!("Shop {}", 1 + number / CHECKOUTS_OF_MERCHANT);
            let row = Merchant { id: merchant, name, terms: Vec::new(), created_at: now, category: None };
            commit(store, Command::CreateMerchant(row, entry(now, "merchant.added"))).await?;
        }
        let api_key = format!("bzc_{}", data_encoding::BASE64URL_NOPAD.encode(&drawn::<32>()));
        let terminal =
            TerminalNumber::new(1_000 + number).ok_or_else(|| Failure::new("no till has this number"))?;
        let checkout = Checkout {
            id: CheckoutId::derive(0, now, random()),
            merchant,
            name: format!("Till {terminal}"),
            api_key_hash: sha256(&[api_key.as_bytes()]),
            terminals: vec![terminal],
            created_at: now,
        };
        commit(store, Command::CreateCheckout(checkout, entry(now, "checkout.added"))).await?;
        tills.push(Till { api_key, terminal });
    }
    Ok(tills)
}

async fn commit(store: &dyn Store, command: Command) -> Result<(), Failure> {
    match store.commit(command).await? {
        Outcome::Done => Ok(()),
        other => Err(Failure::new(format!("the bench's scene could not be written: {other:?}"))),
    }
}

fn entry(at: Timestamp, action: &str) -> AuditEntry {
    AuditEntry {
        at,
        actor: Actor::Server,
        action: action.to_owned(),
        subject: "bench".to_owned(),
        detail: String::new(),
    }
}

fn drawn<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    SystemRandom.fill(&mut bytes);
    bytes
}

pub(super) fn random() -> u64 {
    u64::from_le_bytes(drawn())
}
