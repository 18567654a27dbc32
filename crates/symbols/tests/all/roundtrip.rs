//! What is written is read back: every kind of symbol, text and raw bytes, every drawing.

#![allow(clippy::cast_possible_truncation, reason = "pixel places are small")]

use fixtures::images::{CODE_DIGITS, code_digits};
use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageFormat, Luma, LumaA, imageops};
use proptest::prelude::*;
use symbols::{
    EccLevel, EncodeError, Found, ReadError, ReadLimits, Symbol, Symbology, find_in_image, read_image,
    read_luma,
};

const ALL: [Symbology; 3] = [Symbology::QrCode, Symbology::Aztec, Symbology::DataMatrix];

fn encode(content: impl AsRef<[u8]>, symbology: Symbology) -> Symbol {
    Symbol::encode(content, symbology, EccLevel::default()).unwrap()
}

fn read_one(file: &[u8]) -> Found {
    let mut found = read_image(file, &ReadLimits::default()).unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn gray(symbol: &Symbol, module_px: u8) -> GrayImage {
    image::load_from_memory(&symbol.to_png(module_px)).unwrap().into_luma8()
}

fn file_of(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut file = std::io::Cursor::new(Vec::new());
    picture.into().write_to(&mut file, format).unwrap();
    file.into_inner()
}

#[test]
fn digits_of_a_payment_code_come_back_from_every_symbol_and_size() {
    let digits = code_digits("roundtrip");
    assert_eq!(digits.len(), CODE_DIGITS);
    for symbology in ALL {
        let symbol = encode(&digits, symbology);
        for module_px in [2, 3, 4, 8] {
            let found = read_one(&symbol.to_png(module_px));
            assert_eq!(found.symbology(), symbology);
            assert_eq!((found.text(), found.bytes()), (digits.as_str(), digits.as_bytes()));
        }
    }
}

#[test]
fn sizes_are_those_of_the_standards() {
    let digits = code_digits("sizes");
    let side = |content: &[u8], symbology, ecc| Symbol::encode(content, symbology, ecc).unwrap().side();
    assert_eq!(side(digits.as_bytes(), Symbology::QrCode, EccLevel::Medium), 49);
    assert_eq!(side(digits.as_bytes(), Symbology::QrCode, EccLevel::Low), 45);
    assert_eq!(side(digits.as_bytes(), Symbology::DataMatrix, EccLevel::Medium), 52);
    assert!(side(&[0xA5; 147], Symbology::Aztec, EccLevel::Medium) <= 53);
    assert!(side(&[0xA5; 147], Symbology::DataMatrix, EccLevel::Medium) <= 52);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn raw_bytes_come_back_exactly(
        bytes in prop_oneof![
            3 => prop::collection::vec(any::<u8>(), 147),
            1 => prop::collection::vec(any::<u8>(), 1..400),
            1 => prop::collection::vec(b' '..=b'~', 1..300),
        ],
    ) {
        for symbology in ALL {
            let found = read_one(&encode(&bytes, symbology).to_png(4));
            prop_assert_eq!(found.symbology(), symbology);
            prop_assert_eq!(found.bytes(), &bytes[..]);
        }
    }

    #[test]
    fn any_content_is_a_symbol_or_a_clear_error(
        bytes in prop::collection::vec(any::<u8>(), 0..1200),
        ecc in prop::sample::select(vec![
            EccLevel::Low, EccLevel::Medium, EccLevel::Quartile, EccLevel::High,
        ]),
    ) {
        for symbology in ALL {
            match Symbol::encode(&bytes, symbology, ecc) {
                Ok(symbol) => prop_assert!(symbol.side() >= 10),
                Err(error) => prop_assert!(
                    (error == EncodeError::Empty) == bytes.is_empty(), "{}", error
                ),
            }
        }
    }
}

#[test]
fn every_ecc_level_is_read() {
    let digits = code_digits("ecc");
    for symbology in ALL {
        let levels = [EccLevel::Low, EccLevel::Medium, EccLevel::Quartile, EccLevel::High];
        for ecc in levels {
            let symbol = Symbol::encode(&digits, symbology, ecc).unwrap();
            assert_eq!(read_one(&symbol.to_png(5)).text(), digits);
        }
    }
}

#[test]
fn the_svg_draws_the_same_modules() {
    let symbol = encode("SVG and PNG agree", Symbology::QrCode);
    let svg = symbol.to_svg();
    let side = symbol.side() + 8;
    assert!(svg.contains(&format!("viewBox=\"0 0 {side} {side}\"")));
    assert_eq!(svg.matches("<path").count(), 1);
    let path = svg.split("d=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut drawn = GrayImage::from_pixel(side as u32, side as u32, Luma([255]));
    for run in path.split('M').skip(1) {
        let (start, rest) = run.split_once('h').unwrap();
        let (x, y) = start.split_once(' ').unwrap();
        let length: u32 = rest.split_once('v').unwrap().0.parse().unwrap();
        for dx in 0..length {
            drawn.put_pixel(x.parse::<u32>().unwrap() + dx, y.parse().unwrap(), Luma([0]));
        }
    }
    assert_eq!(drawn, gray(&symbol, 1));
}

#[test]
fn the_terminal_text_draws_the_same_modules_in_fixed_colours() {
    let symbol = encode(code_digits("terminal"), Symbology::QrCode);
    let text = symbol.to_terminal();
    let side = symbol.side() + 8;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), side.div_ceil(2));
    let expected = gray(&symbol, 1);
    for (row, line) in lines.iter().enumerate() {
        assert!(line.ends_with("\x1b[0m"));
        let mut colours = (0, 0);
        let mut x = 0;
        for piece in line.split("\x1b[38;5;").skip(1) {
            let (codes, blocks) = piece.split_once('m').unwrap();
            let (upper, lower) = codes.split_once(";48;5;").unwrap();
            colours = (upper.parse().unwrap(), lower.parse().unwrap());
            for _ in blocks.chars().filter(|c| *c == '▀') {
                for (y, colour) in [(2 * row, colours.0), (2 * row + 1, colours.1)] {
                    let dark = y < side && expected.get_pixel(x, y as u32).0[0] == 0;
                    assert_eq!(colour, if dark { 16 } else { 231 }, "at {x}, {y}");
                }
                x += 1;
            }
        }
        assert_eq!(x as usize, side);
        assert_ne!(colours, (0, 0));
    }
}

