//! A new PIN for a device whose PIN is forgotten or locked: by a code that the customer got out of band
//! (`spec/device-life.md`). Methods, counter and keys stay.

use crypto::{Random, hash::sha256};
use data_encoding::HEXLOWER;
use model::{EnrolmentId, Timestamp};
use protocol::{
    error::ProtocolError,
    payment_code::{PinGeneration, PinKey},
    pin_reset::PinReset,
};
use records::{
    ActivationCodeRow, ActivationPurpose, ActivationUse, Enrolment, EnrolmentStatus, LockReason, NoticeKind,
    PinState,
};

use crate::{
    ActivationRefusal, Asker, AuthenticatedDevice, IssuedCode, Security, SecurityError,
    life::{Turn, unlock},
};

impl Security {
    /// Issues a code with which this device sets a new PIN.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`]; [`SecurityError::WrongState`] if the device is revoked; [`SecurityError::Store`].
    pub async fn issue_reset_code(
        &self,
        id: EnrolmentId,
        operator: &str,
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<IssuedCode, SecurityError> {
        let seen = self.store.enrolment(id).await?.ok_or(SecurityError::NotFound("enrolment"))?;
        if matches!(seen.status, EnrolmentStatus::Revoked { .. }) {
            return Err(SecurityError::WrongState("the enrolment is revoked"));
        }
        let asker = Asker::Operator(operator.to_owned());
        let life_s = self.policy().activation_code_s;
        self.issue_code(seen.customer, ActivationPurpose::ResetPin(id), life_s, asker.actor(), now, random)
            .await
    }

    /// Sets a device's PIN anew, by the word of a code for this device. Wrong PINs are forgotten, and a lock for wrong
    /// PINs is lifted; no other is. The PIN before is worth nothing from then on, codes under way included. The same
    /// request again is answered as done.
    ///
    /// # Errors
    /// [`SecurityError::Request`] for a request that is not as specified; [`SecurityError::ActivationRefused`] for a code
    /// that is unknown, used, expired or for something else, all alike; [`SecurityError::TooManyRequests`];
    /// [`SecurityError::WrongState`] if the PIN was changed meanwhile; [`SecurityError::Contended`],
    /// [`SecurityError::Store`], [`SecurityError::Keys`].
    pub async fn reset_pin(
        &self,
        device: &AuthenticatedDevice,
        request: &[u8],
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<Enrolment, SecurityError> {
        let reset = PinReset::parse(request)?;
        let (id, realm) = (device.id(), self.keys.realm());
        let holder =
            self.keys.activation_recipient(reset.key_id()).ok_or(ProtocolError::KeyUnknown("PIN reset"))?;
        let opened = reset.open(realm, id, &*holder)?;
        let seen = self.store.enrolment(id).await?.ok_or(SecurityError::NotFound("enrolment"))?;
        if reset.generation().0 == seen.pin.generation && opened.new_key == self.present_pin_key(&seen)? {
            return Ok(seen);
        }
        let code_hash = opened.code.hash(realm);
        self.check_reset_code(code_hash, id, now).await?;
        let request_hash = sha256(&[request]);
        self.turn(id, &Asker::Device(id), now, |_, enrolment| {
            if reset.generation() != PinGeneration(enrolment.pin.generation).next() {
                return Err(SecurityError::WrongState(
                    "the PIN was changed meanwhile; look how the phone stands",
                ));
            }
            enrolment.pin = self.reset(id, reset.generation(), &opened.new_key, random)?;
            if matches!(enrolment.status, EnrolmentStatus::Locked { reason: LockReason::PinFailures, .. }) {
                unlock(enrolment, now);
            }
            let used = ActivationUse { request_hash, enrolment: id, reply: Vec::new(), at: now };
            let turn = Turn::new(NoticeKind::PinReset, "pin.reset", "");
            Ok(Some(Turn { used_code: Some((code_hash, used)), ..turn }))
        })
        .await
        .map_err(|error| match error {
            // Somebody used the code in between, again and again looked at.
            SecurityError::Contended => SecurityError::ActivationRefused(ActivationRefusal::UsedCode),
            other => other,
        })
    }

    /// One code can be tried only so often, and one device can try only so many.
    async fn check_reset_code(
        &self,
        code_hash: [u8; 32],
        id: EnrolmentId,
        now: Timestamp,
    ) -> Result<(), SecurityError> {
        let tried = [HEXLOWER.encode(&code_hash), format!("reset {id}")];
        if !tried.iter().all(|source| self.activation_codes.take(source, now)) {
            return Err(SecurityError::TooManyRequests);
        }
        let refused = |why| Err(SecurityError::ActivationRefused(why));
        match self.store.activation_code(code_hash).await? {
            None => refused(ActivationRefusal::UnknownCode),
            Some(ActivationCodeRow { used: Some(_), .. }) => refused(ActivationRefusal::UsedCode),
            Some(row) if row.expires_at <= now => refused(ActivationRefusal::ExpiredCode),
            Some(row) if row.purpose != ActivationPurpose::ResetPin(id) => {
                refused(ActivationRefusal::OtherPurpose)
            }
            Some(_) => Ok(()),
        }
    }

    fn reset(
        &self,
        id: EnrolmentId,
        generation: PinGeneration,
        new_key: &PinKey,
        random: &mut dyn Random,
    ) -> Result<PinState, SecurityError> {
        let wrapped_key =
            self.keys.wrap_pin_key(id, generation, new_key, random).map_err(SecurityError::Keys)?;
        Ok(PinState {
            generation: generation.0,
            wrapped_key,
            previous: None,
            failures: 0,
            blocked_until: None,
        })
    }
}
