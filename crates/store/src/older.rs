//! Rows as older programs wrote them, read as what they are today.

use crate::stored::{Series, StoredEvent, StoredPayment};
use model::{
    AppId, AppVersion, CheckoutId, Counter, CustomerId, EnrolmentId, IdempotencyKey, MerchantId, Order,
    Payer, Payment, PaymentId, PaymentState, SaleTerms, Timestamp,
};
use protocol::verdict::Verdict;
use records::{
    ActivationCodeRow, ActivationPurpose, ActivationUse, App, CustomerTexts, Effect, Enrolment,
    EnrolmentStatus, InstalledApp, KnownVersion, LockReason, Merchant, MerchantTerms, MinimumVersion,
    PinState, ReplacedPinKey, RevocationReason, TrustLevel, VerdictRow,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// An enrolment of versions 2 and 3.
pub(crate) fn enrolment(version: u8, bytes: &[u8]) -> Option<Enrolment> {
    match version {
        2 => enrolment_2(bytes),
        3 => enrolment_3(bytes),
        _ => None,
    }
}

fn enrolment_3(bytes: &[u8]) -> Option<Enrolment> {
    let old: Enrolment3 = whole(bytes)?;
    Some(Enrolment {
        id: old.id,
        version: old.version,
        customer: old.customer,
        device_key: old.device_key,
        online_key: old.online_key,
        confirmation_key: old.confirmation_key,
        certificate: old.certificate,
        certificate_not_after: old.certificate_not_after,
        pin: old.pin,
        status: old.status,
        counter: old.counter,
        forks: old.forks,
        last_fork_at: old.last_fork_at,
        clock_offset_ms: old.clock_offset_ms,
        level: old.level,
        platform: old.platform,
        activated_at: old.activated_at,
        last_online_at: old.last_online_at,
        app: old.app.map(|(id, version)| InstalledApp { id, version, digest: None }),
    })
}

fn enrolment_2(bytes: &[u8]) -> Option<Enrolment> {
    let old: Enrolment2 = whole(bytes)?;
    let status = match old.status {
        Status2::Active => EnrolmentStatus::Active,
        Status2::Unsynchronised { since } => EnrolmentStatus::Unsynchronised { since },
        Status2::Locked { reason, since } => EnrolmentStatus::Locked { reason, since },
        Status2::Revoked { since } => {
            EnrolmentStatus::Revoked { reason: RevocationReason::Unspecified, since }
        }
    };
    let Pin2 { generation, wrapped_key, previous, failures } = old.pin;
    Some(Enrolment {
        id: old.id,
        version: old.version,
        customer: old.customer,
        device_key: old.device_key,
        online_key: old.online_key,
        confirmation_key: old.confirmation_key,
        certificate: old.certificate,
        certificate_not_after: old.certificate_not_after,
        pin: PinState { generation, wrapped_key, previous, failures, blocked_until: None },
        status,
        counter: old.counter,
        forks: old.forks,
        last_fork_at: old.last_fork_at,
        clock_offset_ms: old.clock_offset_ms,
        level: old.level,
        platform: old.platform,
        activated_at: old.activated_at,
        last_online_at: old.last_online_at,
        app: None,
    })
}

/// An app of version 1.
pub(crate) fn app(version: u8, bytes: &[u8]) -> Option<App> {
    let old: App1 = if version == 1 { whole(bytes)? } else { return None };
    let App1 { id, version, name, signers, only_known, minimum, message, versions, created_at } = old;
    let digests_required = false;
    Some(App {
        id,
        version,
        name,
        signers,
        only_known,
        digests_required,
        minimum,
        message,
        versions,
        created_at,
    })
}

/// An activation code of version 1.
pub(crate) fn activation_code(version: u8, bytes: &[u8]) -> Option<ActivationCodeRow> {
    let old: Code1 = if version == 1 { whole(bytes)? } else { return None };
    let Code1 { code_hash, customer, issued_at, expires_at, used } = old;
    let purpose = ActivationPurpose::NewDevice;
    Some(ActivationCodeRow { code_hash, customer, issued_at, expires_at, purpose, used })
}

/// A payment of version 2, before decisions were recorded, or 3, before approvals.
pub(crate) fn payment(version: u8, bytes: &[u8]) -> Option<StoredPayment> {
    match version {
        2 => whole(bytes).map(payment_2),
        3 => whole(bytes).map(payment_3),
        _ => None,
    }
}

fn payment_3(old: StoredPayment3) -> StoredPayment {
    let StoredPayment3 { payment, verdict, request, wake_at, effects, recent } = old;
    StoredPayment { payment: payment.into(), verdict, request, wake_at, effects, recent }
}

fn payment_2(old: StoredPayment2) -> StoredPayment {
    let StoredPayment2 { payment, verdict, request, wake_at, effects, recent } = old;
    let Verdict2 { payment: of, verdict, code_hash, enrolment, counter, at, confirmation } = verdict;
    let verdict =
        VerdictRow { payment: of, verdict, code_hash, enrolment, counter, at, confirmation, decision: None };
    StoredPayment { payment: payment.into(), verdict, request, wake_at, effects, recent }
}

impl From<Payment3> for Payment {
    fn from(old: Payment3) -> Self {
        Self {
            id: old.id,
            version: old.version,
            order: old.order,
            payer: old.payer,
            terms: old.terms,
            received_at: old.received_at,
            state: old.state,
            captured_minor: old.captured_minor,
            refunded_minor: old.refunded_minor,
            charged_back_minor: old.charged_back_minor,
            in_suspense_minor: old.in_suspense_minor,
            approval: None,
        }
    }
}

/// A merchant of version 1, before categories.
pub(crate) fn merchant(version: u8, bytes: &[u8]) -> Option<Merchant> {
    let old: Merchant1 = if version == 1 { whole(bytes)? } else { return None };
    let Merchant1 { id, name, terms, created_at } = old;
    Some(Merchant { id, name, terms, created_at, category: None })
}

fn whole<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    postcard::take_from_bytes(bytes).ok().filter(|(_, rest)| rest.is_empty()).map(|(row, _)| row)
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct App1 {
    id: AppId,
    version: u32,
    name: String,
    signers: Vec<[u8; 32]>,
    only_known: bool,
    minimum: Option<MinimumVersion>,
    message: CustomerTexts,
    versions: Vec<KnownVersion>,
    created_at: Timestamp,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct Enrolment3 {
    id: EnrolmentId,
    version: u32,
    customer: CustomerId,
    #[serde(with = "serde_bytes")]
    device_key: Vec<u8>,
    #[serde(with = "serde_bytes")]
    online_key: Vec<u8>,
    confirmation_key: [u8; 32],
    #[serde(with = "serde_bytes")]
    certificate: Vec<u8>,
    certificate_not_after: Timestamp,
    pin: PinState,
    status: EnrolmentStatus,
    counter: Counter,
    forks: u8,
    last_fork_at: Option<Timestamp>,
    clock_offset_ms: i64,
    level: TrustLevel,
    platform: String,
    activated_at: Timestamp,
    last_online_at: Timestamp,
    app: Option<(AppId, AppVersion)>,
}

#[derive(Deserialize)]
struct Enrolment2 {
    id: EnrolmentId,
    version: u32,
    customer: CustomerId,
    #[serde(with = "serde_bytes")]
    device_key: Vec<u8>,
    #[serde(with = "serde_bytes")]
    online_key: Vec<u8>,
    confirmation_key: [u8; 32],
    #[serde(with = "serde_bytes")]
    certificate: Vec<u8>,
    certificate_not_after: Timestamp,
    pin: Pin2,
    status: Status2,
    counter: Counter,
    forks: u8,
    last_fork_at: Option<Timestamp>,
    clock_offset_ms: i64,
    level: TrustLevel,
    platform: String,
    activated_at: Timestamp,
    last_online_at: Timestamp,
}

#[derive(Deserialize)]
struct Pin2 {
    generation: u32,
    #[serde(with = "serde_bytes")]
    wrapped_key: Vec<u8>,
    previous: Option<ReplacedPinKey>,
    failures: u8,
}

#[derive(Deserialize)]
enum Status2 {
    Active,
    Unsynchronised { since: Timestamp },
    Locked { reason: LockReason, since: Timestamp },
    Revoked { since: Timestamp },
}

#[derive(Deserialize)]
struct Code1 {
    code_hash: [u8; 32],
    customer: CustomerId,
    issued_at: Timestamp,
    expires_at: Timestamp,
    used: Option<ActivationUse>,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct Payment3 {
    id: PaymentId,
    version: u32,
    order: Order,
    payer: Option<Payer>,
    terms: SaleTerms,
    received_at: Timestamp,
    state: PaymentState,
    captured_minor: i64,
    refunded_minor: i64,
    charged_back_minor: i64,
    in_suspense_minor: i64,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct StoredPayment3 {
    payment: Payment3,
    verdict: VerdictRow,
    request: (CheckoutId, IdempotencyKey),
    wake_at: Option<Timestamp>,
    effects: Vec<Effect>,
    recent: Series<StoredEvent>,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct StoredPayment2 {
    payment: Payment3,
    verdict: Verdict2,
    request: (CheckoutId, IdempotencyKey),
    wake_at: Option<Timestamp>,
    effects: Vec<Effect>,
    recent: Series<StoredEvent>,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct Verdict2 {
    payment: PaymentId,
    verdict: Verdict,
    code_hash: [u8; 32],
    enrolment: Option<EnrolmentId>,
    counter: Option<Counter>,
    at: Timestamp,
    confirmation: Option<u32>,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
struct Merchant1 {
    id: MerchantId,
    name: String,
    terms: Vec<MerchantTerms>,
    created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{self, read};
    use serde::Serialize;

    /// The fields of an enrolment of version 2, in their order, up to what changed since; and what follows.
    fn enrolment_2(status: &impl Serialize) -> Vec<u8> {
        let id = EnrolmentId::from_bytes([1; 6]);
        let customer = CustomerId::from_u128(7);
        let key = serde_bytes::ByteBuf::from(vec![2; 33]);
        let at = Timestamp::from_s(1_800_000_000);
        let first = (id, 4_u32, customer, &key, &key, [4_u8; 32], &key, at);
        let pin = (1_u32, &key, None::<ReplacedPinKey>, 2_u8);
        let last = (Counter(9), 0_u8, None::<Timestamp>, 5_i64, TrustLevel::Software, "phone", at, at);
        let mut bytes = vec![2];
        for part in [
            postcard::to_stdvec(&first),
            postcard::to_stdvec(&pin),
            postcard::to_stdvec(status),
            postcard::to_stdvec(&last),
        ] {
            bytes.extend(part.unwrap());
        }
        bytes
    }

    #[test]
    fn rows_of_before_are_read_as_what_they_are_today() {
        let at = Timestamp::from_s(1_800_000_000);
        let active: Enrolment = read("enrolments", &enrolment_2(&0_u8)).unwrap();
        assert_eq!(
            (active.status, active.pin.failures, active.counter),
            (EnrolmentStatus::Active, 2, Counter(9))
        );
        let revoked: Enrolment = read("enrolments", &enrolment_2(&(3_u8, at))).unwrap();
        let reason = RevocationReason::Unspecified;
        assert_eq!(revoked.status, EnrolmentStatus::Revoked { reason, since: at });
        assert!(
            read::<Enrolment>("enrolments", &enrolment_2(&(3_u8, at, 0_u8))).is_err(),
            "one byte too many"
        );

        let code = (1_u8, [3_u8; 32], CustomerId::from_u128(7), at, at, None::<ActivationUse>);
        let code: ActivationCodeRow = read("activation_codes", &postcard::to_stdvec(&code).unwrap()).unwrap();
        assert_eq!((code.code_hash, code.purpose), ([3; 32], ActivationPurpose::NewDevice));
    }

    /// The bytes of `row` as version `version` of its table has them.
    fn older(version: u8, row: &impl Serialize) -> Vec<u8> {
        postcard::to_extend(row, vec![version]).unwrap()
    }

    fn payment_of_3(payment: &Payment) -> Payment3 {
        let Payment { id, version, order, payer, terms, received_at, state, .. } = payment.clone();
        let Payment { captured_minor, refunded_minor, charged_back_minor, in_suspense_minor, .. } = *payment;
        Payment3 {
            id,
            version,
            order,
            payer,
            terms,
            received_at,
            state,
            captured_minor,
            refunded_minor,
            charged_back_minor,
            in_suspense_minor,
        }
    }

    #[test]
    fn phones_and_apps_of_before_told_and_asked_for_no_build() {
        let now = crate::conformance::sample::enrolment(1);
        let old = Enrolment3 {
            id: now.id,
            version: now.version,
            customer: now.customer,
            device_key: now.device_key.clone(),
            online_key: now.online_key.clone(),
            confirmation_key: now.confirmation_key,
            certificate: now.certificate.clone(),
            certificate_not_after: now.certificate_not_after,
            pin: now.pin.clone(),
            status: now.status.clone(),
            counter: now.counter,
            forks: now.forks,
            last_fork_at: now.last_fork_at,
            clock_offset_ms: now.clock_offset_ms,
            level: now.level,
            platform: now.platform.clone(),
            activated_at: now.activated_at,
            last_online_at: now.last_online_at,
            app: now.app.clone().map(|app| (app.id, app.version)),
        };
        let bytes = older(3, &old);
        assert_eq!(row::read::<Enrolment>("enrolments", &bytes).unwrap(), now);
        assert!(row::read::<Enrolment>("enrolments", &[bytes, vec![0]].concat()).is_err());

        let App { id, version, name, signers, only_known, minimum, message, versions, created_at, .. } =
            crate::conformance::sample::app(1, 1);
        let old = App1 { id, version, name, signers, only_known, minimum, message, versions, created_at };
        let bytes = older(1, &old);
        let read: App = row::read("apps", &bytes).unwrap();
        assert_eq!(read, App { digests_required: false, ..crate::conformance::sample::app(1, 1) });
        assert!(row::read::<App>("apps", &bytes[..bytes.len() - 1]).is_err());
    }

    #[test]
    fn rows_of_before_read_as_before() {
        let merchant = Merchant1 {
            id: MerchantId::from_u128(7),
            name: "Shop".to_owned(),
            terms: Vec::new(),
            created_at: Timestamp::from_ms(1),
        };
        let bytes = older(1, &merchant);
        let read: Merchant = row::read("merchants", &bytes).unwrap();
        assert_eq!((read.name.as_str(), read.category), ("Shop", None));
        assert!(row::read::<Merchant>("merchants", &[bytes, vec![0]].concat()).is_err());

        let begun = crate::conformance::sample::begin(1, &crate::conformance::sample::enrolment(1), 1);
        let VerdictRow { payment, verdict, code_hash, enrolment, counter, at, confirmation, .. } =
            begun.verdict.clone();
        let stored = StoredPayment2 {
            payment: payment_of_3(&begun.payment),
            verdict: Verdict2 { payment, verdict, code_hash, enrolment, counter, at, confirmation },
            request: (CheckoutId::from_u128(1), begun.request.key),
            wake_at: None,
            effects: Vec::new(),
            recent: Series::default(),
        };
        let bytes = older(2, &stored);
        let read: StoredPayment = row::read("payments", &bytes).unwrap();
        assert_eq!(read.payment, begun.payment);
        assert_eq!(read.verdict, VerdictRow { decision: None, ..begun.verdict.clone() });

        let StoredPayment2 { request, wake_at, effects, recent, .. } = stored;
        let payment = payment_of_3(&begun.payment);
        let verdict = begun.verdict.clone();
        let stored = StoredPayment3 { payment, verdict, request, wake_at, effects, recent };
        let read: StoredPayment = row::read("payments", &older(3, &stored)).unwrap();
        assert_eq!((read.payment, read.verdict), (begun.payment, begun.verdict));
        assert!(row::read::<StoredPayment>("payments", &bytes[..bytes.len() - 1]).is_err());
    }
}
