//! Both ends with certificates: who is let in, and what each mistake is called.

use axum::Router;
use axum::extract::Extension;
use axum::routing::get;
use core::time::Duration;
use crypto::p256::{Sign, SigningKey};
use crypto::x509::{Certificate, Issue, Profile, issue};
use crypto::{Random, SystemRandom};
use http::Request;
use https::{
    Client, HttpsError, Identity, Limits, PeerCertificate, PemError, Roots, ServeError, ServeLimits,
    ServerTls, serve,
};
use std::net::SocketAddr;
use std::time::SystemTime;
use tokio::net::TcpListener;

const LIMITS: Limits = Limits { deadline: Duration::from_secs(10), max_body_bytes: 1024 };

struct Pki {
    ca: Certificate,
    ca_key: SigningKey,
    root_pem: String,
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

fn certify(
    subject: &str,
    key: &SigningKey,
    issuer: (&str, &SigningKey),
    profile: Profile,
    valid: (u64, u64),
) -> Certificate {
    let mut serial = [0; 16];
    SystemRandom.fill(&mut serial);
    let what = Issue {
        serial,
        subject: subject.to_owned(),
        issuer: issuer.0.to_owned(),
        not_before_s: valid.0,
        not_after_s: valid.1,
        public_key: key.verifying_key().clone(),
        profile,
    };
    Certificate::read(&issue(&what, issuer.1 as &dyn Sign).unwrap()).unwrap()
}

impl Pki {
    fn make() -> Self {
        let (root_key, ca_key) = (SigningKey::make(&mut SystemRandom), SigningKey::make(&mut SystemRandom));
        let valid = (now_s() - 60, now_s() + 3600);
        let root = certify("Root", &root_key, ("Root", &root_key), Profile::Root, valid);
        let ca = certify("CA", &ca_key, ("Root", &root_key), Profile::TlsCa, valid);
        Self { ca, ca_key, root_pem: root.to_pem() }
    }

    fn pem(&self, name: &str, profile: Profile, valid: (u64, u64)) -> (String, String) {
        let key = SigningKey::make(&mut SystemRandom);
        let leaf = certify(name, &key, ("CA", &self.ca_key), profile, valid);
        (leaf.to_pem() + &self.ca.to_pem(), key.to_pkcs8_pem().expose().to_owned())
    }

    fn identity(&self, name: &str, profile: Profile) -> Identity {
        self.identity_until(name, profile, now_s() + 3600)
    }

    fn identity_until(&self, name: &str, profile: Profile, not_after_s: u64) -> Identity {
        let (chain, key) = self.pem(name, profile, (1_000, not_after_s));
        Identity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap()
    }

    fn roots(&self) -> Roots {
        Roots::from_pem(self.root_pem.as_bytes()).unwrap()
    }
}

fn here() -> Profile {
    Profile::TlsServer { dns_names: vec!["localhost".to_owned()], ip_addresses: vec![[127, 0, 0, 1].into()] }
}

fn elsewhere() -> Profile {
    Profile::TlsServer { dns_names: vec!["bank.example".to_owned()], ip_addresses: Vec::new() }
}

async fn start(tls: ServerTls) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let who =
        |Extension(peer): Extension<PeerCertificate>| async move { format!("{:?}", peer.common_name()) };
    let router = Router::new().route("/who", get(who));
    tokio::spawn(serve(listener, Some(tls), router, std::future::pending(), ServeLimits::default()));
    address
}

async fn ask(client: &Client, address: SocketAddr) -> Result<String, HttpsError> {
    let request = Request::builder().uri(format!("https://{address}/who")).body("").unwrap();
    let answer = client.send(request, LIMITS).await?;
    Ok(String::from_utf8(answer.body().to_vec()).unwrap())
}

#[tokio::test]
async fn a_client_is_known_by_its_certificate_s_name() {
    let pki = Pki::make();
    let identity = pki.identity("server", here());
    let tls = ServerTls { identity, client_roots: Some(pki.roots()), require_client: false };
    let address = start(tls).await;
    let known = Client::new(pki.roots(), Some(pki.identity("shop 7", Profile::TlsClient)));
    assert_eq!(ask(&known, address).await.unwrap(), "Some(\"shop 7\")");
    // The same over a resumed connection, and over several at once.
    let (one, two) = tokio::join!(ask(&known, address), ask(&known, address));
    assert_eq!((one.unwrap(), two.unwrap()), ("Some(\"shop 7\")".to_owned(), "Some(\"shop 7\")".to_owned()));
    let unnamed = Client::new(pki.roots(), None);
    assert_eq!(ask(&unnamed, address).await.unwrap(), "None");
}

