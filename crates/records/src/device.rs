//! The life of a customer's devices: which there are, what became of them, and what the customer is told of it.

use model::{CustomerId, EnrolmentId, Timestamp};
pub use protocol::notice::{NoticeBy, NoticeKind};
use serde::{Deserialize, Serialize};

use crate::{ActivationUse, AuditEntry, EnrolmentChange, Method};

/// The most devices that one customer may ever have had: all of them stand in one row.
pub const DEVICES_EVER_MAX: usize = 500;
/// The longest name of a device, bytes.
pub const DEVICE_NAME_BYTES_MAX: usize = 64;
/// How many notices of a customer are kept; the oldest make room.
pub const NOTICES_KEPT_MAX: u32 = 200;

/// All devices that a customer ever had, in the order of their activation. One row: whatever counts them, ends one or
/// adds one follows the version that it saw, so that two at once cannot both be the last.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Devices {
    /// Whose.
    pub customer: CustomerId,
    /// Rises by one with each change; the first is 1. A customer without this row counts as at 0, with none.
    pub version: u32,
    /// The devices.
    pub devices: Vec<Device>,
    /// When the customer was erased: nothing is activated from then on.
    pub erased_at: Option<Timestamp>,
}

/// One of a customer's devices, as far as its enrolment does not say it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Device {
    /// Its enrolment.
    pub enrolment: EnrolmentId,
    /// What the customer calls it, at most [`DEVICE_NAME_BYTES_MAX`] bytes; empty if nothing.
    pub name: String,
    /// The last notice that there was when it was activated: it is given those after it.
    pub notices_after: u32,
    /// When it was revoked; none while it may come back from whatever it is in.
    pub ended_at: Option<Timestamp>,
}

impl Devices {
    /// Of a customer who has none yet.
    #[must_use]
    pub const fn none(customer: CustomerId) -> Self {
        Self { customer, version: 0, devices: Vec::new(), erased_at: None }
    }

    /// The device with this enrolment.
    #[must_use]
    pub fn get(&self, enrolment: EnrolmentId) -> Option<&Device> {
        self.devices.iter().find(|device| device.enrolment == enrolment)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, enrolment: EnrolmentId) -> Option<&mut Device> {
        self.devices.iter_mut().find(|device| device.enrolment == enrolment)
    }

    /// Those that were not revoked.
    pub fn living(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(|device| device.ended_at.is_none())
    }
}

/// A customer's devices as they shall be, if they still are as they were seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DevicesChange {
    /// The version seen; 0 if there was no row.
    pub expected_version: u32,
    /// As they shall be; their version is `expected_version + 1`.
    pub devices: Devices,
}

/// What all of a customer's devices shall learn. The store gives it its place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NewNotice {
    /// Whose devices.
    pub customer: CustomerId,
    /// What happened.
    pub kind: NoticeKind,
    /// To which device.
    pub about: EnrolmentId,
    /// What that device was called then: the customer's name for it, or its model; empty if neither is known.
    pub device_name: String,
    /// By whom.
    pub by: NoticeBy,
    /// When.
    pub at: Timestamp,
}

/// A notice in its place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NoticeRow {
    /// Its place among the customer's, from 1 without gaps; the last [`NOTICES_KEPT_MAX`] are kept.
    pub sequence: u32,
    /// The notice.
    pub notice: NewNotice,
}

/// A device certificate that was issued, found by its serial number. What it is worth follows from its enrolment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CertificateRow {
    /// Its serial number.
    pub serial: [u8; 16],
    /// Whose device it is for.
    pub enrolment: EnrolmentId,
    /// Valid from then on.
    pub not_before: Timestamp,
    /// Valid until then.
    pub not_after: Timestamp,
}

/// What becomes of a customer's devices, together; [`Outcome::Conflict`](crate::Outcome::Conflict) if something of it
/// has changed since it was seen, or the code was used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeDevices {
    /// Whose.
    pub customer: CustomerId,
    /// The list of devices; none if it stays as it is.
    pub devices: Option<DevicesChange>,
    /// Enrolments of this customer.
    pub enrolments: Vec<EnrolmentChange>,
    /// A code that is used for it, and how.
    pub used_code: Option<([u8; 32], ActivationUse)>,
    /// A certificate that is new.
    pub certificate: Option<CertificateRow>,
    /// For the record.
    pub audit: Vec<AuditEntry>,
}

/// Wipes what names a customer: devices' facts and names are wiped by their changes, the name by this.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EraseCustomer {
    /// What becomes of the devices: every enrolment is revoked, the list says when the customer was erased.
    pub devices: ChangeDevices,
    /// All methods, removed, each at the version after the one seen.
    pub methods: Vec<Method>,
    /// The notices that are kept, without names of devices.
    pub notices: Vec<NoticeRow>,
}
