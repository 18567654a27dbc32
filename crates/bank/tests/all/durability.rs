//! What was answered survives, whoever holds the store holds it alone, and any order of requests keeps the books.

use crate::common::{self, CUSTOMER, PARTNER, PASSWORD, start};
use bank::{Bank, BankError, Clock, Partner, Refusal, Settings, StoreError};
use bank_api::{
    AccountRef, AuthenticationLevel, AuthenticationStatement, Base64Url, CaptureRequest, HoldId, HoldRequest,
    LinkRequest, LoginRequest, PartnerName, Password, ProblemType, ProofRequest, RefundRequest,
};
use crypto::SystemRandom;
use crypto::p256::SigningKey;
use http::Method;
use model::{Currency, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let bank = start().await;
    let account = bank.linked().await;
    bank.post("/v1/holds", bank.hold("h1", &account, 50_00)).await.is(201);
    bank.post("/v1/holds/h1/captures", json!({"capture_id": "c1", "amount_minor": 20_00})).await.is(201);
    let before = bank.partner(Method::GET, "/v1/holds/h1", Value::Null).await;
    let (time, partner) = (bank.now_ms(), PARTNER.parse().unwrap());
    let folder = bank.stop().await;

    let bank = open(&folder.path().join("store"), &Arc::new(AtomicI64::new(time)));
    let after = bank.hold_status(&partner, &"h1".parse().unwrap()).unwrap();
    assert_eq!(serde_json::to_value(after).unwrap(), before.body);
    assert!(bank.check().unwrap().is_clean());
}

/// A copy of the file taken while the bank runs is what a crash would leave.
#[tokio::test]
async fn what_was_answered_is_there_after_a_crash() {
    let bank = start().await;
    let account = bank.linked().await;
    for number in 0..20 {
        bank.post("/v1/holds", bank.hold(&format!("h{number}"), &account, 1_00)).await.is(201);
    }
    let crashed = tempfile::tempdir().unwrap();
    std::fs::copy(bank.folder.path().join("store/bank.redb"), crashed.path().join("bank.redb")).unwrap();
    let left = open(crashed.path(), &bank.time);
    let report = left.check().unwrap();
    assert!(report.is_clean(), "{:?}", report.first_fault);
    assert_eq!(report.open_holds, 20);
}

#[tokio::test]
async fn a_second_process_is_told_that_the_store_is_taken() {
    let bank = start().await;
    let error = Bank::open(&bank.folder.path().join("store"), Settings::default()).unwrap_err();
    assert!(matches!(error, BankError::Store(StoreError::InUse(_))), "{error}");
}

#[test]
fn what_is_no_store_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("bank.redb"), b"something else entirely".repeat(1000)).unwrap();
    let error = Bank::open(folder.path(), Settings::default()).unwrap_err();
    assert!(matches!(error, BankError::Store(StoreError::Damaged(_))), "{error}");
}

fn open(folder: &Path, time: &Arc<AtomicI64>) -> Bank {
    let time = Arc::clone(time);
    let clock = Clock::from_fn(move || Timestamp::from_ms(time.load(Ordering::SeqCst)));
    Bank::open(folder, Settings { hold_lifetime_s: 100, clock }).unwrap()
}

/// What a partner, however confused, may ask.
#[derive(Clone, Debug)]
enum Step {
    Hold(u8, i64),
    Capture(u8, u8, i64),
    Release(u8),
    Refund(u8, u8, i64),
    Wait(i64),
    Expire,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let (id, amount) = (0..6_u8, 1..8_000_i64);
    prop_oneof![
        4 => (id.clone(), amount.clone()).prop_map(|(h, a)| Step::Hold(h, a)),
        4 => (id.clone(), 0..3_u8, amount.clone()).prop_map(|(h, c, a)| Step::Capture(h, c, a)),
        1 => id.clone().prop_map(Step::Release),
        2 => (id, 0..3_u8, amount).prop_map(|(h, r, a)| Step::Refund(h, r, a)),
        1 => (0..60_i64).prop_map(Step::Wait),
        1 => Just(Step::Expire),
        1 => Just(Step::Restart),
    ]
}

struct Partnered {
    bank: Bank,
    partner: PartnerName,
    account: AccountRef,
    key: SigningKey,
    time: Arc<AtomicI64>,
}

