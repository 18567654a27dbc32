//! What is wrong, and where.

use std::fmt;
use thiserror::Error;

/// Why a message was not read or not written. The texts name no content: card numbers stand in messages.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("{place}: {fault}")]
pub struct CodecError {
    /// In which part.
    pub place: Place,
    /// What.
    pub fault: Fault,
}

/// A part of a message: `field 48.2`, `bitmap`, `byte 17`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    path: Vec<String>,
    at: Option<usize>,
}

impl Place {
    /// The parts from the outermost to the innermost, such as `48` and `2`.
    #[must_use]
    pub fn path(&self) -> &[String] {
        &self.path
    }

    /// Which byte of the message, from 0, if it was being read.
    #[must_use]
    pub const fn byte(&self) -> Option<usize> {
        self.at
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.join(".");
        match self.path.first() {
            None => f.write_str("message")?,
            Some(first) if first.bytes().all(|byte| byte.is_ascii_digit()) => write!(f, "field {path}")?,
            Some(_) => f.write_str(&path)?,
        }
        self.at.map_or(Ok(()), |at| write!(f, " at byte {at}"))
    }
}

/// What is wrong.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The message ends too early.
    #[error("{needed} bytes are needed, and {left} are left")]
    Short {
        /// As many as belong there.
        needed: usize,
        /// As many as there are.
        left: usize,
    },
    /// Bytes after the last field.
    #[error("{0} bytes follow that belong to no field")]
    Trailing(usize),
    /// A message longer than any.
    #[error("the message has {0} bytes; 65535 are the most")]
    TooLong(usize),
    /// A length that is no number.
    #[error("its length is no number")]
    BadLength,
    /// A length above the most, or another one than the fixed one.
    #[error("it has {found} {unit}, and {allowed} are {}", if *is_fixed { "its length" } else { "the most" })]
    Length {
        /// As many as there are.
        found: usize,
        /// As many as may be.
        allowed: usize,
        /// Whether that is the only length.
        is_fixed: bool,
        /// Bytes, digits.
        unit: &'static str,
    },
    /// Bytes that stand for no characters, or characters that have no bytes.
    #[error("not {0}")]
    Characters(&'static str),
    /// Characters of another kind than the table says.
    #[error("its characters are not all {0}")]
    Content(&'static str),
    /// Half a byte is left over, and the table does not say where it goes.
    #[error("an odd number of digits")]
    OddDigits,
    /// The digit that fills up half a byte is another one.
    #[error("filled up with another digit than the table says")]
    Padding,
    /// The table has no such field.
    #[error("the table has no such field")]
    NotInTable,
    /// A value of another kind than the table says.
    #[error("its value must be {0}")]
    Kind(&'static str),
    /// A part twice.
    #[error("it stands there twice")]
    Twice,
    /// A part is missing that others follow.
    #[error("a part is missing that others follow")]
    Gap,
    /// BER-TLV that is none.
    #[error("{0}")]
    Tlv(&'static str),
    /// A message type that is none.
    #[error("a message type is four digits")]
    MessageType,
    /// JSON that is none, or of another form.
    #[error("{0}")]
    Json(String),
    /// The table itself is wrong.
    #[error("the table is wrong: {0}")]
    Spec(&'static str),
}

impl Fault {
    /// At a byte of the message.
    pub(crate) fn at(self, at: usize) -> CodecError {
        CodecError { place: Place { path: Vec::new(), at: Some(at) }, fault: self }
    }

    /// In a part of the message that is not read byte by byte.
    pub(crate) fn of(self, part: &str) -> CodecError {
        CodecError { place: Place { path: vec![part.to_owned()], at: None }, fault: self }
    }
}

impl From<Fault> for CodecError {
    fn from(fault: Fault) -> Self {
        Self { place: Place::default(), fault }
    }
}

impl CodecError {
    /// The same, inside this part.
    pub(crate) fn within(mut self, part: impl fmt::Display) -> Self {
        self.place.path.insert(0, part.to_string());
        self
    }

    /// The same, counted from a byte of the message.
    pub(crate) fn shifted(mut self, at: usize) -> Self {
        self.place.at = Some(self.place.at.unwrap_or(0) + at);
        self
    }
}
