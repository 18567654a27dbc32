//! The request that enrols a phone, sealed to the activation key (`spec/activation.md`, section 6): what
//! the phone makes and what the server opens. Whether code, challenge and attestation are good is the
//! server's own matter.

use core::fmt;

use crypto::{
    Random, Secret, SecretBytes,
    hash::sha256,
    hpke::{self, Decapsulate},
    p256::{Sign, Signature, VerifyingKey},
    x509, x25519,
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::{
    activation::{Binding, Challenge, LABEL_REPLY_KEY, LABEL_REQUEST, MESSAGE_LEN_MAX},
    activation_code::ActivationCode,
    activation_reply::{PendingActivation, ReplySealer},
    base64url::{self, VersionOne},
    error::ProtocolError,
    evidence::Evidence,
    json,
    key_bundle::{Der, KeyId},
    payment_code::{PinGeneration, PinKey},
    realm::Realm,
    realm_file::ActivationKey,
    short_text::ShortText,
};

const WHAT: &str = "activation request";
const CERTIFICATE_REQUEST_LEN_MAX: usize = 2048;
const CHAIN_LEN_MAX: usize = 8;
const OBJECT_LEN_MAX: usize = 16_384;
const TOKEN_LEN_MAX: usize = 16_384;

/// What the platform says about the app or its key, as it gave it. Not checked here.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Attestation {
    /// Nothing: browsers, command lines, phones without.
    // With braces, because serde lets unknown names pass beside a bare variant.
    None {},
    /// Android Key Attestation of the payments device key.
    AndroidKey {
        /// Certificates, the attested key's first.
        chain: Vec<Der>,
        /// Google's word on app and device beside it, where the app has asked for that too.
        #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "json::present")]
        integrity_token: Option<IntegrityToken>,
    },
    /// Apple App Attest.
    AppAttest {
        /// The App Attest key's id.
        #[serde(with = "base64url")]
        key_id: [u8; 32],
        /// The attestation object, CBOR.
        #[serde(with = "base64url")]
        object: Vec<u8>,
    },
    /// Google's word on app and device alone: of phones whose keys are not attested.
    PlayIntegrity {
        /// It.
        integrity_token: IntegrityToken,
    },
}

/// A token of Play Integrity, as the app was given it: visible ASCII. Whoever uses it opens it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IntegrityToken(String);

impl IntegrityToken {
    /// Takes 1 to 16384 visible characters, or refuses them with [`ProtocolError::Malformed`].
    pub fn new(token: String) -> Result<Self, ProtocolError> {
        let fits = (1..=TOKEN_LEN_MAX).contains(&token.len());
        let is_visible = token.bytes().all(|byte| byte.is_ascii_graphic());
        if fits && is_visible { Ok(Self(token)) } else { Err(ProtocolError::Malformed("integrity token")) }
    }

    /// It.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for IntegrityToken {
    type Error = ProtocolError;

    fn try_from(token: String) -> Result<Self, ProtocolError> {
        Self::new(token)
    }
}

impl From<IntegrityToken> for String {
    fn from(token: IntegrityToken) -> Self {
        token.0
    }
}

impl fmt::Debug for IntegrityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IntegrityToken({} characters)", self.0.len())
    }
}

/// What the phone says it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Platform {
    /// `android`, `ios`, `linux`, `web`, …
    pub os: ShortText,
    /// The system's version.
    pub os_version: ShortText,
    /// The device's model, or the browser's name.
    pub model: ShortText,
    /// The app's id.
    pub app_id: ShortText,
    /// The app's version.
    pub app_version: ShortText,
    /// SHA-256 of the app's package, where the app can know it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "json::present")]
    pub app_digest: Option<AppDigest>,
}

/// SHA-256 of an app's package.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AppDigest(#[serde(with = "base64url")] pub [u8; 32]);