#[test]
fn a_phone_s_photo_a_jpeg_and_a_transparent_ground_are_read() {
    let digits = code_digits("photo");
    let code = gray(&encode(&digits, Symbology::QrCode), 9);
    let mut photo = GrayImage::from_fn(3600, 2700, |x, y| Luma([(90 + (x / 40 + y / 30) % 60) as u8]));
    imageops::overlay(&mut photo, &code, 2200, 300);
    assert_eq!(read_one(&file_of(photo, ImageFormat::Jpeg)).text(), digits);

    let clear = GrayAlphaImage::from_fn(code.width(), code.height(), |x, y| {
        let dark = code.get_pixel(x, y).0[0] == 0;
        LumaA([0, if dark { 255 } else { 0 }])
    });
    assert_eq!(read_one(&file_of(clear, ImageFormat::Png)).text(), digits);

    let (width, height) = code.dimensions();
    assert_eq!(read_luma(width, height, code.as_raw()).unwrap()[0].text(), digits);
    assert_eq!(read_luma(width, height + 1, code.as_raw()), Err(ReadError::NotAnImage));
}

#[test]
fn symbols_are_found_away_from_the_middle_and_beside_others() {
    let digits = code_digits("beside");
    for symbology in ALL {
        let mut page = GrayImage::from_pixel(900, 700, Luma([255]));
        imageops::overlay(&mut page, &gray(&encode(&digits, symbology), 4), 560, 380);
        let bottom_right = file_of(page.clone(), ImageFormat::Png);
        assert_eq!(read_one(&bottom_right).text(), digits, "{symbology:?}");

        let advertisement = gray(&encode("https://shop.example", Symbology::QrCode), 5);
        imageops::overlay(&mut page, &advertisement, 40, 60);
        let page = file_of(page, ImageFormat::Png);
        let found = find_in_image(&page, &ReadLimits::default(), |found| found.text() == digits).unwrap();
        assert!(found.iter().any(|found| found.text() == digits), "{symbology:?}");
    }
}

#[test]
fn content_stays_out_of_debug_output() {
    let digits = code_digits("debug");
    let symbol = encode(&digits, Symbology::QrCode);
    let found = read_one(&symbol.to_png(3));
    let shown = format!("{symbol:?} {found:?}");
    assert!(!shown.contains(&digits[..8]) && shown.len() < 200, "{shown}");
}
