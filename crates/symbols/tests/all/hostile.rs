//! Pictures made to hurt: bombs, broken files, garbage. Each ends in an answer or a clear error.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixel places and shares of lengths are small and positive"
)]

use fixtures::images::code_digits;
use image::ImageFormat;
use proptest::prelude::*;
use symbols::{EccLevel, ReadError, ReadLimits, Symbol, Symbology, read_image, read_luma};

fn code_png(symbology: Symbology) -> Vec<u8> {
    Symbol::encode(code_digits("hostile"), symbology, EccLevel::Medium).unwrap().to_png(3)
}

fn code_jpeg() -> Vec<u8> {
    let picture = image::load_from_memory(&code_png(Symbology::QrCode)).unwrap();
    let mut file = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut file, ImageFormat::Jpeg).unwrap();
    file.into_inner()
}

/// A PNG file that claims this size, with right checksums, and next to no pixels.
fn png_that_claims(width: u32, height: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut writer = png::Encoder::new(&mut file, width, height).write_header().unwrap();
    writer.write_chunk(png::chunk::IDAT, &[0x78, 0x9C]).unwrap();
    drop(writer);
    file
}

#[test]
fn files_that_are_no_picture_are_told_apart() {
    let limits = ReadLimits::default();
    for file in [&b""[..], b"365", b"\x89PNG\r\n\x1a\n", b"GIF89a\x01\0\x01\0\0\0\0;", b"\xFF\xD8\xFF\xE0"] {
        assert_eq!(read_image(file, &limits), Err(ReadError::NotAnImage));
    }
    let png = code_png(Symbology::QrCode);
    assert_eq!(read_image(&png[..png.len() / 2], &limits), Err(ReadError::NotAnImage));
    let white = image::GrayImage::from_pixel(200, 200, image::Luma([255]));
    let mut file = std::io::Cursor::new(Vec::new());
    white.write_to(&mut file, ImageFormat::Png).unwrap();
    assert_eq!(read_image(file.get_ref(), &limits), Err(ReadError::NoCode));
}

#[test]
fn bombs_are_refused_before_they_unfold() {
    let limits = ReadLimits::default();
    for (width, height) in [(6_000, 4_001), (60_000, 60_000), (i32::MAX as u32, 1), (1, i32::MAX as u32)] {
        let refused = read_image(&png_that_claims(width, height), &limits);
        assert_eq!(refused, Err(ReadError::TooLarge), "{width} x {height}");
    }
    assert_eq!(read_image(&png_that_claims(6_000, 4_000), &limits), Err(ReadError::NotAnImage));
    let png = code_png(Symbology::QrCode);
    let small = ReadLimits { file_bytes_max: png.len() - 1, ..limits };
    assert_eq!(read_image(&png, &small), Err(ReadError::TooLarge));
    let few_pixels = ReadLimits { pixels_max: 100, ..limits };
    assert_eq!(read_image(&png, &few_pixels), Err(ReadError::TooLarge));
    assert_eq!(read_luma(u32::MAX, u32::MAX, &[]), Err(ReadError::TooLarge));
    assert_eq!(read_luma(0, 0, &[]), Err(ReadError::NotAnImage));
}

/// rxing alone takes minutes on these, for it tries every three of the many finder patterns.
#[test]
fn pictures_full_of_finder_patterns_end() {
    for module_px in [1_u32, 2, 3] {
        let side = 700;
        let pixels: Vec<u8> = (0..side * side)
            .map(|i| {
                let place = |at: u32| (at / module_px % 9).abs_diff(4);
                let distance = place(i % side).max(place(i / side));
                if distance <= 3 && distance != 2 { 10 } else { 240 }
            })
            .collect();
        assert_eq!(read_luma(side, side, &pixels), Err(ReadError::NoCode));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn broken_files_never_panic(
        kind in 0_usize..4,
        cut in 0.0_f64..1.0,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
    ) {
        let mut file = match kind {
            0 => code_png(Symbology::QrCode),
            1 => code_png(Symbology::Aztec),
            2 => code_png(Symbology::DataMatrix),
            _ => code_jpeg(),
        };
        for (index, byte) in &changes {
            let at = index.index(file.len());
            file[at] = *byte;
        }
        if cut > 0.3 {
            file.truncate((file.len() as f64 * cut) as usize);
        }
        // A false read is as bad as a panic.
        for found in read_image(&file, &ReadLimits::default()).unwrap_or_default() {
            prop_assert_eq!(found.text(), code_digits("hostile"));
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600), png in any::<bool>()) {
        let mut file = if png { b"\x89PNG\r\n\x1a\n".to_vec() } else { Vec::new() };
        file.extend(bytes);
        prop_assert!(read_image(&file, &ReadLimits::default()).is_err());
    }

    #[test]
    fn random_frames_never_panic(
        width in 1_u32..90,
        height in 1_u32..90,
        seed in any::<u64>(),
        block in 1_u32..6,
    ) {
        let pixels: Vec<u8> = (0..width * height)
            .map(|i| {
                let place = u64::from(i % width / block) << 32 | u64::from(i / width / block);
                let mixed = (place ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                if (mixed >> 33).count_ones() % 2 == 0 { 0 } else { 255 }
            })
            .collect();
        for found in read_luma(width, height, &pixels).unwrap_or_default() {
            prop_assert!(found.text().len() < 365);
        }
    }

    /// Real codes with modules turned over: the readers get far into the symbol before they fail.
    #[test]
    fn damaged_codes_never_panic_and_never_lie(
        kind in 0_usize..3,
        share in 0.0_f64..0.25,
        seed in any::<u64>(),
    ) {
        let symbology = [Symbology::QrCode, Symbology::Aztec, Symbology::DataMatrix][kind];
        let mut picture = image::load_from_memory(&code_png(symbology)).unwrap().into_luma8();
        let mut state = seed | 1;
        let (across, down) = (picture.width() / 3, picture.height() / 3);
        for (x, y) in (0..down).flat_map(|y| (0..across).map(move |x| (x, y))) {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if ((state >> 40) as f64) / f64::from(1 << 24) < share {
                for (dx, dy) in (0..9).map(|i| (i % 3, i / 3)) {
                    picture.get_pixel_mut(3 * x + dx, 3 * y + dy).0[0] ^= 0xFF;
                }
            }
        }
        for found in read_luma(picture.width(), picture.height(), picture.as_raw()).unwrap_or_default() {
            prop_assert_eq!(found.text(), code_digits("hostile"));
        }
    }
}
