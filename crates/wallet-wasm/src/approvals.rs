//! What this wallet is asked to approve: opened with what the browser agreed on, answered with its device key's signature.

use crate::agreed::{Agreed, Enc};
use crate::fault::Outcome;
use crate::request::read;
use crate::{Wallet, read_pin, read_signature};
use api::approval::QuestionView;
use crypto::SystemRandom;
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

/// A question that was opened: what is shown of it is what is answered.
#[wasm_bindgen]
pub struct OpenedQuestion(protocol::approval::OpenedQuestion);

#[wasm_bindgen]
impl OpenedQuestion {
    /// What is asked, as JSON with the names of `spec/approval.md`, chapter 1.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.0.question).expect("plain values can be written")
    }
}

/// An answer that waits for the device key's signature.
#[wasm_bindgen]
pub struct AnswerDraft(wallet::AnswerDraft);

#[wasm_bindgen]
impl AnswerDraft {
    /// What the device key signs.
    #[must_use]
    pub fn to_sign(&self) -> Vec<u8> {
        self.0.to_sign().to_vec()
    }

    /// Takes the signature; gives the body to send.
    ///
    /// # Errors
    /// A fault of kind `vault`.
    pub fn finish(self, signature: &[u8]) -> Outcome<Vec<u8>> {
        Ok(self.0.finish(&read_signature(signature)?))
    }
}

#[wasm_bindgen]
impl Wallet {
    /// Opens a question, as the server gives it. `agreed` has 32 bytes: what the confirmation key and the key of
    /// [`question_enc`] agree on.
    ///
    /// # Errors
    /// A fault of kind `key_unknown` where the server's present keys must be fetched first; `refused` for one that is
    /// forged, for another wallet, or not the one that it is said to be; `not_activated`.
    pub fn open_question(
        &self,
        view: &str,
        confirmation_key: &[u8],
        agreed: Vec<u8>,
    ) -> Outcome<OpenedQuestion> {
        let view: QuestionView = read(view)?;
        let agreed = Agreed::new([enc_of(&view)].into_iter(), confirmation_key, agreed)?;
        Ok(OpenedQuestion(self.state.open_question(&view, &agreed)?))
    }

    /// Drafts a yes, whatever the PIN: only the server can tell a right one.
    ///
    /// # Errors
    /// Faults of kind `pin_…`, `pin_change_under_way`, `not_activated`.
    pub fn draft_approval(&self, opened: &OpenedQuestion, pin: Vec<u8>) -> Outcome<AnswerDraft> {
        let pin = read_pin(&Zeroizing::new(pin), false)?;
        Ok(AnswerDraft(self.state.draft_approval(&opened.0, &pin, &mut SystemRandom)?))
    }

    /// Drafts a no. It takes no PIN.
    ///
    /// # Errors
    /// A fault of kind `not_activated`.
    pub fn draft_refusal(&self, opened: &OpenedQuestion) -> Outcome<AnswerDraft> {
        Ok(AnswerDraft(self.state.draft_refusal(&opened.0)?))
    }
}

/// The encapsulated key of a question, 32 bytes.
///
/// # Errors
/// A fault of kind `refused` if it is not one.
#[wasm_bindgen]
pub fn question_enc(view: &str) -> Outcome<Vec<u8>> {
    let view: QuestionView = read(view)?;
    Ok(wallet::unwrap_question(&view)?.enc().to_vec())
}

fn enc_of(view: &QuestionView) -> Enc {
    Some(*wallet::unwrap_question(view).ok()?.enc())
}
