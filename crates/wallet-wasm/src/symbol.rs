//! A symbol on its way to a page's canvas.

use crate::fault::{Fault, Outcome};
use symbols::{EccLevel, Symbol};

/// A QR Code at level M, as a payment code is shown.
pub(crate) struct Drawn(Symbol);

impl Drawn {
    pub(crate) fn of(text: &str) -> Outcome<Self> {
        let symbol =
            Symbol::encode_qr(text, EccLevel::Medium).map_err(|error| Fault::new("unexpected", error))?;
        Ok(Self(symbol))
    }

    pub(crate) fn side(&self) -> usize {
        self.0.side()
    }

    pub(crate) fn modules(&self) -> Vec<u8> {
        let side = self.0.side();
        (0..side).flat_map(|y| (0..side).map(move |x| u8::from(self.0.is_dark(x, y)))).collect()
    }

    pub(crate) fn to_json(&self) -> String {
        let modules: String = self.modules().iter().map(|dark| if *dark == 1 { '1' } else { '0' }).collect();
        format!(r#"{{"side":{},"modules":"{modules}"}}"#, self.side())
    }
}
