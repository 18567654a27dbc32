//! How hard to look: the list of views of a picture, cheapest and most fruitful first, and the readers tried on
//! each. The work is bounded by the list, by the size of each view and by a budget of pixels for all of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rxing::aztec::AztecReader;
use rxing::common::cpp_essentials::ConcentricPattern;
use rxing::common::{DetectorRXingResult, GlobalHistogramBinarizer, HybridBinarizer};
use rxing::datamatrix::DataMatrixReader;
use rxing::qrcode::cpp_port::decoder;
use rxing::qrcode::cpp_port::detector::{FindFinderPatterns, GenerateFinderPatternSets, SampleQR};
use rxing::{Binarizer, BinaryBitmap, DecodeHints, Luma8LuminanceSource, RXingResult, Reader};

use crate::luma::Luma;
use crate::{Found, Symbology, bullseye};

/// The longer side of the picture that the views start from. A code of 49 modules that is a fifteenth of a
/// large photo's side is still 2 pixels a module.
const BASE_SIDE_PX_MAX: usize = 1600;
/// A view larger than this is skipped.
const VIEW_PX_MAX: usize = 6_000_000;
/// All views of one search together, in pixels.
const SEARCH_PX_MAX: usize = 60_000_000;
/// Threes of finder patterns tried in one view, the most plausible first.
const FINDER_SETS_MAX: usize = 48;
/// Symbols taken from one picture.
const FOUND_MAX: usize = 16;

/// One change to a picture.
#[derive(Clone, Copy)]
enum Change {
    Shrink {
        side_px: usize,
    },
    Enlarge {
        across: usize,
        down: usize,
    },
    Blur {
        radius: usize,
    },
    Sharpen {
        radius: usize,
    },
    /// The radius is the view's longer side divided by this.
    Threshold {
        side_part: usize,
    },
    Despeckle,
    Invert,
}

/// How gray becomes black and white.
#[derive(Clone, Copy)]
enum Split {
    /// By the surroundings of each block of 8 pixels: for uneven light.
    Local,
    /// By the whole picture's histogram: for small or evenly lit symbols.
    Whole,
}

/// Which readers look at a view.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Readers {
    All,
    /// Aztec only, in a cut-out around its bull's eye.
    Aztec,
    /// QR Code only: it is what phones show by default.
    Qr,
}

struct Step {
    changes: &'static [Change],
    split: Split,
    readers: Readers,
}

const fn step(changes: &'static [Change], split: Split, readers: Readers) -> Step {
    Step { changes, split, readers }
}

use Change::{Blur, Despeckle, Enlarge, Invert, Sharpen, Shrink, Threshold};
use Readers::{All, Qr};
use Split::{Local, Whole};

static STEPS: &[Step] = &[
    step(&[], Local, All),
    step(&[], Whole, All),
    step(&[Blur { radius: 1 }], Local, Qr),
    step(&[Enlarge { across: 2, down: 2 }], Local, All),
    step(&[Enlarge { across: 2, down: 2 }], Whole, All),
    step(&[Invert], Local, All),
    step(&[Invert], Whole, All),
    step(&[Shrink { side_px: 800 }], Local, All),
    step(&[Shrink { side_px: 400 }], Local, Qr),
    step(&[Despeckle], Local, All),
    step(&[Threshold { side_part: 16 }], Whole, All),
    step(&[Blur { radius: 1 }, Threshold { side_part: 16 }], Whole, Qr),
    step(&[Enlarge { across: 2, down: 2 }, Sharpen { radius: 5 }], Local, Qr),
    // A card that leans away looks squeezed one way.
    step(&[Enlarge { across: 2, down: 1 }], Local, Qr),
    step(&[Enlarge { across: 1, down: 2 }], Local, Qr),
];

/// The symbols that the first fruitful view shows, or, if nothing is `wanted`, those of all views.
pub(crate) fn search(picture: &Luma, wanted: &dyn Fn(&Found) -> bool) -> Vec<Found> {
    let base = picture.shrunk_to(BASE_SIDE_PX_MAX);
    let mut budget_px = SEARCH_PX_MAX;
    let mut all: Vec<Found> = Vec::new();
    for step in STEPS {
        let Some(view) = make_view(&base, step.changes) else { continue };
        let Some(left_px) = budget_px.checked_sub(view.pixels.len()) else { break };
        budget_px = left_px;
        for found in read_view(view, step.split, step.readers) {
            if all.len() < FOUND_MAX && !all.contains(&found) {
                all.push(found);
            }
        }
        if all.iter().any(wanted) {
            break;
        }
    }
    all
}

