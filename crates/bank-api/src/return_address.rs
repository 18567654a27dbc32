//! Where the bank's page sends a customer back to. One canonical spelling, so that two addresses are the same
//! exactly when their texts are; whether a partner may use one is the bank's affair, not this room's.

use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize};

/// Longest return address, bytes.
pub const RETURN_ADDRESS_BYTES_MAX: usize = 512;

/// A path on the page's own origin (`/wallet/`), or `https://host[:port]/path`; `http` only for this machine.
///
/// Spelled as browsers spell it, and stricter: lower-case host, no default port, no user, query or fragment, a path
/// of `A-Za-z0-9-._~/` without `//` and dot segments. So no browser can read another address into it, neither by
/// a backslash, a line break or an escape.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ReturnAddress(String);

/// The text is no return address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a return address: a path such as /wallet/, or https://host/path in lower case, without default port, query \
     and fragment"
)]
pub struct ReturnAddressError;

impl ReturnAddress {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a path, for the origin that the page itself has.
    pub fn is_own_path(&self) -> bool {
        self.0.starts_with('/')
    }
}

impl FromStr for ReturnAddress {
    type Err = ReturnAddressError;

    fn from_str(text: &str) -> Result<Self, ReturnAddressError> {
        let fits = text.len() <= RETURN_ADDRESS_BYTES_MAX && (is_path(text) || is_absolute(text));
        if fits { Ok(Self(text.to_owned())) } else { Err(ReturnAddressError) }
    }
}

/// Begins with one slash and goes nowhere else.
fn is_path(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('/') else {
        return false;
    };
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'/');
    // Only the last segment may be empty: `//host` would be another host.
    let (folders, last) = rest.rsplit_once('/').map_or((None, rest), |(folders, last)| (Some(folders), last));
    let is_step = |segment: &str| !matches!(segment, "." | "..");
    rest.bytes().all(is_plain)
        && is_step(last)
        && folders.is_none_or(|folders| folders.split('/').all(|part| !part.is_empty() && is_step(part)))
}

fn is_absolute(text: &str) -> bool {
    let (is_plain_http, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (false, rest),
        (None, Some(rest)) => (true, rest),
        (None, None) => return false,
    };
    let Some(slash) = rest.find('/') else {
        return false;
    };
    let (authority, path) = rest.split_at(slash);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    // Plain HTTP would show the proof to the network; on this machine there is none.
    let is_this_machine = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let default_port = if is_plain_http { "80" } else { "443" };
    is_host(host)
        && port.is_none_or(|port| is_port(port) && port != default_port)
        && is_path(path)
        && (is_this_machine || !is_plain_http)
}

fn is_host(host: &str) -> bool {
    if let Some(literal) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return literal.parse::<std::net::Ipv6Addr>().is_ok_and(|address| address.to_string() == literal);
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    host.split('.').all(is_label)
}

fn is_port(port: &str) -> bool {
    port.parse::<u16>().is_ok_and(|number| number != 0 && number.to_string() == port)
}

impl<'de> Deserialize<'de> for ReturnAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for ReturnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ReturnAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_meant_is_taken() {
        for path in ["/", "/wallet/", "/wallet", "/a/b.c/", "/.well-known/x", "/a..b/~c_d-e"] {
            assert!(path.parse::<ReturnAddress>().unwrap().is_own_path(), "{path}");
        }
        for absolute in [
            "https://pay.example/",
            "https://pay.example/wallet/",
            "https://pay.example:8443/wallet/",
            "https://192.0.2.7/wallet/",
            "https://[2001:db8::1]:8443/wallet/",
            "http://localhost:7446/wallet/",
            "http://127.0.0.1/wallet/",
            "http://[::1]:8044/wallet/",
        ] {
            assert!(!absolute.parse::<ReturnAddress>().unwrap().is_own_path(), "{absolute}");
        }
    }

    #[test]
    fn tricks_are_refused() {
        for trick in [
            "",
            "wallet/",
            "//evil.example/",
            "///evil.example/",
            "/\\evil.example/",
            "\\/evil.example",
            "/a//b",
            "/\t/evil.example",
            "/\n/evil.example",
            " /wallet/",
            "/wallet/ ",
            "/wallet/\0",
            "/../x",
            "/a/./b",
            "/a/..",
            "/%2e%2e/x",
            "/%2Fevil",
            "/a?b",
            "/a#b",
            "/wället/",
            "/a\u{202e}b",
            "/@evil.example",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,x",
            "blob:x",
            "https:evil.example/",
            "https:/evil.example/",
            "https:///evil.example/",
            "https://",
            "https://x",
            "https:\\\\evil.example/",
            "https://pay.example\\@evil.example/",
            "https://pay.example@evil.example/",
            "https://user:word@pay.example/",
            "https://PAY.example/",
            "HTTPS://pay.example/",
            "https://.pay/",
            "https://pay..example/",
            "https://pay.example./",
            "https://-pay.example/",
            "https://pay.example:443/",
            "https://pay.example:/",
            "https://pay.example:0/",
            "https://pay.example:08443/",
            "https://pay.example:70000/",
            "https://pay.example:+1/",
            "https://pay.example//wallet/",
            "https://pay.example/a?b",
            "https://pay.example/#",
            "https://pay%2eexample/",
            "https://päy.example/",
            "http://pay.example/",
            "http://localhost:80/",
            "http://localhost.evil.example/",
            "ftp://localhost/",
            "https://[2001:DB8::1]/",
            "https://[::1/",
            "https://::1]/",
        ] {
            assert_eq!(trick.parse::<ReturnAddress>(), Err(ReturnAddressError), "{trick:?}");
        }
        assert!(format!("/{}", "a".repeat(RETURN_ADDRESS_BYTES_MAX)).parse::<ReturnAddress>().is_err());
    }

    proptest! {
        /// Whatever is taken has one slash in front of its path, and nothing that a browser strips, decodes or
        /// turns around.
        #[test]
        fn what_is_taken_can_only_be_read_in_one_way(text in "(https?:)?[/\\\\]{0,3}[a-c.:@%?#\\\\/\t\n\u{e9} -]{0,12}") {
            if let Ok(address) = text.parse::<ReturnAddress>() {
                prop_assert_eq!(address.as_str(), &text);
                let path = text.strip_prefix("https://").or(text.strip_prefix("http://")).unwrap_or(&text);
                let path = &path[path.find('/').unwrap()..];
                prop_assert!(path.starts_with('/') && !path.contains("//"));
                prop_assert!(!path.split('/').any(|part| part == "." || part == ".."));
                prop_assert!(text.bytes().all(|b| b.is_ascii_graphic() && !b"\\@%?#".contains(&b)));
                prop_assert_eq!(address.is_own_path(), text.starts_with('/'));
            }
        }

        /// An address reads back from JSON as itself, and no longer does with a character before or behind it
        /// that has no place there.
        #[test]
        fn no_character_can_be_smuggled_in(
            path in "(/[a-z0-9]{1,8}){0,4}/", odd in "[^A-Za-z0-9._~/-]", at in any::<proptest::sample::Index>()
        ) {
            let address: ReturnAddress = path.parse().unwrap();
            let json = serde_json::to_string(&address).unwrap();
            prop_assert_eq!(serde_json::from_str::<ReturnAddress>(&json).unwrap(), address);
            let mut smuggled = path;
            smuggled.insert_str(at.index(smuggled.len() + 1), &odd);
            prop_assert!(smuggled.parse::<ReturnAddress>().is_err());
        }
    }
}
