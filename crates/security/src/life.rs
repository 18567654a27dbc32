//! The life of a customer's devices (`spec/device-life.md`): who may lock, unlock, revoke and name them, and what the
//! customer is told of it. Every change follows the list of devices that was seen, so that of two at once one looks again.

use model::{CustomerId, EnrolmentId, Timestamp};
use protocol::{
    payment_code::PinGeneration,
    pin_proof::{PinProof, PinProofPurpose},
    short_text::ShortText,
};
use records::{
    ActivationUse, Actor, AuditEntry, CertificateRow, ChangeDevices, Command, DEVICE_NAME_BYTES_MAX, Device,
    Devices, DevicesChange, Enrolment, EnrolmentChange, EnrolmentStatus, LockReason, NewNotice, NoticeBy,
    NoticeKind, Outcome, RevocationReason,
};

use crate::{
    AuthenticatedDevice, Security, SecurityError, judge::count_wrong_pin, pin::blocked, security::TRIES_MAX,
};

/// Who asks for something about a device.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Asker {
    /// The server's own rules.
    Server,
    /// An operator, by name.
    Operator(String),
    /// One of the customer's devices.
    Device(EnrolmentId),
}

impl Asker {
    pub(crate) fn actor(&self) -> Actor {
        match self {
            Self::Server => Actor::Server,
            Self::Operator(name) => Actor::Operator(name.clone()),
            Self::Device(id) => Actor::Device(id.to_string()),
        }
    }

    pub(crate) fn by(&self) -> NoticeBy {
        match self {
            Self::Server => NoticeBy::Server,
            Self::Operator(_) => NoticeBy::Operator,
            Self::Device(id) => NoticeBy::Device(*id),
        }
    }
}

/// A device with its enrolment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownDevice {
    /// What the customer calls it, and when it ended.
    pub device: Device,
    /// How it stands.
    pub enrolment: Enrolment,
}

/// What a change of one device is beside its new state.
pub(crate) struct Turn {
    pub(crate) kind: NoticeKind,
    /// For the audit trail: one word with dots.
    pub(crate) action: &'static str,
    pub(crate) detail: String,
    pub(crate) certificate: Option<CertificateRow>,
    pub(crate) used_code: Option<([u8; 32], ActivationUse)>,
}

impl Turn {
    pub(crate) fn new(kind: NoticeKind, action: &'static str, detail: impl Into<String>) -> Self {
        Self { kind, action, detail: detail.into(), certificate: None, used_code: None }
    }
}

impl Security {
    /// A customer's devices that were not revoked, in the order of their activation.
    ///
    /// # Errors
    /// [`SecurityError::Store`].
    pub async fn living_devices(&self, customer: CustomerId) -> Result<Vec<KnownDevice>, SecurityError> {
        let mut known = Vec::new();
        for device in self.devices_of(customer).await?.living() {
            let enrolment = self.store.enrolment(device.enrolment).await?;
            let enrolment = enrolment.ok_or(SecurityError::Damaged("list of devices"))?;
            known.push(KnownDevice { device: device.clone(), enrolment });
        }
        Ok(known)
    }

    /// The same for the device that asks, which stands in the list afterwards, even if it was activated before there
    /// were lists.
    ///
    /// # Errors
    /// [`SecurityError::Contended`], [`SecurityError::Store`].
    pub async fn own_devices(&self, device: &AuthenticatedDevice) -> Result<Vec<KnownDevice>, SecurityError> {
        for _ in 0..TRIES_MAX {
            let mut devices = self.devices_of(device.customer()).await?;
            if devices.get(device.id()).is_some() {
                return self.living_devices(device.customer()).await;
            }
            let expected_version = devices.version;
            adopt(&mut devices, device.enrolment());
            devices.version = expected_version.saturating_add(1);
            let change = ChangeDevices {
                customer: device.customer(),
                devices: Some(DevicesChange { expected_version, devices }),
                enrolments: Vec::new(),
                used_code: None,
                certificate: None,
                audit: Vec::new(),
            };
            self.store.commit(Command::ChangeDevices(Box::new(change))).await?;
        }
        Err(SecurityError::Contended)
    }

    /// Locks a device at its own request. What is locked already stays locked for the reason it has.
    ///
    /// # Errors
    /// [`SecurityError::Contended`], [`SecurityError::Store`].
    pub async fn lock_by_device(
        &self,
        device: &AuthenticatedDevice,
        now: Timestamp,
    ) -> Result<Enrolment, SecurityError> {
        self.lock(device.id(), &Asker::Device(device.id()), LockReason::Customer, now).await
    }

