//! The demo's door for phones on the same network: TLS, under a root of the demo's own that one installs on the phone.
//!
//! That root is kept in the demo's folder, so that a phone trusts the next start too, and ends after some months: it
//! is for trying out. The realm's own TLS authority has nothing to do with it.

use super::listen;
use crate::failure::Failure;
use crate::service::{read_named, read_secret};
use crate::setup::{Folder, Pem, Ports, TlsAuthority};
use axum::Router;
use axum::http::header;
use axum::routing::get;
use crypto::hash::sha256;
use https::{Bytes, Identity, ServerTls};
use serde::Serialize;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use tokio::net::TcpListener;

/// How long a phone may trust the demo.
const ROOT_DAYS: u64 = 90;
/// A root that ends sooner is replaced at the next start.
const ROOT_DAYS_LEFT_MIN: u64 = 14;
/// What the certificates are called, so that one finds them on the phone again.
const NAME: &str = "Batzen demo";
/// An address that nobody has (RFC 5737): asking how one would get there sends nothing.
const ELSEWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 9);

/// The open door.
pub(super) struct Lan {
    pub(super) socket: TcpListener,
    pub(super) tls: ServerTls,
    address: Ipv4Addr,
    port: u16,
    root: Bytes,
}

/// How a phone joins, for the front page.
#[derive(Clone, Debug, Serialize)]
pub(in crate::demo) struct LanView {
    /// The address for the phone, without a slash at its end.
    pub(in crate::demo) url: String,
    /// Where this computer's browser finds the root certificate.
    root_url: &'static str,
    /// SHA-256 of the root certificate, to be compared on both screens.
    pub(in crate::demo) fingerprint: String,
}

impl Lan {
    /// Opens the door for this machine's address in its network, or for `address`.
    pub(super) async fn open(
        folder: &Folder,
        ports: Ports,
        address: Option<Ipv4Addr>,
    ) -> Result<Self, Failure> {
        let address = address.map_or_else(own_address, Ok)?;
        let authority = authority(folder)?;
        let shown = authority.server_at(NAME, address.into(), ROOT_DAYS)?;
        let identity = Identity::from_pem(shown.chain.as_bytes(), shown.key.as_bytes())?;
        let socket = listen(SocketAddr::from((Ipv4Addr::UNSPECIFIED, ports.pages_lan))).await?;
        Ok(Self {
            socket,
            tls: ServerTls { identity, client_roots: None, require_client: false },
            address,
            port: ports.pages_lan,
            root: Bytes::copy_from_slice(authority.root_der()),
        })
    }

    /// The name that phones call this door by.
    pub(super) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(super) fn view(&self) -> LanView {
        LanView {
            url: format!("https://{}:{}", self.address, self.port),
            root_url: "/root.crt",
            fingerprint: fingerprint(&self.root),
        }
    }

    /// Hands the root certificate out, here and on this computer.
    pub(super) fn root_route(&self) -> Router {
        let root = self.root.clone();
        let headers = [
            (header::CONTENT_TYPE, "application/x-x509-ca-cert"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::CACHE_CONTROL, "no-store"),
        ];
        Router::new().route("/root.crt", get(async move || (headers, root)))
    }
}

/// The authority that the folder keeps, or a new one.
fn authority(folder: &Folder) -> Result<TlsAuthority, Failure> {
    let path = |name: &str| folder.path().join(name);
    let (chain, key) = ("lan/authority.pem", "lan/authority.key");
    if path(key).is_file() {
        let text = String::from_utf8_lossy(&read_named(&path(chain))?).into_owned();
        let kept = TlsAuthority::from_kept(&Pem { chain: text, key: read_secret(&path(key))? })
            .map_err(|failure| failure.context(path(chain).display()))?;
        if !kept.ends_within_days(ROOT_DAYS_LEFT_MIN) {
            return Ok(kept);
        }
    }
    let made = TlsAuthority::make_for_days(NAME, ROOT_DAYS)?;
    let kept = made.to_kept();
    std::fs::create_dir_all(path("lan"))?;
    folder.write(chain, &kept.chain)?;
    // Written last: a start that was cut off makes a new one.
    folder.write_secret(key, &kept.key)?;
    Ok(made)
}

/// The address that this machine would use to go elsewhere.
fn own_address() -> Result<Ipv4Addr, Failure> {
    let unknown =
        || Failure::usage("this machine's address in its network cannot be told; give it with --lan-address");
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).map_err(|_| unknown())?;
    socket.connect(ELSEWHERE).map_err(|_| unknown())?;
    match socket.local_addr().map(|address| address.ip()) {
        Ok(IpAddr::V4(address)) if !address.is_loopback() && !address.is_unspecified() => Ok(address),
        _ => Err(unknown()),
    }
}

/// In pairs of hex digits with colons, as systems show it.
fn fingerprint(certificate: &[u8]) -> String {
    let pairs: Vec<String> = sha256(&[certificate]).iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}
