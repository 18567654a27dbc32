//! Our symbols, read by readers that share no code with ours: zxing-cpp and zbar.

use crate::support;
use fixtures::images::code_digits;
use symbols::{EccLevel, Symbol, Symbology};

#[test]
fn zxing_and_zbar_read_the_qr_code_of_a_payment_code() {
    let folder = tempfile::tempdir().unwrap();
    let digits = code_digits("foreign");
    let symbol = Symbol::encode(&digits, Symbology::QrCode, EccLevel::default()).unwrap();
    for module_px in [2, 4, 8] {
        let file = folder.path().join(format!("qr-{module_px}.png"));
        std::fs::write(&file, symbol.to_png(module_px)).unwrap();
        assert_eq!(support::zbar_read(&file), digits, "zbar at {module_px} px a module");
    }
    let reads = support::zxing_reads(folder.path());
    assert_eq!(reads.len(), 3);
    for (name, codes) in reads {
        assert_eq!(codes.len(), 1, "{name}");
        assert_eq!(codes[0].text, digits);
        assert_eq!((codes[0].version.as_str(), codes[0].ec_level.as_str()), ("8", "M"));
    }
}

#[test]
fn zxing_reads_text_and_raw_bytes_from_every_kind_of_symbol() {
    let folder = tempfile::tempdir().unwrap();
    let digits = code_digits("foreign kinds");
    let kinds =
        [("QRCode", Symbology::QrCode), ("Aztec", Symbology::Aztec), ("DataMatrix", Symbology::DataMatrix)];
    // Three stretches of bytes, so that every value comes up, in and out of order.
    let raws: Vec<Vec<u8>> = [(1_u8, 0_u8), (1, 128), (77, 5)]
        .iter()
        .map(|(step, start)| (0..147).map(|i: u8| start.wrapping_add(i.wrapping_mul(*step))).collect())
        .collect();
    let mut expected = Vec::new();
    for (kind, symbology) in kinds {
        let mut add = |name: String, content: &[u8]| {
            let symbol = Symbol::encode(content, symbology, EccLevel::default()).unwrap();
            std::fs::write(folder.path().join(format!("{name}.png")), symbol.to_png(4)).unwrap();
            expected.push((name, kind, content.to_vec()));
        };
        add(format!("{kind}-digits"), digits.as_bytes());
        for (index, raw) in raws.iter().enumerate() {
            add(format!("{kind}-raw-{index}"), raw);
        }
    }
    let reads = support::zxing_reads(folder.path());
    for (name, kind, content) in expected {
        let codes = &reads[&name];
        assert_eq!(codes.len(), 1, "{name}");
        assert_eq!(codes[0].format.replace(' ', "").replace("AztecCode", "Aztec"), kind, "{name}");
        let hex: String = content.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(codes[0].bytes_hex, hex, "{name}");
    }
}
