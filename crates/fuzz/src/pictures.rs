//! Pictures of codes, and codes as pictures.

use crate::support::place;
use symbols::{EccLevel, ReadLimits, Symbol, Symbology, read_image, read_luma};

/// Small, so that a second has many of them; a payment code with its margin has 57 modules a side.
const LIMITS: ReadLimits = ReadLimits { file_bytes_max: 64 << 10, pixels_max: 128 * 128 };
/// At two, the reader of Aztec Codes misses one in some ten thousand. Whoever holds a phone to a camera gives it more.
const MODULE_PX: usize = 3;

/// The input as a picture file, as a camera's frame, and as the content of a symbol.
pub fn pictures(data: &[u8]) {
    let from_file = read_image(data, &LIMITS);
    let frame = data.split_first().and_then(|(width, pixels)| {
        let width = usize::from(*width).max(1);
        let height = (pixels.len() / width).min(128);
        Some(read_luma(u32::from(data[0]).max(1), u32::try_from(height).ok()?, &pixels[..width * height]))
    });
    for error in [Some(from_file), frame].into_iter().flatten().filter_map(Result::err) {
        assert!(!error.to_string().is_empty());
    }
    assert!(read_luma(3, 3, &data[..data.len().min(8)]).is_err(), "a frame has another size than its pixels");
    reads_what_is_written(data);
}

fn reads_what_is_written(data: &[u8]) {
    let kinds = [Symbology::QrCode, Symbology::Aztec, Symbology::DataMatrix];
    let levels = [EccLevel::Low, EccLevel::Medium, EccLevel::Quartile, EccLevel::High];
    let kind = kinds[place(data, kinds.len())];
    let level = levels[place(data, levels.len() * kinds.len()) / kinds.len()];
    let _ = written(data, kind, level);
    let content = &sealed_like(data, kind);
    let Some(symbol) = written(content, kind, level) else { return };
    assert_eq!(symbol.symbology(), kind);
    // Large symbols are slow to read, and no code of ours is larger.
    if symbol.side() <= 61 {
        let side = (symbol.side() + 2 * symbols::QUIET_ZONE_MODULES) * MODULE_PX;
        let found = read_luma(
            u32::try_from(side).expect("it is small"),
            u32::try_from(side).expect("it is small"),
            &draw(&symbol),
        );
        let found = found.expect("a clean picture of a symbol can be read");
        assert!(found.iter().any(|one| one.symbology() == kind && one.bytes() == content), "{found:?}");
    }
}

/// The symbol, or none if it cannot be.
fn written(content: &[u8], kind: Symbology, level: EccLevel) -> Option<Symbol> {
    Symbol::encode(content, kind, level).map_err(|error| assert!(!error.to_string().is_empty())).ok()
}

/// Content such as payment codes have in a symbol of this kind. The library's readers of Aztec Code and Data Matrix
/// fail on some that has long runs of one bit, or changes its encoding in the middle; what is sealed has neither.
fn sealed_like(data: &[u8], kind: Symbology) -> Vec<u8> {
    match kind {
        Symbology::Aztec => {
            let blocks = (0..=u8::MAX).map(|block| crypto::hash::sha256(&[data, &[block]]));
            blocks.flatten().take(data.len()).collect()
        }
        Symbology::DataMatrix => data.iter().map(|byte| b'0' + byte % 10).collect(),
        _ => data.to_vec(),
    }
}

fn draw(symbol: &Symbol) -> Vec<u8> {
    let quiet = symbols::QUIET_ZONE_MODULES;
    let side = (symbol.side() + 2 * quiet) * MODULE_PX;
    let is_dark = |x: usize, y: usize| {
        let (x, y) = ((x / MODULE_PX).checked_sub(quiet), (y / MODULE_PX).checked_sub(quiet));
        x.zip(y).is_some_and(|(x, y)| x < symbol.side() && y < symbol.side() && symbol.is_dark(x, y))
    };
    (0..side * side).map(|at| if is_dark(at % side, at / side) { 0 } else { 255 }).collect()
}
