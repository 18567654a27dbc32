//! Another phone in a device's place: begun on the old phone with its PIN, or by an operator where that phone is lost
//! (`spec/device-life.md`). The old one is revoked in the commit that enrols the new one.

use crypto::Random;
use model::{EnrolmentId, Timestamp};
use protocol::pin_proof::{PinProof, PinProofPurpose};
use records::{ActivationPurpose, EnrolmentStatus, NoticeKind};

use crate::{Asker, AuthenticatedDevice, IssuedCode, Security, SecurityError, life::Turn};

impl Security {
    /// Gives a device a code for the phone that takes its place. Whoever holds an unlocked phone must know its PIN too.
    ///
    /// # Errors
    /// [`SecurityError::WrongPin`]; [`SecurityError::WrongState`] if the device may not pay; [`SecurityError::Contended`],
    /// [`SecurityError::Store`], [`SecurityError::Keys`].
    pub async fn begin_move(
        &self,
        device: &AuthenticatedDevice,
        proof: &PinProof,
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<IssuedCode, SecurityError> {
        self.prove_pin(device, PinProofPurpose::Move, proof, now).await?;
        let asker = Asker::Device(device.id());
        self.issue_replacement(device.id(), self.policy().move_code_s, &asker, now, random).await
    }

    /// Issues a code for a phone that takes the place of this one.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`]; [`SecurityError::WrongState`] if the device is revoked; [`SecurityError::Contended`],
    /// [`SecurityError::Store`].
    pub async fn issue_replacement_code(
        &self,
        id: EnrolmentId,
        operator: &str,
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<IssuedCode, SecurityError> {
        let asker = Asker::Operator(operator.to_owned());
        self.issue_replacement(id, self.policy().activation_code_s, &asker, now, random).await
    }

    async fn issue_replacement(
        &self,
        id: EnrolmentId,
        life_s: u32,
        asker: &Asker,
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<IssuedCode, SecurityError> {
        // The customer's phones are told before there is a code that could be used.
        let seen = self
            .turn(id, asker, now, |_, enrolment| match enrolment.status {
                EnrolmentStatus::Revoked { .. } => Err(SecurityError::WrongState("the enrolment is revoked")),
                _ => Ok(Some(Turn::new(NoticeKind::MoveBegun, "enrolment.move_begun", ""))),
            })
            .await?;
        let purpose = ActivationPurpose::Replace(id);
        self.issue_code(seen.customer, purpose, life_s, asker.actor(), now, random).await
    }
}
