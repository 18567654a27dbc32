//! What this phone is asked to approve (`spec/approval.md`): opened, shown, and answered with a signature over the very
//! question that was shown. A yes takes the PIN; whether it is right only the server can tell.

use api::approval::QuestionView;
use crypto::{Random, hpke::Decapsulate, p256::Signature};
use data_encoding::BASE64URL_NOPAD;
use protocol::{
    approval::{Answer, Decision, OpenedQuestion, SEALED_QUESTION_LEN_MAX, SealedQuestion, to_sign},
    error::ProtocolError,
    payment_code::Pin,
    pin_proof::{PinProof, PinProofPurpose},
};

use crate::{State, Vault, WalletError};

/// An answer that waits for the device key's signature.
pub struct AnswerDraft {
    decision: Decision,
    to_sign: Vec<u8>,
    pin_proof: Option<PinProof>,
}

impl AnswerDraft {
    /// What the device key signs, ECDSA P-256 over SHA-256 of these bytes.
    #[must_use]
    pub fn to_sign(&self) -> &[u8] {
        &self.to_sign
    }

    /// Takes the device key's signature; gives what to send.
    #[must_use]
    pub fn finish(self, signature: &Signature) -> Vec<u8> {
        Answer::new(self.decision, signature, self.pin_proof).to_bytes()
    }

    /// Has a vault sign it.
    ///
    /// # Errors
    /// [`WalletError::Vault`].
    pub fn sign(self, vault: &dyn Vault) -> Result<Vec<u8>, WalletError> {
        let signature = vault.device_key().sign(&[self.to_sign()]).map_err(WalletError::Vault)?;
        Ok(self.finish(&signature))
    }
}

impl State {
    /// Opens a question. `confirmation_key` is the vault's, or one that was agreed with elsewhere (a browser's).
    ///
    /// # Errors
    /// [`WalletError::Refused`] if it is forged, changed, for another phone or signed with a key that is not known here (go
    /// online for the present keys); [`WalletError::Contradiction`] if it is not the one that it is said to be;
    /// [`WalletError::NotActivated`].
    pub fn open_question(
        &self,
        view: &QuestionView,
        confirmation_key: &dyn Decapsulate,
    ) -> Result<OpenedQuestion, WalletError> {
        let sealed = unwrap_question(view)?;
        let keys = self.keys_as_accepted()?;
        let signing_key = |id| keys.confirmation_key(id);
        let opened = sealed.open(confirmation_key, signing_key, &self.realm.realm)?;
        let question = &opened.question;
        if question.id != view.id || question.expires_at_ms.ms() != view.expires_at_ms {
            return Err(WalletError::Contradiction("a question is not the one that it is said to be"));
        }
        Ok(opened)
    }

    /// Drafts a yes, by this phone's PIN.
    ///
    /// # Errors
    /// [`WalletError::NotActivated`]; [`WalletError::PinChangeUnderWay`]: which PIN is good is not known then.
    pub fn draft_approval(
        &self,
        opened: &OpenedQuestion,
        pin: &Pin,
        random: &mut dyn Random,
    ) -> Result<AnswerDraft, WalletError> {
        let pin_proof = self.make_pin_proof(PinProofPurpose::Approve(opened.hash), pin, random)?;
        self.draft_answer(opened, Decision::Approve, Some(pin_proof))
    }

    /// Drafts a no.
    ///
    /// # Errors
    /// [`WalletError::NotActivated`].
    pub fn draft_refusal(&self, opened: &OpenedQuestion) -> Result<AnswerDraft, WalletError> {
        self.draft_answer(opened, Decision::Refuse, None)
    }

    fn draft_answer(
        &self,
        opened: &OpenedQuestion,
        decision: Decision,
        pin_proof: Option<PinProof>,
    ) -> Result<AnswerDraft, WalletError> {
        let enrolment = self.enrolled()?.enrolment;
        let to_sign = to_sign(&self.realm.realm, enrolment, decision, &opened.hash);
        Ok(AnswerDraft { decision, to_sign, pin_proof })
    }
}

/// The sealed bytes in the API's form.
///
/// # Errors
/// [`WalletError::Refused`] for text that is no question.
pub fn unwrap_question(view: &QuestionView) -> Result<SealedQuestion, WalletError> {
    // Base64 is a third longer than what it holds.
    if view.sealed.len() > SEALED_QUESTION_LEN_MAX * 2 {
        return Err(ProtocolError::Size("approval").into());
    }
    let bytes = BASE64URL_NOPAD.decode(view.sealed.as_bytes());
    let bytes = bytes.map_err(|_| ProtocolError::Malformed("approval"))?;
    Ok(SealedQuestion::from_bytes(bytes)?)
}
