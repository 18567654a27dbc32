//! The EMV envelope around a payment code: Consumer-Presented Mode 1.0, BER-TLV in base64
//! (`spec/payment-code.md`, chapter 8).
//!
//! Off unless a realm configures an [`EmvProfile`]. The reader is strict: one code has one envelope per
//! profile, and nothing in it follows the customer from one code to the next.

use data_encoding::BASE64;

use crate::{base64, payment_code::CODE_LEN};

/// Characters that an EMV consumer-presented code has at most.
pub const TEXT_LEN_MAX: usize = 512;
/// How every EMV consumer-presented text begins; reading devices look for it.
pub const TEXT_PREFIX: &str = "hQVDUFY";

const PAYLOAD_FORMAT: u16 = 0x85;
const APPLICATION_TEMPLATE: u16 = 0x61;
const COMMON_TEMPLATE: u16 = 0x62;
const APPLICATION_ID: u16 = 0x4f;
const LABEL: u16 = 0x50;
const PAN: u16 = 0x5a;
const TRANSPARENT_TEMPLATE: u16 = 0x63;
const CPV01: &[u8] = b"CPV01";
const APPLICATION_TEMPLATES_MAX: usize = 2;

/// Why something is no envelope of ours. Holds nothing of its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// More than 512 characters.
    #[error("more than 512 characters")]
    TooLong,
    /// Not canonical base64.
    #[error("not canonical base64")]
    NotBase64,
    /// A tag longer than two bytes, or not in its shortest form.
    #[error("a tag that BER or this profile does not allow")]
    BadTag,
    /// A length that is indefinite, not the shortest, too long, or past the end.
    #[error("a length that BER or this profile does not allow")]
    BadLength,
    /// Another structure than `85`, `61`.
    #[error("not the structure of a consumer-presented code")]
    BadStructure,
    /// A template holds another object than the realm's profile says, or in another order.
    #[error("not this realm's profile")]
    WrongProfile,
}

/// The profile's settings are not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an EMV profile needs an application id of 5 to 16 bytes, a label of 1 to 16 printable ASCII characters or none, a 5A of 1 to 10 bytes or none"
)]
pub struct EmvProfileError;

/// What a realm's envelopes hold beside the code: the same for all its customers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmvProfile {
    application_id: Vec<u8>,
    label: Option<String>,
    constant_5a: Option<Vec<u8>>,
}

impl EmvProfile {
    /// A profile with a registered application id (5 to 16 bytes), perhaps a label (1 to 16 characters) and
    /// perhaps a `5A` (1 to 10 bytes) for readers that insist on one: a constant, never a customer's number.
    ///
    /// # Errors
    /// [`EmvProfileError`] for other lengths or characters.
    pub fn new(
        application_id: &[u8],
        label: Option<&str>,
        constant_5a: Option<&[u8]>,
    ) -> Result<Self, EmvProfileError> {
        let printable = |text: &str| text.bytes().all(|b| (0x20..=0x7e).contains(&b));
        let fits = (5..=16).contains(&application_id.len())
            && label.is_none_or(|text| (1..=16).contains(&text.len()) && printable(text))
            && constant_5a.is_none_or(|bytes| (1..=10).contains(&bytes.len()));
        if !fits {
            return Err(EmvProfileError);
        }
        Ok(Self {
            application_id: application_id.to_vec(),
            label: label.map(str::to_owned),
            constant_5a: constant_5a.map(<[u8]>::to_vec),
        })
    }

    /// The objects in front of the code, in order.
    fn objects(&self) -> impl Iterator<Item = Object<'_>> {
        let label = self.label.as_ref().map(|text| Object { tag: LABEL, value: text.as_bytes() });
        let pan = self.constant_5a.as_ref().map(|bytes| Object { tag: PAN, value: bytes });
        core::iter::once(Object { tag: APPLICATION_ID, value: &self.application_id }).chain(label).chain(pan)
    }
}

