//! What the provider is told about how a customer was authenticated: JSON signed by the payment server
//! (`spec/authentication-statement.md`). A provider that knows nothing of phones and codes can keep it,
//! check it and refuse on it.

use crypto::p256::{Sign, Signature, VerifyingKey};
use model::{Currency, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    base64url::{self, VersionOne},
    error::ProtocolError,
    json,
    payment_code::CustomerVerification,
    realm::Realm,
};

const WHAT: &str = "authentication statement";
/// The most bytes of a statement.
pub const STATEMENT_LEN_MAX: usize = 4096;
const REFERENCE_LEN_MAX: usize = 255;
const VERDICTS_MAX: usize = 16;
const VERDICT_LEN_MAX: usize = 32;

/// How well the device's key is kept, as attested.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationLevel {
    /// In a browser's key store.
    Browser,
    /// In software, or unattested.
    Software,
    /// In hardware, attested.
    Hardware,
}

/// The one way of verification that there is today, as the provider is told it.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum VerifiedBy {
    /// A PIN that the payment server checked.
    Pin,
}

/// The statement about one payment's authentication.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuthenticationStatement {
    /// Who says so.
    pub realm: Realm,
    /// The hold that this belongs to, as the provider is asked for it: 1 to 255 printable ASCII characters.
    pub hold_id: String,
    /// Minor units.
    pub amount_minor: i64,
    /// Their currency.
    pub currency: Currency,
    /// The provider's name for the account: 1 to 255 printable ASCII characters.
    pub account_ref: String,
    /// How well the device's key is kept.
    pub level: AuthenticationLevel,
    /// The device's certificate, by its serial number, as its status is asked for; none in statements from before it
    /// was named.
    pub certificate_serial: Option<[u8; 16]>,
    /// How the customer was verified.
    pub customer_verification: CustomerVerification,
    /// SHA-256 of the payment code.
    pub code_hash: [u8; 32],
    /// The checks that were made and passed, by name: at most 16, each 1 to 32 of `a-z` and `_`.
    pub verdicts: Vec<String>,
    /// Whether the phone knew the till when it made the code.
    pub terminal_bound: bool,
    /// When the code was verified.
    pub at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    version: VersionOne,
    realm: Realm,
    hold_id: String,
    amount_minor: i64,
    currency: Currency,
    account_ref: String,
    level: AuthenticationLevel,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "json::present")]
    certificate_serial: Option<Serial>,
    customer_verification: VerifiedBy,
    pin_renewed: bool,
    #[serde(with = "base64url::hex")]
    code_hash: [u8; 32],
    verdicts: Vec<String>,
    terminal_bound: bool,
    at_ms: Timestamp,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
struct Serial(#[serde(with = "base64url::hex")] [u8; 16]);

/// A statement as it travels; the provider keeps both parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedStatement {
    /// JSON; the signature is over these very bytes. They begin with `{`, as nothing else does that is signed
    /// here, so they need no context.
    pub statement_bytes: Vec<u8>,
    /// By the payment server's statement key.
    pub signature: Signature,
}

impl AuthenticationStatement {
    /// Signs the statement.
    ///
    /// # Errors
    /// [`ProtocolError::Malformed`] if a value is not as specified; [`ProtocolError::Unavailable`] if the
    /// key's holder fails.
    pub fn sign(&self, key: &dyn Sign) -> Result<SignedStatement, ProtocolError> {
        self.well_formed()?;
        let statement_bytes = json::write(&Wire {
            version: VersionOne,
            realm: self.realm.clone(),
            hold_id: self.hold_id.clone(),
            amount_minor: self.amount_minor,
            currency: self.currency,
            account_ref: self.account_ref.clone(),
            level: self.level,
            certificate_serial: self.certificate_serial.map(Serial),
            customer_verification: VerifiedBy::Pin,
            pin_renewed: self.customer_verification == CustomerVerification::PinRenewed,
            code_hash: self.code_hash,
            verdicts: self.verdicts.clone(),
            terminal_bound: self.terminal_bound,
            at_ms: self.at,
        });
        let signature = key.sign(&[&statement_bytes]).map_err(|_| ProtocolError::Unavailable(WHAT))?;
        Ok(SignedStatement { statement_bytes, signature })
    }