    /// Locks another device of the same customer. It takes no PIN: it only protects, and an operator can undo it.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`] if the customer has no such device; [`SecurityError::WrongState`] if the one that asks
    /// may not pay itself; [`SecurityError::Contended`], [`SecurityError::Store`].
    pub async fn lock_other(
        &self,
        device: &AuthenticatedDevice,
        target: EnrolmentId,
        now: Timestamp,
    ) -> Result<Enrolment, SecurityError> {
        self.may_act_on(device, target).await?;
        self.lock(target, &Asker::Device(device.id()), LockReason::Customer, now).await
    }

    /// Locks a device at an operator's request. What is locked already stays locked for the reason it has.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`], [`SecurityError::Contended`], [`SecurityError::Store`].
    pub async fn lock_by_operator(
        &self,
        id: EnrolmentId,
        operator: &str,
        now: Timestamp,
    ) -> Result<Enrolment, SecurityError> {
        self.lock(id, &Asker::Operator(operator.to_owned()), LockReason::Operator, now).await
    }

    /// Unlocks a device and forgets its wrong PINs. One whose counters forked must still resynchronise.
    ///
    /// # Errors
    /// [`SecurityError::WrongState`] if it is not locked; [`SecurityError::NotFound`],
    /// [`SecurityError::Contended`], [`SecurityError::Store`].
    pub async fn unlock(
        &self,
        id: EnrolmentId,
        operator: &str,
        now: Timestamp,
    ) -> Result<Enrolment, SecurityError> {
        let asker = Asker::Operator(operator.to_owned());
        self.turn(id, &asker, now, |_, enrolment| match enrolment.status {
            EnrolmentStatus::Locked { .. } => {
                unlock(enrolment, now);
                Ok(Some(Turn::new(NoticeKind::Unlocked, "enrolment.unlocked", "")))
            }
            EnrolmentStatus::Revoked { .. } => Err(SecurityError::WrongState("the enrolment is revoked")),
            EnrolmentStatus::Active | EnrolmentStatus::Unsynchronised { .. } => {
                Err(SecurityError::WrongState("the enrolment is not locked"))
            }
        })
        .await
    }

    /// Revokes a device for good: it must be activated anew. One that is revoked keeps the reason that it has.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`], [`SecurityError::Contended`], [`SecurityError::Store`].
    pub async fn revoke(
        &self,
        id: EnrolmentId,
        reason: RevocationReason,
        operator: &str,
        now: Timestamp,
    ) -> Result<Enrolment, SecurityError> {
        let asker = Asker::Operator(operator.to_owned());
        self.turn(id, &asker, now, |_, enrolment| Ok(revoked(enrolment, reason, now))).await
    }

    /// Revokes a device of the same customer, perhaps the one that asks, with its PIN. The customer's last device goes
    /// only if `last` says that this is meant: no device is left then to ask for another one.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`] if the customer has no such device; [`SecurityError::LastDevice`];
    /// [`SecurityError::WrongPin`]; [`SecurityError::WrongState`] if the one that asks may not pay itself;
    /// [`SecurityError::Contended`], [`SecurityError::Store`], [`SecurityError::Keys`].
    pub async fn revoke_by_device(
        &self,
        device: &AuthenticatedDevice,
        target: EnrolmentId,
        reason: RevocationReason,
        proof: &PinProof,
        last: bool,
        now: Timestamp,
    ) -> Result<Enrolment, SecurityError> {
        let seen = self.may_act_on(device, target).await?;
        if matches!(seen.status, EnrolmentStatus::Revoked { .. }) {
            return Ok(seen);
        }
        let may_end = |devices: &Devices| last || devices.living().any(|other| other.enrolment != target);
        // Without a try at the PIN for nothing.
        if !may_end(&self.devices_of(device.customer()).await?) {
            return Err(SecurityError::LastDevice);
        }
        self.prove_pin(device, PinProofPurpose::Revoke(target), proof, now).await?;
        self.turn(target, &Asker::Device(device.id()), now, |devices, enrolment| {
            let turn = revoked(enrolment, reason, now);
            if turn.is_some() && !may_end(devices) { Err(SecurityError::LastDevice) } else { Ok(turn) }
        })
        .await
    }

