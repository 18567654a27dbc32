//! A policy on its way from whoever writes it to the servers: a document with a version, signed by the realm's
//! rule-signing key over its very bytes.

use crypto::p256::{Sign, Signature, VerifyingKey};
use data_encoding::BASE64;
use model::Timestamp;
use protocol::realm::Realm;
use serde::{Deserialize, Serialize};

use super::{Policy, condition::short};

/// The longest document, bytes.
pub const DOCUMENT_BYTES_MAX: usize = 32 * 1024;
/// What stands before the document where it is signed.
const LABEL: &str = "batzen/policy/v1";

/// A policy as it is written down and signed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyDocument {
    /// For which installation.
    pub realm: Realm,
    /// 1 or more; each that is activated is above all before.
    pub version: u32,
    /// From when it holds, milliseconds since 1970; at once if absent.
    #[serde(default)]
    pub valid_from_ms: Timestamp,
    /// All that holds then: what it does not name has its default, not what held before.
    pub policy: Policy,
}

/// A document with its signature, as a file and as the API takes it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedPolicy {
    /// The document, byte for byte.
    pub document: String,
    /// ECDSA P-256 over SHA-256 of label, realm and document; r and s, low s; base64.
    pub signature: String,
}

/// Why a policy is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyRefusal {
    /// Too long.
    #[error("the document has more than {DOCUMENT_BYTES_MAX} bytes")]
    TooLong,
    /// Not a document.
    #[error("the document does not read: {0}")]
    Malformed(String),
    /// Not a signed document.
    #[error("this is no signed policy; `batzen admin policy sign` makes one: {0}")]
    NotSigned(String),
    /// Of another installation.
    #[error("the document is for the realm `{0}`, not for this one")]
    OtherRealm(Realm),
    /// Not signed by the rule-signing key, or changed since.
    #[error("the signature is not this realm's rule-signing key's over this document")]
    Signature,
    /// It would take a guard away, or contradicts itself.
    #[error("the policy is not usable: {0}")]
    Unusable(String),
    /// Not above the last one.
    #[error("version {version} is not above {last}, the last one activated; give the document a higher one")]
    Stale {
        /// The document's.
        version: u32,
        /// The last one's.
        last: u32,
    },
    /// What is stored is not what the document says.
    #[error("it is stored as what it does not say it is")]
    Misplaced,
}

impl PolicyDocument {
    /// Reads a document, strictly, and checks that its policy is usable in `realm`.
    ///
    /// # Errors
    /// [`PolicyRefusal`] with what is wrong and where.
    pub fn parse(document: &str, realm: &Realm) -> Result<Self, PolicyRefusal> {
        let read = Self::parse_for_any(document)?;
        if read.realm != *realm {
            return Err(PolicyRefusal::OtherRealm(read.realm));
        }
        Ok(read)
    }

    /// The same, of whichever realm: for whoever looks at a file without knowing a server.
    ///
    /// # Errors
    /// [`PolicyRefusal`].
    pub fn parse_for_any(document: &str) -> Result<Self, PolicyRefusal> {
        if document.len() > DOCUMENT_BYTES_MAX {
            return Err(PolicyRefusal::TooLong);
        }
        let read: Self = serde_json::from_str(document).map_err(|error| malformed(&error))?;
        if read.version == 0 {
            return Err(PolicyRefusal::Malformed("`version` is 1 or more".to_owned()));
        }
        read.policy.check().map_err(|fault| PolicyRefusal::Unusable(fault.0))?;
        Ok(read)
    }
}

impl SignedPolicy {
    /// Signs a document that reads.
    ///
    /// # Errors
    /// [`PolicyRefusal`] of the document; [`PolicyRefusal::Signature`] if the key's holder fails.
    pub fn sign(document: &str, realm: &Realm, key: &dyn Sign) -> Result<Self, PolicyRefusal> {
        PolicyDocument::parse(document, realm)?;
        let signature = key.sign(&[&realm.context(LABEL), document.as_bytes()]);
        let signature = signature.map_err(|_| PolicyRefusal::Signature)?;
        Ok(Self { document: document.to_owned(), signature: BASE64.encode(&signature.to_bytes()) })
    }

    /// Reads a signed policy; whether it is genuine is still to be seen.
    ///
    /// # Errors
    /// [`PolicyRefusal::NotSigned`].
    pub fn parse(text: &str) -> Result<Self, PolicyRefusal> {
        serde_json::from_str(text).map_err(|error| PolicyRefusal::NotSigned(place_of(&error)))
    }

    /// The document, if one of `keys` signed it for `realm`.
    ///
    /// # Errors
    /// [`PolicyRefusal`]: the signature first, so that nothing unsigned is read.
    pub fn verify(&self, realm: &Realm, keys: &[VerifyingKey]) -> Result<PolicyDocument, PolicyRefusal> {
        if self.document.len() > DOCUMENT_BYTES_MAX {
            return Err(PolicyRefusal::TooLong);
        }
        let bytes = BASE64.decode(self.signature.as_bytes()).ok();
        let signature = bytes.as_deref().and_then(|bytes| bytes.try_into().ok());
        let signature = signature.and_then(|raw| Signature::from_bytes(raw).ok());
        let parts: [&[u8]; 2] = [&realm.context(LABEL), self.document.as_bytes()];
        match signature {
            Some(signature) if keys.iter().any(|key| key.verify(&parts, &signature).is_ok()) => {}
            _ => return Err(PolicyRefusal::Signature),
        }
        PolicyDocument::parse(&self.document, realm)
    }
}

fn malformed(error: &serde_json::Error) -> PolicyRefusal {
    let words = error.to_string();
    // Names from the document are quoted in it; no more of a long one than helps.
    PolicyRefusal::Malformed(if words.len() > 400 { format!("{}…", short(&words)) } else { words })
}

fn place_of(error: &serde_json::Error) -> String {
    format!("see line {} column {}", error.line(), error.column())
}
