//! Online requests: prepared here, signed by the browser's online key; and what their answers change.

use crate::fault::{Fault, Outcome};
use crate::{Wallet, read_signature, timestamp, whole};
use crypto::{Random, SystemRandom};
use model::MethodSlot;
use protocol::http_signature::{self, HttpRequest, NONCE_LEN};
use serde::de::DeserializeOwned;
use wallet::WalletError;
use wasm_bindgen::prelude::wasm_bindgen;

/// A request that waits for its signature.
#[wasm_bindgen]
pub struct PreparedRequest(http_signature::PreparedRequest);

#[wasm_bindgen]
impl PreparedRequest {
    /// What the online key signs.
    #[must_use]
    pub fn to_sign(&self) -> Vec<u8> {
        self.0.to_be_signed().to_vec()
    }

    /// The fields to add to the request: JSON, a list of pairs.
    ///
    /// # Errors
    /// A fault of kind `vault`.
    pub fn finish(self, signature: &[u8]) -> Outcome<String> {
        let fields = self.0.finish(&read_signature(signature)?);
        Ok(serde_json::to_string(&fields).expect("texts can be written"))
    }
}

#[wasm_bindgen]
impl Wallet {
    /// Prepares a request to `path`, from the server's root and with its query; `server_time_ms` is
    /// [`Wallet::server_time_ms`], or what the server's last answer said.
    ///
    /// # Errors
    /// A fault of kind `not_activated`, or `refused` if no server would take it.
    pub fn prepare_request(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
        server_time_ms: f64,
    ) -> Outcome<PreparedRequest> {
        let enrolment = self.state.enrolment().ok_or(WalletError::NotActivated)?;
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let mut nonce = [0; NONCE_LEN];
        SystemRandom.fill(&mut nonce);
        let request = HttpRequest { method, path, query, body };
        let created_s = timestamp(server_time_ms).s();
        Ok(PreparedRequest(http_signature::PreparedRequest::new(&request, enrolment, created_s, &nonce)?))
    }

    /// The server's time at the phone's time `now_ms`, as well as the phone can know it.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2⁵³")]
    pub fn server_time_ms(&self, now_ms: f64) -> f64 {
        self.state.server_time(timestamp(now_ms)).ms() as f64
    }

    /// Takes the server's word on the enrolment, and says how many confirmations wait there. Store the state
    /// afterwards.
    ///
    /// # Errors
    /// A fault of kind `refused` for keys that are not the realm's.
    pub fn apply_enrolment(&mut self, view: &str, sent_at_ms: f64, now_ms: f64) -> Outcome<u32> {
        let change = self.state.apply_enrolment(&read(view)?, timestamp(sent_at_ms), timestamp(now_ms))?;
        Ok(change.confirmations_waiting)
    }

    /// The body of a resynchronisation.
    ///
    /// # Errors
    /// A fault of kind `not_activated`.
    pub fn resync_request(&self) -> Outcome<String> {
        let request = self.state.resync_request()?;
        Ok(serde_json::to_string(&request).expect("a number can be written"))
    }

    /// Takes the server's list of methods. Store the state afterwards.
    ///
    /// # Errors
    /// A fault of kind `refused` for a list that cannot be.
    pub fn apply_methods(&mut self, page: &str) -> Outcome<()> {
        Ok(self.state.apply_methods(read(page)?)?)
    }

    /// Takes the server's word on one method. Store the state afterwards.
    ///
    /// # Errors
    /// As [`Wallet::apply_methods`].
    pub fn apply_method(&mut self, method: &str) -> Outcome<()> {
        Ok(self.state.apply_method(read(method)?)?)
    }

    /// Forgets a method that the server removed. Store the state afterwards.
    ///
    /// # Errors
    /// A fault of kind `not_activated`.
    pub fn forget_method(&mut self, slot: f64) -> Outcome<()> {
        let slot = u8::try_from(whole(slot)).map_err(|_| Fault::new("method_unknown", "no such method"))?;
        Ok(self.state.forget_method(MethodSlot(slot))?)
    }
}

pub(crate) fn read<T: DeserializeOwned>(json: &str) -> Outcome<T> {
    serde_json::from_str(json).map_err(|error| Fault::json(&error))
}
