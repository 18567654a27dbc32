//! Drawing a symbol: PNG, SVG and terminal text. Pure functions of the modules, quiet zone always included.

use std::fmt::Write as _;

use crate::Symbol;

/// Light modules around every drawn symbol. QR Code demands 4 (ISO/IEC 18004, 9.1); the others need less.
pub const QUIET_ZONE_MODULES: usize = 4;

/// The largest module, in pixels, that `Symbol::to_png` draws.
#[cfg(feature = "files")]
pub const MODULE_PX_MAX: u8 = 40;

impl Symbol {
    #[cfg(feature = "files")]
    /// A 1-bit grayscale PNG file with square modules of `module_px` pixels (1 to [`MODULE_PX_MAX`], other
    /// values are brought into that range). Its side is `(side + 8) * module_px` pixels.
    #[must_use]
    pub fn to_png(&self, module_px: u8) -> Vec<u8> {
        let module_px = usize::from(module_px.clamp(1, MODULE_PX_MAX));
        let side_modules = self.drawn_side();
        let side_px = side_modules * module_px;
        let row_bytes = side_px.div_ceil(8);
        let mut pixels = Vec::with_capacity(row_bytes * side_px);
        for y in 0..side_modules {
            let mut row = vec![0xFF_u8; row_bytes];
            for x in (0..side_modules).filter(|&x| self.drawn_dark(x, y)) {
                for px in x * module_px..(x + 1) * module_px {
                    row[px / 8] &= !(0x80 >> (px % 8));
                }
            }
            for _ in 0..module_px {
                pixels.extend_from_slice(&row);
            }
        }
        let side_px = u32::try_from(side_px).expect("at most 200 modules of 40 pixels");
        write_png(side_px, &pixels).expect("writing to memory a picture whose size matches its pixels")
    }

    /// An SVG document that scales to its container: white ground, one path of dark modules, one user unit a
    /// module.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let side = self.drawn_side();
        let mut path = String::new();
        for y in 0..side {
            let mut x = 0;
            while x < side {
                let run = (x..side).take_while(|&x| self.drawn_dark(x, y)).count();
                if run > 0 {
                    write!(path, "M{x} {y}h{run}v1h-{run}z").expect("writing to a String");
                }
                x += run.max(1);
            }
        }
        format!(
            concat!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}" "#,
                r##"shape-rendering="crispEdges"><rect width="{0}" height="{0}" fill="#fff"/>"##,
                r##"<path fill="#000" d="{1}"/></svg>"##,
                "\n"
            ),
            side, path
        )
    }

    /// Text for a terminal: each character is two modules, one above the other. Colours are set in full
    /// (ANSI, the fixed black and white of the 256-colour table), so the symbol is dark on light whatever the
    /// terminal's theme. Every line ends by resetting the colours.
    #[must_use]
    pub fn to_terminal(&self) -> String {
        let side = self.drawn_side();
        let colour = |dark: bool| if dark { 16 } else { 231 };
        let mut text = String::new();
        for y in (0..side).step_by(2) {
            let mut current = None;
            for x in 0..side {
                let pair = (self.drawn_dark(x, y), self.drawn_dark(x, y + 1));
                if current != Some(pair) {
                    write!(text, "\x1b[38;5;{};48;5;{}m", colour(pair.0), colour(pair.1))
                        .expect("writing to a String");
                    current = Some(pair);
                }
                text.push('▀');
            }
            text.push_str("\x1b[0m\n");
        }
        text
    }

    fn drawn_side(&self) -> usize {
        self.side() + 2 * QUIET_ZONE_MODULES
    }

    /// Like [`Symbol::is_dark`], counted from the corner of the quiet zone.
    fn drawn_dark(&self, x: usize, y: usize) -> bool {
        x >= QUIET_ZONE_MODULES
            && y >= QUIET_ZONE_MODULES
            && self.is_dark(x - QUIET_ZONE_MODULES, y - QUIET_ZONE_MODULES)
    }
}

#[cfg(feature = "files")]
fn write_png(side_px: u32, pixels: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side_px, side_px);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(file)
}