/// All that a phone sends to be enrolled, but for the two proofs.
#[derive(Clone, Debug)]
pub struct ActivationRequest {
    /// What the customer typed.
    pub activation_code: ActivationCode,
    /// What the server gave just before.
    pub challenge: Challenge,
    /// PKCS#10 for the payments device key, DER.
    pub certificate_request: Vec<u8>,
    /// The payments device key, as in the certificate request.
    pub device_key: VerifyingKey,
    /// The key that signs online requests.
    pub online_key: VerifyingKey,
    /// The key that confirmations are sealed to.
    pub confirmation_key: x25519::PublicKey,
    /// What PIN tags are made with; derived from PIN and PIN secret, which stay on the phone.
    pub pin_key: PinKey,
    /// The platform's word.
    pub attestation: Attestation,
    /// The phone's own word.
    pub platform: Platform,
    /// The sensors' word.
    pub evidence: Evidence,
    /// The phone's clock, seconds since 1970.
    pub device_time_s: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    activation_code: ActivationCode,
    challenge: Challenge,
    #[serde(with = "base64url")]
    certificate_request: Vec<u8>,
    // Proofs stay raw until they are checked: a high-s one is a bad signature, not a malformed request.
    #[serde(with = "base64url")]
    device_proof: [u8; 64],
    #[serde(with = "base64url::p256")]
    online_key: VerifyingKey,
    #[serde(with = "base64url")]
    online_proof: [u8; 64],
    #[serde(with = "base64url::x25519")]
    confirmation_key: x25519::PublicKey,
    #[serde(with = "base64url::secret")]
    pin_key: Secret<32>,
    pin_generation: PinGeneration,
    attestation: Attestation,
    platform: Platform,
    evidence: Evidence,
    device_time_s: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer {
    version: VersionOne,
    key_id: KeyId,
    #[serde(with = "base64url")]
    enc: [u8; hpke::ENC_LEN],
    #[serde(with = "base64url")]
    sealed: Vec<u8>,
}

impl ActivationRequest {
    /// What the two device keys have to sign.
    #[must_use]
    pub fn binding(&self) -> Binding<'_> {
        Binding {
            challenge: &self.challenge,
            device_key: &self.device_key,
            online_key: &self.online_key,
            confirmation_key: &self.confirmation_key,
        }
    }

    /// Signs with both keys and seals. For keys that sign elsewhere and later, see
    /// [`ActivationRequest::seal`].
    ///
    /// # Errors
    /// [`ProtocolError::Unavailable`] if a key's holder fails; else as [`ActivationRequest::seal`].
    pub fn sign_and_seal(
        &self,
        realm: &Realm,
        to: &ActivationKey,
        device_key: &dyn Sign,
        online_key: &dyn Sign,
        random: &mut dyn Random,
    ) -> Result<PendingActivation, ProtocolError> {
        let failed = |_| ProtocolError::Unavailable(WHAT);
        let device_proof = device_key.sign(&[&self.binding().device_proof_message(realm)]).map_err(failed)?;
        let online_proof = online_key.sign(&[&self.binding().online_proof_message(realm)]).map_err(failed)?;
        self.seal(realm, to, &device_proof, &online_proof, random)
    }

    /// Seals with proofs made over [`Binding::device_proof_message`] and [`Binding::online_proof_message`].
    /// Gives the bytes to send, to be stored before they are sent, and what opens the reply.
    ///
    /// # Errors
    /// What the server would refuse: [`ProtocolError::Malformed`], [`ProtocolError::CertificateBad`],
    /// [`ProtocolError::SignatureBad`], [`ProtocolError::Size`]; [`ProtocolError::Unavailable`] if the
    /// activation key is none.
    pub fn seal(
        &self,
        realm: &Realm,
        to: &ActivationKey,
        device_proof: &Signature,
        online_proof: &Signature,
        random: &mut dyn Random,
    ) -> Result<PendingActivation, ProtocolError> {
        let inner = self.to_inner(device_proof, online_proof);
        Self::check(&inner, realm)?;
        let plaintext = SecretBytes::from_vec(json::write(&inner));
        let (enc, mut context) = hpke::setup_sender(&to.public_key, &realm.context(LABEL_REQUEST), random)
            .map_err(|_| ProtocolError::Unavailable(WHAT))?;
        let sealed = context
            .seal(&header(to.key_id), plaintext.expose())
            .map_err(|_| ProtocolError::Unavailable(WHAT))?;
        let request = json::write(&Outer { version: VersionOne, key_id: to.key_id, enc, sealed });
        if request.len() > MESSAGE_LEN_MAX {
            return Err(ProtocolError::Size(WHAT));
        }
        let reply_key = export_reply_key(realm, |label, out| context.export(label, out));
        Ok(PendingActivation { request, reply_key: reply_key? })
    }

    fn to_inner(&self, device_proof: &Signature, online_proof: &Signature) -> Inner {
        Inner {
            activation_code: self.activation_code.clone(),
            challenge: self.challenge,
            certificate_request: self.certificate_request.clone(),
            device_proof: device_proof.to_bytes(),
            online_key: self.online_key.clone(),
            online_proof: online_proof.to_bytes(),
            confirmation_key: self.confirmation_key,
            pin_key: self.pin_key.secret().clone(),
            pin_generation: PinGeneration::FIRST,
            attestation: self.attestation.clone(),
            platform: self.platform.clone(),
            evidence: self.evidence,
            device_time_s: self.device_time_s,
        }
    }

