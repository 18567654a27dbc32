//! What bounds a payment server on this machine: its disk, its HTTP, and HTTP with the cryptography of a payment.
//!
//! Both servers stand behind the accept loop of the real one, read the same requests into the same types and answer
//! with as many bytes; they keep nothing.

use super::figures::{Percentiles, whole_us};
use super::sales::amount;
use super::scene::{Phone, Till, random};
use super::system::Serving;
use crate::failure::Failure;
use api::payment::{CaptureRequest, CaptureView, PaymentRequest, PaymentView};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use crypto::hpke::Decapsulate;
use crypto::p256::VerifyingKey;
use https::ServeLimits;
use model::{
    CaptureId, CheckoutId, Clock, EnrolmentId, Hold, MerchantId, Order, Payment, PaymentId, PaymentState,
    SaleTerms,
};
use protocol::authentication_statement::{AuthenticationLevel, AuthenticationStatement, SignedStatement};
use protocol::payment_code::{PaymentCode, PinGeneration, RecipientKey, open};
use security::{CHECKS, KeyStore};
use serde::Serialize;
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// What is appended before each sync: about what a payment's rows of one commit are.
const APPEND_BYTES: usize = 1_024;
/// Room taken beforehand, as a log does, so that syncs need not write the file's length.
const FILE_BYTES: u64 = 64 << 20;

/// How fast the disk makes small appends durable, one after the other.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Disk {
    pub(super) syncs_per_s: f64,
    /// The mean: what `syncs_per_s` says, as a time.
    pub(super) sync_ms: f64,
    pub(super) sync: Percentiles,
}

impl Disk {
    /// Appends and syncs in a file in `folder` for `length`.
    pub(super) fn measure(folder: &FilePath, length: Duration) -> Result<Self, Failure> {
        let file = tempfile::tempfile_in(folder)?;
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, FILE_BYTES)?;
        file.sync_all()?;
        let started = Instant::now();
        let mut times_us = Vec::new();
        while started.elapsed() < length {
            times_us.push(append(&file, times_us.len() as u64)?);
        }
        let syncs_per_s = times_us.len() as f64 / started.elapsed().as_secs_f64();
        Ok(Self { syncs_per_s, sync_ms: 1_000.0 / syncs_per_s, sync: Percentiles::of(times_us) })
    }
}

fn append(file: &File, place: u64) -> Result<u32, Failure> {
    let begun = Instant::now();
    let offset = place * APPEND_BYTES as u64 % FILE_BYTES;
    file.write_all_at(&[7; APPEND_BYTES], offset)?;
    file.sync_data()?;
    Ok(whole_us(begun.elapsed()))
}

/// What a ceiling's server knows.
#[derive(Clone)]
struct Known(Arc<Inner>);

struct Inner {
    payment: Payment,
    /// None where codes are not opened.
    crypto: Option<Codes>,
}

/// All that the cryptography of a payment needs, in memory.
pub(super) struct Codes {
    keys: Arc<dyn KeyStore>,
    recipient: RecipientKey,
    holder: Arc<dyn Decapsulate>,
    phones: HashMap<EnrolmentId, (VerifyingKey, Vec<u8>)>,
}

impl Codes {
    pub(super) fn new(
        keys: Arc<dyn KeyStore>,
        recipient: RecipientKey,
        holder: Arc<dyn Decapsulate>,
        phones: &[Phone],
    ) -> Self {
        let known =
            |phone: &Phone| (phone.id, (phone.device.verifying_key().clone(), phone.wrapped_pin_key.clone()));
        Self { keys, recipient, holder, phones: phones.iter().map(known).collect() }
    }

    /// Opens a code, checks its device's signature and its PIN, and signs what the provider is told of that.
    fn verify(&self, text: &str, payment: &Payment) -> Option<SignedStatement> {
        let code = PaymentCode::from_text(text, None).ok()?;
        let opened = open(&code, &*self.holder, &self.recipient).ok()?;
        let id = opened.fields.enrolment;
        let (device, wrapped) = self.phones.get(&id)?;
        opened.verify_signature(device).ok()?;
        let pin_key = self.keys.unwrap_pin_key(id, PinGeneration::FIRST, wrapped).ok()?;
        if !opened.pin_matches(&pin_key) {
            return None;
        }
        let statement = AuthenticationStatement {
            realm: self.keys.realm().clone(),
            hold_id: payment.id.to_string(),
            amount_minor: payment.order.amount.amount_minor,
            currency: payment.order.amount.currency,
            account_ref: super::system::PROVIDER.to_owned(),
            level: AuthenticationLevel::Software,
            certificate_serial: Some([0x5e; 16]),
            customer_verification: opened.fields.flags.customer_verification,
            code_hash: code.hash().0,
            verdicts: CHECKS.map(str::to_owned).to_vec(),
            terminal_bound: opened.fields.terminal.is_some(),
            at: payment.received_at,
        };
        statement.sign(&*self.keys.statement_signer()).ok()
    }
}

/// A server that answers every sale, and before that does a payment's cryptography if `crypto` is there.
pub(super) async fn serve(crypto: Option<Codes>, till: &Till) -> Result<Serving, Failure> {
    let known = Known(Arc::new(Inner { payment: authorised(till), crypto }));
    let router = Router::new()
        .route("/v1/payments", post(begin))
        .route("/v1/payments/{id}/captures", post(capture))
        .with_state(known);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { drop(stopped.await) };
    let ended = tokio::spawn(async move {
        https::serve(listener, None, router, stopped, ServeLimits::default()).await.map_err(Failure::from)
    });
    Ok(Serving { address, stop, ended })
}

async fn begin(
    State(Known(known)): State<Known>,
    Json(asked): Json<PaymentRequest>,
) -> Result<(StatusCode, Json<PaymentView>), StatusCode> {
    if let Some(crypto) = &known.crypto {
        crypto.verify(&asked.code, &known.payment).ok_or(StatusCode::PAYMENT_REQUIRED)?;
    }
    Ok((StatusCode::CREATED, Json(PaymentView::from(&known.payment))))
}

async fn capture(
    State(Known(known)): State<Known>,
    Path(_): Path<PaymentId>,
    Json(asked): Json<CaptureRequest>,
) -> (StatusCode, Json<CaptureView>) {
    let amount_minor = asked.amount_minor.unwrap_or(known.payment.order.amount.amount_minor);
    let id = CaptureId::derive(0, known.payment.received_at, random());
    (StatusCode::CREATED, Json(CaptureView { id, amount_minor, payment: PaymentView::from(&known.payment) }))
}

fn authorised(till: &Till) -> Payment {
    let now = crate::service::SystemClock.now();
    let later = now.plus_s(3_600);
    Payment {
        id: PaymentId::derive(0, now, random()),
        version: 2,
        order: Order {
            merchant: MerchantId::derive(0, now, random()),
            checkout: CheckoutId::derive(0, now, random()),
            terminal: till.terminal,
            amount: amount(),
        },
        payer: None,
        received_at: now,
        state: PaymentState::Authorised(Hold { expires_at: later, capture_by: later }),
        captured_minor: 0,
        refunded_minor: 0,
        charged_back_minor: 0,
        in_suspense_minor: 0,
        approval: None,
        terms: SaleTerms::default(),
    }
}
