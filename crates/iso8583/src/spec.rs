//! Tables: which fields there are, and how each is written. They are data, read from JSON.

use crate::coding::Coding;
use crate::content::Content;
use crate::error::{CodecError, Fault};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most fields that a message has: three bitmaps of 64.
pub const FIELDS_MAX: u8 = 192;
/// How deep fields stand in fields.
const DEPTH_MAX: usize = 4;

/// How messages of one kind are written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// What people call it.
    pub name: String,
    /// What stands before the message type; nothing if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<Field>,
    /// The message type: characters, or two bytes of packed digits.
    pub mti: Coding,
    /// Bitmaps: bytes, or hexadecimal digits in this coding.
    pub bitmap: Coding,
    /// Whether a second bitmap always follows the first one, also where it has no fields.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub two_bitmaps: bool,
    /// Whether field 65 says that a third bitmap follows the second one; else it is a field like others.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub third_bitmap: bool,
    /// The fields by number, 2 to 192.
    #[serde(with = "by_number")]
    pub fields: BTreeMap<u8, Field>,
}

/// How one field is written.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What it is, in the standard's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// Which characters it may hold.
    pub content: Content,
    /// How those are written.
    pub coding: Coding,
    /// How long it is.
    pub length: Length,
    /// What its length counts; bytes, or of packed digits the digits, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Unit>,
    /// What fills up half a byte beside an odd number of packed digits; odd numbers are refused if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filler: Option<Filler>,
    /// What its content consists of; nothing more if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Parts>,
}

/// How long a field is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Length {
    /// Always this.
    Fixed(u16),
    /// What is left of the field that it is the last part of, at most this.
    Rest(u16),
    /// It says so itself.
    Variable {
        /// How the length is written.
        coding: Coding,
        /// In how many characters or bytes.
        width: u8,
        /// The most.
        max: u16,
    },
}

/// What a length counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Digits, two to a byte.
    Digits,
}

/// What fills up half a byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Filler {
    /// This digit, before the others.
    Left(char),
    /// This digit, behind the others.
    Right(char),
}

/// What a field consists of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Parts {
    /// Parts one behind the other; the last ones may be missing.
    Positions(Vec<Part>),
    /// A bitmap of so many bytes, and the parts by number that it says.
    Bitmap {
        /// How the bitmap is written.
        coding: Coding,
        /// How many bytes it has, each of 8 parts.
        bytes: u8,
        /// The parts.
        #[serde(with = "by_number")]
        parts: BTreeMap<u8, Field>,
    },
    /// Each part behind its tag and its length, in characters. Tags that are not known are kept as they came.
    Tagged {
        /// How tags and lengths are written, and the values of tags that are not known.
        coding: Coding,
        /// Characters of a tag.
        tag: u8,
        /// Digits of a length.
        digits: u8,
        /// What the values of known tags are: fields of no length of their own.
        known: BTreeMap<String, Field>,
    },
    /// BER-TLV (EMV book 3, annex B). All tags are kept as they came.
    BerTlv,
}

/// A part with its place's name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Part {
    /// What it is called in messages: `1`, `2`, or a word.
    pub id: String,
    /// How it is written.
    #[serde(flatten)]
    pub field: Field,
}

/// The tables that come with the room, by name.
const NAMED: [(&str, &str); 3] = [
    ("iso8583-1987-ascii", include_str!("../specs/iso8583-1987-ascii.json")),
    ("iso8583-1987-bcd", include_str!("../specs/iso8583-1987-bcd.json")),
    ("iso8583-1993-ascii", include_str!("../specs/iso8583-1993-ascii.json")),
];

impl Spec {
    /// The names of the tables that come with the room.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMED.iter().map(|(name, _)| *name)
    }

    /// A table that comes with the room.
    ///
    /// # Errors
    /// [`Fault::Spec`] if there is none of this name.
    pub fn named(name: &str) -> Result<Self, CodecError> {
        let json = NAMED.iter().find(|(known, _)| *known == name).map(|(_, json)| json);
        Self::from_json(json.ok_or(Fault::Spec("there is none of this name"))?)
    }

    /// Reads a table and checks it.
    ///
    /// # Errors
    /// [`Fault::Json`], or [`Fault::Spec`] with the field that is wrong.
    pub fn from_json(json: &str) -> Result<Self, CodecError> {
        let spec: Self = serde_json::from_str(json).map_err(|error| Fault::Json(error.to_string()))?;
        spec.check()?;
        Ok(spec)
    }

    /// The table as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default()
    }

    /// Whether messages can be written and read by it. Whoever makes a table by hand asks this once.
    ///
    /// # Errors
    /// [`Fault::Spec`] with the field that is wrong.
    pub fn check(&self) -> Result<(), CodecError> {
        if !(self.mti.is_text() || self.mti == Coding::Bcd) {
            return Err(Fault::Spec("characters, or packed digits").of("mti"));
        }
        if !(self.bitmap.is_text() || self.bitmap == Coding::Binary) {
            return Err(Fault::Spec("bytes, or characters of hexadecimal digits").of("bitmap"));
        }
        if let Some(header) = &self.header {
            header.check(0, false).map_err(|error| error.within("header"))?;
        }
        for (number, field) in &self.fields {
            let is_reserved = *number < 2 || *number > FIELDS_MAX || (self.third_bitmap && *number == 65);
            let is_beyond = !self.third_bitmap && *number > 128;
            let checked = match is_reserved || is_beyond {
                true => Err(Fault::Spec("no field of messages has this number").into()),
                false => field.check(0, false),
            };
            checked.map_err(|error| error.within(number))?;
        }
        Ok(())
    }
}

