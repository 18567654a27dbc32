//! Bytes in, fields out. First a message is cut into its fields without copying; what those hold is read when asked for.

use crate::bitmap;
use crate::coding::Coding;
use crate::content::Content;
use crate::error::{CodecError, Fault};
use crate::message::{Message, Value};
use crate::mti::MessageType;
use crate::spec::{Field, Filler, Length, Parts, Spec, Unit};
use crate::tlv::Tlv;
use std::borrow::Cow;

/// The most bytes of a message.
pub(crate) const MESSAGE_BYTES_MAX: usize = 65_535;

/// What is let pass that a table forbids. [`Tolerance::default`] lets nothing pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tolerance {
    /// Characters of another kind than the table says.
    pub content: bool,
    /// Another digit than the table's beside an odd number of digits.
    pub filler: bool,
    /// Bytes behind the last field; they are left out.
    pub trailing: bool,
    /// BER-TLV that is none: it is read as bytes.
    pub tlv: bool,
}

impl Tolerance {
    /// Lets pass whatever does not hide where a field ends.
    pub const ALL: Self = Self { content: true, filler: true, trailing: true, tlv: true };
}

/// A message cut into its fields, which are still the message's bytes.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    header: Option<Cut<'a>>,
    mti: MessageType,
    /// By number, rising.
    fields: Vec<(u8, Cut<'a>)>,
    tolerance: Tolerance,
    length: usize,
}

/// A field's bytes, without its length.
#[derive(Clone, Copy)]
struct Cut<'a> {
    field: &'a Field,
    bytes: &'a [u8],
    /// Of packed digits, how many count.
    digits: usize,
    /// Where they begin in the message.
    at: usize,
}

impl core::fmt::Debug for Cut<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} bytes at {}", self.bytes.len(), self.at)
    }
}

/// What is left to be read.
#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Input<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) const fn position(&self) -> usize {
        self.at
    }

    const fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], CodecError> {
        let left = self.left();
        let taken = self.bytes.get(self.at..).and_then(|rest| rest.get(..count));
        let taken = taken.ok_or_else(|| Fault::Short { needed: count, left }.at(self.at))?;
        self.at += count;
        Ok(taken)
    }
}

impl Spec {
    /// Cuts a message into its fields; nothing is copied.
    ///
    /// # Errors
    /// [`CodecError`]: the first thing that is wrong with what says where fields begin and end.
    pub fn cut<'a>(&'a self, bytes: &'a [u8], tolerance: Tolerance) -> Result<Frame<'a>, CodecError> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(Fault::TooLong(bytes.len()).into());
        }
        let mut input = Input::new(bytes);
        let header = self.header.as_ref().map(|field| cut(field, &mut input));
        let header = header.transpose().map_err(|error| error.within("header"))?;
        let mti = read_mti(self.mti, &mut input).map_err(|error| error.within("mti"))?;
        let numbers = bitmap::read_message(self, &mut input).map_err(|error| error.within("bitmap"))?;
        let mut fields = Vec::with_capacity(numbers.count());
        for number in numbers.iter() {
            let field = self.fields.get(&number);
            let cut = match field {
                Some(field) => cut(field, &mut input),
                None => Err(Fault::NotInTable.at(input.at)),
            };
            fields.push((number, cut.map_err(|error| error.within(number))?));
        }
        if input.left() > 0 && !tolerance.trailing {
            return Err(Fault::Trailing(input.left()).at(input.at));
        }
        Ok(Frame { header, mti, fields, tolerance, length: input.at })
    }

    /// Reads a message, all of it.
    ///
    /// # Errors
    /// [`CodecError`]: the first thing that is wrong.
    pub fn decode(&self, bytes: &[u8], tolerance: Tolerance) -> Result<Message, CodecError> {
        self.cut(bytes, tolerance)?.message()
    }
}

impl<'a> Frame<'a> {
    /// The message type.
    #[must_use]
    pub const fn mti(&self) -> MessageType {
        self.mti
    }

    /// How many bytes the message has, without what follows it.
    #[must_use]
    pub const fn byte_length(&self) -> usize {
        self.length
    }

    /// The numbers of its fields, rising.
    pub fn numbers(&self) -> impl Iterator<Item = u8> {
        self.fields.iter().map(|(number, _)| *number)
    }