/// The envelope of a code.
pub(crate) fn encode(code: &[u8; CODE_LEN], profile: &EmvProfile) -> String {
    let mut template = Vec::with_capacity(256);
    profile.objects().for_each(|object| object.write(&mut template));
    Object { tag: TRANSPARENT_TEMPLATE, value: code }.write(&mut template);
    let mut bytes = Vec::with_capacity(256);
    Object { tag: PAYLOAD_FORMAT, value: CPV01 }.write(&mut bytes);
    Object { tag: APPLICATION_TEMPLATE, value: &template }.write(&mut bytes);
    BASE64.encode(&bytes)
}

/// The code in an envelope of this profile. No space around the text.
pub(crate) fn decode(text: &[u8], profile: &EmvProfile) -> Result<[u8; CODE_LEN], EnvelopeError> {
    if text.len() > TEXT_LEN_MAX {
        return Err(EnvelopeError::TooLong);
    }
    let bytes = base64::decode(text).ok_or(EnvelopeError::NotBase64)?;
    let envelope = Envelope::parse(&bytes)?;
    let [application] = envelope.applications.as_slice() else {
        return Err(EnvelopeError::BadStructure);
    };
    if envelope.common.is_some() {
        return Err(EnvelopeError::BadStructure);
    }
    let (last, front) = application.split_last().ok_or(EnvelopeError::WrongProfile)?;
    if !profile.objects().eq(front.iter().copied()) || last.tag != TRANSPARENT_TEMPLATE {
        return Err(EnvelopeError::WrongProfile);
    }
    last.value.try_into().map_err(|_| EnvelopeError::WrongProfile)
}

/// Any consumer-presented payload, ours or a stranger's, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The objects of each application template `61`, one or two, in order; the first of each is `4F`.
    pub applications: Vec<Vec<Object<'a>>>,
    /// The objects of the common template `62`, if there is one.
    pub common: Option<Vec<Object<'a>>>,
}

impl<'a> Envelope<'a> {
    /// Takes a payload apart, strictly: `85` "CPV01", one or two `61`, perhaps `62`, nothing after; definite
    /// shortest lengths; no tag twice in a template.
    ///
    /// # Errors
    /// [`EnvelopeError`], by what is wrong first.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > TEXT_LEN_MAX {
            return Err(EnvelopeError::TooLong);
        }
        let mut objects = Objects(bytes);
        let first = objects.next().ok_or(EnvelopeError::BadStructure)??;
        if first != (Object { tag: PAYLOAD_FORMAT, value: CPV01 }) {
            return Err(EnvelopeError::BadStructure);
        }
        let mut envelope = Self { applications: Vec::new(), common: None };
        for object in objects {
            let Object { tag, value } = object?;
            let room = envelope.common.is_none() && envelope.applications.len() < APPLICATION_TEMPLATES_MAX;
            match tag {
                APPLICATION_TEMPLATE if room => envelope.applications.push(application(value)?),
                COMMON_TEMPLATE if envelope.common.is_none() && !envelope.applications.is_empty() => {
                    envelope.common = Some(template(value)?);
                }
                _ => return Err(EnvelopeError::BadStructure),
            }
        }
        if envelope.applications.is_empty() { Err(EnvelopeError::BadStructure) } else { Ok(envelope) }
    }
}

fn application(bytes: &[u8]) -> Result<Vec<Object<'_>>, EnvelopeError> {
    let objects = template(bytes)?;
    match objects.first() {
        Some(first) if first.tag == APPLICATION_ID && (5..=16).contains(&first.value.len()) => Ok(objects),
        _ => Err(EnvelopeError::BadStructure),
    }
}

fn template(bytes: &[u8]) -> Result<Vec<Object<'_>>, EnvelopeError> {
    let mut seen: Vec<Object<'_>> = Vec::new();
    for object in Objects(bytes) {
        let object = object?;
        if seen.iter().any(|earlier| earlier.tag == object.tag) {
            return Err(EnvelopeError::BadStructure);
        }
        seen.push(object);
    }
    Ok(seen)
}