    /// Sizes, keys and proofs; both ends check the same. Gives the device key.
    fn check(inner: &Inner, realm: &Realm) -> Result<VerifyingKey, ProtocolError> {
        let attestation_fits = match &inner.attestation {
            Attestation::None {} | Attestation::PlayIntegrity { .. } => true,
            Attestation::AndroidKey { chain, .. } => (1..=CHAIN_LEN_MAX).contains(&chain.len()),
            Attestation::AppAttest { object, .. } => (1..=OBJECT_LEN_MAX).contains(&object.len()),
        };
        let sizes_fit = inner.certificate_request.len() <= CERTIFICATE_REQUEST_LEN_MAX;
        if !attestation_fits || !sizes_fit || inner.pin_generation != PinGeneration::FIRST {
            return Err(ProtocolError::Malformed(WHAT));
        }
        let device_key = x509::read_request(&inner.certificate_request)
            .map_err(|_| ProtocolError::CertificateBad("certificate request"))?;
        if device_key == inner.online_key {
            return Err(ProtocolError::CertificateBad("certificate request"));
        }
        let binding = Binding {
            challenge: &inner.challenge,
            device_key: &device_key,
            online_key: &inner.online_key,
            confirmation_key: &inner.confirmation_key,
        };
        let proofs = [
            (&device_key, binding.device_proof_message(realm), &inner.device_proof),
            (&inner.online_key, binding.online_proof_message(realm), &inner.online_proof),
        ];
        for (key, message, raw) in proofs {
            let bad = |_| ProtocolError::SignatureBad(WHAT);
            let signature = Signature::from_bytes(raw).map_err(bad)?;
            key.verify(&[&message], &signature).map_err(bad)?;
        }
        Ok(device_key)
    }
}

/// A request as it arrived: its form is good, it is not yet opened.
#[derive(Debug)]
pub struct SealedActivation {
    key_id: KeyId,
    enc: [u8; hpke::ENC_LEN],
    sealed: Vec<u8>,
    request_hash: [u8; 32],
}

impl SealedActivation {
    /// Reads the outer message.
    ///
    /// # Errors
    /// [`ProtocolError::Size`], [`ProtocolError::Malformed`], [`ProtocolError::VersionUnsupported`].
    pub fn parse(request: &[u8]) -> Result<Self, ProtocolError> {
        let outer: Outer = json::parse_versioned(request, MESSAGE_LEN_MAX, WHAT)?;
        Ok(Self {
            key_id: outer.key_id,
            enc: outer.enc,
            sealed: outer.sealed,
            request_hash: sha256(&[request]),
        })
    }

    /// Which activation key it is sealed to.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// SHA-256 of the request's bytes: the name under which its reply is stored.
    #[must_use]
    pub fn request_hash(&self) -> [u8; 32] {
        self.request_hash
    }

    /// Opens the request and checks its form, its certificate request and both proofs. Gives what the
    /// phone says and the one means to answer it.
    ///
    /// # Errors
    /// [`ProtocolError::Unopenable`], [`ProtocolError::Malformed`], [`ProtocolError::CertificateBad`],
    /// [`ProtocolError::SignatureBad`]; [`ProtocolError::KeyStore`] where the holder of the key fails.
    pub fn open(
        &self,
        realm: &Realm,
        holder: &dyn Decapsulate,
    ) -> Result<(ActivationRequest, ReplySealer), ProtocolError> {
        let unopenable = |error| ProtocolError::unopened(error, WHAT);
        let mut context =
            hpke::setup_recipient(holder, &self.enc, &realm.context(LABEL_REQUEST)).map_err(unopenable)?;
        let plaintext = context.open(&header(self.key_id), &self.sealed).map_err(unopenable)?;
        let inner: Inner = json::parse(plaintext.expose(), MESSAGE_LEN_MAX, WHAT)?;
        let device_key = ActivationRequest::check(&inner, realm)?;
        let reply_key = export_reply_key(realm, |label, out| context.export(label, out))?;
        let request = ActivationRequest {
            activation_code: inner.activation_code,
            challenge: inner.challenge,
            certificate_request: inner.certificate_request,
            device_key,
            online_key: inner.online_key,
            confirmation_key: inner.confirmation_key,
            pin_key: PinKey::from_secret(inner.pin_key),
            attestation: inner.attestation,
            platform: inner.platform,
            evidence: inner.evidence,
            device_time_s: inner.device_time_s,
        };
        Ok((request, ReplySealer::new(reply_key, self.request_hash)))
    }
}

fn header(key_id: KeyId) -> [u8; 3] {
    let [high, low] = key_id.0.to_be_bytes();
    [1, high, low]
}

fn export_reply_key(
    realm: &Realm,
    export: impl FnOnce(&[u8], &mut [u8]) -> Result<(), crypto::CryptoError>,
) -> Result<Secret<32>, ProtocolError> {
    let mut bytes = [0; 32];
    let exported = export(&realm.context(LABEL_REPLY_KEY), &mut bytes);
    let key = Secret::from_bytes(bytes);
    bytes.zeroize();
    exported.map(|()| key).map_err(|_| ProtocolError::Unavailable(WHAT))
}
