//! Fields in, bytes out.

use crate::bitmap::{self, Numbers};
use crate::coding::Coding;
use crate::content::Content;
use crate::decode::MESSAGE_BYTES_MAX;
use crate::error::{CodecError, Fault};
use crate::message::{Message, Value};
use crate::spec::{Field, Filler, Length, Parts, Spec, Unit};
use crate::tlv::Tlv;

impl Spec {
    /// Writes a message.
    ///
    /// # Errors
    /// [`CodecError`]: the first field that is not as the table says.
    pub fn encode(&self, message: &Message) -> Result<Vec<u8>, CodecError> {
        let mut out = Vec::with_capacity(512);
        self.encode_to(message, &mut out)?;
        Ok(out)
    }

    /// Writes a message behind what stands in `out` already; whoever writes many keeps the room.
    ///
    /// # Errors
    /// As [`Spec::encode`]; then `out` holds a part of it.
    pub fn encode_to(&self, message: &Message, out: &mut Vec<u8>) -> Result<(), CodecError> {
        let begins_at = out.len();
        match (&self.header, &message.header) {
            (None, None) => {}
            (Some(field), Some(header)) => {
                write(field, header, out).map_err(|error| error.within("header"))?;
            }
            (Some(_), None) => return Err(Fault::Kind("there: the table has one").of("header")),
            (None, Some(_)) => return Err(Fault::NotInTable.of("header")),
        }
        let mti = message.mti.to_string();
        self.mti.write(&mti, out).map_err(|fault| fault.of("mti"))?;
        let mut numbers = Numbers::default();
        for number in message.fields.keys() {
            if !self.fields.contains_key(number) {
                return Err(Fault::NotInTable.of(&number.to_string()));
            }
            numbers.insert(*number);
        }
        bitmap::write_message(self, numbers, out).map_err(|fault| fault.of("bitmap"))?;
        for (number, value) in &message.fields {
            write(&self.fields[number], value, out).map_err(|error| error.within(number))?;
        }
        let length = out.len() - begins_at;
        if length > MESSAGE_BYTES_MAX { Err(Fault::TooLong(length).into()) } else { Ok(()) }
    }
}

/// Writes a field, its length before it.
fn write(field: &Field, value: &Value, out: &mut Vec<u8>) -> Result<(), CodecError> {
    let Length::Variable { coding, width, .. } = field.length else {
        return check_length(field, write_content(field, value, out)?);
    };
    // The length stands before what it counts: room for it is left, and then filled.
    let begins_at = out.len();
    out.resize(begins_at + usize::from(width), 0);
    let units = write_content(field, value, out)?;
    check_length(field, units)?;
    Ok(write_length(coding, units, &mut out[begins_at..begins_at + usize::from(width)])?)
}

fn check_length(field: &Field, units: usize) -> Result<(), CodecError> {
    let (allowed, unit) = (field.length_max(), field.unit().words());
    let is_fixed = matches!(field.length, Length::Fixed(_));
    let is_good = if is_fixed { units == allowed } else { units <= allowed };
    if is_good { Ok(()) } else { Err(Fault::Length { found: units, allowed, is_fixed, unit }.into()) }
}

fn write_length(coding: Coding, units: usize, place: &mut [u8]) -> Result<(), Fault> {
    let mut left = units;
    match coding {
        Coding::Binary => {
            for byte in place.iter_mut().rev() {
                *byte = left.to_le_bytes()[0];
                left >>= 8;
            }
        }
        Coding::Bcd => {
            for byte in place.iter_mut().rev() {
                *byte = 16 * (left / 10 % 10).to_le_bytes()[0] + (left % 10).to_le_bytes()[0];
                left /= 100;
            }
        }
        _ => {
            let mut digits = Vec::with_capacity(place.len());
            coding.write(&format!("{units:0width$}", width = place.len()), &mut digits)?;
            if digits.len() != place.len() {
                return Err(Fault::Spec("the length does not fit"));
            }
            place.copy_from_slice(&digits);
            left = 0;
        }
    }
    if left == 0 { Ok(()) } else { Err(Fault::Spec("the length does not fit")) }
}

