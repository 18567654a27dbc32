//! The strings that are sealed under, signed and authenticated. One buffer serves both ends.

use crypto::{hash, mac};

use super::{
    FIELDS_LEN, PIN_TAG_LEN, PinKey, RecipientKey,
    form::{ENC_LEN, HEADER_LEN},
};
use crate::realm::Realm;

const SEAL_LABEL: &[u8] = b"batzen/payment-code/v1/seal";
const SIGNATURE_LABEL: &[u8] = b"batzen/payment-code/v1/signature";
const PIN_TAG_LABEL: &[u8] = b"batzen/payment-code/v1/pin-tag";

const HASH_LEN: usize = 32;
const CONTEXT_LEN_MAX: usize = SIGNATURE_LABEL.len() + 1 + Realm::LEN_MAX + HASH_LEN;
const CONTENT_LEN: usize = HEADER_LEN + ENC_LEN + FIELDS_LEN;
const LEN_MAX: usize = CONTEXT_LEN_MAX + CONTENT_LEN + PIN_TAG_LEN;

/// A short string without an allocation.
#[derive(Clone)]
pub(super) struct Short<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Short<N> {
    fn new() -> Self {
        Self { bytes: [0; N], len: 0 }
    }

    /// `N` is the sum of the most that the callers below push.
    fn push(&mut self, part: &[u8]) {
        self.bytes[self.len..self.len + part.len()].copy_from_slice(part);
        self.len += part.len();
    }

    fn push_realm(&mut self, realm: &Realm) {
        self.push(&[u8::try_from(realm.as_bytes().len()).expect("a realm has at most 32 bytes")]);
        self.push(realm.as_bytes());
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// HPKE's `info`.
pub(super) fn derive_seal_info(realm: &Realm) -> Short<{ SEAL_LABEL.len() + 1 + Realm::LEN_MAX }> {
    let mut info = Short::new();
    info.push(SEAL_LABEL);
    info.push_realm(realm);
    info
}

/// What the device signs, the PIN tag last.
#[derive(Clone)]
pub(super) struct Message {
    text: Short<LEN_MAX>,
    content: usize,
}

impl Message {
    /// All but the PIN tag.
    pub(super) fn new(
        recipient: &RecipientKey,
        header: &[u8; HEADER_LEN],
        enc: &[u8; ENC_LEN],
        fields: &[u8; FIELDS_LEN],
    ) -> Self {
        let mut text = Short::new();
        text.push(SIGNATURE_LABEL);
        text.push_realm(&recipient.realm);
        text.push(&hash::sha256(&[recipient.public_key.as_bytes()]));
        let content = text.len;
        text.push(header);
        text.push(enc);
        text.push(fields);
        Self { text, content }
    }

    /// The PIN tag over header, `enc` and fields.
    pub(super) fn derive_pin_tag(&self, key: &PinKey) -> [u8; PIN_TAG_LEN] {
        let content = &self.text.bytes[self.content..self.content + CONTENT_LEN];
        let tag = mac::hmac_sha256(key.secret().expose(), &[PIN_TAG_LABEL, content]);
        *tag.first_chunk().expect("32 bytes begin with 8")
    }

    pub(super) fn push_pin_tag(&mut self, tag: &[u8; PIN_TAG_LEN]) {
        self.text.push(tag);
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }
}
