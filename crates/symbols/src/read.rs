//! Reading: a grayscale frame in, symbols out. Sizes are checked before anything is looked at.
//!
//! QR Code and Data Matrix are read turned, tilted, blurred and noisy. An Aztec Code is read turned, but not much
//! tilted: its reader measures the whole symbol by the bull's eye alone.

use std::fmt;

use crate::luma::Luma;
use crate::{Symbology, strategies};

/// How much a picture may cost. The defaults suit a phone's photo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// The longest file taken, in bytes.
    pub file_bytes_max: usize,
    /// The largest picture taken, in pixels, before it is decoded.
    pub pixels_max: u64,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { file_bytes_max: 32 << 20, pixels_max: 24_000_000 }
    }
}

/// Why nothing was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The file is neither a PNG nor a JPEG file, or it is damaged; or the frame's size does not match its
    /// pixels.
    #[error("this is not a PNG or JPEG picture, or it is damaged")]
    NotAnImage,
    /// The file or the picture in it is beyond the [`ReadLimits`].
    #[error("the picture is too large")]
    TooLarge,
    /// A picture, but no QR Code, Aztec Code or Data Matrix that can be read.
    #[error("no code can be read in this picture")]
    NoCode,
}

/// One symbol read from a picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Found {
    symbology: Symbology,
    text: String,
    bytes: Vec<u8>,
}

impl Found {
    pub(crate) fn new(symbology: Symbology, text: String, bytes: Vec<u8>) -> Self {
        Self { symbology, text, bytes }
    }

    /// Which kind of symbol it was.
    #[must_use]
    pub fn symbology(&self) -> Symbology {
        self.symbology
    }

    /// The content as text. Bytes that name no character set are taken as ISO 8859-1 in Aztec and Data Matrix
    /// and guessed (usually UTF-8) in QR Code.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The content as bytes: exactly those that were written, as long as the symbol names no character set.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Content stays out of logs.
impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found")
            .field("symbology", &self.symbology)
            .field("bytes_len", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// Reads the symbols in a grayscale frame of `width * height` bytes, row by row, as a camera gives it. Bounded
/// by the default [`ReadLimits`].
///
/// # Errors
/// All of [`ReadError`].
pub fn read_luma(width: u32, height: u32, pixels: &[u8]) -> Result<Vec<Found>, ReadError> {
    if u64::from(width) * u64::from(height) > ReadLimits::default().pixels_max {
        return Err(ReadError::TooLarge);
    }
    let luma = Luma::new(width as usize, height as usize, pixels.to_vec()).ok_or(ReadError::NotAnImage)?;
    non_empty(strategies::search(&luma, &|_| true))
}

pub(crate) fn non_empty(found: Vec<Found>) -> Result<Vec<Found>, ReadError> {
    if found.is_empty() { Err(ReadError::NoCode) } else { Ok(found) }
}