impl Field {
    /// What its length counts.
    #[must_use]
    pub fn unit(&self) -> Unit {
        let digits = if self.coding == Coding::Bcd { Unit::Digits } else { Unit::Bytes };
        self.counts.unwrap_or(digits)
    }

    /// The most that it can be long.
    #[must_use]
    pub const fn length_max(&self) -> usize {
        match self.length {
            Length::Fixed(length) | Length::Rest(length) => length as usize,
            Length::Variable { max, .. } => max as usize,
        }
    }

    fn check(&self, depth: usize, may_be_rest: bool) -> Result<(), CodecError> {
        let wrong = |what| Err(Fault::Spec(what).into());
        if depth > DEPTH_MAX {
            return wrong("parts stand too deep in parts");
        }
        match self.length {
            Length::Rest(_) if !may_be_rest => return wrong("only a last part is as long as what is left"),
            Length::Fixed(0) => return wrong("a fixed length of 0"),
            Length::Variable { coding, width, max } => {
                let greatest = match (coding, width) {
                    (Coding::Binary, 1..=2) => (1_usize << (8 * width)) - 1,
                    (Coding::Bcd, 1..=3) => 10_usize.pow(2 * u32::from(width)) - 1,
                    (coding, 1..=6) if coding.is_text() => 10_usize.pow(width.into()) - 1,
                    _ => return wrong("no length is so wide"),
                };
                if usize::from(max) > greatest {
                    return wrong("the most does not fit into its length");
                }
            }
            Length::Fixed(_) | Length::Rest(_) => {}
        }
        if (self.coding == Coding::Binary) != (self.content == Content::B) {
            return wrong("bytes are written as they are, and nothing else is");
        }
        let is_packable = matches!(self.content, Content::N | Content::Hex);
        if self.coding == Coding::Bcd && !is_packable && self.content != Content::Z {
            return wrong("only digits can be packed");
        }
        if self.coding != Coding::Bcd && (self.unit() == Unit::Digits || self.filler.is_some()) {
            return wrong("only packed digits are counted and filled up");
        }
        if self.unit() == Unit::Bytes && self.filler.is_some() {
            return wrong("where bytes are counted nothing is filled up");
        }
        if let Some(Filler::Left(digit) | Filler::Right(digit)) = self.filler
            && !matches!(digit, '0'..='9' | 'A'..='F')
        {
            return wrong("a digit fills up half a byte");
        }
        match &self.parts {
            None => Ok(()),
            Some(_) if self.unit() == Unit::Digits => wrong("packed digits have no parts"),
            Some(parts) => parts.check(depth + 1),
        }
    }
}

impl Parts {
    fn check(&self, depth: usize) -> Result<(), CodecError> {
        let wrong = |what| Err(Fault::Spec(what).into());
        match self {
            Self::BerTlv => Ok(()),
            Self::Positions(parts) => {
                for (place, part) in parts.iter().enumerate() {
                    let is_last = place + 1 == parts.len();
                    let is_twice = parts[..place].iter().any(|other| other.id == part.id);
                    let checked = match is_twice {
                        true => Err(Fault::Spec("its name stands there twice").into()),
                        false => part.field.check(depth, is_last),
                    };
                    checked.map_err(|error| error.within(&part.id))?;
                }
                Ok(())
            }
            Self::Bitmap { coding, bytes, parts } => {
                if !(coding.is_text() || *coding == Coding::Binary) || !(1..=24).contains(bytes) {
                    return wrong("a bitmap has 1 to 24 bytes, or their hexadecimal digits");
                }
                for (number, part) in parts {
                    let checked = match (1..=bytes * 8).contains(number) {
                        true => part.check(depth, false),
                        false => Err(Fault::Spec("its bitmap has no such number").into()),
                    };
                    checked.map_err(|error| error.within(number))?;
                }
                Ok(())
            }
            Self::Tagged { coding, tag, digits, known } => {
                if !coding.is_text() || !(1..=5).contains(tag) || !(1..=4).contains(digits) {
                    return wrong("a tag has 1 to 5 characters and a length 1 to 4 digits");
                }
                for (id, field) in known {
                    let checked = match (id.len() == usize::from(*tag), field.length) {
                        (false, _) => Err(Fault::Spec("a tag of another length").into()),
                        (true, Length::Rest(_)) => field.check(depth, true),
                        (true, _) => Err(Fault::Spec("a tag's own length counts: write `rest`").into()),
                    };
                    checked.map_err(|error| error.within(id))?;
                }
                Ok(())
            }
        }
    }
}

/// Names of JSON that are numbers, also where they are read again from what was read before.
mod by_number {
    use super::Field;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use std::collections::BTreeMap;

    pub(super) fn serialize<S: Serializer>(
        fields: &BTreeMap<u8, Field>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        fields.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<u8, Field>, D::Error> {
        let named = BTreeMap::<String, Field>::deserialize(deserializer)?;
        let numbered = named.into_iter().map(|(name, field)| {
            let number: Option<u8> = name.parse().ok().filter(|number: &u8| number.to_string() == name);
            Ok((number.ok_or_else(|| D::Error::custom(format!("`{name}` is no field's number")))?, field))
        });
        numbered.collect()
    }
}
