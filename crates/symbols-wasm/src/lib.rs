//! Floor 5: the reader of 2D codes in a browser, a thin door to `symbols`. Pages load it only where they scan, and
//! only where the browser has no reader of its own.
//!
//! It must not know what a code carries, nor keep anything of a frame.
#![forbid(unsafe_code)]

use symbols::read_luma;
use wasm_bindgen::prelude::wasm_bindgen;

/// The most pixels of a frame: a camera's largest, and a limit on what a page can ask for.
const PIXELS_MAX: usize = 4_000_000;

/// The texts of the codes in a frame of `width * height` pixels, RGBA, row by row from the top left. Empty where
/// none can be read, and for a frame whose size does not match its pixels.
#[wasm_bindgen]
#[must_use]
pub fn scan(width: u32, height: u32, rgba: &[u8]) -> Vec<String> {
    let area = (width as usize).saturating_mul(height as usize);
    if area > PIXELS_MAX || rgba.len() != area.saturating_mul(4) {
        return Vec::new();
    }
    let luma: Vec<u8> = rgba.chunks_exact(4).map(luma_of).collect();
    let found = read_luma(width, height, &luma).unwrap_or_default();
    found.iter().map(|one| one.text().to_owned()).collect()
}

/// BT.601 luma; a transparent pixel is white paper.
fn luma_of(pixel: &[u8]) -> u8 {
    let [red, green, blue, alpha] = [0, 1, 2, 3].map(|place| u32::from(pixel[place]));
    let luma = (red * 299 + green * 587 + blue * 114) / 1_000;
    u8::try_from((luma * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use symbols::{EccLevel, QUIET_ZONE_MODULES, Symbol};

    #[test]
    fn a_code_in_a_colour_frame_is_read_and_frames_that_do_not_fit_are_not() {
        let symbol = Symbol::encode_qr("12345678", EccLevel::Medium).unwrap();
        let (module_px, quiet) = (6, QUIET_ZONE_MODULES);
        let side = (symbol.side() + 2 * quiet) * module_px;
        let mut rgba = Vec::new();
        for y in 0..side {
            for x in 0..side {
                let inside = |at: usize| (at / module_px).checked_sub(quiet);
                let dark = inside(x).zip(inside(y)).is_some_and(|(x, y)| symbol.is_dark(x, y));
                // Dark blue on transparent, as a page might draw it.
                rgba.extend_from_slice(if dark { &[0, 0, 96, 255] } else { &[0, 0, 0, 0] });
            }
        }
        let side = u32::try_from(side).unwrap();
        assert_eq!(scan(side, side, &rgba), ["12345678"]);
        assert!(scan(side, side - 1, &rgba).is_empty());
        assert!(scan(u32::MAX, u32::MAX, &rgba).is_empty());
        assert!(scan(0, 0, &[]).is_empty());
    }
}
