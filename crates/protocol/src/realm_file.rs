//! What an app ships with, and all that it trusts from the start (`spec/activation.md`, section 2).

use crypto::{hpke::PublicKey, p256::VerifyingKey};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::{
    base64url::{self, VersionOne},
    error::ProtocolError,
    key_bundle::KeyId,
    payment_code::Suite,
    realm::Realm,
};

const LEN_MAX: usize = 65_536;
const URL_LEN_MAX: usize = 255;

/// The key that activation requests are sealed to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "ActivationKeyWire", into = "ActivationKeyWire")]
pub struct ActivationKey {
    /// Its id in requests.
    pub key_id: KeyId,
    /// The key, of either suite.
    pub public_key: PublicKey,
}

/// Files of before there were two suites name none.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActivationKeyWire {
    key_id: KeyId,
    #[serde(default, skip_serializing_if = "is_first")]
    suite: Suite,
    #[serde(with = "base64url")]
    public_key: Vec<u8>,
}

fn is_first(suite: &Suite) -> bool {
    *suite == Suite::default()
}

impl From<ActivationKey> for ActivationKeyWire {
    fn from(key: ActivationKey) -> Self {
        let ActivationKey { key_id, public_key } = key;
        Self { key_id, suite: Suite::of(public_key.kem()), public_key: public_key.as_bytes().to_vec() }
    }
}

impl TryFrom<ActivationKeyWire> for ActivationKey {
    type Error = &'static str;

    fn try_from(wire: ActivationKeyWire) -> Result<Self, Self::Error> {
        let public_key = PublicKey::from_bytes(wire.suite.kem(), &wire.public_key)
            .map_err(|_| "activation_key.public_key is no key of its suite")?;
        Ok(Self { key_id: wire.key_id, public_key })
    }
}

/// The app that ships the file; 1 to 64 printable ASCII characters each.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppIdentity {
    /// The app's id in its store.
    pub id: String,
    /// The app's version.
    pub version: String,
}

/// A realm file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RealmFile {
    /// The realm.
    pub realm: Realm,
    /// `https://` host and port; no path, no `/` at its end.
    pub server_url: String,
    /// Activation requests are sealed to it.
    pub activation_key: ActivationKey,
    /// Signs key bundles.
    pub root_public_key: VerifyingKey,
    /// The only roots for the server's TLS certificate: PEM blocks.
    pub tls_roots_pem: String,
    /// The app.
    pub app: AppIdentity,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    version: VersionOne,
    realm: Realm,
    server_url: String,
    activation_key: ActivationKey,
    #[serde(with = "base64url::p256")]
    root_public_key: VerifyingKey,
    tls_roots_pem: String,
    app: AppIdentity,
}

impl RealmFile {
    /// Reads a realm file.
    ///
    /// # Errors
    /// [`ProtocolError::RealmFile`] with the line or the name that is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProtocolError> {
        if bytes.len() > LEN_MAX {
            return Err(wrong("it is longer than 65536 bytes"));
        }
        let wire: Wire =
            serde_json::from_slice(bytes).map_err(|e| ProtocolError::RealmFile(e.to_string()))?;
        let file = Self {
            realm: wire.realm,
            server_url: wire.server_url,
            activation_key: wire.activation_key,
            root_public_key: wire.root_public_key,
            tls_roots_pem: wire.tls_roots_pem,
            app: wire.app,
        };
        file.check()?;
        Ok(file)
    }

    /// The file's JSON, indented for people.
    ///
    /// # Errors
    /// [`ProtocolError::RealmFile`] if a value is one that [`RealmFile::parse`] would refuse.
    pub fn to_json(&self) -> Result<String, ProtocolError> {
        self.check()?;
        let wire = Wire {
            version: VersionOne,
            realm: self.realm.clone(),
            server_url: self.server_url.clone(),
            activation_key: self.activation_key,
            root_public_key: self.root_public_key.clone(),
            tls_roots_pem: self.tls_roots_pem.clone(),
            app: self.app.clone(),
        };
        let json =
            serde_json::to_string_pretty(&wire).expect("our messages have string keys and no failing parts");
        if json.len() > LEN_MAX { Err(wrong("it is longer than 65536 bytes")) } else { Ok(json) }
    }

    fn check(&self) -> Result<(), ProtocolError> {
        if !is_server_url(&self.server_url) {
            return Err(wrong(
                "server_url is not https:// and a host, with a port or without, and nothing after it",
            ));
        }
        for (text, message) in [
            (&self.app.id, "app.id is not 1 to 64 printable ASCII characters"),
            (&self.app.version, "app.version is not 1 to 64 printable ASCII characters"),
        ] {
            if !((1..=64).contains(&text.len()) && text.bytes().all(|b| (b' '..=b'~').contains(&b))) {
                return Err(wrong(message));
            }
        }
        if has_certificates(&self.tls_roots_pem) {
            Ok(())
        } else {
            Err(wrong("tls_roots_pem is not one or more PEM blocks CERTIFICATE"))
        }
    }
}

