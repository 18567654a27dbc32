//! The customer's devices: the list, what is asked with the PIN, what this one is told of them, and its own certificate.

use crate::agreed::{Agreed, Enc, joined};
use crate::fault::{Fault, Outcome};
use crate::request::read;
use crate::{Wallet, read_pin, read_signature, timestamp};
use api::device::{DevicePage, NoticePage, NoticeView};
use crypto::SystemRandom;
use protocol::short_text::ShortText;
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

/// A renewal of the certificate that waits for the device key's signature.
#[wasm_bindgen]
pub struct RenewalDraft(wallet::RenewalDraft);

#[wasm_bindgen]
impl RenewalDraft {
    /// What the device key signs.
    #[must_use]
    pub fn to_sign(&self) -> Vec<u8> {
        self.0.to_sign().to_vec()
    }

    /// Takes the signature; gives the body to send.
    ///
    /// # Errors
    /// A fault of kind `vault`.
    pub fn finish(self, signature: &[u8]) -> Outcome<String> {
        Ok(written(&self.0.finish(&read_signature(signature)?)?))
    }
}

#[wasm_bindgen]
impl Wallet {
    /// The server's list of devices, if it is one that can be: the same again.
    ///
    /// # Errors
    /// A fault of kind `refused` for a list that cannot be, `not_activated`.
    pub fn read_devices(&self, page: &str) -> Outcome<String> {
        let page: DevicePage = read(page)?;
        let devices_max = page.devices_max;
        Ok(written(&DevicePage { devices: self.state.read_devices(page)?, devices_max }))
    }

    /// What to revoke a device with, as JSON.
    ///
    /// # Errors
    /// Faults of kind `pin_…`, `pin_change_under_way`, `not_activated`; `refused` for an id that is none.
    pub fn revoke_request(&self, device: &str, lost: bool, last: bool, pin: Vec<u8>) -> Outcome<String> {
        let pin = read_pin(&Zeroizing::new(pin), false)?;
        let device = device.parse().map_err(|error| Fault::new("refused", error))?;
        Ok(written(&self.state.revoke_request(device, lost, last, &pin, &mut SystemRandom)?))
    }

    /// What to ask a code with for the phone that takes this one's place, as JSON.
    ///
    /// # Errors
    /// As [`Wallet::revoke_request`].
    pub fn move_request(&self, pin: Vec<u8>) -> Outcome<String> {
        let pin = read_pin(&Zeroizing::new(pin), false)?;
        Ok(written(&self.state.move_request(&pin, &mut SystemRandom)?))
    }

    /// The last notice that came: what to ask the server after.
    #[must_use]
    pub fn noticed_through(&self) -> u32 {
        self.state.noticed_through()
    }

    /// Takes a page of notices, and says whether there are more. `agreed` is as for [`Wallet::receive_page`], with the keys
    /// of [`notice_encs`]. Store the state afterwards.
    ///
    /// # Errors
    /// As [`Wallet::receive_page`].
    pub fn receive_notices(&mut self, page: &str, confirmation_key: &[u8], agreed: Vec<u8>) -> Outcome<bool> {
        let page: NoticePage = read(page)?;
        let agreed = Agreed::new(page.notices.iter().map(enc_of), confirmation_key, agreed)?;
        self.state.receive_notices(&page.notices, &agreed)?;
        Ok(page.has_more)
    }

    /// The customer has looked at the notices up to this one. Store the state afterwards.
    ///
    /// # Errors
    /// A fault of kind `not_activated`.
    pub fn see_notices(&mut self, through: u32) -> Outcome<()> {
        Ok(self.state.see_notices(through)?)
    }

    /// Whether the certificate is to be renewed now.
    #[must_use]
    pub fn is_renewal_due(&self, now_ms: f64) -> bool {
        self.state.is_renewal_due(timestamp(now_ms))
    }

    /// Drafts a request to renew the certificate.
    ///
    /// # Errors
    /// A fault of kind `not_activated`.
    pub fn draft_renewal(&self) -> Outcome<RenewalDraft> {
        Ok(RenewalDraft(self.state.draft_renewal()?))
    }

    /// Takes the answer, and says whether the certificate is a new one. Store the state afterwards.
    ///
    /// # Errors
    /// A fault of kind `refused` for a certificate that is not for this device's key, or as [`Wallet::apply_enrolment`].
    pub fn apply_renewal(&mut self, view: &str, sent_at_ms: f64, now_ms: f64) -> Outcome<bool> {
        Ok(self.state.apply_renewal(&read(view)?, timestamp(sent_at_ms), timestamp(now_ms))?)
    }
}

/// The encapsulated keys of a page's notices, as [`crate::confirmation_encs`] gives those of confirmations.
///
/// # Errors
/// A fault of kind `refused` if the page is not one.
#[wasm_bindgen]
pub fn notice_encs(page: &str) -> Outcome<Vec<u8>> {
    let page: NoticePage = read(page)?;
    Ok(joined(page.notices.iter().map(enc_of)))
}

/// Whether a device may be called this: nothing, or 1 to 64 bytes that can be shown.
#[wasm_bindgen]
#[must_use]
pub fn check_device_name(name: &str) -> bool {
    name.is_empty() || name.len() <= ShortText::CHARS_MAX && ShortText::new(name).is_ok()
}

fn enc_of(view: &NoticeView) -> Enc {
    Some(*wallet::unwrap_notice(view).ok()?.enc())
}

fn written(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("plain values can be written")
}
