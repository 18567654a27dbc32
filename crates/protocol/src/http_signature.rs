//! Phones' online requests, signed by the online key: HTTP message signatures (RFC 9421) over digests
//! (RFC 9530), in the one profile of `spec/http-signatures.md`. Knows no HTTP library; whether a nonce
//! was seen before is the server's matter.

use crypto::{
    hash::sha256,
    p256::{Sign, Signature, VerifyingKey},
};
use data_encoding::BASE64;
use model::EnrolmentId;

use crate::{base64, error::ProtocolError, http_signature_input::SignatureInput};

const WHAT: &str = "signed request";
const LABEL: &str = "batzen";
pub(crate) const ALGORITHM: &str = "ecdsa-p256-sha256";
pub(crate) const TAG: &str = "batzen-phone";
const PATH_LEN_MAX: usize = 1024;
const QUERY_LEN_MAX: usize = 2048;
const METHOD_LEN_MAX: usize = 16;
/// How far a request's time may be from the server's, in seconds, either way.
pub const WINDOW_S: i64 = 300;
/// Bytes of a nonce.
pub const NONCE_LEN: usize = 16;

/// What of a request is signed.
#[derive(Clone, Copy, Debug)]
pub struct HttpRequest<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The path as it is sent, from the first `/`, still percent-encoded, without the query.
    pub path: &'a str,
    /// What follows the `?`, if there is one, as it is sent.
    pub query: Option<&'a str>,
    /// The body; empty if there is none.
    pub body: &'a [u8],
}

/// RFC 9421's signature base: one line per component, then the parameters' line, without a final line break.
/// Names stand without quotes.
#[must_use]
pub fn signature_base(components: &[(&str, &str)], params: &str) -> String {
    let mut base = String::new();
    for (name, value) in components {
        base.push_str(&format!("\"{name}\": {value}\n"));
    }
    base.push_str(&format!("\"@signature-params\": {params}"));
    base
}

/// The value of a `Content-Digest` field for this body (RFC 9530, SHA-256).
#[must_use]
pub fn content_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", BASE64.encode(&sha256(&[body])))
}

/// A request that waits for its signature: for keys that sign elsewhere and later.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PreparedRequest {
    base: String,
    params: String,
    content_digest: Option<String>,
}

impl PreparedRequest {
    /// Prepares a request to be signed.
    ///
    /// # Errors
    /// [`ProtocolError::Malformed`] or [`ProtocolError::Size`] if no server would take it.
    pub fn new(
        request: &HttpRequest<'_>,
        enrolment: EnrolmentId,
        created_s: i64,
        nonce: &[u8; NONCE_LEN],
    ) -> Result<Self, ProtocolError> {
        request.well_formed()?;
        if !(0..=crate::http_signature_input::CREATED_S_MAX).contains(&created_s) {
            return Err(ProtocolError::Malformed(WHAT));
        }
        let components: Vec<String> = request.component_names().map(|name| format!("\"{name}\"")).collect();
        let components = components.join(" ");
        let nonce = BASE64.encode(nonce);
        let params = format!(
            "({components});created={created_s};nonce=\"{nonce}\";keyid=\"{enrolment}\";alg=\"{ALGORITHM}\";tag=\"{TAG}\""
        );
        let base = request.base(request.component_names(), &params);
        let content_digest = (!request.body.is_empty()).then(|| content_digest(request.body));
        Ok(Self { base, params, content_digest })
    }

    /// What the online key signs (ECDSA with SHA-256 over these bytes).
    #[must_use]
    pub fn to_be_signed(&self) -> &[u8] {
        self.base.as_bytes()
    }

    /// The fields to add to the request, as name and value.
    #[must_use]
    pub fn finish(self, signature: &Signature) -> Vec<(&'static str, String)> {
        let mut fields = Vec::with_capacity(3);
        if let Some(digest) = self.content_digest {
            fields.push(("content-digest", digest));
        }
        fields.push(("signature-input", format!("{LABEL}={}", self.params)));
        fields.push(("signature", format!("{LABEL}=:{}:", BASE64.encode(signature.as_bytes()))));
        fields
    }
}

/// Signs a request: the fields to add to it, as name and value.
///
/// # Errors
/// As [`PreparedRequest::new`]; [`ProtocolError::Unavailable`] if the key's holder fails.
pub fn sign_request(
    request: &HttpRequest<'_>,
    enrolment: EnrolmentId,
    created_s: i64,
    nonce: &[u8; NONCE_LEN],
    online_key: &dyn Sign,
) -> Result<Vec<(&'static str, String)>, ProtocolError> {
    let prepared = PreparedRequest::new(request, enrolment, created_s, nonce)?;
    let signature =
        online_key.sign(&[prepared.to_be_signed()]).map_err(|_| ProtocolError::Unavailable(WHAT))?;
    Ok(prepared.finish(&signature))
}

/// A request whose signature has the right form and whose body fits its digest; not yet believed. Look the
/// enrolment's online key up, then [`UnverifiedRequest::verify`].
#[derive(Clone, Debug)]
pub struct UnverifiedRequest {
    input: SignatureInput,
    base: String,
    signature: [u8; 64],
}

/// A request that an enrolment's online key signed, within the window. Refuse it still if this enrolment
/// used the nonce within the window before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct VerifiedRequest {
    /// Who signed.
    pub enrolment: EnrolmentId,
    /// Random bytes that the phone uses once.
    pub nonce: [u8; NONCE_LEN],
    /// The phone's clock, corrected by what it knows of the server's; seconds since 1970.
    pub created_s: i64,
}

