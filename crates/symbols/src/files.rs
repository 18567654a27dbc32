//! Picture files: PNG and JPEG in, symbols out. Sizes are checked before anything is decoded.

use std::io::Cursor;

use image::{DynamicImage, ImageError, ImageFormat, ImageReader, Limits};

use crate::luma::Luma;
use crate::read::non_empty;
use crate::{Found, ReadError, ReadLimits, strategies};

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
