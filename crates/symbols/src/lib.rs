//! 2D symbols: text or bytes in, modules and pictures out; pictures in, text and bytes out.
//!
//! This room knows QR Code, Aztec and Data Matrix, and nothing of what they carry: it must not know payments,
//! keys or the payment code's fields. It does no I/O and reads no clock. Everything that comes in is hostile:
//! pictures are bounded before they are decoded, and nothing here panics on any input.
//!
//! Without features it only writes QR Code, which is all that a wallet's page may weigh. `read` adds reading of
//! frames and the other two symbols, `files` (the default) adds picture files.
#![forbid(unsafe_code)]

#[cfg(feature = "read")]
mod bullseye;
#[cfg(feature = "files")]
mod files;
#[cfg(feature = "read")]
mod luma;
#[cfg(feature = "read")]
mod read;
mod render;
#[cfg(feature = "read")]
mod strategies;
mod symbol;

#[cfg(feature = "files")]
pub use files::{find_in_image, read_image};
#[cfg(feature = "read")]
pub use read::{Found, ReadError, ReadLimits, read_luma};
#[cfg(feature = "files")]
pub use render::MODULE_PX_MAX;
pub use render::QUIET_ZONE_MODULES;
pub use symbol::{CONTENT_BYTES_MAX, EncodeError, Symbol};

/// The kinds of symbol that are written and read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Symbology {
    /// QR Code, ISO/IEC 18004.
    QrCode,
    /// Aztec Code, ISO/IEC 24778.
    Aztec,
    /// Data Matrix ECC 200, ISO/IEC 16022; always square.
    DataMatrix,
}

/// How much damage a symbol survives. Data Matrix fixes this by size and ignores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EccLevel {
    /// QR level L (about 7 %); Aztec 10 % check words.
    Low,
    /// QR level M (about 15 %); Aztec 23 % check words, the share that ISO/IEC 24778 recommends.
    #[default]
    Medium,
    /// QR level Q (about 25 %); Aztec 36 % check words.
    Quartile,
    /// QR level H (about 30 %); Aztec 50 % check words.
    High,
}
