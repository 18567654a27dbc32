//! Payment codes: made pending, stored, signed by the browser's key, shown.

use crate::fault::{Fault, Outcome};
use crate::symbol::Drawn;
use crate::{Wallet, read_pin, read_signature, timestamp};
use crypto::SystemRandom;
use model::{MethodSlot, Money, TerminalNumber};
use protocol::evidence::Evidence;
use serde::{Deserialize, Serialize};
use wallet::{CodeRequest, Hint};
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

/// What the customer chose, from JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    slot: Option<MethodSlot>,
    /// In the method's currency.
    cap_minor: Option<i64>,
    /// As on the till's label.
    till: Option<String>,
}

/// A code whose counter is used up: store the state, then go on.
#[wasm_bindgen]
pub struct PendingCode(wallet::PendingCode);

#[wasm_bindgen]
impl PendingCode {
    /// The page's word that the state, with the counter in it, is durable.
    #[must_use]
    pub fn stored(self) -> SignableCode {
        SignableCode(self.0.stored())
    }
}

/// A code that waits for the device key's signature.
#[wasm_bindgen]
pub struct SignableCode(wallet::SignableCode);

#[wasm_bindgen]
impl SignableCode {
    /// What the device key signs.
    #[must_use]
    pub fn to_sign(&self) -> Vec<u8> {
        self.0.to_sign().to_vec()
    }

    /// Takes the signature.
    ///
    /// # Errors
    /// A fault of kind `vault`. The counter stays used up.
    pub fn finish(self, signature: &[u8]) -> Outcome<ShownCode> {
        let shown = self.0.finish(&read_signature(signature)?);
        let drawn = Drawn::of(&shown.code.to_digits())?;
        Ok(ShownCode { shown, drawn })
    }
}

/// A code to be shown.
#[wasm_bindgen]
pub struct ShownCode {
    shown: wallet::ShownCode,
    drawn: Drawn,
}

/// What is said beside the code.
#[derive(Serialize)]
struct ShownText {
    counter: u32,
    slot: MethodSlot,
    cap_minor: i64,
    currency: String,
    till: Option<String>,
    made_at_ms: i64,
    expires_at_ms: i64,
    hints: Vec<Hint>,
}

#[wasm_bindgen]
impl ShownCode {
    /// All but the symbol, as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let shown = &self.shown;
        let text = ShownText {
            counter: shown.counter.0,
            slot: shown.method,
            cap_minor: shown.cap.amount_minor,
            currency: shown.cap.currency.to_string(),
            till: shown.terminal.map(|till| till.to_string()),
            made_at_ms: shown.made_at.ms(),
            expires_at_ms: shown.expires_at.ms(),
            hints: shown.hints.clone(),
        };
        serde_json::to_string(&text).expect("plain values can be written")
    }

    /// Modules along one side of the symbol.
    #[must_use]
    pub fn side(&self) -> usize {
        self.drawn.side()
    }

    /// One byte a module, row by row; 1 is dark.
    #[must_use]
    pub fn modules(&self) -> Vec<u8> {
        self.drawn.modules()
    }
}

#[wasm_bindgen]
impl Wallet {
    /// Makes the next code, whatever the PIN: only the server can tell a right one. `wish` is JSON with `slot`,
    /// `cap_minor` and `till`, each of which may be null. Store the state before [`PendingCode::stored`].
    ///
    /// # Errors
    /// A fault: not activated, no usable method, cap, till, key or clock. No counter is used up then.
    pub fn make_code(&mut self, pin: Vec<u8>, wish: &str, now_ms: f64) -> Outcome<PendingCode> {
        let pin = read_pin(&Zeroizing::new(pin), false)?;
        let wish: Wish = serde_json::from_str(wish).map_err(|error| Fault::json(&error))?;
        let terminal = wish.till.map(|till| till.parse::<TerminalNumber>());
        let terminal = terminal.transpose().map_err(|error| Fault::new("bad_till", error))?;
        let (method, currency) = self.state.method_to_pay(wish.slot)?;
        let request = CodeRequest {
            method: Some(method),
            cap: wish.cap_minor.map(|cap_minor| Money::new(cap_minor, currency)),
            terminal,
        };
        self.session = None;
        let (pending, session) =
            self.state.make_code(&pin, &request, Evidence::empty(), timestamp(now_ms), &mut SystemRandom)?;
        self.session = Some(session);
        Ok(PendingCode(pending))
    }

    /// Makes another code on the PIN that was entered. Store the state before [`PendingCode::stored`].
    ///
    /// # Errors
    /// A fault of kind `enter_pin_again` when renewals or time are used up; else as [`Wallet::make_code`].
    pub fn renew_code(&mut self, now_ms: f64) -> Outcome<PendingCode> {
        let session = self.session.as_mut().ok_or(wallet::WalletError::EnterPinAgain)?;
        let renewed =
            self.state.renew_code(session, Evidence::empty(), timestamp(now_ms), &mut SystemRandom)?;
        Ok(PendingCode(renewed))
    }

    /// How many more codes can be made without entering the PIN.
    #[must_use]
    pub fn renewals_left(&self, now_ms: f64) -> u16 {
        self.session.as_ref().map_or(0, |session| session.renewals_left(timestamp(now_ms)))
    }
}
