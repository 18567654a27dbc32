//! Confirmations: opened with a Diffie-Hellman value that the browser's X25519 key agreed on.

use crate::agreed::{Agreed, Enc, joined};
use crate::fault::Outcome;
use crate::request::read;
use crate::view::ConfirmationText;
use crate::{Wallet, timestamp};
use api::phone::{ConfirmationPage, ConfirmationView};
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;

/// What a page of confirmations brought.
#[derive(Serialize)]
struct Brought {
    new: Vec<ConfirmationText>,
    /// Places whose confirmation could not be opened; they are passed over.
    unreadable: Vec<u32>,
    has_more: bool,
}

#[wasm_bindgen]
impl Wallet {
    /// The place up to which all confirmations have come: what to ask the server after.
    #[must_use]
    pub fn confirmed_through(&self) -> u32 {
        self.state.confirmed_through()
    }

    /// Takes a page of confirmations. `agreed` has 32 bytes for each, in their order: what the confirmation key and
    /// the key of [`confirmation_encs`] agree on. Store the state afterwards.
    ///
    /// # Errors
    /// A fault of kind `key_unknown` where the server's present keys must be fetched first, `refused` for a page out
    /// of order; what came before is kept.
    pub fn receive_page(
        &mut self,
        page: &str,
        confirmation_key: &[u8],
        agreed: Vec<u8>,
        now_ms: f64,
    ) -> Outcome<String> {
        let page: ConfirmationPage = read(page)?;
        let agreed = Agreed::new(page.confirmations.iter().map(enc_of), confirmation_key, agreed)?;
        let outcome = self.state.receive_page(&page.confirmations, &agreed, timestamp(now_ms))?;
        let brought = Brought {
            new: outcome.new.iter().map(ConfirmationText::from).collect(),
            unreadable: outcome.unreadable.iter().map(|(place, _)| *place).collect(),
            has_more: page.has_more,
        };
        Ok(serde_json::to_string(&brought).expect("plain values can be written"))
    }
}

/// The encapsulated keys of a page's confirmations, 32 bytes each, in their order; zeros where there is none.
///
/// # Errors
/// A fault of kind `refused` if the page is not one.
#[wasm_bindgen]
pub fn confirmation_encs(page: &str) -> Outcome<Vec<u8>> {
    let page: ConfirmationPage = read(page)?;
    Ok(joined(page.confirmations.iter().map(enc_of)))
}

fn enc_of(view: &ConfirmationView) -> Enc {
    Some(*wallet::unwrap_confirmation(view).ok()?.enc())
}