    fn well_formed(&self) -> Result<(), ProtocolError> {
        let reference = |text: &str| {
            (1..=REFERENCE_LEN_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
        };
        let verdict = |name: &String| {
            (1..=VERDICT_LEN_MAX).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        };
        let good = reference(&self.hold_id)
            && reference(&self.account_ref)
            && self.amount_minor > 0
            && self.verdicts.len() <= VERDICTS_MAX
            && self.verdicts.iter().all(verdict);
        if good { Ok(()) } else { Err(ProtocolError::Malformed(WHAT)) }
    }
}

impl SignedStatement {
    /// Checks the signature and reads the statement.
    ///
    /// # Errors
    /// `Size`, `SignatureBad`, `Malformed`, `VersionUnsupported` of [`ProtocolError`].
    pub fn verify(&self, key: &VerifyingKey) -> Result<AuthenticationStatement, ProtocolError> {
        if self.statement_bytes.len() > STATEMENT_LEN_MAX {
            return Err(ProtocolError::Size(WHAT));
        }
        key.verify(&[&self.statement_bytes], &self.signature)
            .map_err(|_| ProtocolError::SignatureBad(WHAT))?;
        AuthenticationStatement::from_kept(&self.statement_bytes)
    }
}

impl AuthenticationStatement {
    /// Reads a statement that was kept by whoever made it.
    ///
    /// # Errors
    /// `Size`, `Malformed`, `VersionUnsupported` of [`ProtocolError`].
    pub fn from_kept(bytes: &[u8]) -> Result<Self, ProtocolError> {
        let wire: Wire = json::parse_versioned(bytes, STATEMENT_LEN_MAX, WHAT)?;
        let statement = Self {
            realm: wire.realm,
            hold_id: wire.hold_id,
            amount_minor: wire.amount_minor,
            currency: wire.currency,
            account_ref: wire.account_ref,
            level: wire.level,
            certificate_serial: wire.certificate_serial.map(|serial| serial.0),
            customer_verification: match (wire.customer_verification, wire.pin_renewed) {
                (VerifiedBy::Pin, false) => CustomerVerification::Pin,
                (VerifiedBy::Pin, true) => CustomerVerification::PinRenewed,
            },
            code_hash: wire.code_hash,
            verdicts: wire.verdicts,
            terminal_bound: wire.terminal_bound,
            at: wire.at_ms,
        };
        statement.well_formed()?;
        Ok(statement)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::p256::SigningKey;

    fn statement() -> AuthenticationStatement {
        AuthenticationStatement {
            realm: Realm::new("shop.example").unwrap(),
            hold_id: "pay_00000000000000000000000001".into(),
            amount_minor: 1250,
            currency: Currency::CHF,
            account_ref: "acc-7".into(),
            level: AuthenticationLevel::Software,
            certificate_serial: Some([0xce; 16]),
            customer_verification: CustomerVerification::Pin,
            code_hash: [0xab; 32],
            verdicts: vec!["signature".into(), "wrong_pin".into()],
            terminal_bound: true,
            at: Timestamp::from_ms(1_700_000_000_000),
        }
    }

    #[test]
    fn a_provider_reads_what_was_signed_and_nothing_else() {
        let key = SigningKey::from_scalar(&[3; 32]).unwrap();
        let signed = statement().sign(&key).unwrap();
        assert_eq!(signed.verify(key.verifying_key()), Ok(statement()));
        let json: serde_json::Value = serde_json::from_slice(&signed.statement_bytes).unwrap();
        assert_eq!(json["level"], "software");
        assert_eq!(json["customer_verification"], "pin");
        assert_eq!(json["certificate_serial"], "ce".repeat(16));
        assert_eq!(json["code_hash"], "ab".repeat(32));
        assert_eq!(json["at_ms"], 1_700_000_000_000_i64);
        for bit in 0..signed.statement_bytes.len() * 8 {
            let mut changed = signed.clone();
            changed.statement_bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(changed.verify(key.verifying_key()), Err(ProtocolError::SignatureBad(WHAT)));
        }
    }

    #[test]
    fn refuses_to_sign_what_nobody_would_take() {
        let key = SigningKey::from_scalar(&[3; 32]).unwrap();
        let changes: [fn(&mut AuthenticationStatement); 4] = [
            |s| s.amount_minor = 0,
            |s| s.hold_id = String::new(),
            |s| s.account_ref = "a b".into(),
            |s| s.verdicts = vec!["x".into(); 17],
        ];
        for change in changes {
            let mut changed = statement();
            change(&mut changed);
            assert_eq!(changed.sign(&key).unwrap_err(), ProtocolError::Malformed(WHAT));
        }
    }
}