impl UnverifiedRequest {
    /// Reads the signature of a request from its fields: names in any case, values as received. Other fields
    /// are passed over.
    ///
    /// # Errors
    /// [`ProtocolError::Malformed`] or [`ProtocolError::Size`], naming the part.
    pub fn parse<'h>(
        request: &HttpRequest<'_>,
        fields: impl IntoIterator<Item = (&'h str, &'h str)>,
    ) -> Result<Self, ProtocolError> {
        request.well_formed()?;
        let fields = SignatureFields::collect(fields)?;
        let input = SignatureInput::parse(fields.signature_input)?;
        let signature = parse_signature(fields.signature, &input.label)?;
        let has_body = !request.body.is_empty();
        if has_body != fields.content_digest.is_some() {
            return Err(ProtocolError::Malformed("content-digest field"));
        }
        if let Some(digest) = fields.content_digest
            && digest != content_digest(request.body)
        {
            return Err(ProtocolError::Malformed("content-digest field"));
        }
        let expected: Vec<&str> = request.component_names().collect();
        let complete = input.components.len() == expected.len()
            && expected.iter().all(|name| input.components.iter().any(|covered| covered == name));
        if !complete {
            return Err(ProtocolError::Malformed("signature's components"));
        }
        let base = request.base(input.components.iter().map(String::as_str), &input.params);
        Ok(Self { base, signature, input })
    }

    /// Whose key has to be looked up.
    #[must_use]
    pub fn enrolment(&self) -> EnrolmentId {
        self.input.enrolment
    }

    /// Checks time and signature; `window_s` is [`WINDOW_S`] unless policy narrows it.
    ///
    /// # Errors
    /// [`ProtocolError::SignatureBad`], then [`ProtocolError::Expired`].
    pub fn verify(
        &self,
        online_key: &VerifyingKey,
        now_s: i64,
        window_s: i64,
    ) -> Result<VerifiedRequest, ProtocolError> {
        let bad = |_| ProtocolError::SignatureBad(WHAT);
        // Either s: RFC 9421 knows no low-s, and the nonce, not the signature, tells requests apart.
        let signature = Signature::normalized_from_raw(&self.signature).map_err(bad)?;
        online_key.verify(&[self.base.as_bytes()], &signature).map_err(bad)?;
        let SignatureInput { enrolment, nonce, created_s, .. } = self.input;
        if now_s.saturating_sub(created_s).saturating_abs() > window_s {
            return Err(ProtocolError::Expired(WHAT));
        }
        Ok(VerifiedRequest { enrolment, nonce, created_s })
    }
}

impl<'a> HttpRequest<'a> {
    fn well_formed(&self) -> Result<(), ProtocolError> {
        let query = self.query.unwrap_or("");
        if self.method.len() > METHOD_LEN_MAX || self.path.len() > PATH_LEN_MAX || query.len() > QUERY_LEN_MAX
        {
            return Err(ProtocolError::Size(WHAT));
        }
        // Nothing that could end a line of the signature base, or that HTTP would not carry as it is.
        let graphic = |text: &str| text.bytes().all(|b| b.is_ascii_graphic());
        let good = !self.method.is_empty()
            && self.method.bytes().all(|b| b.is_ascii_uppercase())
            && self.path.starts_with('/')
            && graphic(self.path)
            && !self.path.contains(['?', '#'])
            && graphic(query)
            && !query.contains('#');
        if good { Ok(()) } else { Err(ProtocolError::Malformed(WHAT)) }
    }

    fn component_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        let digest = (!self.body.is_empty()).then_some("content-digest");
        ["@method", "@path", "@query"].into_iter().chain(digest)
    }

    fn base<'n>(&self, names: impl Iterator<Item = &'n str>, params: &str) -> String {
        let query = format!("?{}", self.query.unwrap_or(""));
        let digest = content_digest(self.body);
        let components: Vec<(&str, &str)> = names
            .map(|name| {
                let value = match name {
                    "@method" => self.method,
                    "@path" => self.path,
                    "@query" => query.as_str(),
                    _ => digest.as_str(),
                };
                (name, value)
            })
            .collect();
        signature_base(&components, params)
    }
}

/// The three fields, each at most once.
struct SignatureFields<'h> {
    signature_input: &'h str,
    signature: &'h str,
    content_digest: Option<&'h str>,
}

impl<'h> SignatureFields<'h> {
    fn collect(fields: impl IntoIterator<Item = (&'h str, &'h str)>) -> Result<Self, ProtocolError> {
        let (mut signature_input, mut signature, mut content_digest) = (None, None, None);
        for (name, value) in fields {
            let (slot, what) = if name.eq_ignore_ascii_case("signature-input") {
                (&mut signature_input, "signature-input field")
            } else if name.eq_ignore_ascii_case("signature") {
                (&mut signature, "signature field")
            } else if name.eq_ignore_ascii_case("content-digest") {
                (&mut content_digest, "content-digest field")
            } else {
                continue;
            };
            if slot.replace(value).is_some() {
                return Err(ProtocolError::Malformed(what));
            }
        }
        Ok(Self {
            signature_input: signature_input.ok_or(ProtocolError::Malformed("signature-input field"))?,
            signature: signature.ok_or(ProtocolError::Malformed("signature field"))?,
            content_digest,
        })
    }
}

/// `label=:base64:`, 64 bytes.
fn parse_signature(field: &str, label: &str) -> Result<[u8; 64], ProtocolError> {
    let read = || {
        let text = field.strip_prefix(label)?.strip_prefix("=:")?.strip_suffix(':')?;
        // 64 bytes are 88 characters; more is not looked at.
        if text.len() != 88 {
            return None;
        }
        <[u8; 64]>::try_from(base64::decode(text.as_bytes())?).ok()
    };
    read().ok_or(ProtocolError::Malformed("signature field"))
}
