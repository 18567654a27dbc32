//! Everything that a page shows of a wallet, as one JSON text.

use crate::{Wallet, timestamp};
use api::app::AppNotice;
use api::phone::{EnrolmentStatusName, MethodView};
use model::EnrolmentId;
use serde::Serialize;
use wallet::{DEFAULT_CAP_MINOR, Hint, KeptConfirmation, KeptNotice, Phase};
use wasm_bindgen::prelude::wasm_bindgen;

#[derive(Serialize)]
struct View<'a> {
    phase: Phase,
    realm: String,
    name: Option<String>,
    /// This device among the customer's.
    device: Option<EnrolmentId>,
    standing: Option<EnrolmentStatusName>,
    pin_tries_left: Option<u8>,
    /// Those that can pay, and those that are still to be proved.
    methods: &'a [MethodView],
    /// Newest first.
    confirmations: Vec<ConfirmationText>,
    /// What became of the customer's devices, newest first.
    notices: Vec<NoticeText<'a>>,
    hints: Vec<Hint>,
    last_online_at_ms: Option<i64>,
    default_cap_minor: i64,
    app_version: &'a str,
    /// What the server last said of the app.
    app: Option<AppNotice>,
}

/// A notice with what it is to the customer.
#[derive(Serialize)]
struct NoticeText<'a> {
    #[serde(flatten)]
    notice: &'a KeptNotice,
    is_unread: bool,
    is_alarming: bool,
}

/// A confirmation in plain values.
#[derive(Serialize)]
pub(crate) struct ConfirmationText {
    sequence: u32,
    kind: String,
    payment: Option<String>,
    counter: Option<u32>,
    at_ms: i64,
    amount_minor: Option<i64>,
    currency: Option<String>,
    cause: Option<String>,
    till: Option<String>,
    merchant: String,
}

impl From<&KeptConfirmation> for ConfirmationText {
    fn from(kept: &KeptConfirmation) -> Self {
        Self {
            sequence: kept.sequence,
            kind: kept.kind.clone(),
            payment: kept.payment.map(|payment| payment.to_string()),
            counter: kept.counter.map(|counter| counter.0),
            at_ms: kept.at.ms(),
            amount_minor: kept.amount.map(|amount| amount.amount_minor),
            currency: kept.amount.map(|amount| amount.currency.to_string()),
            cause: kept.cause.clone(),
            till: kept.terminal.map(|till| till.to_string()),
            merchant: kept.merchant.clone(),
        }
    }
}

#[wasm_bindgen]
impl Wallet {
    /// How the wallet stands at the phone's time `now_ms`, with all that it keeps to be shown.
    #[must_use]
    pub fn view(&self, now_ms: f64) -> String {
        let status = self.state.status(timestamp(now_ms));
        let view = View {
            phase: status.phase,
            realm: status.realm,
            name: status.customer_name,
            device: status.enrolment,
            standing: status.standing,
            pin_tries_left: status.pin_tries_left,
            methods: self.state.methods(),
            confirmations: self.state.confirmations(0).rev().map(ConfirmationText::from).collect(),
            notices: self.state.notices().rev().map(|notice| self.notice_text(notice)).collect(),
            hints: status.hints,
            last_online_at_ms: status.last_online_at.map(model::Timestamp::ms),
            default_cap_minor: DEFAULT_CAP_MINOR,
            app_version: &self.state.realm_file().app.version,
            app: status.app,
        };
        serde_json::to_string(&view).expect("plain values can be written")
    }
}

impl Wallet {
    fn notice_text<'a>(&self, notice: &'a KeptNotice) -> NoticeText<'a> {
        let (is_unread, is_alarming) = (self.state.is_unread(notice), self.state.is_alarming(notice));
        NoticeText { notice, is_unread, is_alarming }
    }
}
