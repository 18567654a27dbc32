//! Reading: a picture file or a grayscale frame in, symbols out. Sizes are checked before anything is decoded.
//!
//! QR Code and Data Matrix are read turned, tilted, blurred and noisy. An Aztec Code is read turned, but not much
//! tilted: its reader measures the whole symbol by the bull's eye alone.

use std::fmt;
use std::io::Cursor;

use image::{DynamicImage, ImageError, ImageFormat, ImageReader, Limits};

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

/// Reads the symbols in a PNG or JPEG file. The search stops at the first strategy that reads anything, so a
/// picture with several symbols may give some of them only; see [`find_in_image`].
///
/// # Errors
/// All of [`ReadError`].
pub fn read_image(file: &[u8], limits: &ReadLimits) -> Result<Vec<Found>, ReadError> {
    find_in_image(file, limits, |_| true)
}

/// Like [`read_image`], but the search goes on until `wanted` says yes to a symbol, so that an advertisement's
/// QR Code beside the right one does no harm. If none is wanted, all that was read is given.
///
/// # Errors
/// All of [`ReadError`]; [`ReadError::NoCode`] only if no symbol was read at all.
pub fn find_in_image(
    file: &[u8],
    limits: &ReadLimits,
    wanted: impl Fn(&Found) -> bool,
) -> Result<Vec<Found>, ReadError> {
    non_empty(strategies::search(&open(file, limits)?, &wanted))
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

fn non_empty(found: Vec<Found>) -> Result<Vec<Found>, ReadError> {
    if found.is_empty() { Err(ReadError::NoCode) } else { Ok(found) }
}

fn open(file: &[u8], limits: &ReadLimits) -> Result<Luma, ReadError> {
    if file.len() > limits.file_bytes_max {
        return Err(ReadError::TooLarge);
    }
    let format = match image::guess_format(file) {
        Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg)) => format,
        _ => return Err(ReadError::NotAnImage),
    };
    // The header alone tells the size; a small file that unfolds into gigabytes ends here.
    let (width, height) =
        ImageReader::with_format(Cursor::new(file), format).into_dimensions().map_err(refusal)?;
    if u64::from(width) * u64::from(height) > limits.pixels_max {
        return Err(ReadError::TooLarge);
    }
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    let mut decoder_limits = Limits::default();
    // 16 bits for each of four channels, and as much again for what the decoder holds meanwhile.
    decoder_limits.max_alloc = Some(limits.pixels_max.saturating_mul(16).saturating_add(1 << 20));
    reader.limits(decoder_limits);
    let picture = reader.decode().map_err(refusal)?;
    to_luma(picture).ok_or(ReadError::NotAnImage)
}

fn refusal(error: ImageError) -> ReadError {
    match error {
        ImageError::Limits(_) => ReadError::TooLarge,
        _ => ReadError::NotAnImage,
    }
}

/// Transparent ground counts as white paper, since that is what viewers show.
fn to_luma(picture: DynamicImage) -> Option<Luma> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let pixels = if picture.color().has_alpha() {
        let over_white = |p: &image::LumaA<u8>| {
            let (luma, alpha) = (u32::from(p.0[0]), u32::from(p.0[1]));
            u8::try_from((luma * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
        };
        picture.into_luma_alpha8().pixels().map(over_white).collect()
    } else {
        picture.into_luma8().into_raw()
    };
    Luma::new(width, height, pixels)
}