/// None if the view would be too large, or no different from the base.
fn make_view(base: &Luma, changes: &[Change]) -> Option<Luma> {
    let mut view = base.clone();
    for change in changes {
        view = match *change {
            Shrink { side_px } if view.side_max() <= side_px => return None,
            Shrink { side_px } => view.shrunk_to(side_px),
            Enlarge { across, down } if view.pixels.len() * across * down > VIEW_PX_MAX => return None,
            Enlarge { across, down } => view.enlarged(across, down),
            Blur { radius } => view.blurred(radius),
            Sharpen { radius } => view.sharpened(radius),
            Threshold { side_part } => view.thresholded((view.side_max() / side_part).max(2)),
            Despeckle => view.despeckled(),
            Invert => view.inverted(),
        };
    }
    Some(view)
}

fn read_view(view: Luma, split: Split, readers: Readers) -> Vec<Found> {
    let mut found = Vec::new();
    if readers == All {
        for cut_out in bullseye::cut_outs(&view) {
            found.extend(split_and_read(cut_out, split, Readers::Aztec));
        }
    }
    found.extend(split_and_read(view, split, readers));
    found
}

fn split_and_read(view: Luma, split: Split, readers: Readers) -> Vec<Found> {
    let (Ok(width), Ok(height)) = (u32::try_from(view.width), u32::try_from(view.height)) else {
        return Vec::new();
    };
    let Ok(source) = Luma8LuminanceSource::new(view.pixels, width, height) else { return Vec::new() };
    match split {
        Local => read_bitmap(&mut BinaryBitmap::new(HybridBinarizer::new(source)), readers),
        Whole => read_bitmap(&mut BinaryBitmap::new(GlobalHistogramBinarizer::new(source)), readers),
    }
}

fn read_bitmap<B: Binarizer>(bitmap: &mut BinaryBitmap<B>, readers: Readers) -> Vec<Found> {
    match readers {
        Qr => read_qr(bitmap),
        Readers::Aztec => read_aztec(bitmap),
        All => {
            let mut found = read_qr(bitmap);
            found.extend(read_data_matrix(bitmap));
            found
        }
    }
}

/// What rxing's own QR reader does, but with a bound on it: a picture full of finder patterns has so many
/// plausible threes of them that trying each takes minutes.
fn read_qr<B: Binarizer>(bitmap: &BinaryBitmap<B>) -> Vec<Found> {
    guarded(|| {
        let bits = bitmap.get_black_matrix();
        let any_module_px = 0;
        let mut patterns = FindFinderPatterns(bits, true, any_module_px);
        let mut found = Vec::new();
        let mut used: Vec<ConcentricPattern> = Vec::new();
        for set in GenerateFinderPatternSets(&mut patterns).iter().take(FINDER_SETS_MAX) {
            let corners = [set.bl, set.tl, set.tr];
            if corners.iter().any(|corner| used.contains(corner)) {
                continue;
            }
            let Ok(sampled) = SampleQR(bits, set) else { continue };
            let Ok(decoded) = decoder::Decode(sampled.getBits()) else { continue };
            if decoded.isValid() {
                let bytes = decoded.content().bytes().to_vec();
                found.push(Found::new(Symbology::QrCode, decoded.text(), bytes));
                used.extend(corners);
            }
        }
        found
    })
}

fn read_aztec<B: Binarizer>(bitmap: &mut BinaryBitmap<B>) -> Vec<Found> {
    guarded(|| {
        let result = AztecReader.decode_with_hints(bitmap, &try_harder());
        result.iter().map(|result| from_latin(Symbology::Aztec, result)).collect()
    })
}

fn read_data_matrix<B: Binarizer>(bitmap: &mut BinaryBitmap<B>) -> Vec<Found> {
    guarded(|| {
        let result = DataMatrixReader.decode_with_hints(bitmap, &try_harder());
        result.iter().map(|result| from_latin(Symbology::DataMatrix, result)).collect()
    })
}

fn try_harder() -> DecodeHints {
    DecodeHints { TryHarder: Some(true), ..DecodeHints::default() }
}

/// The readers index and subtract inside by what a picture says; on odd pictures some of them panic. This is
/// the one place where a caught panic means "nothing read here": the readers hold no state beyond the call, and
/// the bitmap they share is only ever read. (Where panics abort, as in WebAssembly, the page's worker restarts.)
fn guarded(read: impl FnOnce() -> Vec<Found>) -> Vec<Found> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_default()
}

/// These readers give text only. It stands for bytes, one each, unless the symbol named a character set.
fn from_latin(symbology: Symbology, result: &RXingResult) -> Found {
    let text = result.getText().to_owned();
    let latin: Result<Vec<u8>, _> = text.chars().map(u8::try_from).collect();
    let bytes = latin.unwrap_or_else(|_| text.as_bytes().to_vec());
    Found::new(symbology, text, bytes)
}
