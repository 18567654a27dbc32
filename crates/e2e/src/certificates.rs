//! Certificates that a system should not have: from another root, or out of their time.

use crypto::p256::SigningKey;
use crypto::x509::{Certificate, Issue, Profile, issue};
use crypto::{Random, SystemRandom};
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

const DAY_S: u64 = 86_400;

/// How long a certificate that is good now stays good; an authority's stays so for much longer.
const LEAF_DAYS: u64 = 30;
const AUTHORITY_DAYS: u64 = 1_000;

/// When a certificate is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Now.
    Current,
    /// Until yesterday.
    Expired,
    /// From tomorrow.
    NotYet,
}

impl Validity {
    fn span_s(self, days: u64) -> (u64, u64) {
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        match self {
            Self::Current => (now_s - DAY_S, now_s + days * DAY_S),
            Self::Expired => (now_s - days * DAY_S, now_s - DAY_S),
            Self::NotYet => (now_s + DAY_S, now_s + days * DAY_S),
        }
    }
}

/// A TLS authority of its own.
pub struct Authority {
    name: &'static str,
    key: SigningKey,
    certificate: Certificate,
    root: Certificate,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

impl Authority {
    /// Fresh keys.
    ///
    /// # Panics
    /// Never, if issuing works.
    #[must_use]
    pub fn make() -> Self {
        let root_key = SigningKey::make(&mut SystemRandom);
        let root = certificate(&root_key, &root_key, ["other root"; 2], Profile::Root, Validity::Current);
        let key = SigningKey::make(&mut SystemRandom);
        let names = ["other authority", "other root"];
        let authority = certificate(&key, &root_key, names, Profile::TlsCa, Validity::Current);
        Self { name: "other authority", key, certificate: authority, root }
    }

    /// The root's certificate, PEM.
    #[must_use]
    pub fn root_pem(&self) -> String {
        self.root.to_pem()
    }

    /// Writes a server's certificate for this machine to `stem.pem` and its key to `stem.key`.
    ///
    /// # Panics
    /// If they cannot be written.
    pub fn write_server(&self, stem: &Path, validity: Validity) {
        let (dns_names, ip_addresses) = (vec!["localhost".to_owned()], vec![IpAddr::V4(Ipv4Addr::LOCALHOST)]);
        self.write(stem, "a server", Profile::TlsServer { dns_names, ip_addresses }, validity);
    }

    /// Writes a client's certificate with this common name, likewise.
    ///
    /// # Panics
    /// If they cannot be written.
    pub fn write_client(&self, stem: &Path, name: &str, validity: Validity) {
        self.write(stem, name, Profile::TlsClient, validity);
    }

    fn write(&self, stem: &Path, name: &str, profile: Profile, validity: Validity) {
        let key = SigningKey::make(&mut SystemRandom);
        let leaf = certificate(&key, &self.key, [name, self.name], profile, validity);
        let chain = leaf.to_pem() + &self.certificate.to_pem();
        std::fs::write(stem.with_extension("pem"), chain).expect("the folder can be written");
        // Written over: the mode of the file that is there stays.
        std::fs::write(stem.with_extension("key"), key.to_pkcs8_pem().expose())
            .expect("the folder can be written");
    }
}

fn certificate(
    key: &SigningKey,
    issuer_key: &SigningKey,
    [subject, issuer]: [&str; 2],
    profile: Profile,
    validity: Validity,
) -> Certificate {
    let mut serial = [0; 16];
    SystemRandom.fill(&mut serial);
    serial[0] = serial[0] & 0x7F | 0x40;
    let is_authority = matches!(profile, Profile::Root | Profile::TlsCa);
    let days = if is_authority { AUTHORITY_DAYS } else { LEAF_DAYS };
    let (not_before_s, not_after_s) = validity.span_s(days);
    let wanted = Issue {
        serial,
        subject: subject.to_owned(),
        issuer: issuer.to_owned(),
        not_before_s,
        not_after_s,
        public_key: key.verifying_key().clone(),
        profile,
    };
    let der = issue(&wanted, issuer_key).expect("what is asked for can be issued");
    Certificate::read(&der).expect("what was issued can be read")
}
