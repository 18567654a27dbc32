//! A new PIN: begun with both secrets stored, ended by the server's word.

use crate::fault::Outcome;
use crate::{Wallet, read_activation_code, read_pin};
use crypto::SystemRandom;
use wallet::PinRequest;
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

#[wasm_bindgen]
impl Wallet {
    /// Begins a PIN change: store the state, then send what [`Wallet::pin_change_under_way`] gives.
    ///
    /// # Errors
    /// Faults of kind `pin_…`, `pin_same`, `pin_change_under_way`, `not_activated`.
    pub fn begin_pin_change(&mut self, present: Vec<u8>, new: Vec<u8>) -> Outcome<()> {
        let (present, new) = (Zeroizing::new(present), Zeroizing::new(new));
        let (present, new) = (read_pin(&present, false)?, read_pin(&new, true)?);
        Ok(self.state.begin_pin_change(&present, &new, &mut SystemRandom)?)
    }

    /// Begins to set the PIN anew by a code: as [`Wallet::begin_pin_change`].
    ///
    /// # Errors
    /// As [`Wallet::begin_pin_change`]; a fault of kind `bad_activation_code`.
    pub fn begin_pin_reset(&mut self, code: &str, new: Vec<u8>) -> Outcome<()> {
        let new = read_pin(&Zeroizing::new(new), true)?;
        Ok(self.state.begin_pin_reset(read_activation_code(code)?, &new, &mut SystemRandom)?)
    }

    /// The body to send to end a PIN change or reset, the same until it is answered; nothing if none is under way. The
    /// answer goes to [`Wallet::apply_enrolment`].
    #[must_use]
    pub fn pin_change_under_way(&self) -> Option<Vec<u8>> {
        self.state.pin_request_under_way().map(|request| match request {
            PinRequest::Change(body) | PinRequest::Reset(body) => body.to_vec(),
        })
    }

    /// Whether what is under way is a reset by a code: it goes to `/v1/enrolment/pin-reset`, a change to
    /// `/v1/enrolment/pin`.
    #[must_use]
    pub fn is_pin_reset_under_way(&self) -> bool {
        matches!(self.state.pin_request_under_way(), Some(PinRequest::Reset(_)))
    }

    /// Ends a PIN change that the server refused: the PIN so far stays. Store the state afterwards.
    pub fn roll_back_pin_change(&mut self) {
        self.state.roll_back_pin_change();
    }
}