    /// The bytes of a field, as they stand in the message, without its length; none if it is not there.
    #[must_use]
    pub fn bytes(&self, number: u8) -> Option<&'a [u8]> {
        self.find(number).map(|cut| cut.bytes)
    }

    /// The characters of a field; none if it is not there. ASCII is not copied.
    ///
    /// # Errors
    /// [`CodecError`] if they are not as the table says, or the field is bytes.
    pub fn text(&self, number: u8) -> Result<Option<Cow<'a, str>>, CodecError> {
        let text = self.find(number).map(|cut| text(cut, self.tolerance));
        text.transpose().map_err(|error| error.within(number))
    }

    /// What a field holds; none if it is not there.
    ///
    /// # Errors
    /// [`CodecError`] if it is not as the table says.
    pub fn value(&self, number: u8) -> Result<Option<Value>, CodecError> {
        let value = self.find(number).map(|cut| value(cut, self.tolerance));
        value.transpose().map_err(|error| error.within(number))
    }

    /// All that it holds.
    ///
    /// # Errors
    /// [`CodecError`]: the first field that is not as the table says.
    pub fn message(&self) -> Result<Message, CodecError> {
        let header = self.header.as_ref().map(|cut| value(cut, self.tolerance));
        let header = header.transpose().map_err(|error| error.within("header"))?;
        let read = |(number, cut): &(u8, Cut<'_>)| {
            let value = value(cut, self.tolerance).map_err(|error| error.within(number))?;
            Ok((*number, value))
        };
        let fields = self.fields.iter().map(read).collect::<Result<_, CodecError>>()?;
        Ok(Message { header, mti: self.mti, fields })
    }

    fn find(&self, number: u8) -> Option<&Cut<'a>> {
        let place = self.fields.binary_search_by_key(&number, |(number, _)| *number).ok()?;
        Some(&self.fields[place].1)
    }
}

fn read_mti(coding: Coding, input: &mut Input<'_>) -> Result<MessageType, CodecError> {
    let at = input.at;
    let bytes = input.take(if coding == Coding::Bcd { 2 } else { 4 })?;
    let text = coding.read(bytes).map_err(|fault| fault.at(at))?;
    text.parse().map_err(|fault: Fault| fault.at(at))
}

/// Reads a field's length and takes its bytes.
fn cut<'a>(field: &'a Field, input: &mut Input<'a>) -> Result<Cut<'a>, CodecError> {
    let at = input.at;
    let units = match field.length {
        Length::Fixed(length) => length.into(),
        Length::Rest(max) => {
            let left = input.left();
            let units = if field.unit() == Unit::Digits { 2 * left } else { left };
            longest(units, max, field, at)?
        }
        Length::Variable { coding, width, max } => {
            let bytes = input.take(width.into())?;
            let units = read_length(coding, bytes).ok_or_else(|| Fault::BadLength.at(at))?;
            longest(units, max, field, at)?
        }
    };
    let begins_at = input.at;
    let (bytes, digits) = match field.unit() {
        Unit::Bytes => (input.take(units)?, 2 * units),
        Unit::Digits => (input.take(units.div_ceil(2))?, units),
    };
    if digits % 2 != 0 && field.filler.is_none() && field.unit() == Unit::Digits {
        return Err(Fault::OddDigits.at(begins_at));
    }
    Ok(Cut { field, bytes, digits, at: begins_at })
}

fn longest(units: usize, max: u16, field: &Field, at: usize) -> Result<usize, CodecError> {
    let allowed = max.into();
    let unit = field.unit().words();
    let fault = Fault::Length { found: units, allowed, is_fixed: false, unit };
    if units > allowed { Err(fault.at(at)) } else { Ok(units) }
}

fn read_length(coding: Coding, bytes: &[u8]) -> Option<usize> {
    if coding == Coding::Binary {
        return Some(bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)));
    }
    let text = coding.read(bytes).ok()?;
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

/// The characters of a field.
fn text<'a>(cut: &Cut<'a>, tolerance: Tolerance) -> Result<Cow<'a, str>, CodecError> {
    let field = cut.field;
    if field.content == Content::B {
        return Err(Fault::Kind("asked for as bytes").at(cut.at));
    }
    let mut text = field.coding.read(cut.bytes).map_err(|fault| fault.at(cut.at))?;
    if field.unit() == Unit::Digits && !cut.digits.is_multiple_of(2) {
        text = unfilled(&text, field.filler, tolerance).map_err(|fault| fault.at(cut.at))?;
    }
    if !tolerance.content && !field.content.fits(&text) {
        return Err(Fault::Content(field.content.words()).at(cut.at));
    }
    Ok(text)
}

