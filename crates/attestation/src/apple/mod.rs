//! Apple App Attest: an object in which Apple says that a key was made in a phone's Secure Enclave, by an app of that
//! id that nobody changed, for a hash that the app gave.
//!
//! [`read`] checks certificates and form; [`Reading::judge`] holds what was read against what was asked for; [`verify`]
//! does both. What the key signs later are assertions: [`verify_assertion`]. Source: Apple's "Validating apps that
//! connect to your server".

mod assertion;
mod authenticator;
mod cbor;
mod object;

pub use assertion::{Enrolled, verify_assertion};

use crate::{
    Level, Refusal, Roots,
    chain::{Attester, Chain},
    strict_der::Cursor,
    text::{hex, subject},
};
use crypto::{hash::sha256, p256::VerifyingKey};
use der::{Class, asn1::ObjectIdentifier};
use model::Timestamp;
use object::Object;
use serde::Serialize;

const NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113635.100.8.2");
const NONCE_PART: &str = "nonce in the certificate";
const DEVELOPMENT: &[u8; 16] = b"appattestdevelop";
const PRODUCTION: &[u8; 16] = b"appattest\0\0\0\0\0\0\0";

/// Which of Apple's two environments.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Apps on their makers' own phones.
    Development,
    /// Apps from the store, and from TestFlight.
    Production,
}

/// What an attestation must be about.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// What the app was told to give.
    pub client_data_hash: &'a [u8; 32],
    /// The key's id, as the app says it.
    pub key_id: &'a [u8; 32],
}

/// What the operator asks of apps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Expectations {
    /// The app's id with the team's before it: `ABCDE12345.example.app`.
    pub app_id: String,
    /// Which environment it must be of.
    pub environment: Environment,
}

/// A genuine object, and what it says. Whether it is what was asked for is not looked at: see [`Reading::judge`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Reading {
    /// How well the key is kept.
    pub level: Level,
    /// Whom each certificate names, the attested key's first, the root last.
    pub subjects: Vec<String>,
    /// Which environment.
    pub environment: Environment,
    /// SHA-256 of the app's id.
    #[serde(serialize_with = "hex")]
    pub app_id_hash: [u8; 32],
    /// SHA-256 of the key.
    #[serde(serialize_with = "hex")]
    pub key_id: [u8; 32],
    /// How often the key has signed: 0.
    pub counter: u32,
    #[serde(skip)]
    nonce: [u8; 32],
    #[serde(skip)]
    authenticator_data: Vec<u8>,
    #[serde(skip)]
    key: VerifyingKey,
    #[serde(skip)]
    receipt: Vec<u8>,
}

/// That a key is the app's on a genuine phone, made for this hash. Only [`Reading::judge`] makes it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Evidence {
    /// How well the key is kept.
    pub level: Level,
    /// The App Attest key: it makes assertions, and is not the one that signs payment codes.
    pub key: VerifyingKey,
    /// Which environment.
    pub environment: Environment,
    /// For Apple's own service that tells of fraud; not read here.
    pub receipt: Vec<u8>,
}

/// Reads an object and checks all but what it is compared with.
///
/// # Errors
/// [`Refusal`]: the first thing that is wrong.
pub fn read(object: &[u8], at: Timestamp, roots: &Roots) -> Result<Reading, Refusal> {
    let object = Object::read(object)?;
    let chain = Chain::follow(&object.certificates, roots, |_| Attester::Authority)?;
    if chain.leaf().is_ca() {
        return Err(Refusal::NotAttested);
    }
    let nonce = read_nonce(chain.leaf().extension(NONCE).ok_or(Refusal::NotAttested)?)?;
    chain.check_dates(1, at, false)?;
    let attested = object.attested;
    let key = chain.leaf().p256_key().ok_or(Refusal::UnsuitableKey("it is not one of P-256"))?;
    let key_id = sha256(&[&key.to_sec1_uncompressed()]);
    if key_id != attested.key_id || key != attested.key {
        return Err(Refusal::malformed("attestation object", "it names another key than its certificate"));
    }
    if attested.head.counter != 0 {
        return Err(Refusal::CounterNotZero(attested.head.counter));
    }
    let environment = match &attested.aaguid {
        DEVELOPMENT => Environment::Development,
        PRODUCTION => Environment::Production,
        _ => return Err(Refusal::malformed("attestation object", "of an unknown environment")),
    };
    let subjects = chain.certificates().iter().chain([chain.root()]).map(subject);
    Ok(Reading {
        level: Level::SecureEnclave,
        subjects: subjects.collect(),
        environment,
        app_id_hash: attested.head.app_id_hash,
        key_id,
        counter: attested.head.counter,
        nonce,
        authenticator_data: object.authenticator_data.to_vec(),
        key,
        receipt: object.receipt.to_vec(),
    })
}

/// Reads an object as [`read`] does and holds it against what was asked for.
///
/// # Errors
/// [`Refusal`]: the first thing that is wrong.
pub fn verify(
    object: &[u8],
    binding: &Binding<'_>,
    at: Timestamp,
    roots: &Roots,
    expected: &Expectations,
) -> Result<Evidence, Refusal> {
    read(object, at, roots)?.judge(binding, expected)
}

impl Reading {
    /// Whether it was made for this hash.
    #[must_use]
    pub fn is_bound_to(&self, client_data_hash: &[u8; 32]) -> bool {
        self.nonce == sha256(&[&self.authenticator_data, client_data_hash])
    }

    /// Holds what was read against what was asked for.
    ///
    /// # Errors
    /// [`Refusal`]: the first thing that is wrong.
    pub fn judge(self, binding: &Binding<'_>, expected: &Expectations) -> Result<Evidence, Refusal> {
        if !self.is_bound_to(binding.client_data_hash) {
            return Err(Refusal::OtherChallenge);
        }
        if &self.key_id != binding.key_id {
            return Err(Refusal::OtherKey);
        }
        if self.app_id_hash != app_id_hash(&expected.app_id) {
            return Err(Refusal::OtherApp("its id has another hash".to_owned()));
        }
        match (self.environment, expected.environment) {
            (Environment::Development, Environment::Production) => return Err(Refusal::ForDevelopment),
            (Environment::Production, Environment::Development) => return Err(Refusal::ForProduction),
            _ => {}
        }
        let Self { level, key, environment, receipt, .. } = self;
        Ok(Evidence { level, key, environment, receipt })
    }
}

/// How an app's id stands in authenticator data.
#[must_use]
pub fn app_id_hash(app_id: &str) -> [u8; 32] {
    sha256(&[app_id.as_bytes()])
}

/// `SEQUENCE { [1] EXPLICIT OCTET STRING }`.
fn read_nonce(extension: &[u8]) -> Result<[u8; 32], Refusal> {
    let mut outer = Cursor::new(extension, NONCE_PART)?;
    let mut inner = outer.sequence()?;
    outer.end()?;
    let (tag, content) = inner.any()?;
    inner.end()?;
    if tag.class() != Class::ContextSpecific || !tag.is_constructed() || tag.number().value() != 1 {
        return Err(Refusal::malformed(NONCE_PART, "something else stands there"));
    }
    let mut value = Cursor::new(content, NONCE_PART)?;
    let nonce = value.octets()?;
    value.end()?;
    nonce.try_into().map_err(|_| Refusal::malformed(NONCE_PART, "of another length"))
}