    /// Gives a device of the same customer a name, or takes it away (an empty one).
    ///
    /// # Errors
    /// [`SecurityError::Request`] for a name that cannot be shown; [`SecurityError::NotFound`] if the customer has no such
    /// device; [`SecurityError::WrongState`]; [`SecurityError::Contended`], [`SecurityError::Store`].
    pub async fn rename(
        &self,
        device: &AuthenticatedDevice,
        target: EnrolmentId,
        name: &str,
        now: Timestamp,
    ) -> Result<Enrolment, SecurityError> {
        if !name.is_empty() {
            ShortText::new(name)?;
        }
        if name.len() > DEVICE_NAME_BYTES_MAX {
            return Err(SecurityError::WrongState("a device's name has at most 64 bytes"));
        }
        self.may_act_on(device, target).await?;
        self.turn(target, &Asker::Device(device.id()), now, |devices, _| {
            let known = devices.get_mut(target).ok_or(SecurityError::NotFound("device"))?;
            if known.name == name {
                return Ok(None);
            }
            name.clone_into(&mut known.name);
            Ok(Some(Turn::new(NoticeKind::Renamed, "enrolment.renamed", "")))
        })
        .await
    }

    async fn lock(
        &self,
        id: EnrolmentId,
        asker: &Asker,
        reason: LockReason,
        now: Timestamp,
    ) -> Result<Enrolment, SecurityError> {
        self.turn(id, asker, now, |_, enrolment| match enrolment.status {
            EnrolmentStatus::Locked { .. } | EnrolmentStatus::Revoked { .. } => Ok(None),
            EnrolmentStatus::Active | EnrolmentStatus::Unsynchronised { .. } => {
                enrolment.status = EnrolmentStatus::Locked { reason, since: now };
                Ok(Some(Turn::new(NoticeKind::Locked, "enrolment.locked", "")))
            }
        })
        .await
    }

    /// The target, if it is one of the customer's and the one that asks is in a state to speak for the customer. Whose
    /// others are is not told.
    async fn may_act_on(
        &self,
        device: &AuthenticatedDevice,
        target: EnrolmentId,
    ) -> Result<Enrolment, SecurityError> {
        let seen = self.store.enrolment(target).await?;
        let seen = seen.filter(|seen| seen.customer == device.customer());
        let seen = seen.ok_or(SecurityError::NotFound("device"))?;
        if device.enrolment().status == EnrolmentStatus::Active {
            Ok(seen)
        } else {
            Err(SecurityError::WrongState("a phone that may not pay changes no other; ask your bank"))
        }
    }

    /// Checks that whoever asks from `device` knows its PIN. A wrong proof counts as a wrong PIN.
    pub(crate) async fn prove_pin(
        &self,
        device: &AuthenticatedDevice,
        purpose: PinProofPurpose,
        proof: &PinProof,
        now: Timestamp,
    ) -> Result<(), SecurityError> {
        let (id, realm) = (device.id(), self.keys.realm());
        for _ in 0..TRIES_MAX {
            let seen = self.store.enrolment(id).await?.ok_or(SecurityError::NotFound("enrolment"))?;
            if seen.status != EnrolmentStatus::Active {
                return Err(SecurityError::WrongState(
                    "a phone that may not pay asks for nothing with its PIN",
                ));
            }
            blocked(&seen, now)?;
            if proof.pin_generation != PinGeneration(seen.pin.generation) {
                return Err(SecurityError::WrongState(
                    "the PIN was changed meanwhile; look how the phone stands",
                ));
            }
            let is_proved = proof.is_proved(realm, id, purpose, &self.present_pin_key(&seen)?);
            let mut enrolment = seen.clone();
            let mut audit = Vec::new();
            let mut told = None;
            if is_proved {
                if seen.pin.failures == 0 {
                    return Ok(());
                }
                enrolment.pin.failures = 0;
                enrolment.pin.blocked_until = None;
            } else if count_wrong_pin(&mut enrolment, now, &self.policy()).is_some() {
                let asker = Asker::Device(id);
                audit.push(crate::devices::entry(asker.actor(), "enrolment.locked", id, now));
                told = Some(self.notice_of(&seen, NoticeKind::Locked, &Asker::Server, now).await?);
            }
            if self.commit_change(&seen, &mut enrolment, told, audit).await? {
                let tries_left = self.pin_tries_left(&enrolment);
                return if is_proved { Ok(()) } else { Err(SecurityError::WrongPin { tries_left }) };
            }
        }
        Err(SecurityError::Contended)
    }

    /// A customer's devices as they stand; none if there are none.
    pub(crate) async fn devices_of(&self, customer: CustomerId) -> Result<Devices, SecurityError> {
        Ok(self.store.devices(customer).await?.unwrap_or_else(|| Devices::none(customer)))
    }

    /// What the customer's devices are told of this one.
    pub(crate) async fn notice_of(
        &self,
        enrolment: &Enrolment,
        kind: NoticeKind,
        asker: &Asker,
        now: Timestamp,
    ) -> Result<NewNotice, SecurityError> {
        let devices = self.devices_of(enrolment.customer).await?;
        Ok(notice(&devices, enrolment, kind, asker, now))
    }

