//! Making a symbol: content to modules. QR by `fast_qr`, Aztec and Data Matrix by `rxing`.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use fast_qr::{ECL, QRBuilder};
use rxing::aztec::encoder::aztec_encoder;
use rxing::common::BitMatrix;
use rxing::datamatrix::DataMatrixWriter;
use rxing::datamatrix::encoder::SymbolShapeHint;
use rxing::{BarcodeFormat, EncodeHints, Writer};

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
    pub fn encode(
        content: impl AsRef<[u8]>,
        symbology: Symbology,
        ecc: EccLevel,
    ) -> Result<Self, EncodeError> {
        let content = content.as_ref();
        if content.is_empty() {
            return Err(EncodeError::Empty);
        }
        if content.len() > CONTENT_BYTES_MAX {
            return Err(EncodeError::TooLong);
        }
        match symbology {
            Symbology::QrCode => encode_qr(content, ecc),
            // rxing's encoders hold on the tested range, but they index and unwrap inside. A caller of ours
            // would rather be told "does not fit" than be taken down.
            Symbology::Aztec | Symbology::DataMatrix => catch_unwind(AssertUnwindSafe(|| match symbology {
                Symbology::Aztec => encode_aztec(content, ecc),
                _ => encode_data_matrix(content),
            }))
            .unwrap_or(Err(EncodeError::TooLong)),
        }
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

fn encode_aztec(content: &[u8], ecc: EccLevel) -> Result<Symbol, EncodeError> {
    let check_percent = match ecc {
        EccLevel::Low => 10,
        EccLevel::Medium => 23,
        EccLevel::Quartile => 36,
        EccLevel::High => 50,
    };
    let any_layers = 0;
    let code =
        aztec_encoder::encode_bytes(content, check_percent, any_layers).map_err(|_| EncodeError::TooLong)?;
    Ok(from_bits(Symbology::Aztec, code.getMatrix()))
}

fn encode_data_matrix(content: &[u8]) -> Result<Symbol, EncodeError> {
    // The writer takes text that it turns into ISO 8859-1 first, where each char below 256 is that byte.
    let latin: String = content.iter().copied().map(char::from).collect();
    let hints =
        EncodeHints { DataMatrixShape: Some(SymbolShapeHint::FORCE_SQUARE), ..EncodeHints::default() };
    let bits = DataMatrixWriter
        .encode_with_hints(&latin, &BarcodeFormat::DATA_MATRIX, 0, 0, &hints)
        .map_err(|_| EncodeError::TooLong)?;
    Ok(from_bits(Symbology::DataMatrix, &bits))
}

fn from_bits(symbology: Symbology, bits: &BitMatrix) -> Symbol {
    let side = bits.getHeight().min(bits.getWidth());
    let dark = (0..side).flat_map(|y| (0..side).map(move |x| bits.get(x, y))).collect();
    Symbol { symbology, side: side as usize, dark }
}