#[tokio::test]
async fn a_server_may_insist_on_certificates_of_its_own_roots() {
    let (pki, other) = (Pki::make(), Pki::make());
    let identity = pki.identity("server", here());
    let address = start(ServerTls { identity, client_roots: Some(pki.roots()), require_client: true }).await;
    for shown in
        [None, Some(other.identity("shop 7", Profile::TlsClient)), Some(pki.identity("not a client", here()))]
    {
        let error = ask(&Client::new(pki.roots(), shown), address).await.unwrap_err();
        assert!(matches!(error, HttpsError::Tls { .. } | HttpsError::Broken { .. }), "{error}");
    }
    let good = Client::new(pki.roots(), Some(pki.identity("shop 7", Profile::TlsClient)));
    assert_eq!(ask(&good, address).await.unwrap(), "Some(\"shop 7\")");
}

#[tokio::test]
async fn what_is_wrong_with_a_server_s_certificate_is_said_plainly() {
    let pki = Pki::make();
    let serve_as =
        |identity: Identity| start(ServerTls { identity, client_roots: None, require_client: false });
    let told = |roots: Roots, address: SocketAddr| async move {
        let error = ask(&Client::new(roots, None), address).await.unwrap_err();
        assert!(matches!(error, HttpsError::Tls { .. }) && error.surely_not_sent(), "{error}");
        error.to_string()
    };
    let good = serve_as(pki.identity("server", here())).await;
    assert!(told(Pki::make().roots(), good).await.contains("none of our roots"));
    let misnamed = serve_as(pki.identity("server", elsewhere())).await;
    assert!(told(pki.roots(), misnamed).await.contains("another name"));
    let not_a_server = serve_as(pki.identity("server", Profile::TlsClient)).await;
    assert!(told(pki.roots(), not_a_server).await.contains("certificate"));
    // Expires between being read and being shown.
    let brief = pki.identity_until("server", here(), now_s() + 2);
    tokio::time::sleep(Duration::from_millis(3100)).await;
    assert!(told(pki.roots(), serve_as(brief).await).await.contains("expired"));
    let no_tls = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = no_tls.local_addr().unwrap();
    tokio::spawn(serve(no_tls, None, Router::new(), std::future::pending(), ServeLimits::default()));
    let error = ask(&Client::new(pki.roots(), None), address).await.unwrap_err();
    assert!(error.surely_not_sent(), "{error}");
}

#[test]
fn pem_mistakes_are_told_apart() {
    let pki = Pki::make();
    let good = (now_s() - 60, now_s() + 3600);
    let (chain, key) = pki.pem("one", Profile::TlsClient, good);
    let read = |chain: &str, key: &str| Identity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err();
    assert_eq!(read(&chain, &pki.pem("two", Profile::TlsClient, good).1), PemError::Mismatch);
    assert_eq!(read("", &key), PemError::NoCertificate);
    assert_eq!(read(&chain, ""), PemError::NoPrivateKey);
    assert!(matches!(read(&chain.replace("MII", "!!!"), &key), PemError::Unreadable(_)));
    let (old, old_key) = pki.pem("old", Profile::TlsClient, (1_000, 2_000));
    assert_eq!(read(&old, &old_key), PemError::Expired("1970-01-01T00:33:20Z".to_owned()));
    let (new, new_key) = pki.pem("new", Profile::TlsClient, (now_s() + 1_000, now_s() + 2_000));
    assert!(matches!(read(&new, &new_key), PemError::NotYetValid(_)));
    assert!(Roots::from_pem(pki.root_pem.as_bytes()).is_ok());
    assert_eq!(Roots::from_pem(key.as_bytes()).unwrap_err(), PemError::NoCertificate);
    assert!(!format!("{:?}", Identity::from_pem(chain.as_bytes(), key.as_bytes())).contains("BEGIN"));
}

#[tokio::test]
async fn required_client_certificates_need_roots() {
    let pki = Pki::make();
    let tls = ServerTls { identity: pki.identity("s", here()), client_roots: None, require_client: true };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let served =
        serve(listener, Some(tls), Router::new(), std::future::pending(), ServeLimits::default()).await;
    assert!(matches!(served, Err(ServeError::NoClientRoots)));
}