/// An odd number of digits without the one that fills up half a byte.
fn unfilled(text: &str, filler: Option<Filler>, tolerance: Tolerance) -> Result<Cow<'static, str>, Fault> {
    let (rest, found, filler) = match filler {
        Some(Filler::Left(filler)) => (text.get(1..), text.chars().next(), filler),
        Some(Filler::Right(filler)) => {
            (text.get(..text.len().saturating_sub(1)), text.chars().next_back(), filler)
        }
        None => return Err(Fault::OddDigits),
    };
    if found != Some(filler) && !tolerance.filler {
        return Err(Fault::Padding);
    }
    Ok(Cow::Owned(rest.unwrap_or_default().to_owned()))
}

/// What a field holds.
fn value(cut: &Cut<'_>, tolerance: Tolerance) -> Result<Value, CodecError> {
    match &cut.field.parts {
        None if cut.field.content == Content::B => Ok(Value::Bytes(cut.bytes.to_vec())),
        None => Ok(Value::Text(text(cut, tolerance)?.into_owned())),
        Some(Parts::BerTlv) => match Tlv::read_all(cut.bytes) {
            Ok(all) => Ok(Value::Tlv(all)),
            Err(_) if tolerance.tlv => Ok(Value::Bytes(cut.bytes.to_vec())),
            Err(fault) => Err(fault.at(cut.at)),
        },
        Some(parts) => read_parts(parts, cut, tolerance).map_err(|error| error.shifted(cut.at)),
    }
}

/// Reads parts; places are counted from the field's first byte.
fn read_parts(parts: &Parts, of: &Cut<'_>, tolerance: Tolerance) -> Result<Value, CodecError> {
    let mut input = Input::new(of.bytes);
    let mut read = Vec::new();
    match parts {
        Parts::Positions(parts) => {
            for part in parts {
                if input.left() == 0 {
                    break;
                }
                let found = cut(&part.field, &mut input).and_then(|cut| value(&cut, tolerance));
                read.push((part.id.clone(), found.map_err(|error| error.within(&part.id))?));
            }
        }
        Parts::Bitmap { coding, bytes, parts } => {
            let numbers =
                bitmap::read(*coding, *bytes, &mut input).map_err(|error| error.within("bitmap"))?;
            for number in numbers.iter() {
                let found = match parts.get(&number) {
                    Some(field) => cut(field, &mut input).and_then(|cut| value(&cut, tolerance)),
                    None => Err(Fault::NotInTable.at(input.at)),
                };
                read.push((number.to_string(), found.map_err(|error| error.within(number))?));
            }
        }
        Parts::Tagged { coding, tag, digits, known } => {
            while input.left() > 0 {
                let at = input.at;
                let id = coding.read(input.take((*tag).into())?).map_err(|fault| fault.at(at))?.into_owned();
                let found = read_tagged(*coding, *digits, known.get(&id), &mut input, tolerance);
                let found = found.map_err(|error| error.within(&id))?;
                if read.iter().any(|(other, _)| *other == id) {
                    return Err(Fault::Twice.at(at).within(&id));
                }
                read.push((id, found));
            }
        }
        Parts::BerTlv => return Err(Fault::Spec("read elsewhere").at(0)),
    }
    if input.left() > 0 && !tolerance.trailing {
        return Err(Fault::Trailing(input.left()).at(input.at));
    }
    Ok(Value::Parts(read))
}

fn read_tagged(
    coding: Coding,
    digits: u8,
    known: Option<&Field>,
    input: &mut Input<'_>,
    tolerance: Tolerance,
) -> Result<Value, CodecError> {
    let at = input.at;
    let length = read_length(coding, input.take(digits.into())?).ok_or_else(|| Fault::BadLength.at(at))?;
    let at = input.at;
    let bytes = input.take(length)?;
    let Some(field) = known else {
        let text = coding.read(bytes).map_err(|fault| fault.at(at))?;
        return Ok(Value::Text(text.into_owned()));
    };
    let mut inner = Input::new(bytes);
    let found = cut(field, &mut inner).and_then(|cut| value(&cut, tolerance));
    found.map_err(|error| error.shifted(at))
}

impl Unit {
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Digits => "digits",
        }
    }
}
