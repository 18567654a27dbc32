//! A new PIN: begun with both secrets stored, ended by the server's word.

use crate::fault::Outcome;
use crate::{Wallet, read_pin};
use crypto::SystemRandom;
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

    /// The body to send to `/v1/enrolment/pin`, the same until it is answered; nothing if no change is under way. The
    /// answer goes to [`Wallet::apply_enrolment`].
    #[must_use]
    pub fn pin_change_under_way(&self) -> Option<Vec<u8>> {
        self.state.pin_change_under_way().map(<[u8]>::to_vec)
    }

    /// Ends a PIN change that the server refused: the PIN so far stays. Store the state afterwards.
    pub fn roll_back_pin_change(&mut self) {
        self.state.roll_back_pin_change();
    }
}
