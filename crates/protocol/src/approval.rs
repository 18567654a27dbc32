//! What a customer is asked to approve on the phone, and the answer (`spec/approval.md`): the question is signed by the
//! server and sealed to the device, the answer signed by the device over the very question that it showed.

use core::fmt;

use crypto::{
    Random,
    hash::sha256,
    hpke::{self, Decapsulate},
    p256::{Sign, Signature, VerifyingKey},
    x25519,
};
use model::{ApprovalId, Currency, EnrolmentId, Money, TerminalNumber, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    base64url::{self, VersionOne},
    error::ProtocolError,
    json,
    key_bundle::KeyId,
    letter::{self, Form, LETTER_LEN},
    pin_proof::PinProof,
    realm::Realm,
    short_text::ShortText,
};

const WHAT: &str = "approval";
const ANSWER: &str = "answer to an approval";
const FORM: Form = Form {
    what: WHAT,
    label_seal: "batzen/approval/v1/seal",
    label_signature: "batzen/approval/v1/signature",
};
const LABEL_ANSWER: &str = "batzen/approval/v1/answer";
/// The most bytes of a question before it is sealed.
const QUESTION_LEN_MAX: usize = 2_048;
/// The most bytes of an answer.
pub const ANSWER_LEN_MAX: usize = 2_048;
/// The most bytes of a sealed question.
pub const SEALED_QUESTION_LEN_MAX: usize = LETTER_LEN + QUESTION_LEN_MAX;

/// What is to be approved.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalKind {
    /// A payment in a shop.
    Payment,
    /// A transfer that the customer ordered at the bank.
    Transfer,
    /// A login at the bank.
    Login,
    /// Something else that the bank words.
    Other,
}

/// What is asked, as the customer sees it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    version: VersionOne,
    /// Which approval.
    pub id: ApprovalId,
    /// What is to be approved.
    pub kind: ApprovalKind,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "json::present")]
    amount_minor: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "json::present")]
    currency: Option<Currency>,
    /// To whom the money goes, or where the login is.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "json::present")]
    pub payee: Option<ShortText>,
    /// What the asking bank says about it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "json::present")]
    pub text: Option<ShortText>,
    /// The till.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "json::present")]
    pub terminal: Option<TerminalNumber>,
    /// The server's clock when it was asked.
    pub asked_at_ms: Timestamp,
    /// From then on no answer is taken.
    pub expires_at_ms: Timestamp,
}

/// What a question is about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subject {
    /// What is to be approved.
    pub kind: ApprovalKind,
    /// How much; payments and transfers have it.
    pub amount: Option<Money>,
    /// To whom; payments and transfers have it.
    pub payee: Option<ShortText>,
    /// In the bank's words; [`ApprovalKind::Other`] has it.
    pub text: Option<ShortText>,
    /// The till.
    pub terminal: Option<TerminalNumber>,
}

/// The bytes that a customer answers about. They are kept: what was approved is these.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QuestionBytes(Vec<u8>);

/// A sealed question.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct SealedQuestion(Vec<u8>);

/// A question that a device opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OpenedQuestion {
    /// What is asked.
    pub question: Question,
    /// What an answer is about: SHA-256 of the question's bytes.
    pub hash: [u8; 32],
}

/// What the customer says.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Yes; it takes the PIN.
    Approve,
    /// No.
    Refuse,
}

/// An answer as it travels in a signed request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Yes or no.
    pub decision: Decision,
    #[serde(with = "base64url")]
    signature: [u8; 64],
    /// That whoever approves knows the PIN.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "json::present")]
    pub pin_proof: Option<PinProof>,
}

impl Question {
    /// A question about this.
    ///
    /// # Errors
    /// [`ProtocolError::Malformed`] if something that its kind needs is missing, or no time is left for an answer.
    pub fn new(
        id: ApprovalId,
        about: Subject,
        asked_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Self, ProtocolError> {
        let Subject { kind, amount, payee, text, terminal } = about;
        let question = Self {
            version: VersionOne,
            id,
            kind,
            amount_minor: amount.map(|amount| amount.amount_minor),
            currency: amount.map(|amount| amount.currency),
            payee,
            text,
            terminal,
            asked_at_ms: asked_at,
            expires_at_ms: expires_at,
        };
        question.well_formed()?;
        Ok(question)
    }

    /// How much, if it is about money.
    #[must_use]
    pub fn amount(&self) -> Option<Money> {
        Some(Money::new(self.amount_minor?, self.currency?))
    }

    /// The bytes that are sealed, and answered about.
    #[must_use]
    pub fn to_bytes(&self) -> QuestionBytes {
        QuestionBytes(json::write(self))
    }

    fn well_formed(&self) -> Result<(), ProtocolError> {
        let is_about_money = self.amount_minor.is_some_and(|amount| amount > 0) && self.payee.is_some();
        let is_whole = match self.kind {
            ApprovalKind::Payment | ApprovalKind::Transfer => is_about_money,
            ApprovalKind::Login => true,
            ApprovalKind::Other => self.text.is_some(),
        };
        let good = is_whole
            && self.amount_minor.is_some() == self.currency.is_some()
            && self.asked_at_ms < self.expires_at_ms;
        if good { Ok(()) } else { Err(ProtocolError::Malformed(WHAT)) }
    }
}

impl QuestionBytes {
    /// Takes bytes that were kept.
    ///
    /// # Errors
    /// `Size`, `Malformed`, `VersionUnsupported` of [`ProtocolError`].
    pub fn from_kept(bytes: Vec<u8>) -> Result<Self, ProtocolError> {
        read(&bytes)?;
        Ok(Self(bytes))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// What is asked.
    ///
    /// # Panics
    /// Never: they were read when they were taken.
    #[must_use]
    pub fn question(&self) -> Question {
        read(&self.0).expect("the bytes were read when they were taken")
    }

    /// What an answer is about.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[&self.0])
    }

