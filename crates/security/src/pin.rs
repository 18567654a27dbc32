//! The PIN as the server knows it: keys by generation, and the change from one to the next (`spec/pin-change.md`).

use crypto::{Random, Secret};
use model::Timestamp;
use protocol::{
    error::ProtocolError,
    payment_code::{PinGeneration, PinKey},
    pin_change::PinChange,
};
use records::{Enrolment, EnrolmentStatus, NoticeKind, PinState, ReplacedPinKey};

use crate::{
    Asker, AuthenticatedDevice, PreviousPin, Security, SecurityError, devices::entry, judge::count_wrong_pin,
    security::TRIES_MAX,
};

impl Security {
    /// Changes a device's PIN, if it proves the one so far. The same request again is answered as done.
    ///
    /// A wrong proof counts as a wrong PIN, and the last one locks the enrolment.
    ///
    /// # Errors
    /// [`SecurityError::Request`] for a request that is not as specified; [`SecurityError::WrongState`] if the device may
    /// not pay, or its PIN was changed meanwhile; [`SecurityError::WrongPin`]; [`SecurityError::Contended`],
    /// [`SecurityError::Store`], [`SecurityError::Keys`].
    pub async fn change_pin(
        &self,
        device: &AuthenticatedDevice,
        request: &[u8],
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<Enrolment, SecurityError> {
        let change = PinChange::parse(request)?;
        let (id, realm) = (device.id(), self.keys.realm());
        let holder =
            self.keys.activation_recipient(change.key_id()).ok_or(ProtocolError::KeyUnknown("PIN change"))?;
        let new_key = change.open(realm, id, &*holder)?;
        for _ in 0..TRIES_MAX {
            let seen = self.store.enrolment(id).await?.ok_or(SecurityError::NotFound("enrolment"))?;
            let present = self.present_pin_key(&seen)?;
            let generation = PinGeneration(seen.pin.generation);
            if change.generation() == generation && new_key == present {
                return Ok(seen);
            }
            if seen.status != EnrolmentStatus::Active {
                return Err(SecurityError::WrongState("a phone that may not pay keeps its PIN"));
            }
            blocked(&seen, now)?;
            if change.generation() != generation.next() {
                return Err(SecurityError::WrongState(
                    "the PIN was changed meanwhile; look how the phone stands",
                ));
            }
            let is_proved = change.is_proved(realm, id, &present);
            let mut enrolment = seen.clone();
            let asker = Asker::Device(id);
            let happened = if is_proved {
                enrolment.pin = self.replaced(&seen, &new_key, now, random)?;
                Some((NoticeKind::PinChanged, "pin.changed", &asker))
            } else {
                let locks = count_wrong_pin(&mut enrolment, now, &self.policy()).is_some();
                locks.then_some((NoticeKind::Locked, "enrolment.locked", &Asker::Server))
            };
            let (mut told, mut audit) = (None, Vec::new());
            if let Some((kind, action, by)) = happened {
                told = Some(self.notice_of(&seen, kind, by, now).await?);
                audit.push(entry(asker.actor(), action, id, now));
            }
            if self.commit_change(&seen, &mut enrolment, told, audit).await? {
                let tries_left = self.pin_tries_left(&enrolment);
                return if is_proved { Ok(enrolment) } else { Err(SecurityError::WrongPin { tries_left }) };
            }
        }
        Err(SecurityError::Contended)
    }

    /// The PIN's state once `new_key` is its key.
    fn replaced(
        &self,
        seen: &Enrolment,
        new_key: &PinKey,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<PinState, SecurityError> {
        let generation = PinGeneration(seen.pin.generation).next();
        let wrapped_key =
            self.keys.wrap_pin_key(seen.id, generation, new_key, random).map_err(SecurityError::Keys)?;
        Ok(PinState {
            generation: generation.0,
            wrapped_key,
            previous: Some(ReplacedPinKey { wrapped_key: seen.pin.wrapped_key.clone(), replaced_at: now }),
            failures: 0,
            blocked_until: None,
        })
    }

    /// The present PIN's key for the judgement of a code. That of an erased customer is wiped: of a revoked device no PIN
    /// is looked at, so any key does.
    pub(crate) fn pin_key_to_judge(&self, enrolment: &Enrolment) -> Result<PinKey, SecurityError> {
        let is_revoked = matches!(enrolment.status, EnrolmentStatus::Revoked { .. });
        if is_revoked && enrolment.pin.wrapped_key.is_empty() {
            return Ok(PinKey::from_secret(Secret::from_bytes([0; 32])));
        }
        self.present_pin_key(enrolment)
    }

    pub(crate) fn present_pin_key(&self, enrolment: &Enrolment) -> Result<PinKey, SecurityError> {
        let PinState { generation, wrapped_key, .. } = &enrolment.pin;
        let generation = PinGeneration(*generation);
        self.keys.unwrap_pin_key(enrolment.id, generation, wrapped_key).map_err(SecurityError::Keys)
    }

    /// The PIN before the present one, while it is still good.
    pub(crate) fn previous_pin(
        &self,
        enrolment: &Enrolment,
        now: Timestamp,
    ) -> Result<Option<PreviousPin>, SecurityError> {
        let generation = PinGeneration(enrolment.pin.generation).previous();
        let (Some(replaced), Some(generation)) = (&enrolment.pin.previous, generation) else {
            return Ok(None);
        };
        let valid_until = replaced.replaced_at.plus_s(i64::from(self.policy().previous_pin_s));
        if valid_until < now {
            return Ok(None);
        }
        let key = self
            .keys
            .unwrap_pin_key(enrolment.id, generation, &replaced.wrapped_key)
            .map_err(SecurityError::Keys)?;
        Ok(Some(PreviousPin { key, valid_until }))
    }
}

/// Refuses to look at a PIN while a round of wrong ones is waited out.
pub(crate) fn blocked(enrolment: &Enrolment, now: Timestamp) -> Result<(), SecurityError> {
    if is_blocked(enrolment, now) {
        Err(SecurityError::WrongState("too many wrong PINs; wait before the next try"))
    } else {
        Ok(())
    }
}

/// Whether a round of wrong PINs is waited out.
pub(crate) fn is_blocked(enrolment: &Enrolment, now: Timestamp) -> bool {
    enrolment.pin.blocked_until.is_some_and(|until| now < until)
}
