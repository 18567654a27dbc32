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

/// Issues TLS certificates, under a root whose key is not kept.
pub(crate) struct TlsAuthority {
    name: String,
    key: SigningKey,
    certificate: Certificate,
    root: Certificate,
}

/// A certificate with those above it, and its key, PEM.
pub(crate) struct Pem {
    pub(crate) chain: String,
    pub(crate) key: String,
}

impl TlsAuthority {
    /// An authority for a realm, for as long as its folder is in use.
    pub(super) fn make(realm: &str) -> Result<Self, Failure> {
        Self::make_for_days(realm, CA_DAYS)
    }

    /// An authority that ends after so many days.
    pub(crate) fn make_for_days(realm: &str, days: u64) -> Result<Self, Failure> {
        let root_name = format!("{realm} TLS root");
        let root_key = SigningKey::make(&mut SystemRandom);
        let root = to_issue(&root_name, &root_name, &root_key, Profile::Root, days);
        let root = Certificate::read(&issue(&root, &root_key)?)?;
        let name = format!("{realm} TLS authority");
        let key = SigningKey::make(&mut SystemRandom);
        let authority = to_issue(&name, &root_name, &key, Profile::TlsCa, days);
        let certificate = Certificate::read(&issue(&authority, &root_key)?)?;
        Ok(Self { name, key, certificate, root })
    }

    /// The authority that was kept in this form.
    pub(crate) fn from_kept(kept: &Pem) -> Result<Self, Failure> {
        let key = SigningKey::from_pkcs8_pem(&kept.key)?;
        let chain = Certificate::chain_from_pem(&kept.chain)?;
        let [certificate, root] = <[Certificate; 2]>::try_from(chain)
            .map_err(|_| Failure::new("an authority is its certificate and its root's"))?;
        if certificate.public_key() != key.verifying_key() {
            return Err(Failure::new("the authority's certificate and key do not belong together"));
        }
        Ok(Self { name: certificate.subject_cn().to_owned(), key, certificate, root })
    }

    /// The authority in a form to be kept; whoever has it can be any server to those who trust the root.
    pub(crate) fn to_kept(&self) -> Pem {
        Pem {
            chain: self.certificate.to_pem() + &self.root.to_pem(),
            key: self.key.to_pkcs8_pem().expose().to_owned(),
        }
    }

    /// The root's certificate: what the other side trusts.
    pub(super) fn root_pem(&self) -> String {
        self.root.to_pem()
    }

    /// The root's certificate, DER.
    pub(crate) fn root_der(&self) -> &[u8] {
        self.root.as_der()
    }

    /// Whether it ends within so many days.
    pub(crate) fn ends_within_days(&self, days: u64) -> bool {
        self.root.not_after_s() < now_s() + days * DAY_S
    }

    /// A server at one address, for so many days.
    pub(crate) fn server_at(&self, name: &str, address: IpAddr, days: u64) -> Result<Pem, Failure> {
        let profile = Profile::TlsServer { dns_names: Vec::new(), ip_addresses: vec![address] };
        self.leaf(name, profile, days)
    }

    /// A server on this machine, by name and by address.
    pub(super) fn server(&self, name: &str) -> Result<Pem, Failure> {
        let profile = Profile::TlsServer {
            dns_names: vec!["localhost".to_owned()],
            ip_addresses: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
        };
        self.leaf(name, profile, LEAF_DAYS)
    }

    /// A client, known by its common name.
    pub(super) fn client(&self, name: &str) -> Result<Pem, Failure> {
        self.leaf(name, Profile::TlsClient, LEAF_DAYS)
    }

    fn leaf(&self, name: &str, profile: Profile, days: u64) -> Result<Pem, Failure> {
        let key = SigningKey::make(&mut SystemRandom);
        let certificate = issue(&to_issue(name, &self.name, &key, profile, days), &self.key)?;
        let chain = Certificate::read(&certificate)?.to_pem() + &self.certificate.to_pem();
        Ok(Pem { chain, key: key.to_pkcs8_pem().expose().to_owned() })
    }
}

fn to_issue(subject: &str, issuer: &str, key: &SigningKey, profile: Profile, days: u64) -> Issue {
    let mut serial = [0; 16];
    SystemRandom.fill(&mut serial);
    serial[0] = serial[0] & 0x7F | 0x40;
    let now_s = now_s();
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

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