    /// Signs and seals them to a device's confirmation key.
    ///
    /// # Errors
    /// [`ProtocolError::Unavailable`] if the recipient's key is none or the signing key's holder fails.
    pub fn seal(
        &self,
        recipient: &x25519::PublicKey,
        signing_key: &dyn Sign,
        key_id: KeyId,
        realm: &Realm,
        random: &mut dyn Random,
    ) -> Result<SealedQuestion, ProtocolError> {
        FORM.seal(self.0.clone(), recipient, signing_key, key_id, realm, random).map(SealedQuestion)
    }
}

impl SealedQuestion {
    /// Takes bytes that may be a question.
    ///
    /// # Errors
    /// [`ProtocolError::Size`], [`ProtocolError::VersionUnsupported`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, ProtocolError> {
        FORM.check(bytes, 0..=QUESTION_LEN_MAX).map(Self)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The encapsulated key, for a confirmation key that is kept where only a Diffie-Hellman value can be had.
    #[must_use]
    pub fn enc(&self) -> &[u8; hpke::ENC_LEN] {
        letter::enc(&self.0)
    }

    /// Opens it with the device's confirmation key and checks the signature; `signing_key` gives the server's key with an
    /// id, as [`crate::key_bundle::KeyBundle::confirmation_key`] does.
    ///
    /// # Errors
    /// In the specification's order: `KeyUnknown`, `Unopenable`, `SignatureBad`, `VersionUnsupported`, `Malformed` of
    /// [`ProtocolError`].
    pub fn open<'k>(
        &self,
        recipient: &dyn Decapsulate,
        signing_key: impl FnOnce(KeyId) -> Option<&'k VerifyingKey>,
        realm: &Realm,
    ) -> Result<OpenedQuestion, ProtocolError> {
        FORM.open(&self.0, recipient, signing_key, realm, |content| {
            Ok(OpenedQuestion { question: read(content)?, hash: sha256(&[content]) })
        })
    }
}

fn read(content: &[u8]) -> Result<Question, ProtocolError> {
    let question: Question = json::parse_versioned(content, QUESTION_LEN_MAX, WHAT)?;
    question.well_formed()?;
    Ok(question)
}

impl Decision {
    const fn number(self) -> u8 {
        match self {
            Self::Approve => 1,
            Self::Refuse => 2,
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Approve => "approve",
            Self::Refuse => "refuse",
        })
    }
}

/// What a device signs to answer: its device key signs SHA-256 of it, as all that it signs.
#[must_use]
pub fn to_sign(realm: &Realm, enrolment: EnrolmentId, decision: Decision, hash: &[u8; 32]) -> Vec<u8> {
    let mut bytes = realm.context(LABEL_ANSWER);
    bytes.extend_from_slice(&enrolment.to_bytes());
    bytes.push(decision.number());
    bytes.extend_from_slice(hash);
    bytes
}

impl Answer {
    /// An answer with the device's signature over [`to_sign`].
    #[must_use]
    pub fn new(decision: Decision, signature: &Signature, pin_proof: Option<PinProof>) -> Self {
        Self { decision, signature: *signature.as_bytes(), pin_proof }
    }

    /// What is kept of an answer: to verify it again.
    #[must_use]
    pub const fn of(decision: Decision, signature: [u8; 64]) -> Self {
        Self { decision, signature, pin_proof: None }
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// [`ProtocolError::Size`], [`ProtocolError::Malformed`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ProtocolError> {
        json::parse(bytes, ANSWER_LEN_MAX, ANSWER)
    }

    /// The bytes that are sent.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json::write(self)
    }

    /// The device's signature, r ‖ s.
    #[must_use]
    pub const fn signature(&self) -> &[u8; 64] {
        &self.signature
    }

    /// Checks that the device signed this decision about this very question.
    ///
    /// # Errors
    /// [`ProtocolError::SignatureBad`].
    pub fn verify(
        &self,
        realm: &Realm,
        enrolment: EnrolmentId,
        hash: &[u8; 32],
        device_key: &VerifyingKey,
    ) -> Result<(), ProtocolError> {
        let bad = |_| ProtocolError::SignatureBad(ANSWER);
        let signature = Signature::from_bytes(&self.signature).map_err(bad)?;
        device_key.verify(&[&to_sign(realm, enrolment, self.decision, hash)], &signature).map_err(bad)
    }
}
