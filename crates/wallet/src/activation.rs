//! Becoming an enrolled device (`spec/activation.md`): draft, sign, store, send, and send again until answered.

use core::fmt;

use api::phone::EnrolmentStatusName;
use crypto::{
    CryptoError, Random,
    hpke::PublicKey,
    p256::{Signature, VerifyingKey},
    x509, x25519,
};
use model::{Counter, Timestamp};
use protocol::{
    activation::Challenge,
    activation_code::ActivationCode,
    activation_reply::{Activated, PendingActivation},
    activation_request::{ActivationRequest, Attestation, Platform},
    evidence::Evidence,
    payment_code::{Pin, PinError, PinGeneration, PinKey, PinSecret},
};

use crate::{
    State, Vault, WalletError,
    clock::ClockKnowledge,
    confirmations::History,
    devices::Notices,
    state::{Activating, Enrolled, Stage},
};

/// The certificate request's subject. The server gives the real name.
const REQUEST_NAME: &str = "batzen-device";

/// Public halves of the vault's keys.
#[derive(Clone, Debug)]
pub struct DevicePublicKeys {
    /// Of the payments device key.
    pub device: VerifyingKey,
    /// Of the online key; another key than the device key.
    pub online: VerifyingKey,
    /// Of the confirmation key.
    pub confirmation: x25519::PublicKey,
}

impl DevicePublicKeys {
    /// Those of a vault.
    ///
    /// # Errors
    /// [`WalletError::Vault`] if the confirmation key is not an X25519 key: confirmations know no other.
    pub fn of(vault: &dyn Vault) -> Result<Self, WalletError> {
        let PublicKey::X25519(confirmation) = vault.confirmation_key().public_key() else {
            return Err(WalletError::Vault(CryptoError::BadKey));
        };
        Ok(Self {
            device: vault.device_key().verifying_key().clone(),
            online: vault.online_key().verifying_key().clone(),
            confirmation,
        })
    }
}

/// What customer, platform and server bring to an activation.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// What the customer got out of band.
    pub activation_code: ActivationCode,
    /// What the server gave just before.
    pub challenge: Challenge,
    /// The PIN that is being set.
    pub pin: Pin,
    /// What the phone is.
    pub platform: Platform,
    /// The platform's word on the key or the app.
    pub attestation: Attestation,
    /// The sensors' word.
    pub evidence: Evidence,
}

/// An activation request that waits for three signatures. Nothing is stored yet.
pub struct ActivationDraft {
    request: ActivationRequest,
    certificate_request: x509::Request,
    pin_secret: PinSecret,
    device_proof: Vec<u8>,
    online_proof: Vec<u8>,
    begun_at: Timestamp,
}

/// What the vault's keys sign, each ECDSA P-256 over SHA-256 of the bytes.
#[derive(Clone, Copy, Debug)]
pub struct ActivationToSign<'a> {
    /// By the device key.
    pub certificate_request: &'a [u8],
    /// By the device key.
    pub device_proof: &'a [u8],
    /// By the online key.
    pub online_proof: &'a [u8],
}

/// Signatures over [`ActivationToSign`].
#[derive(Clone, Copy, Debug)]
pub struct ActivationSignatures {
    /// By the device key.
    pub certificate_request: Signature,
    /// By the device key.
    pub device_proof: Signature,
    /// By the online key.
    pub online_proof: Signature,
}

impl ActivationDraft {
    /// What is to be signed.
    #[must_use]
    pub fn to_sign(&self) -> ActivationToSign<'_> {
        ActivationToSign {
            certificate_request: self.certificate_request.to_be_signed(),
            device_proof: &self.device_proof,
            online_proof: &self.online_proof,
        }
    }

    /// Has a vault sign it.
    ///
    /// # Errors
    /// [`WalletError::Vault`].
    pub fn sign(&self, vault: &dyn Vault) -> Result<ActivationSignatures, WalletError> {
        let to_sign = self.to_sign();
        let sign = || -> Result<ActivationSignatures, CryptoError> {
            Ok(ActivationSignatures {
                certificate_request: vault.device_key().sign(&[to_sign.certificate_request])?,
                device_proof: vault.device_key().sign(&[to_sign.device_proof])?,
                online_proof: vault.online_key().sign(&[to_sign.online_proof])?,
            })
        };
        sign().map_err(WalletError::Vault)
    }
}

impl fmt::Debug for ActivationDraft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActivationDraft(redacted)")
    }
}

/// A request that must be stored before it is sent: it is in the [`State`] now, so that a lost reply is no lost
/// activation code.
#[derive(Debug)]
#[must_use = "store the state, then say so to get the bytes to send"]
pub struct UnsentRequest(Vec<u8>);

impl UnsentRequest {
    /// The caller's word that the state is durable; gives the bytes to send.
    #[must_use]
    pub fn stored(self) -> Vec<u8> {
        self.0
    }
}