    /// Looks, decides and commits a change of one device, again if others were faster. `decide` changes the enrolment and
    /// the list and says what it is; none leaves everything as it is.
    pub(crate) async fn turn(
        &self,
        id: EnrolmentId,
        asker: &Asker,
        now: Timestamp,
        mut decide: impl FnMut(&mut Devices, &mut Enrolment) -> Result<Option<Turn>, SecurityError>,
    ) -> Result<Enrolment, SecurityError> {
        for _ in 0..TRIES_MAX {
            let seen = self.store.enrolment(id).await?.ok_or(SecurityError::NotFound("enrolment"))?;
            let mut devices = self.devices_of(seen.customer).await?;
            let expected_version = devices.version;
            adopt(&mut devices, &seen);
            let mut enrolment = seen.clone();
            let Some(turn) = decide(&mut devices, &mut enrolment)? else { return Ok(seen) };
            end(&mut devices, &enrolment);
            devices.version = expected_version.saturating_add(1);
            enrolment.version = seen.version.saturating_add(1);
            let told = notice(&devices, &enrolment, turn.kind, asker, now);
            let audit = AuditEntry {
                at: now,
                actor: asker.actor(),
                action: turn.action.to_owned(),
                subject: id.to_string(),
                detail: turn.detail,
            };
            let change = EnrolmentChange {
                expected_version: seen.version,
                enrolment: enrolment.clone(),
                notice: Some(told),
            };
            let change = ChangeDevices {
                customer: seen.customer,
                devices: Some(DevicesChange { expected_version, devices }),
                enrolments: vec![change],
                used_code: turn.used_code,
                certificate: turn.certificate,
                audit: vec![audit],
            };
            if let Outcome::Done = self.store.commit(Command::ChangeDevices(Box::new(change))).await? {
                return Ok(enrolment);
            }
        }
        Err(SecurityError::Contended)
    }
}

/// Whatever it was locked for is over, and its wrong PINs are forgotten. One whose counters forked must still resynchronise.
pub(crate) fn unlock(enrolment: &mut Enrolment, now: Timestamp) {
    let EnrolmentStatus::Locked { reason, since } = enrolment.status else { return };
    enrolment.pin.failures = 0;
    enrolment.pin.blocked_until = None;
    let forked = reason == LockReason::Clone || enrolment.last_fork_at >= Some(since);
    enrolment.status =
        if forked { EnrolmentStatus::Unsynchronised { since: now } } else { EnrolmentStatus::Active };
}

/// Revokes an enrolment; none if it is revoked already.
pub(crate) fn revoked(enrolment: &mut Enrolment, reason: RevocationReason, now: Timestamp) -> Option<Turn> {
    if matches!(enrolment.status, EnrolmentStatus::Revoked { .. }) {
        return None;
    }
    enrolment.status = EnrolmentStatus::Revoked { reason, since: now };
    Some(Turn::new(NoticeKind::Revoked, "enrolment.revoked", reason.name()))
}

/// Puts an enrolment among its customer's devices, if it is not there yet.
fn adopt(devices: &mut Devices, enrolment: &Enrolment) {
    if devices.get(enrolment.id).is_none() {
        let (enrolment_id, name) = (enrolment.id, String::new());
        let device = Device { enrolment: enrolment_id, name, notices_after: 0, ended_at: None };
        devices.devices.push(device);
        end(devices, enrolment);
    }
}

/// Marks a device as ended if its enrolment is revoked.
pub(crate) fn end(devices: &mut Devices, enrolment: &Enrolment) {
    if let EnrolmentStatus::Revoked { since, .. } = enrolment.status
        && let Some(device) = devices.get_mut(enrolment.id)
    {
        device.ended_at.get_or_insert(since);
    }
}

/// What a device is called in notices: the customer's name for it, or its model.
pub(crate) fn notice(
    devices: &Devices,
    enrolment: &Enrolment,
    kind: NoticeKind,
    asker: &Asker,
    now: Timestamp,
) -> NewNotice {
    let name = devices.get(enrolment.id).map(|device| device.name.clone()).unwrap_or_default();
    let device_name = if name.is_empty() { model_of(&enrolment.platform).to_owned() } else { name };
    NewNotice {
        customer: enrolment.customer,
        kind,
        about: enrolment.id,
        device_name,
        by: asker.by(),
        at: now,
    }
}

/// The model in what an enrolment says of its platform: what stands before the system's name.
#[must_use]
pub fn model_of(platform: &str) -> &str {
    platform.split(", ").next().unwrap_or_default()
}
