//! A certificate for 127.0.0.1, made for the occasion.

use crypto::p256::SigningKey;
use crypto::x509::{Certificate, Issue, Profile, issue};
use crypto::{Random, SystemRandom};
use https::{Identity, Roots, ServerTls};
use std::time::SystemTime;

/// A server's TLS, and the roots that vouch for it.
pub(crate) fn server() -> (ServerTls, Roots) {
    let keys: [SigningKey; 3] = core::array::from_fn(|_| SigningKey::make(&mut SystemRandom));
    let root = certify("Test root", &keys[0], "Test root", &keys[0], Profile::Root);
    let ca = certify("Test CA", &keys[1], "Test root", &keys[0], Profile::TlsCa);
    let profile = Profile::TlsServer { dns_names: Vec::new(), ip_addresses: vec![[127, 0, 0, 1].into()] };
    let leaf = certify("server", &keys[2], "Test CA", &keys[1], profile);
    let chain = leaf.to_pem() + &ca.to_pem();
    let key = keys[2].to_pkcs8_pem();
    let identity = Identity::from_pem(chain.as_bytes(), key.expose().as_bytes()).unwrap();
    let roots = Roots::from_pem(root.to_pem().as_bytes()).unwrap();
    (ServerTls { identity, client_roots: None, require_client: false }, roots)
}

fn certify(
    subject: &str,
    key: &SigningKey,
    issuer: &str,
    issuer_key: &SigningKey,
    profile: Profile,
) -> Certificate {
    let now_s = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let mut serial = [0; 16];
    SystemRandom.fill(&mut serial);
    let what = Issue {
        serial,
        subject: subject.to_owned(),
        issuer: issuer.to_owned(),
        not_before_s: now_s - 60,
        not_after_s: now_s + 3_600,
        public_key: key.verifying_key().clone(),
        profile,
    };
    Certificate::read(&issue(&what, issuer_key).unwrap()).unwrap()
}
