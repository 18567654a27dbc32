//! Aztec and Data Matrix, by `rxing`.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rxing::aztec::encoder::aztec_encoder;
use rxing::common::BitMatrix;
use rxing::datamatrix::DataMatrixWriter;
use rxing::datamatrix::encoder::SymbolShapeHint;
use rxing::{BarcodeFormat, EncodeHints, Writer};

use super::{EncodeError, Symbol};
use crate::{EccLevel, Symbology};

/// rxing's encoders hold on the tested range, but they index and unwrap inside. A caller of ours would rather be
/// told "does not fit" than be taken down.
pub(super) fn encode(content: &[u8], symbology: Symbology, ecc: EccLevel) -> Result<Symbol, EncodeError> {
    catch_unwind(AssertUnwindSafe(|| match symbology {
        Symbology::Aztec => encode_aztec(content, ecc),
        _ => encode_data_matrix(content),
    }))
    .unwrap_or(Err(EncodeError::TooLong))
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
