//! A message's content, whatever way it is written.

use crate::mti::MessageType;
use crate::tlv::Tlv;
use std::collections::BTreeMap;
use std::fmt;

/// A message.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// What stands before the message type, if the table has something there.
    pub header: Option<Value>,
    /// The message type.
    pub mti: MessageType,
    /// The fields by number. Bitmaps follow from them and do not stand here.
    pub fields: BTreeMap<u8, Value>,
}

/// What a field holds. Debug output shows no content: card numbers may be in it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// Characters.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Parts by name, in the order of the message.
    Parts(Vec<(String, Value)>),
    /// BER-TLV.
    Tlv(Vec<Tlv>),
}

impl Message {
    /// A message without fields.
    #[must_use]
    pub const fn new(mti: MessageType) -> Self {
        Self { header: None, mti, fields: BTreeMap::new() }
    }

    /// The same with one more field.
    #[must_use]
    pub fn with(mut self, number: u8, value: impl Into<Value>) -> Self {
        self.fields.insert(number, value.into());
        self
    }

    /// The characters of a field; none if it is not there or holds something else.
    #[must_use]
    pub fn text(&self, number: u8) -> Option<&str> {
        match self.fields.get(&number) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The bytes of a field; none if it is not there or holds something else.
    #[must_use]
    pub fn bytes(&self, number: u8) -> Option<&[u8]> {
        match self.fields.get(&number) {
            Some(Value::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }
}

impl Value {
    /// What it holds, in a word.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
            Self::Parts(_) => "parts",
            Self::Tlv(_) => "TLV",
        }
    }

    /// The part of this name; none if it is not there or this has no parts.
    #[must_use]
    pub fn part(&self, id: &str) -> Option<&Self> {
        match self {
            Self::Parts(parts) => parts.iter().find(|(name, _)| name == id).map(|(_, value)| value),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Vec<Tlv>> for Value {
    fn from(all: Vec<Tlv>) -> Self {
        Self::Tlv(all)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(redacted)", self.kind())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} with fields", self.mti)?;
        self.fields.keys().try_for_each(|number| write!(f, " {number}"))?;
        f.write_str(")")
    }
}
