//! The `Signature-Input` field in the profile of `spec/http-signatures.md`: the canonical form of an RFC 9421
//! inner list, and nothing wider.

use model::EnrolmentId;

use crate::{
    base64,
    error::ProtocolError,
    http_signature::{ALGORITHM, NONCE_LEN, TAG},
};

const LEN_MAX: usize = 512;
const LABEL_LEN_MAX: usize = 32;
const COMPONENTS_MAX: usize = 4;
/// The largest integer of a structured field (RFC 9651, section 3.3.1).
pub(crate) const CREATED_S_MAX: i64 = 999_999_999_999_999;

/// A signature's parameters, all of them present once and as the profile wants them.
#[derive(Clone, Debug)]
pub(crate) struct SignatureInput {
    pub(crate) label: String,
    /// Names of the covered components, in the signer's order.
    pub(crate) components: Vec<String>,
    /// The member's value as it was received: it is canonical, so it is also what was signed.
    pub(crate) params: String,
    pub(crate) created_s: i64,
    pub(crate) nonce: [u8; NONCE_LEN],
    pub(crate) enrolment: EnrolmentId,
}

impl SignatureInput {
    pub(crate) fn parse(field: &str) -> Result<Self, ProtocolError> {
        if field.len() > LEN_MAX {
            return Err(ProtocolError::Size("signature-input field"));
        }
        Self::read(field).ok_or(ProtocolError::Malformed("signature-input field"))
    }

    fn read(field: &str) -> Option<Self> {
        let mut cursor = Cursor(field);
        let label = cursor.key()?.to_owned();
        if label.len() > LABEL_LEN_MAX {
            return None;
        }
        cursor.expect("=")?;
        let params = cursor.0.to_owned();
        let components = cursor.components()?;
        let mut found = Found::default();
        while !cursor.0.is_empty() {
            cursor.expect(";")?;
            let key = cursor.key()?;
            cursor.expect("=")?;
            found.take(key, &mut cursor)?;
        }
        let exact = found.algorithm? == ALGORITHM && found.tag? == TAG;
        let nonce = base64::decode(found.nonce?.as_bytes())?;
        exact.then_some(Self {
            label,
            components,
            params,
            created_s: found.created_s?,
            nonce: nonce.try_into().ok()?,
            enrolment: found.key_id?.parse().ok()?,
        })
    }
}

/// Parameters found so far.
#[derive(Default)]
struct Found<'a> {
    created_s: Option<i64>,
    nonce: Option<&'a str>,
    key_id: Option<&'a str>,
    algorithm: Option<&'a str>,
    tag: Option<&'a str>,
}

impl<'a> Found<'a> {
    /// Takes one parameter's value; none if it is unknown, not of its type, or there already.
    fn take(&mut self, key: &str, cursor: &mut Cursor<'a>) -> Option<()> {
        let slot = match key {
            "created" => {
                let is_first = self.created_s.replace(cursor.integer()?).is_none();
                return is_first.then_some(());
            }
            "nonce" => &mut self.nonce,
            "keyid" => &mut self.key_id,
            "alg" => &mut self.algorithm,
            "tag" => &mut self.tag,
            _ => return None,
        };
        slot.replace(cursor.string()?).is_none().then_some(())
    }
}

/// What is left of the field. Each step takes what it names off the front, or gives none.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn expect(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// A structured field's key (RFC 9651, section 3.1.2).
    fn key(&mut self) -> Option<&'a str> {
        let is_key = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'.' | b'*');
        let end = self.0.bytes().position(|b| !is_key(b)).unwrap_or(self.0.len());
        let (key, rest) = self.0.split_at_checked(end)?;
        let starts = key.starts_with(|c: char| c.is_ascii_lowercase() || c == '*');
        self.0 = rest;
        starts.then_some(key)
    }

    /// A quoted string without escapes; no value of the profile needs one.
    fn string(&mut self) -> Option<&'a str> {
        self.expect("\"")?;
        let (string, rest) = self.0.split_once('"')?;
        self.0 = rest;
        string.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'\\').then_some(string)
    }

    /// An integer not below 0, in its one shortest form.
    fn integer(&mut self) -> Option<i64> {
        let end = self.0.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at_checked(end)?;
        self.0 = rest;
        let shortest = digits == "0" || !digits.starts_with('0');
        let integer = digits.parse().ok()?;
        (shortest && integer <= CREATED_S_MAX).then_some(integer)
    }

    /// `("a" "b")`: known names, none twice.
    fn components(&mut self) -> Option<Vec<String>> {
        self.expect("(")?;
        let mut components: Vec<String> = Vec::new();
        loop {
            let name = self.string()?;
            if components.len() == COMPONENTS_MAX || components.iter().any(|earlier| earlier == name) {
                return None;
            }
            if !matches!(name, "@method" | "@path" | "@query" | "content-digest") {
                return None;
            }
            components.push(name.to_owned());
            match self.expect(" ") {
                Some(()) => {}
                None => break,
            }
        }
        self.expect(")")?;
        Some(components)
    }
}
