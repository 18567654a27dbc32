//! Making a symbol: content to modules. QR by `fast_qr`, Aztec and Data Matrix by `rxing`.

#[cfg(feature = "read")]
mod others;

use std::fmt;

use fast_qr::{ECL, QRBuilder};

use crate::{EccLevel, Symbology};

/// The longest content taken, in bytes. Symbols beyond it are too dense for a phone's screen anyway.
pub const CONTENT_BYTES_MAX: usize = 1024;

/// Why content did not become a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// There is nothing to write.
    #[error("a symbol cannot be empty")]
    Empty,
    /// The content does not fit this kind of symbol at this level of error correction.
    #[error("the content is too long for this kind of symbol")]
    TooLong,
}

/// A 2D symbol: a square of dark and light modules, without its quiet zone.
#[derive(Clone, PartialEq, Eq)]
pub struct Symbol {
    symbology: Symbology,
    side: usize,
    dark: Vec<bool>,
}

impl Symbol {
    /// Makes the smallest symbol that holds `content` (text, or 1 to [`CONTENT_BYTES_MAX`] bytes of any kind).
    ///
    /// Decimal digits become numeric mode in a QR Code (365 digits at [`EccLevel::Medium`] are version 8, 49
    /// modules a side), digit mode in Aztec and digit pairs in Data Matrix. Bytes outside ASCII are written as
    /// they are, without an ECI mark.
    ///
    /// # Errors
    /// [`EncodeError::Empty`] and [`EncodeError::TooLong`].
    #[cfg(feature = "read")]
    pub fn encode(
        content: impl AsRef<[u8]>,
        symbology: Symbology,
        ecc: EccLevel,
    ) -> Result<Self, EncodeError> {
        let content = bounded(content.as_ref())?;
        match symbology {
            Symbology::QrCode => encode_qr(content, ecc),
            Symbology::Aztec | Symbology::DataMatrix => others::encode(content, symbology, ecc),
        }
    }

    /// Makes a QR Code as [`Symbol::encode`] does: all that is there without the feature `read`.
    ///
    /// # Errors
    /// [`EncodeError::Empty`] and [`EncodeError::TooLong`].
    pub fn encode_qr(content: impl AsRef<[u8]>, ecc: EccLevel) -> Result<Self, EncodeError> {
        encode_qr(bounded(content.as_ref())?, ecc)
    }

    /// Which kind of symbol this is.
    #[must_use]
    pub fn symbology(&self) -> Symbology {
        self.symbology
    }

    /// Modules along one side.
    #[must_use]
    pub fn side(&self) -> usize {
        self.side
    }

    /// Whether the module in column `x` and row `y` is dark, counted from the top left. Outside is light.
    #[must_use]
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        x < self.side && y < self.side && self.dark[y * self.side + x]
    }
}

/// The modules are the content, and content stays out of logs.
impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Symbol")
            .field("symbology", &self.symbology)
            .field("side", &self.side)
            .finish_non_exhaustive()
    }
}

fn bounded(content: &[u8]) -> Result<&[u8], EncodeError> {
    match content.len() {
        0 => Err(EncodeError::Empty),
        1..=CONTENT_BYTES_MAX => Ok(content),
        _ => Err(EncodeError::TooLong),
    }
}

fn encode_qr(content: &[u8], ecc: EccLevel) -> Result<Symbol, EncodeError> {
    let level = match ecc {
        EccLevel::Low => ECL::L,
        EccLevel::Medium => ECL::M,
        EccLevel::Quartile => ECL::Q,
        EccLevel::High => ECL::H,
    };
    let code = QRBuilder::new(content).ecl(level).build().map_err(|_| EncodeError::TooLong)?;
    let dark = (0..code.size).flat_map(|y| code[y].iter().map(|module| module.value())).collect();
    Ok(Symbol { symbology: Symbology::QrCode, side: code.size, dark })
}
