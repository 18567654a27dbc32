//! Where a client may connect to: anywhere, or, for addresses that others chose, only to the public Internet.
//!
//! What counts is the address that a name leads to when the connection is made, not the name.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use tower::Service;

/// The most addresses of one name that are looked at.
const ADDRESSES_MAX: usize = 32;

/// Where a client may connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Wherever it is told to.
    Anywhere,
    /// To public addresses only: not to this machine, not into private networks, not to anything reserved.
    PublicOnly,
}

impl Reach {
    /// Whether a connection to this address is allowed.
    #[must_use]
    pub fn allows(self, address: IpAddr) -> bool {
        self == Self::Anywhere || is_public(address)
    }

    /// Whether a connection to this host is allowed, if the host is a number; a name is decided upon once it is
    /// looked up.
    #[must_use]
    pub fn allows_host(self, host: &str) -> bool {
        let number = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
        number.parse().map_or(true, |address| self.allows(address))
    }
}

/// The networks of IPv4 that are not public (IANA's special-purpose registry), as address and length of the prefix.
const NOT_PUBLIC_V4: &[(Ipv4Addr, u32)] = &[
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

/// The one network of IPv6 that public addresses are taken from.
const PUBLIC_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// What of it is not public, or leads through a tunnel to an address of IPv4.
const NOT_PUBLIC_V6: &[(Ipv6Addr, u32)] = &[
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(ip) => {
            let is_in =
                |(network, len): &(Ipv4Addr, u32)| (ip.to_bits() ^ network.to_bits()) >> (32 - len) == 0;
            !NOT_PUBLIC_V4.iter().any(is_in)
        }
        IpAddr::V6(ip) => {
            let is_in =
                |(network, len): &(Ipv6Addr, u32)| (ip.to_bits() ^ network.to_bits()) >> (128 - len) == 0;
            is_in(&PUBLIC_V6) && !NOT_PUBLIC_V6.iter().any(is_in)
        }
    }
}

/// A name leads only to addresses where the client may not go.
#[derive(Debug, thiserror::Error)]
#[error("none of its addresses is public")]
pub(crate) struct NotPublic;

/// The system's resolver, without the addresses where the client may not go.
#[derive(Clone, Debug)]
pub(crate) struct Guarded {
    system: GaiResolver,
    reach: Reach,
}

impl Guarded {
    pub(crate) fn new(reach: Reach) -> Self {
        Self { system: GaiResolver::new(), reach }
    }
}

type BoxError = Box<dyn core::error::Error + Send + Sync>;

impl Service<Name> for Guarded {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.system.poll_ready(context).map_err(BoxError::from)
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let (looked_up, reach) = (self.system.call(name), self.reach);
        Box::pin(async move {
            let found: Vec<SocketAddr> = looked_up.await?.take(ADDRESSES_MAX).collect();
            let allowed: Vec<_> = found.iter().copied().filter(|to| reach.allows(to.ip())).collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(NotPublic.into());
            }
            Ok(allowed.into_iter())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(host: &str) -> bool {
        Reach::PublicOnly.allows_host(host)
    }

    #[test]
    fn what_is_not_public_is_refused_in_every_notation() {
        let inside = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "[::]",
            "[::1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:10.0.0.1]",
            "[::127.0.0.1]",
            "[fe80::1]",
            "[fc00::1]",
            "[fd12:3456::1]",
            "[ff02::1]",
            "[64:ff9b::7f00:1]",
            "[2001::1]",
            "[2001:db8::1]",
            "[2002:7f00:1::]",
            "[3fff::1]",
        ];
        for host in inside {
            assert!(!allows(host), "{host}");
            assert!(Reach::Anywhere.allows_host(host), "{host}");
        }
        for host in ["8.8.8.8", "172.15.255.255", "172.32.0.1", "[2606:4700::1111]", "[::ffff:8.8.8.8]"] {
            assert!(allows(host), "{host}");
        }
    }

    #[test]
    fn a_name_is_decided_upon_when_it_is_looked_up() {
        assert!(allows("localhost"));
        assert!(allows("2130706433"), "a notation that only the resolver understands");
    }

    async fn resolve(reach: Reach, name: &str) -> Result<Vec<SocketAddr>, BoxError> {
        let name: Name = name.parse().expect("a name");
        Guarded::new(reach).call(name).await.map(Iterator::collect)
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_leads_nowhere() {
        for name in ["localhost", "2130706433", "0x7f000001", "127.1"] {
            let refused = resolve(Reach::PublicOnly, name).await.expect_err(name);
            assert!(refused.is::<NotPublic>(), "{name}: {refused}");
        }
        assert!(!resolve(Reach::Anywhere, "localhost").await.expect("it is known").is_empty());
    }
}