/// Writes what a field holds; gives how long it is, in what its length counts.
fn write_content(field: &Field, value: &Value, out: &mut Vec<u8>) -> Result<usize, CodecError> {
    let begins_at = out.len();
    match (&field.parts, value) {
        (Some(Parts::BerTlv), Value::Tlv(all)) => Tlv::write_all(all, out),
        // What was no TLV was let pass when it was read, and is written as it was.
        (None | Some(Parts::BerTlv), Value::Bytes(bytes)) if field.content == Content::B => {
            out.extend_from_slice(bytes);
        }
        (Some(parts), Value::Parts(all)) => write_parts(parts, all, out)?,
        (None, Value::Text(text)) if field.content != Content::B => return write_text(field, text, out),
        (Some(Parts::BerTlv), _) => return Err(Fault::Kind("TLV").into()),
        (Some(_), _) => return Err(Fault::Kind("parts").into()),
        (None, _) if field.content == Content::B => return Err(Fault::Kind("bytes").into()),
        (None, _) => return Err(Fault::Kind("text").into()),
    }
    Ok(out.len() - begins_at)
}

fn write_text(field: &Field, text: &str, out: &mut Vec<u8>) -> Result<usize, CodecError> {
    if !field.content.fits(text) {
        return Err(Fault::Content(field.content.words()).into());
    }
    if field.unit() == Unit::Bytes {
        let begins_at = out.len();
        field.coding.write(text, out)?;
        return Ok(out.len() - begins_at);
    }
    // Packed digits are one byte each here.
    let digits = text.len();
    let filled;
    let text = match (digits % 2, field.filler) {
        (0, _) => text,
        (_, Some(Filler::Left(filler))) => {
            filled = format!("{filler}{text}");
            &filled
        }
        (_, Some(Filler::Right(filler))) => {
            filled = format!("{text}{filler}");
            &filled
        }
        (_, None) => return Err(Fault::OddDigits.into()),
    };
    field.coding.write(text, out)?;
    Ok(digits)
}

fn write_parts(parts: &Parts, all: &[(String, Value)], out: &mut Vec<u8>) -> Result<(), CodecError> {
    match parts {
        Parts::Positions(known) => {
            for (place, (id, value)) in all.iter().enumerate() {
                // Each in its place, without a gap: what follows would be read as what is missing.
                let written = match known.get(place) {
                    Some(part) if part.id == *id => write(&part.field, value, out),
                    _ if known.iter().any(|part| part.id == *id) => Err(Fault::Gap.into()),
                    _ => Err(Fault::NotInTable.into()),
                };
                written.map_err(|error| error.within(id))?;
            }
            Ok(())
        }
        Parts::Bitmap { coding, bytes, parts } => {
            let mut numbers = Numbers::default();
            let mut last = 0;
            let mut each = Vec::with_capacity(all.len());
            for (id, value) in all {
                let number = id.parse().ok().filter(|number: &u8| number.to_string() == *id);
                let field = number.and_then(|number| Some((number, parts.get(&number)?)));
                let (number, field) = field.ok_or_else(|| Fault::NotInTable.of(id))?;
                if number <= last {
                    return Err(Fault::Twice.of(id));
                }
                last = number;
                numbers.insert(number);
                each.push((id, field, value));
            }
            bitmap::write(*coding, *bytes, numbers, out).map_err(|fault| fault.of("bitmap"))?;
            each.into_iter()
                .try_for_each(|(id, field, value)| write(field, value, out).map_err(|error| error.within(id)))
        }
        Parts::Tagged { coding, tag, digits, known } => {
            for (place, (id, value)) in all.iter().enumerate() {
                let written = match all[..place].iter().any(|(other, _)| other == id) {
                    true => Err(Fault::Twice.into()),
                    false => write_tagged((*coding, *tag, *digits), id, known.get(id), value, out),
                };
                written.map_err(|error| error.within(id))?;
            }
            Ok(())
        }
        Parts::BerTlv => Err(Fault::Kind("TLV").into()),
    }
}

fn write_tagged(
    (coding, tag, digits): (Coding, u8, u8),
    id: &str,
    known: Option<&Field>,
    value: &Value,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    if id.chars().count() != usize::from(tag) {
        return Err(Fault::Characters("a tag of the right length").into());
    }
    coding.write(id, out)?;
    let length_at = out.len();
    out.resize(length_at + usize::from(digits), 0);
    let value_at = out.len();
    match (known, value) {
        (Some(field), value) => write(field, value, out)?,
        (None, Value::Text(text)) => coding.write(text, out)?,
        (None, _) => return Err(Fault::Kind("text").into()),
    }
    let length = out.len() - value_at;
    Ok(write_length(coding, length, &mut out[length_at..value_at])?)
}
