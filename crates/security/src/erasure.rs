//! Erasing a customer (`docs/operating.md`): names and facts of devices are wiped, devices revoked, methods removed; what the
//! devices paid lately, the store forgets with them.
//! Payments, books and the audit trail stay, and name the customer by an id alone.

use model::{CustomerId, EnrolmentId, Timestamp};
use records::{
    Actor, AuditEntry, ChangeDevices, Command, Devices, DevicesChange, Enrolment, EnrolmentChange,
    EraseCustomer, Method, MethodState, NewNotice, NoticeRow, Outcome, PAGE_LIMIT_MAX, Page,
    RevocationReason,
};

use crate::{
    Security, SecurityError,
    life::{end, revoked},
};

/// All that is wiped, as it was seen: nothing of it is, if any of it has changed since.
#[derive(Clone, Debug)]
pub struct Erasure {
    devices: Devices,
    enrolments: Vec<Enrolment>,
    methods: Vec<Method>,
    notices: Vec<NoticeRow>,
}

impl Erasure {
    /// The customer's enrolments: none of them may have a payment that is not at its end.
    pub fn enrolments(&self) -> impl Iterator<Item = EnrolmentId> + '_ {
        self.enrolments.iter().map(|enrolment| enrolment.id)
    }
}

impl Security {
    /// Looks at what would be wiped of a customer; none if the customer is erased already.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`], [`SecurityError::Store`], [`SecurityError::Damaged`].
    pub async fn begin_erasure(&self, customer: CustomerId) -> Result<Option<Erasure>, SecurityError> {
        self.store.customer(customer).await?.ok_or(SecurityError::NotFound("customer"))?;
        let devices = self.devices_of(customer).await?;
        if devices.erased_at.is_some() {
            return Ok(None);
        }
        let mut enrolments = Vec::with_capacity(devices.devices.len());
        for device in &devices.devices {
            let enrolment = self.store.enrolment(device.enrolment).await?;
            enrolments.push(enrolment.ok_or(SecurityError::Damaged("list of devices"))?);
        }
        let methods = self.store.methods(customer).await?;
        let notices = self.store.notices(customer, Page::first(PAGE_LIMIT_MAX)).await?;
        Ok(Some(Erasure { devices, enrolments, methods, notices }))
    }

    /// Wipes what was looked at. It cannot be undone.
    ///
    /// # Errors
    /// [`SecurityError::Contended`] if something of it has changed since; [`SecurityError::NotFound`],
    /// [`SecurityError::Store`].
    pub async fn erase(&self, erasure: Erasure, operator: &str, now: Timestamp) -> Result<(), SecurityError> {
        let Erasure { mut devices, enrolments, methods, notices } = erasure;
        let (customer, expected_version) = (devices.customer, devices.version);
        let enrolments: Vec<EnrolmentChange> =
            enrolments.into_iter().map(|seen| wiped(seen, &mut devices, now)).collect();
        devices.devices.iter_mut().for_each(|device| device.name.clear());
        devices.version = expected_version.saturating_add(1);
        devices.erased_at = Some(now);
        let audit = AuditEntry {
            at: now,
            actor: Actor::Operator(operator.to_owned()),
            action: "customer.erased".to_owned(),
            subject: customer.to_string(),
            detail: format!("{} devices, {} methods", enrolments.len(), methods.len()),
        };
        let devices = ChangeDevices {
            customer,
            devices: Some(DevicesChange { expected_version, devices }),
            enrolments,
            used_code: None,
            certificate: None,
            audit: vec![audit],
        };
        let methods = methods.into_iter().map(|method| removed(method, now)).collect();
        let notices = notices.into_iter().map(nameless).collect();
        let command = EraseCustomer { devices, methods, notices };
        match self.store.commit(Command::EraseCustomer(Box::new(command))).await? {
            Outcome::Done => Ok(()),
            Outcome::Missing => Err(SecurityError::NotFound("customer")),
            _ => Err(SecurityError::Contended),
        }
    }
}

/// Revoked, and without what tells of the device or its owner's secrets. The public keys stay: they are what old codes and
/// statements are checked with.
fn wiped(seen: Enrolment, devices: &mut Devices, now: Timestamp) -> EnrolmentChange {
    let expected_version = seen.version;
    let mut enrolment = Enrolment { version: expected_version.saturating_add(1), ..seen };
    // One that was revoked before keeps its reason: banks were told it.
    let _ = revoked(&mut enrolment, RevocationReason::Erased, now);
    end(devices, &enrolment);
    enrolment.platform.clear();
    enrolment.app = None;
    enrolment.pin.wrapped_key.clear();
    enrolment.pin.previous = None;
    EnrolmentChange { expected_version, enrolment, notice: None }
}

fn removed(method: Method, now: Timestamp) -> Method {
    let at = match method.state {
        MethodState::Removed { at } => at,
        MethodState::Unproved { .. } | MethodState::Active { .. } => now,
    };
    Method { version: method.version.saturating_add(1), state: MethodState::Removed { at }, ..method }
}

fn nameless(row: NoticeRow) -> NoticeRow {
    NoticeRow { notice: NewNotice { device_name: String::new(), ..row.notice }, ..row }
}
