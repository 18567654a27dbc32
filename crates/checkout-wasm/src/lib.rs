//! Floor 5: the till core in a browser, a thin door to `checkout`.
//!
//! The page keeps the journal and sends requests; what is to be stored, sent and waited for, and in which order, is
//! the core's. Everything crosses as JSON text. This room decides nothing, and must not know storage or the network.
#![forbid(unsafe_code)]

mod book;
mod fault;
mod run;
mod view;

pub use book::Book;
pub use run::Run;

use checkout::ScannedCode;
use model::{TerminalNumber, Timestamp};
use wasm_bindgen::prelude::wasm_bindgen;

/// Why this has not the form of a payment code; an empty text if it has.
#[wasm_bindgen]
#[must_use]
pub fn check_code(text: &str) -> String {
    match ScannedCode::from_text(text, None) {
        Ok(_) => String::new(),
        Err(misread) if misread.customer_action() == model::CustomerAction::OpenAppOnline => {
            "unsupported".to_owned()
        }
        Err(_) => "misread".to_owned(),
    }
}

/// Whether this is a till's number with its check digit.
#[wasm_bindgen]
#[must_use]
pub fn till_number(text: &str) -> bool {
    text.parse::<TerminalNumber>().is_ok()
}

/// A page's `Date.now()`.
#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and NaN becomes 0")]
fn timestamp(ms: f64) -> Timestamp {
    Timestamp::from_ms(ms as i64)
}
