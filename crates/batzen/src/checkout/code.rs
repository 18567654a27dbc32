//! Where the code comes from: a picture, a file of digits, a scanner at standard input.

use crate::failure::Failure;
use checkout::{Misread, ScannedCode};
use protocol::payment_code::EmvProfile;
use std::fs::File;
use std::io::{BufRead, IsTerminal, Read};
use std::path::Path;
use symbols::{ReadError, ReadLimits, find_in_image};

/// What reading gave.
pub(super) enum Reading {
    /// A payment code.
    Code(ScannedCode),
    /// Something, but not a payment code that can be read: scan again.
    ScanAgain(ScanAgain),
}

/// Why there is nothing to send.
#[derive(Debug, thiserror::Error)]
pub(super) enum ScanAgain {
    #[error("{0}")]
    Misread(#[from] Misread),
    #[error("no code can be read in this picture; scan it again")]
    NoCode,
    #[error("there are neither digits nor a PNG or JPEG picture in what was read")]
    NeitherTextNorPicture,
    #[error("nothing was read")]
    Empty,
}

/// Reads the code from `source`: a file, or `-` for standard input; a picture, or digits as text. With a profile
/// also its EMV envelope.
pub(super) fn read_code(source: &Path, emv: Option<&EmvProfile>) -> Result<Reading, Failure> {
    let bytes = if source == Path::new("-") { read_stdin() } else { read_file(source) };
    let bytes = bytes.map_err(|error| Failure::new(format!("{} cannot be read: {error}", name(source))))?;
    let limits = ReadLimits::default();
    if bytes.len() > limits.file_bytes_max {
        return Err(Failure::new(format!("{} is too large for a picture of a code", name(source))));
    }
    Ok(match scan(&bytes, &limits, emv) {
        Ok(code) => Reading::Code(code),
        Err(ScanError::Again(again)) => Reading::ScanAgain(again),
        Err(ScanError::TooLarge) => {
            return Err(Failure::new(format!("the picture in {} is too large", name(source))));
        }
    })
}

enum ScanError {
    Again(ScanAgain),
    TooLarge,
}

fn scan(bytes: &[u8], limits: &ReadLimits, emv: Option<&EmvProfile>) -> Result<ScannedCode, ScanError> {
    let again = |reason| Err(ScanError::Again(reason));
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return again(ScanAgain::Empty);
    }
    let is_code = |found: &symbols::Found| ScannedCode::from_text(found.text(), emv).is_ok();
    match find_in_image(bytes, limits, is_code) {
        Ok(found) => {
            let mut misread = None;
            for symbol in found {
                match ScannedCode::from_text(symbol.text(), emv) {
                    Ok(code) => return Ok(code),
                    Err(error) => misread = Some(error),
                }
            }
            again(misread.map_or(ScanAgain::NoCode, ScanAgain::Misread))
        }
        Err(ReadError::NoCode) => again(ScanAgain::NoCode),
        Err(ReadError::TooLarge) => Err(ScanError::TooLarge),
        Err(_) => match core::str::from_utf8(bytes) {
            Ok(text) => ScannedCode::from_text(text, emv).map_err(|error| ScanError::Again(error.into())),
            Err(_) => again(ScanAgain::NeitherTextNorPicture),
        },
    }
}

fn name(source: &Path) -> String {
    if source == Path::new("-") { "standard input".to_owned() } else { source.display().to_string() }
}

fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    read_bounded(File::open(path)?)
}

/// A keyboard scanner types a line; a pipe is read to its end.
fn read_stdin() -> std::io::Result<Vec<u8>> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return read_bounded(stdin);
    }
    let mut line = Vec::new();
    stdin.lock().take(bytes_max()).read_until(b'\n', &mut line)?;
    Ok(line)
}

fn read_bounded(source: impl Read) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(bytes_max()).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// One more than is taken, so that a longer one shows.
fn bytes_max() -> u64 {
    u64::try_from(ReadLimits::default().file_bytes_max).unwrap_or(u64::MAX - 1) + 1
}
