//! Imports that are never allowed, whatever the floors say.
//!
//! Two kinds: a room that must not reach something, not even through other rooms of ours; and a thing that
//! only named rooms may import.

use super::Finding;
use crate::tree::Crate;
use std::collections::BTreeSet;

/// `room` must not reach any of `banned`.
struct Unreachable {
    room: &'static str,
    banned: &'static [&'static str],
    remedy: &'static str,
}

/// Only `rooms` may import any of `things`.
struct Reserved {
    things: &'static [&'static str],
    rooms: &'static [&'static str],
    /// Tests may import it anywhere.
    tests_exempt: bool,
    remedy: &'static str,
}

const UNREACHABLE: &[Unreachable] = &[
    Unreachable {
        room: "wallet",
        banned: &["security", "payments", "store", "server"],
        remedy: "the phone knows protocol and api, never the server's rooms",
    },
    Unreachable {
        room: "checkout",
        banned: &["security", "payments", "store", "server"],
        remedy: "the till knows protocol and api, never the server's rooms",
    },
    Unreachable {
        room: "security",
        banned: &["payments"],
        remedy: "security gives a VerifiedCode and knows nothing of money",
    },
    Unreachable {
        room: "payments",
        banned: &[
            "providers",
            "store",
            "redb",
            "postcard",
            "tokio-postgres",
            "rusqlite",
            "sqlx",
            "hyper",
            "axum",
            "reqwest",
            "ureq",
        ],
        remedy: "payments has ports (Store, Provider); adapters implement them from above",
    },
    Unreachable {
        room: "bank",
        banned: FOREIGN_TO_STRANGERS,
        remedy: "the bank is a stranger: floors 0 and 1 only, and nothing of phones and codes",
    },
    Unreachable {
        room: "cardhost",
        banned: FOREIGN_TO_STRANGERS,
        remedy: "the card host is a stranger: floors 0 and 1 only, and nothing of phones and codes",
    },
];

/// What the strangers, the reference bank and the reference card host, may not know.
const FOREIGN_TO_STRANGERS: &[&str] = &[
    "records",
    "checkout",
    "security",
    "wallet",
    "payments",
    "store",
    "providers",
    "keystore",
    "client",
    "server",
    "protocol",
];

const RESERVED: &[Reserved] = &[
    Reserved {
        things: &["server"],
        rooms: &["batzen", "e2e", "sim"],
        tests_exempt: false,
        remedy: "only the command and the simulator wire the server up; talk to it over HTTP",
    },
    Reserved {
        things: &[
            "aws-lc-rs",
            "aws-lc-sys",
            "ring",
            "openssl",
            "boring",
            "p256",
            "p384",
            "k256",
            "ecdsa",
            "rsa",
            "ed25519-dalek",
            "x25519-dalek",
            "curve25519-dalek",
            "aes",
            "aes-gcm",
            "chacha20poly1305",
            "hmac",
            "hkdf",
            "sha1",
            "sha2",
            "sha3",
            "md-5",
            "blake2",
            "blake3",
            "pbkdf2",
            "scrypt",
            "argon2",
            "hpke",
            "getrandom",
            "subtle",
        ],
        rooms: &["crypto"],
        tests_exempt: true,
        remedy: "`crypto` alone touches primitives; add what is missing there",
    },
    Reserved {
        things: &["rustls", "tokio-rustls", "hyper-rustls"],
        rooms: &["https"],
        tests_exempt: true,
        remedy: "`https` alone speaks TLS; add what is missing there",
    },
    Reserved {
        things: &["rustls-pki-types", "rustls-webpki"],
        rooms: &["https", "crypto"],
        tests_exempt: true,
        remedy: "`https` alone speaks TLS, `crypto` alone checks signatures of others' authorities",
    },
    Reserved {
        things: &["native-tls", "rustls-native-certs", "rustls-platform-verifier", "webpki-roots"],
        rooms: &[],
        tests_exempt: false,
        remedy: "trust comes from our own roots, never from the system or the web",
    },
    Reserved {
        things: &["redb"],
        rooms: &["store", "bank", "cardhost"],
        tests_exempt: false,
        remedy: "`store` alone has a storage engine; bring a command to the Store port",
    },
    Reserved {
        things: &["tokio-postgres", "rusqlite", "sqlx", "diesel"],
        rooms: &["store", "https"],
        tests_exempt: false,
        remedy: "SQL lives in `store` alone; `https` gives its connections TLS and knows no statement",
    },
];

