//! Random tables, and random messages of them.

use iso8583::{
    Coding, Content, Field, Filler, Length, Message, MessageType, Part, Parts, Spec, Tlv, TlvValue, Unit,
    Value,
};
use std::collections::BTreeMap;

/// A small generator whose numbers can be had again (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.below(256).to_le_bytes()[0]
    }

    pub(crate) fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn is(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// What tables may have.
#[derive(Clone, Copy)]
pub(crate) struct Scope {
    /// Text codings.
    pub(crate) text: &'static [Coding],
    /// Whether digits are packed, lengths are not only characters, and there are headers.
    pub(crate) packed: bool,
    /// Whether fields have parts.
    pub(crate) parts: bool,
}

pub(crate) const EVERYTHING: Scope =
    Scope { text: &[Coding::Ascii, Coding::Latin1, Coding::Cp037, Coding::Cp500], packed: true, parts: true };

pub(crate) fn spec(random: &mut Random, scope: Scope) -> Spec {
    let third_bitmap = scope.packed && random.is();
    let mut spec = Spec {
        name: "random".to_owned(),
        header: (scope.packed && random.is()).then(|| field(random, scope, 0)),
        mti: if scope.packed && random.is() { Coding::Bcd } else { random.one_of(scope.text) },
        bitmap: if random.is() { Coding::Binary } else { random.one_of(scope.text) },
        two_bitmaps: false,
        third_bitmap,
        fields: BTreeMap::new(),
    };
    for _ in 0..1 + random.below(40) {
        let number = 2 + random.below(if third_bitmap { 191 } else { 127 });
        let number = u8::try_from(number).unwrap();
        if number != 65 {
            spec.fields.insert(number, field(random, scope, 0));
        }
    }
    spec.check().unwrap();
    spec
}

fn field(random: &mut Random, scope: Scope, depth: usize) -> Field {
    let text = [
        Content::A,
        Content::N,
        Content::An,
        Content::Ans,
        Content::Z,
        Content::Xn,
        Content::Hex,
        Content::Any,
    ];
    let (content, coding) = match random.below(if scope.packed { 4 } else { 3 }) {
        0 => (Content::B, Coding::Binary),
        1 | 2 => (random.one_of(&text), random.one_of(scope.text)),
        _ => (random.one_of(&[Content::N, Content::Hex]), Coding::Bcd),
    };
    let counts = (coding == Coding::Bcd && random.is()).then(|| random.one_of(&[Unit::Bytes, Unit::Digits]));
    let is_counting_digits = coding == Coding::Bcd && counts != Some(Unit::Bytes);
    let digit = char::from(random.one_of(b"0123456789ABCDEF"));
    let filler = (is_counting_digits && random.is())
        .then(|| if random.is() { Filler::Left(digit) } else { Filler::Right(digit) });
    let length = match random.below(2) {
        0 => {
            let length = 1 + u16::try_from(random.below(30)).unwrap();
            let is_odd_refused = is_counting_digits && filler.is_none();
            Length::Fixed(if is_odd_refused { length * 2 } else { length })
        }
        _ => variable(random, scope),
    };
    let mut field = Field { name: String::new(), content, coding, length, counts, filler, parts: None };
    if scope.parts && depth < 2 && random.below(4) == 0 && field.unit() == Unit::Bytes {
        field.length = Length::Variable { coding: Coding::Ascii, width: 4, max: 9_999 };
        field.parts = Some(parts(random, scope, depth));
        if matches!(field.parts, Some(Parts::BerTlv)) {
            (field.content, field.coding) = (Content::B, Coding::Binary);
        }
    }
    field
}

fn variable(random: &mut Random, scope: Scope) -> Length {
    let coding = match random.below(if scope.packed { 3 } else { 1 }) {
        0 => random.one_of(scope.text),
        1 => Coding::Bcd,
        _ => Coding::Binary,
    };
    let (width, most) = match coding {
        Coding::Bcd => random.one_of(&[(1, 99), (2, 300)]),
        Coding::Binary => random.one_of(&[(1, 255), (2, 300)]),
        _ => random.one_of(&[(1, 9), (2, 99), (3, 300), (4, 300)]),
    };
    Length::Variable { coding, width, max: 1 + u16::try_from(random.below(most)).unwrap() }
}

fn parts(random: &mut Random, scope: Scope, depth: usize) -> Parts {
    match random.below(4) {
        0 => Parts::BerTlv,
        1 => {
            let part = |n: usize, random: &mut Random| Part {
                id: n.to_string(),
                field: field(random, scope, depth + 1),
            };
            Parts::Positions((0..1 + random.below(4)).map(|n| part(n, random)).collect())
        }
        2 => {
            let bytes = 1 + u8::try_from(random.below(8)).unwrap();
            let numbers = (1..=bytes * 8).filter(|_| random.below(4) == 0).collect::<Vec<_>>();
            let coding = if random.is() { Coding::Binary } else { random.one_of(scope.text) };
            let parts = numbers.into_iter().map(|number| (number, field(random, scope, depth + 1))).collect();
            Parts::Bitmap { coding, bytes, parts }
        }
        _ => {
            let known = (0..random.below(3)).map(|n| {
                let field = field(random, scope, 2);
                (format!("0{n}"), Field { length: Length::Rest(40), filler: None, counts: None, ..field })
            });
            let known = known.collect();
            Parts::Tagged { coding: random.one_of(scope.text), tag: 2, digits: 3, known }
        }
    }
}

pub(crate) fn message(random: &mut Random, spec: &Spec) -> Message {
    let digits = [0, 0, 0, 0].map(|_: u8| u8::try_from(random.below(10)).unwrap());
    let mut message = Message::new(MessageType::new(digits).unwrap());
    message.header = spec.header.as_ref().map(|field| value(random, field));
    let numbers: Vec<u8> = spec.fields.keys().copied().filter(|_| random.below(3) > 0).collect();
    for number in numbers {
        message.fields.insert(number, value(random, &spec.fields[&number]));
    }
    message
}

fn value(random: &mut Random, field: &Field) -> Value {
    match &field.parts {
        Some(parts) => return parts_value(random, parts),
        None if field.content == Content::B => {
            let length = length(random, field);
            return Value::Bytes((0..length).map(|_| random.byte()).collect());
        }
        None => {}
    }
    let units = length(random, field);
    let characters =
        if field.coding == Coding::Bcd && field.unit() == Unit::Bytes { 2 * units } else { units };
    Value::Text(text(random, field, characters))
}

fn length(random: &mut Random, field: &Field) -> usize {
    let units = match field.length {
        Length::Fixed(length) => return length.into(),
        Length::Rest(max) | Length::Variable { max, .. } => random.below(usize::from(max) + 1),
    };
    let is_signed = field.content == Content::Xn;
    let is_even = field.unit() == Unit::Digits && field.filler.is_none();
    if is_even { units - units % 2 } else { units.max(is_signed.into()) }
}

fn text(random: &mut Random, field: &Field, length: usize) -> String {
    let from = |random: &mut Random, all: &[u8]| char::from(random.one_of(all));
    let printed: Vec<u8> = (b' '..=b'~').collect();
    let letters = b"ABCXYZabcxyz ";
    let each = |random: &mut Random, place: usize| match field.content {
        Content::A => from(random, letters),
        Content::N => from(random, b"0123456789"),
        Content::An => from(random, b"0123456789ABCXYZabcxyz "),
        Content::Z => from(random, b"0123456789=DF"),
        Content::Xn if place == 0 => from(random, b"CD"),
        Content::Xn => from(random, b"0123456789"),
        Content::Hex => from(random, b"0123456789ABCDEF"),
        Content::Any if field.coding != Coding::Ascii => char::from(random.byte()),
        _ => from(random, &printed),
    };
    (0..length).map(|place| each(random, place)).collect()
}

fn parts_value(random: &mut Random, parts: &Parts) -> Value {
    match parts {
        Parts::BerTlv => Value::Tlv(tlvs(random, 0)),
        Parts::Positions(parts) => {
            // A part that may be empty would be missing where it is the last one.
            let mut all: Vec<_> =
                parts.iter().map(|part| (part.id.clone(), value(random, &part.field))).collect();
            let is_written = |part: &Part| !matches!(part.field.length, Length::Rest(_));
            all.truncate(parts.iter().take_while(|part| is_written(part)).count());
            Value::Parts(all)
        }
        Parts::Bitmap { parts, .. } => {
            let numbers: Vec<u8> = parts.keys().copied().filter(|_| random.is()).collect();
            Value::Parts(numbers.into_iter().map(|n| (n.to_string(), value(random, &parts[&n]))).collect())
        }
        Parts::Tagged { known, .. } => {
            let mut all: Vec<_> =
                known.iter().map(|(id, field)| (id.clone(), value(random, field))).collect();
            all.push(("ZZ".to_owned(), Value::Text("kept".to_owned())));
            Value::Parts(all)
        }
    }
}

fn tlvs(random: &mut Random, depth: usize) -> Vec<Tlv> {
    let tags: [&[u8]; 5] = [&[0x82], &[0x9f, 0x26], &[0xdf, 0x81, 0x29], &[0xe1], &[0xff, 0x01]];
    let one = |random: &mut Random| {
        let tag = random.one_of(&tags);
        let value = match tag[0] & 0x20 != 0 {
            true if depth < 3 => TlvValue::Nested(tlvs(random, depth + 1)),
            true => TlvValue::Nested(Vec::new()),
            false => TlvValue::Bytes((0..random.below(140)).map(|_| random.byte()).collect()),
        };
        let width = 1 + random.byte() % 4;
        let one = Tlv::new(tag, value).unwrap();
        // Only what is read as it is written: a length that needs more bytes has more.
        if random.is() { one.with_length_bytes(width.max(3)) } else { one }
    };
    (0..random.below(3)).map(|_| one(random)).collect()
}
