//! Activation: a draft to be signed three times, a request to be stored and sent, a reply to be taken.

use crate::fault::{Fault, Outcome};
use crate::{Wallet, read_activation_code, read_p256, read_pin, read_signature, read_x25519, timestamp};
use crypto::SystemRandom;
use protocol::{
    activation_request::{Attestation, Platform},
    evidence::Evidence,
    short_text::ShortText,
};
use serde::Deserialize;
use wallet::{ActivationSignatures, Applicant, DevicePublicKeys};
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

/// What the browser says of itself.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BrowserText {
    os: String,
    os_version: String,
    model: String,
}

/// An activation request that waits for three signatures.
#[wasm_bindgen]
pub struct ActivationDraft(wallet::ActivationDraft);

#[wasm_bindgen]
impl ActivationDraft {
    /// What the device key signs first: the certificate request.
    #[must_use]
    pub fn certificate_request(&self) -> Vec<u8> {
        self.0.to_sign().certificate_request.to_vec()
    }

    /// What the device key signs second.
    #[must_use]
    pub fn device_proof(&self) -> Vec<u8> {
        self.0.to_sign().device_proof.to_vec()
    }

    /// What the online key signs.
    #[must_use]
    pub fn online_proof(&self) -> Vec<u8> {
        self.0.to_sign().online_proof.to_vec()
    }
}

/// A request that is in the state now: store the state, then take the bytes to send.
#[wasm_bindgen]
pub struct UnsentRequest(wallet::UnsentRequest);

#[wasm_bindgen]
impl UnsentRequest {
    /// The page's word that the state is durable; gives the bytes to send.
    #[must_use]
    pub fn stored(self) -> Vec<u8> {
        self.0.stored()
    }
}

#[wasm_bindgen]
impl Wallet {
    /// Drafts an activation request for keys whose public halves these are. `browser` is JSON with `os`,
    /// `os_version` and `model`.
    ///
    /// # Errors
    /// Faults of kind `bad_activation_code`, `pin_…`, `vault`, `already_activated`, `activation_under_way`.
    #[expect(clippy::too_many_arguments, reason = "JavaScript has no structs to hand in")]
    pub fn draft_activation(
        &self,
        activation_code: &str,
        challenge: &str,
        pin: Vec<u8>,
        browser: &str,
        device_key: &[u8],
        online_key: &[u8],
        confirmation_key: &[u8],
        now_ms: f64,
    ) -> Outcome<ActivationDraft> {
        let pin = Zeroizing::new(pin);
        let activation_code = read_activation_code(activation_code)?;
        let keys = DevicePublicKeys {
            device: read_p256(device_key)?,
            online: read_p256(online_key)?,
            confirmation: read_x25519(confirmation_key)?,
        };
        let applicant = Applicant {
            activation_code,
            challenge: challenge.parse()?,
            pin: read_pin(&pin, true)?,
            platform: self.platform(browser)?,
            attestation: Attestation::None {},
            // A page has no sensors, and none is claimed to have run.
            evidence: Evidence::empty(),
        };
        let draft = self.state.draft_activation(applicant, &keys, timestamp(now_ms), &mut SystemRandom)?;
        Ok(ActivationDraft(draft))
    }

    /// Takes the draft with its signatures into the state: store it, then send.
    ///
    /// # Errors
    /// A fault of kind `vault` if a signature does not fit.
    pub fn begin_activation(
        &mut self,
        draft: ActivationDraft,
        certificate_request: &[u8],
        device_proof: &[u8],
        online_proof: &[u8],
    ) -> Outcome<UnsentRequest> {
        let signatures = ActivationSignatures {
            certificate_request: read_signature(certificate_request)?,
            device_proof: read_signature(device_proof)?,
            online_proof: read_signature(online_proof)?,
        };
        Ok(UnsentRequest(self.state.begin_activation(draft.0, &signatures, &mut SystemRandom)?))
    }

    /// The request to send again, if one waits for its reply.
    #[must_use]
    pub fn pending_activation(&self) -> Option<Vec<u8>> {
        self.state.pending_activation().map(|(request, _)| request.to_vec())
    }

    /// Takes the reply to a request that was sent at `sent_at_ms`. Store the state afterwards.
    ///
    /// # Errors
    /// A fault of kind `refused` for a reply that is not the server's or not for this device key.
    pub fn complete_activation(
        &mut self,
        reply: &[u8],
        device_key: &[u8],
        sent_at_ms: f64,
        now_ms: f64,
    ) -> Outcome<()> {
        let device_key = read_p256(device_key)?;
        Ok(self.state.complete_activation(reply, &device_key, timestamp(sent_at_ms), timestamp(now_ms))?)
    }

    /// Gives an activation up that the server refused for good. Store the state afterwards.
    ///
    /// # Errors
    /// A fault of kind `no_activation`.
    pub fn abandon_activation(&mut self) -> Outcome<()> {
        Ok(self.state.abandon_activation()?)
    }

    fn platform(&self, browser: &str) -> Outcome<Platform> {
        let said: BrowserText = serde_json::from_str(browser).map_err(|error| Fault::json(&error))?;
        let app = &self.state.realm_file().app;
        Ok(Platform {
            os: shown(&said.os)?,
            os_version: shown(&said.os_version)?,
            model: shown(&said.model)?,
            app_id: shown(&app.id)?,
            app_version: shown(&app.version)?,
            app_digest: None,
        })
    }
}

/// As much of what a browser says of itself as a request may carry.
fn shown(text: &str) -> Outcome<ShortText> {
    let short: String = text.chars().filter(|c| !c.is_control()).take(ShortText::CHARS_MAX).collect();
    let short = if short.trim().is_empty() { "unknown" } else { short.trim() };
    Ok(ShortText::new(short)?)
}
