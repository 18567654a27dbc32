//! Certificates of a realm's own TLS authority, for one machine.

use crate::failure::Failure;
use crypto::p256::SigningKey;
use crypto::x509::{Certificate, Issue, Profile, issue};
use crypto::{Random, SystemRandom};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{SystemTime, UNIX_EPOCH};

const DAY_S: u64 = 86_400;
const CA_DAYS: u64 = 3_650;
const LEAF_DAYS: u64 = 825;

/// Issues a realm's TLS certificates, under a root; neither key is kept.
pub(super) struct TlsAuthority {
    name: String,
    key: SigningKey,
    certificate: Certificate,
    root: Certificate,
}

/// A certificate and its key, PEM.
pub(super) struct Pem {
    pub(super) chain: String,
    pub(super) key: String,
}

impl TlsAuthority {
    pub(super) fn make(realm: &str) -> Result<Self, Failure> {
        let root_name = format!("{realm} TLS root");
        let root_key = SigningKey::make(&mut SystemRandom);
        let root = to_issue(&root_name, &root_name, &root_key, Profile::Root, CA_DAYS);
        let root = Certificate::read(&issue(&root, &root_key)?)?;
        let name = format!("{realm} TLS authority");
        let key = SigningKey::make(&mut SystemRandom);
        let authority = to_issue(&name, &root_name, &key, Profile::TlsCa, CA_DAYS);
        let certificate = Certificate::read(&issue(&authority, &root_key)?)?;
        Ok(Self { name, key, certificate, root })
    }

    /// The root's certificate: what the other side trusts.
    pub(super) fn root_pem(&self) -> String {
        self.root.to_pem()
    }

    /// A server on this machine, by name and by address.
    pub(super) fn server(&self, name: &str) -> Result<Pem, Failure> {
        let profile = Profile::TlsServer {
            dns_names: vec!["localhost".to_owned()],
            ip_addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        };
        self.leaf(name, profile)
    }

    /// A client, known by its common name.
    pub(super) fn client(&self, name: &str) -> Result<Pem, Failure> {
        self.leaf(name, Profile::TlsClient)
    }

    fn leaf(&self, name: &str, profile: Profile) -> Result<Pem, Failure> {
        let key = SigningKey::make(&mut SystemRandom);
        let certificate = issue(&to_issue(name, &self.name, &key, profile, LEAF_DAYS), &self.key)?;
        let chain = Certificate::read(&certificate)?.to_pem() + &self.certificate.to_pem();
        Ok(Pem { chain, key: key.to_pkcs8_pem().expose().to_owned() })
    }
}

fn to_issue(subject: &str, issuer: &str, key: &SigningKey, profile: Profile, days: u64) -> Issue {
    let mut serial = [0; 16];
    SystemRandom.fill(&mut serial);
    serial[0] = serial[0] & 0x7F | 0x40;
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Issue {
        serial,
        subject: subject.to_owned(),
        issuer: issuer.to_owned(),
        // Clocks of other machines may be a little behind.
        not_before_s: now_s.saturating_sub(3_600),
        not_after_s: now_s + days * DAY_S,
        public_key: key.verifying_key().clone(),
        profile,
    }
}
