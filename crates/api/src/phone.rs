//! What phones ask for. All but the challenge and the activation is signed by the phone's online key
//! (`spec/http-signatures.md`).

use crate::app::AppNotice;
use model::{Currency, LinkId, MethodSlot, ProviderId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /v1/activations/challenge`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChallengeView {
    /// The challenge, base64url: goes into the activation request.
    pub challenge: String,
    /// Until when it may be used.
    pub expires_at_ms: i64,
}

/// Whether a phone may pay, as it may know itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EnrolmentStatusName {
    /// It may.
    Active,
    /// It must resynchronise first.
    Unsynchronised,
    /// Locked: too many wrong PINs.
    LockedPin,
    /// Locked: two devices seemed to share its keys.
    LockedClone,
    /// Locked by an operator.
    LockedOperator,
    /// Locked by the customer.
    LockedCustomer,
    /// Never again; activate anew.
    Revoked,
}

/// `GET /v1/enrolment`: how the phone stands with the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EnrolmentView {
    /// Whether it may pay.
    pub status: EnrolmentStatusName,
    /// The highest counter consumed: the phone must go on above it.
    pub counter: u32,
    /// PIN tries left before the lock.
    pub pin_tries_left: u8,
    /// How often the PIN was set: a phone that had no answer to a PIN change knows from it whether it was done.
    pub pin_generation: u32,
    /// Until when no PIN is looked at, after a round of wrong ones; none if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin_blocked_until_ms: Option<i64>,
    /// When the device certificate ends.
    #[serde(default)]
    pub certificate_not_after_ms: i64,
    /// Until when the certificate can be renewed, its end included.
    #[serde(default)]
    pub certificate_renewable_until_ms: i64,
    /// The server's time.
    pub server_time_ms: i64,
    /// The last confirmation there is for this phone.
    pub last_confirmation: u32,
    /// How its app stands; none if that is not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppNotice>,
    /// The version of the latest list of rules for sensors, if there is one: the phone fetches it if it has another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_list: Option<u32>,
    /// The present key bundle, signed.
    #[schema(value_type = Object)]
    pub key_bundle: serde_json::Value,
}

/// `POST /v1/enrolment/resync`: the phone's counter went back (a restored backup); it asks where to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResyncRequest {
    /// The highest counter that the phone knows to have used.
    pub counter: u32,
}

/// What a method is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MethodStateName {
    /// Added, not yet proved at the provider.
    Unproved,
    /// Ready to pay.
    Active,
    /// Taken away.
    Removed,
}

/// A payment method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MethodView {
    /// Its slot, as it stands in codes.
    #[schema(value_type = u8)]
    pub slot: MethodSlot,
    /// Where the account is.
    #[schema(value_type = String)]
    pub provider: ProviderId,
    /// Whether it can be used.
    pub state: MethodStateName,
    /// What the customer knows it by; once proved.
    pub label: Option<String>,
    /// The account's currency; once proved.
    #[schema(value_type = Option<String>)]
    pub currency: Option<Currency>,
    /// What the proof must name; while unproved.
    #[schema(value_type = Option<String>)]
    pub link: Option<LinkId>,
    /// Where the customer proves it: the provider's address for customers; while unproved.
    pub proof_url: Option<String>,
    /// Where the customer proves it in a browser: an address of a page, perhaps relative to this server's own; while
    /// unproved, and only if the provider has such a page.
    pub proof_page_url: Option<String>,
    /// The name that the provider knows this payment server by; while unproved.
    pub partner: Option<String>,
    /// Until when it may be proved; while unproved.
    pub prove_by_ms: Option<i64>,
}

/// `POST /v1/methods`: adds an account at a provider; it must be proved there before it can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MethodRequest {
    /// The provider.
    #[schema(value_type = String, example = "bank")]
    pub provider: ProviderId,
}

/// `POST /v1/methods/{slot}/proof`: what the provider gave the customer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProofRequest {
    /// The proof.
    pub proof: String,
}

impl core::fmt::Debug for ProofRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("ProofRequest(…)")
    }
}

/// `GET /v1/methods`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MethodPage {
    /// The customer's methods, removed ones left out.
    pub methods: Vec<MethodView>,
    /// Where an account can be added.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub providers: Vec<ProviderId>,
}

/// A sealed confirmation (`spec/confirmation.md`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConfirmationView {
    /// Its place among this phone's, from 1 without gaps.
    pub sequence: u32,
    /// The sealed confirmation, base64url.
    pub sealed: String,
}

/// `GET /v1/confirmations?after=N`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConfirmationPage {
    /// The confirmations after N, in order.
    pub confirmations: Vec<ConfirmationView>,
    /// Whether there are more.
    pub has_more: bool,
}