impl State {
    /// Drafts an activation request; `now` is the phone's clock.
    ///
    /// # Errors
    /// [`WalletError::AlreadyActivated`], [`WalletError::ActivationUnderWay`], [`WalletError::Pin`] for an obvious
    /// PIN, [`WalletError::Vault`] for keys that cannot be, [`WalletError::ClockUnusable`].
    pub fn draft_activation(
        &self,
        applicant: Applicant,
        keys: &DevicePublicKeys,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<ActivationDraft, WalletError> {
        match self.stage {
            Stage::New => {}
            Stage::Activating(_) => return Err(WalletError::ActivationUnderWay),
            Stage::Enrolled(_) => return Err(WalletError::AlreadyActivated),
        }
        if applicant.pin.is_obvious() {
            return Err(WalletError::Pin(PinError::Obvious));
        }
        if keys.device == keys.online {
            return Err(WalletError::Vault(CryptoError::BadKey));
        }
        let certificate_request =
            x509::Request::new(&keys.device, REQUEST_NAME).map_err(WalletError::Vault)?;
        let pin_secret = PinSecret::make(random);
        let request = ActivationRequest {
            activation_code: applicant.activation_code,
            challenge: applicant.challenge,
            certificate_request: Vec::new(),
            device_key: keys.device.clone(),
            online_key: keys.online.clone(),
            confirmation_key: keys.confirmation,
            pin_key: PinKey::derive(&pin_secret, &applicant.pin),
            attestation: applicant.attestation,
            platform: applicant.platform,
            evidence: applicant.evidence,
            device_time_s: u32::try_from(now.s()).map_err(|_| WalletError::ClockUnusable(now))?,
        };
        let device_proof = request.binding().device_proof_message(&self.realm.realm);
        let online_proof = request.binding().online_proof_message(&self.realm.realm);
        Ok(ActivationDraft {
            request,
            certificate_request,
            pin_secret,
            device_proof,
            online_proof,
            begun_at: now,
        })
    }

    /// Takes the draft with its signatures into the state: store it, then send what [`UnsentRequest::stored`] gives.
    ///
    /// # Errors
    /// As [`State::draft_activation`]; [`WalletError::Vault`] if a signature does not fit; [`WalletError::Refused`] if
    /// no server would take the request.
    pub fn begin_activation(
        &mut self,
        draft: ActivationDraft,
        signatures: &ActivationSignatures,
        random: &mut dyn Random,
    ) -> Result<UnsentRequest, WalletError> {
        if !matches!(self.stage, Stage::New) {
            return Err(WalletError::ActivationUnderWay);
        }
        let mut request = draft.request;
        request.certificate_request =
            draft.certificate_request.finish(&signatures.certificate_request).map_err(WalletError::Vault)?;
        let PendingActivation { request, reply_key } = request.seal(
            &self.realm.realm,
            &self.realm.activation_key,
            &signatures.device_proof,
            &signatures.online_proof,
            random,
        )?;
        self.stage = Stage::Activating(Activating {
            request: request.clone(),
            reply_key,
            pin_secret: draft.pin_secret.secret().clone(),
            begun_at: draft.begun_at,
        });
        Ok(UnsentRequest(request))
    }

    /// The request to send again, byte for byte, if one waits for its reply; and when it was begun.
    #[must_use]
    pub fn pending_activation(&self) -> Option<(&[u8], Timestamp)> {
        match &self.stage {
            Stage::Activating(pending) => Some((&pending.request, pending.begun_at)),
            _ => None,
        }
    }

    /// Takes the reply to a request that was sent at `sent_at`, both times by the phone's clock. Store the state
    /// afterwards; until then the same reply can be had by sending the request again.
    ///
    /// # Errors
    /// [`WalletError::NoActivationUnderWay`]; [`WalletError::Refused`] for a reply that is not the server's, or not
    /// for this vault's device key: nothing is changed then.
    pub fn complete_activation(
        &mut self,
        reply: &[u8],
        device_key: &VerifyingKey,
        sent_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), WalletError> {
        let Stage::Activating(pending) = &self.stage else {
            return Err(match self.stage {
                Stage::Enrolled(_) => WalletError::AlreadyActivated,
                _ => WalletError::NoActivationUnderWay,
            });
        };
        let opener =
            PendingActivation { request: pending.request.clone(), reply_key: pending.reply_key.clone() };
        let Activated { reply, key_bundle } =
            opener.open_reply(reply, &self.realm.realm, &self.realm.root_public_key, device_key)?;
        let mut clock = ClockKnowledge::default();
        clock.compare(reply.server_time, sent_at, now);
        let enrolled = Enrolled {
            enrolment: reply.enrolment_id,
            certificate: reply.certificate,
            customer_name: reply.customer_name,
            key_bundle: reply.key_bundle,
            key_bundle_at: reply.server_time,
            key_bundle_sequence: key_bundle.sequence,
            // The reply's form has been checked: the first counter is at least 1.
            counter: Counter(reply.counter_start.0.saturating_sub(1)),
            pin_secret: pending.pin_secret.clone(),
            pin_generation: PinGeneration::FIRST,
            changing_pin: None,
            has_other_pin: false,
            methods: Vec::new(),
            confirmations: History::default(),
            clock,
            standing: EnrolmentStatusName::Active,
            standing_at: reply.server_time,
            pin_tries_left: None,
            pin_blocked_until: None,
            renewable_until: None,
            notices: Notices::default(),
            app: None,
            rules_announced: None,
            rules_taken: 0,
            last_online_at: now,
            activated_at: now,
            last_code_at: None,
        };
        self.stage = Stage::Enrolled(Box::new(enrolled));
        Ok(())
    }

    /// Gives an activation up: only after the server refused its request for good. Store the state afterwards.
    ///
    /// # Errors
    /// [`WalletError::NoActivationUnderWay`].
    pub fn abandon_activation(&mut self) -> Result<(), WalletError> {
        match self.stage {
            Stage::Activating(_) => {
                self.stage = Stage::New;
                Ok(())
            }
            _ => Err(WalletError::NoActivationUnderWay),
        }
    }
}
