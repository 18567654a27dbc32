//! The life of a customer's devices (`spec/device-life.md`): what phones ask about each other, and what banks ask about
//! certificates.

use crate::phone::{EnrolmentStatusName, EnrolmentView};
use model::EnrolmentId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One of a customer's devices, as the others may know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeviceView {
    /// Its enrolment.
    #[schema(value_type = String)]
    pub id: EnrolmentId,
    /// What the customer calls it; empty if nothing.
    pub name: String,
    /// What it says it is.
    pub model: String,
    /// Whether it may pay.
    pub status: EnrolmentStatusName,
    /// Whether it is the one that asks.
    pub is_this: bool,
    /// When it was activated.
    pub activated_at_ms: i64,
    /// When it was last heard of, to the hour.
    pub last_online_at_ms: i64,
}

/// `GET /v1/devices`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DevicePage {
    /// The customer's devices that were not revoked, in the order of their activation.
    pub devices: Vec<DeviceView>,
    /// How many there may be.
    pub devices_max: u8,
}

/// `PUT /v1/devices/{id}/name`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceNameRequest {
    /// What the customer calls it, at most 64 bytes; empty for nothing.
    pub name: String,
}

/// `POST /v1/devices/{id}/revoke`: for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeRequest {
    /// That the asking phone's PIN is known (`spec/device-life.md`).
    #[schema(value_type = Object)]
    pub pin_proof: serde_json::Value,
    /// Whether the device is lost or stolen; else it has only no more use.
    #[serde(default)]
    pub lost: bool,
    /// Whether it may go although it is the customer's last.
    #[serde(default)]
    pub last: bool,
}

/// `POST /v1/enrolment/move`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveRequest {
    /// That the phone's PIN is known (`spec/device-life.md`).
    #[schema(value_type = Object)]
    pub pin_proof: serde_json::Value,
}

/// `POST /v1/enrolment/certificate`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateRequest {
    /// PKCS#10, DER, base64url, signed by the device key.
    pub certificate_request: String,
}

/// The answer: the present certificate, new or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateView {
    /// The device certificate, DER, base64url: issued by the device CA of the key bundle beside it.
    pub certificate: String,
    /// How the phone stands, with the present key bundle.
    pub enrolment: EnrolmentView,
}

/// A sealed notice (`spec/device-life.md`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NoticeView {
    /// Its place among the customer's.
    pub sequence: u32,
    /// The sealed notice, base64url.
    pub sealed: String,
}

/// `GET /v1/notices?after=N`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NoticePage {
    /// The notices after N, in order.
    pub notices: Vec<NoticeView>,
    /// Whether there are more.
    pub has_more: bool,
}

/// `POST /v1/certificates/status`: 1 to 32 certificates. The answer is signed (`spec/device-life.md`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateStatusRequest {
    /// Serial numbers, 32 lower-case hex digits each.
    pub serials: Vec<String>,
    /// 16 bytes, base64url, that the answer repeats; may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
}
