//! The reply to an activation request (`spec/activation.md`, section 7): only who opened the request can
//! make it, and the phone believes nothing in it that it cannot trace to its own keys and the root.

use crypto::{Random, Secret, aead, hash::sha256, p256::VerifyingKey, x509};
use model::{Counter, EnrolmentId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    activation::MESSAGE_LEN_MAX,
    base64url::{self, VersionOne},
    error::ProtocolError,
    json,
    key_bundle::{Der, KeyBundle, SignedKeyBundle},
    realm::Realm,
    short_text::ShortText,
};

const WHAT: &str = "activation reply";

/// What the server answers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivationReply {
    /// The enrolment's id, for payment codes and online requests.
    pub enrolment_id: EnrolmentId,
    /// The device certificate.
    pub certificate: Der,
    /// The device CA's certificate, alone.
    pub certificate_chain: Vec<Der>,
    /// The server's keys and limits.
    pub key_bundle: SignedKeyBundle,
    /// The first payment code's counter.
    pub counter_start: Counter,
    /// The server's clock.
    #[serde(rename = "server_time_ms")]
    pub server_time: Timestamp,
    /// To be shown to the customer.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "json::present")]
    pub customer_name: Option<ShortText>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer {
    version: VersionOne,
    #[serde(with = "base64url")]
    sealed: Vec<u8>,
}

/// The server's means to answer one request.
#[derive(Debug)]
pub struct ReplySealer {
    reply_key: Secret<32>,
    request_hash: [u8; 32],
}

impl ReplySealer {
    pub(crate) fn new(reply_key: Secret<32>, request_hash: [u8; 32]) -> Self {
        Self { reply_key, request_hash }
    }

    /// Seals the reply: the bytes to send, and to store for when the same request comes again.
    ///
    /// # Errors
    /// [`ProtocolError::Malformed`] or [`ProtocolError::Size`] if no phone would take it.
    pub fn seal(&self, reply: &ActivationReply, random: &mut dyn Random) -> Result<Vec<u8>, ProtocolError> {
        reply.well_formed()?;
        let sealed = aead::seal(&self.reply_key, random, &self.request_hash, &json::write(reply));
        let bytes = json::write(&Outer { version: VersionOne, sealed });
        if bytes.len() > MESSAGE_LEN_MAX { Err(ProtocolError::Size(WHAT)) } else { Ok(bytes) }
    }
}

/// A request that was made and waits for its reply. The phone stores both parts, sealed by its vault,
/// before it sends; without an answer it sends the same bytes again.
#[derive(Clone, Debug)]
pub struct PendingActivation {
    /// The bytes to send.
    pub request: Vec<u8>,
    /// What opens the reply.
    pub reply_key: Secret<32>,
}

/// A reply that was opened and checked: what the phone now has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Activated {
    /// The reply, with the bundle as it was signed, to be stored.
    pub reply: ActivationReply,
    /// The bundle's checked content.
    pub key_bundle: KeyBundle,
}

impl PendingActivation {
    /// Opens the reply and checks it against the root key and the phone's own payments device key.
    ///
    /// # Errors
    /// In the specification's order: `Size`, `Malformed`, `VersionUnsupported`, `Unopenable`, then as
    /// [`KeyBundle::verify`], then `CertificateBad` of [`ProtocolError`].
    pub fn open_reply(
        &self,
        bytes: &[u8],
        realm: &Realm,
        root: &VerifyingKey,
        device_key: &VerifyingKey,
    ) -> Result<Activated, ProtocolError> {
        let outer: Outer = json::parse_versioned(bytes, MESSAGE_LEN_MAX, WHAT)?;
        let plaintext = aead::open(&self.reply_key, &sha256(&[&self.request]), &outer.sealed)
            .map_err(|_| ProtocolError::Unopenable(WHAT))?;
        let reply: ActivationReply = json::parse(plaintext.expose(), MESSAGE_LEN_MAX, WHAT)?;
        reply.well_formed()?;
        let key_bundle = KeyBundle::verify(&reply.key_bundle, root, realm, reply.server_time, 0)?;
        reply
            .certificate_fits(&key_bundle, device_key)
            .ok_or(ProtocolError::CertificateBad("device certificate"))?;
        Ok(Activated { reply, key_bundle })
    }
}

impl ActivationReply {
    fn well_formed(&self) -> Result<(), ProtocolError> {
        let good = self.certificate_chain.len() == 1 && self.counter_start.0 > 0;
        if good { Ok(()) } else { Err(ProtocolError::Malformed(WHAT)) }
    }

    fn certificate_fits(&self, bundle: &KeyBundle, device_key: &VerifyingKey) -> Option<()> {
        if self.certificate_chain != std::slice::from_ref(&bundle.device_ca) {
            return None;
        }
        let ca = x509::Certificate::read(bundle.device_ca.as_bytes()).ok()?;
        let certificate = x509::Certificate::read(self.certificate.as_bytes()).ok()?;
        let at_s = u64::try_from(self.server_time.s()).ok()?;
        certificate.verify_issued_by(&ca, at_s).ok()?;
        let fits = certificate.public_key() == device_key
            && certificate.subject_cn() == self.enrolment_id.to_string()
            && certificate.allows(x509::Purpose::Device);
        fits.then_some(())
    }
}