/// One BER-TLV object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Object<'a> {
    /// The tag's one or two bytes as a number.
    pub tag: u16,
    /// The value's bytes.
    pub value: &'a [u8],
}

impl core::fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Object({:02X}, {} bytes)", self.tag, self.value.len())
    }
}

impl Object<'_> {
    /// All our tags have one byte, all our values fewer than 256.
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::try_from(self.tag).expect("the tags we write have one byte"));
        let length = u8::try_from(self.value.len()).expect("a profile's values and a code fit 255 bytes");
        if length >= 0x80 {
            out.push(0x81);
        }
        out.push(length);
        out.extend_from_slice(self.value);
    }
}

/// Reads objects until the bytes end; after an error, nothing more.
struct Objects<'a>(&'a [u8]);

impl<'a> Iterator for Objects<'a> {
    type Item = Result<Object<'a>, EnvelopeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let read = read_object(self.0);
        self.0 = read.as_ref().map_or(&[], |(_, rest)| rest);
        Some(read.map(|(object, _)| object))
    }
}

fn read_object(bytes: &[u8]) -> Result<(Object<'_>, &[u8]), EnvelopeError> {
    let (tag, bytes) = match bytes {
        [0, ..] | [] => return Err(EnvelopeError::BadTag),
        [first, rest @ ..] if first & 0x1f != 0x1f => (u16::from(*first), rest),
        // A tag number under 31 would fit one byte, and a second byte with its high bit asks for a third.
        [first, second @ 0x1f..=0x7f, rest @ ..] => (u16::from_be_bytes([*first, *second]), rest),
        _ => return Err(EnvelopeError::BadTag),
    };
    let (length, bytes) = match bytes {
        [length @ 0..=0x7f, rest @ ..] => (usize::from(*length), rest),
        [0x81, length @ 0x80..=0xff, rest @ ..] => (usize::from(*length), rest),
        [0x82, high @ 1..=0xff, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return Err(EnvelopeError::BadLength),
    };
    let (value, rest) = bytes.split_at_checked(length).ok_or(EnvelopeError::BadLength)?;
    Ok((Object { tag, value }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_gives_back_its_code_and_only_to_its_profile() {
        let code = core::array::from_fn(|i| u8::try_from(i).unwrap());
        let aid = [0xa0, 0, 0, 9, 0x99, 0x42];
        let full = EmvProfile::new(&aid, Some("Batzen"), Some(&[0x99, 0x99])).unwrap();
        let bare = EmvProfile::new(&aid, None, None).unwrap();
        for (profile, other) in [(&full, &bare), (&bare, &full)] {
            let text = encode(&code, profile);
            assert!(text.starts_with(TEXT_PREFIX) && text.len() <= TEXT_LEN_MAX);
            assert_eq!(decode(text.as_bytes(), profile), Ok(code));
            assert_eq!(decode(text.as_bytes(), other), Err(EnvelopeError::WrongProfile));
        }
    }

    #[test]
    fn lengths_in_other_than_the_shortest_form_are_refused() {
        for bytes in [
            &[0x85, 0x81, 5, 1, 2, 3, 4, 5][..],
            &[0x85, 0x82, 0, 0x80],
            &[0x85, 0x80, 0, 0],
            &[0x85, 0x83, 1, 0, 0],
            &[0x85, 0x93],
            &[0x85, 2, 0],
            &[0x85],
        ] {
            assert_eq!(read_object(bytes), Err(EnvelopeError::BadLength), "{bytes:x?}");
        }
        for bytes in [&[0][..], &[0x5f, 0x1e, 0], &[0x9f, 0x81, 0x20, 0], &[0x9f]] {
            assert_eq!(read_object(bytes), Err(EnvelopeError::BadTag), "{bytes:x?}");
        }
    }
}