impl Partnered {
    async fn make(folder: &Path) -> Self {
        let time = Arc::new(AtomicI64::new(1_700_000_000_000));
        let bank = open(folder, &time);
        let (partner, key): (PartnerName, _) =
            (PARTNER.parse().unwrap(), SigningKey::make(&mut SystemRandom));
        bank.set_partners(&[Partner::new(partner.clone(), key.verifying_key().clone())]).await.unwrap();
        let account_id = common::seed(&bank).await;
        let login = LoginRequest {
            customer_number: CUSTOMER.parse().unwrap(),
            password: Password::from_string(PASSWORD.to_owned()),
        };
        let session = bank.session(&bank.login(login).await.unwrap().session).unwrap();
        let link_id: bank_api::LinkId = "l".parse().unwrap();
        let request = ProofRequest { link_id: link_id.clone(), account_id, partner: partner.clone() };
        let proof = bank.make_proof(&session, request).await.unwrap().proof;
        let account = bank.link(&partner, LinkRequest { link_id, proof }).await.unwrap().account_ref;
        Self { bank, partner, account, key, time }
    }

    fn hold(&self, hold_id: HoldId, amount_minor: i64) -> HoldRequest {
        let statement = serde_json::to_vec(&AuthenticationStatement {
            hold_id: hold_id.clone(),
            amount_minor,
            currency: Currency::CHF,
            account_ref: self.account.clone(),
            level: AuthenticationLevel::Hardware,
            realm: None,
            certificate_serial: None,
            customer_verification: None,
            code_hash: None,
            at_ms: Timestamp::from_ms(self.time.load(Ordering::SeqCst)),
        })
        .unwrap();
        HoldRequest {
            hold_id,
            account_ref: self.account.clone(),
            amount_minor,
            currency: Currency::CHF,
            payee: "Corner shop".to_owned(),
            authentication_signature: Base64Url(self.key.sign(&[&statement]).to_bytes().to_vec()),
            authentication_statement: Base64Url(statement),
        }
    }

    async fn take(mut self, step: &Step, folder: &Path) -> Self {
        let id = |letter: char, number: u8| format!("{letter}{number}");
        let hold_id = |number: u8| id('h', number).parse::<HoldId>().unwrap();
        let (bank, partner) = (&self.bank, &self.partner);
        match step {
            Step::Hold(h, amount) => {
                ruled(bank.place_hold(partner, self.hold(hold_id(*h), *amount)).await);
            }
            Step::Capture(h, c, amount) => {
                let request =
                    CaptureRequest { capture_id: id('c', *c).parse().unwrap(), amount_minor: *amount };
                ruled(bank.capture(partner, hold_id(*h), request).await);
            }
            Step::Release(h) => {
                bank.release_hold(partner, hold_id(*h)).await.unwrap();
            }
            Step::Refund(h, r, amount) => {
                let request =
                    RefundRequest { refund_id: id('r', *r).parse().unwrap(), amount_minor: *amount };
                ruled(bank.refund(partner, hold_id(*h), request).await);
            }
            Step::Wait(seconds) => {
                self.time.fetch_add(seconds * 1000, Ordering::SeqCst);
            }
            Step::Expire => {
                bank.expire_due().await.unwrap();
            }
            Step::Restart => {
                let time = Arc::clone(&self.time);
                let Self { bank, partner, account, key, .. } = self;
                drop(bank);
                self = Self { bank: open(folder, &time), partner, account, key, time };
            }
        }
        self
    }
}

/// A refusal by rule is an answer too; anything else is a bug.
fn ruled<T>(answer: Result<T, Refusal>) {
    match answer {
        Ok(_) | Err(Refusal::Rule(_)) => {}
        Err(error) => panic!("{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_requests_keeps_the_books(steps in proptest::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let report = runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let mut partnered = Partnered::make(folder.path()).await;
            for step in &steps {
                partnered = partnered.take(step, folder.path()).await;
                let report = partnered.bank.check().unwrap();
                if !report.is_clean() {
                    return report;
                }
            }
            partnered.bank.check().unwrap()
        });
        prop_assert!(report.is_clean(), "{:?}", report.first_fault);
    }
}

#[tokio::test]
async fn a_former_partner_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let partnered = Partnered::make(folder.path()).await;
    partnered.bank.set_partners(&[]).await.unwrap();
    let refused =
        partnered.bank.place_hold(&partnered.partner, partnered.hold("h".parse().unwrap(), 1)).await;
    assert_eq!(refused, Err(Refusal::Rule(ProblemType::PartnerUnknown)));
}