fn wrong(message: &str) -> ProtocolError {
    ProtocolError::RealmFile(message.to_owned())
}

fn is_server_url(url: &str) -> bool {
    let Some(authority) = url.strip_prefix("https://") else { return false };
    if url.len() > URL_LEN_MAX {
        return false;
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, "")) => (address, None),
            Some((address, after)) => (address, Some(after.strip_prefix(':').unwrap_or(""))),
            None => return false,
        },
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    let host_fits = if authority.starts_with('[') {
        host.parse::<std::net::Ipv6Addr>().is_ok()
    } else {
        !host.is_empty() && host.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'))
    };
    let port_fits = |port: &str| {
        port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0') && port.parse::<u16>().is_ok()
    };
    host_fits && port.is_none_or(port_fits)
}

/// Only the envelope is looked at here: whoever opens connections parses the certificates.
fn has_certificates(pem: &str) -> bool {
    const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
    const END: &str = "-----END CERTIFICATE-----";
    let mut rest = pem.trim();
    let mut count = 0;
    while !rest.is_empty() {
        let Some((body, after)) = rest.strip_prefix(BEGIN).and_then(|rest| rest.split_once(END)) else {
            return false;
        };
        let base64: String = body.split_ascii_whitespace().collect();
        if base64.is_empty() || BASE64.decode(base64.as_bytes()).is_err() {
            return false;
        }
        count += 1;
        rest = after.trim_start();
    }
    count > 0
}

#[cfg(test)]
mod tests {
    use crypto::{hpke::Decapsulate, p256::AgreementKey, x25519};

    use super::*;

    fn file() -> RealmFile {
        let key = crypto::p256::SigningKey::from_scalar(&[7; 32]).unwrap();
        RealmFile {
            realm: Realm::new("shop.example").unwrap(),
            server_url: "https://pay.shop.example:8443".into(),
            activation_key: ActivationKey {
                key_id: KeyId(1),
                public_key: PublicKey::X25519(x25519::PublicKey([9; 32])),
            },
            root_public_key: key.verifying_key().clone(),
            tls_roots_pem: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".into(),
            app: AppIdentity { id: "example.shop.wallet".into(), version: "1.0.0".into() },
        }
    }

    #[test]
    fn reads_back_what_it_writes() {
        let file = file();
        assert_eq!(RealmFile::parse(file.to_json().unwrap().as_bytes()), Ok(file));
    }

    #[test]
    fn the_activation_key_says_its_suite() {
        let old = file();
        let json = old.to_json().unwrap();
        assert!(!json.contains("suite"), "as it was written before there were two");
        let named = json.replacen("\"key_id\"", "\"suite\": 1, \"key_id\"", 1);
        assert_eq!(RealmFile::parse(named.as_bytes()), Ok(old.clone()));

        let public_key = AgreementKey::from_scalar(&[7; 32]).unwrap();
        let public_key = Decapsulate::public_key(&public_key);
        let new = RealmFile { activation_key: ActivationKey { key_id: KeyId(2), public_key }, ..old };
        let json = new.to_json().unwrap();
        assert_eq!(RealmFile::parse(json.as_bytes()), Ok(new));
        for (from, to, said) in [
            ("\"suite\": 2", "\"suite\": 1", "no key of its suite"),
            ("\"suite\": 2", "\"suite\": 3", "not a suite that this version knows"),
            ("\"suite\": 2,", "", "no key of its suite"),
            ("\"public_key\": \"B", "\"public_key\": \"A", "no key of its suite"),
        ] {
            let changed = json.replacen(from, to, 1);
            assert_ne!(changed, json, "{from}");
            let error = RealmFile::parse(changed.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{to}: {error}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        let json = file().to_json().unwrap();
        for (from, to, said) in [
            ("\"version\": 1", "\"version\": 2", "version 1"),
            ("shop.example\"", "Shop\"", "realm is 1 to 32"),
            ("https://pay", "http://pay", "server_url"),
            (":8443", ":8443/", "server_url"),
            (":8443", ":", "server_url"),
            ("\"key_id\": 1", "\"key_id\": 65536", "65536"),
            ("BEGIN CERT", "BEGIN PRIVATE", "tls_roots_pem"),
            ("example.shop.wallet", "", "app.id"),
            ("\"app\"", "\"extra\": 1, \"app\"", "unknown field"),
            ("\"realm\"", "\"realm\": \"a\", \"realm\"", "duplicate field"),
        ] {
            let changed = json.replacen(from, to, 1);
            assert_ne!(changed, json, "{from}");
            let error = RealmFile::parse(changed.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(said), "{to}: {error}");
        }
    }

    #[test]
    fn server_urls() {
        for good in ["https://a", "https://[::1]:8443", "https://127.0.0.1:1", "https://[::1]"] {
            assert!(is_server_url(good), "{good}");
        }
        for bad in [
            "https://",
            "https://a:0",
            "https://a:99999",
            "https://a@b",
            "https://a?b",
            "https://[::1",
            "https://[a]",
            "https://[::1]x",
            "https://A",
        ] {
            assert!(!is_server_url(bad), "{bad}");
        }
    }
}