pub(super) fn findings(crates: &[Crate]) -> Vec<Finding> {
    let mut found = Vec::new();
    for one in crates {
        for rule in UNREACHABLE.iter().filter(|rule| rule.room == one.name) {
            for (reached, through) in reachable(one, crates) {
                if rule.banned.contains(&reached.as_str()) {
                    let message = format!("`{}` reaches `{reached}` through `{through}`", one.name);
                    found.push(Finding::new(&one.manifest, 1, message, rule.remedy));
                }
            }
        }
        for rule in RESERVED.iter().filter(|rule| !rule.rooms.contains(&one.name.as_str())) {
            for import in one.imports.iter().filter(|import| !(import.dev && rule.tests_exempt)) {
                if rule.things.contains(&import.name.as_str()) {
                    let message = format!("`{}` imports `{}`", one.name, import.name);
                    found.push(Finding::new(&one.manifest, 1, message, rule.remedy));
                }
            }
        }
    }
    found
}

/// Everything that the crate and the rooms under it import outside tests, each with the room that imports it.
fn reachable(start: &Crate, crates: &[Crate]) -> BTreeSet<(String, String)> {
    let mut reached = BTreeSet::new();
    let mut seen = BTreeSet::from([start.name.as_str()]);
    let mut open = vec![start];
    while let Some(room) = open.pop() {
        for import in room.imports.iter().filter(|import| !import.dev) {
            reached.insert((import.name.clone(), room.name.clone()));
            if let Some(next) = crates.iter().find(|one| one.name == import.name)
                && seen.insert(next.name.as_str())
            {
                open.push(next);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::super::crate_of;
    use super::*;
    use crate::tree::Import;

    fn check(crates: &[Crate]) -> Vec<String> {
        findings(crates).iter().map(|finding| finding.message.clone()).collect()
    }

    #[test]
    fn every_banned_reach_is_found_directly() {
        for rule in UNREACHABLE {
            for banned in rule.banned {
                let found = check(&[crate_of(rule.room, &[banned])]);
                let wanted = format!("`{0}` reaches `{banned}` through `{0}`", rule.room);
                assert!(found.contains(&wanted), "{wanted}: {found:?}");
            }
        }
    }

    #[test]
    fn a_banned_reach_is_found_through_another_room() {
        let found = check(&[crate_of("payments", &["lower"]), crate_of("lower", &["hyper"])]);
        assert_eq!(found, ["`payments` reaches `hyper` through `lower`"]);
    }

    #[test]
    fn every_reserved_thing_is_found_elsewhere_and_allowed_at_home() {
        for rule in RESERVED {
            for thing in rule.things {
                assert_eq!(check(&[crate_of("model", &[thing])]), [format!("`model` imports `{thing}`")]);
                for home in rule.rooms {
                    assert_eq!(check(&[crate_of(home, &[thing])]), [""; 0]);
                }
            }
        }
    }

    #[test]
    fn tests_may_compare_with_other_primitives_but_not_start_the_server() {
        let mut one = crate_of("protocol", &[]);
        one.imports.push(Import { name: "p256".to_owned(), dev: true });
        assert_eq!(check(&[one.clone()]), [""; 0]);
        one.imports.push(Import { name: "server".to_owned(), dev: true });
        assert_eq!(check(&[one]), ["`protocol` imports `server`"]);
    }
}
