//! Certificates and requests, also as OpenSSL sees them.
#![allow(clippy::unwrap_used)] // a panic is how a test fails

use std::{fs, path::Path, process::Command};

use crate::common::Seeded;
use crypto::{
    CryptoError,
    p256::{SigningKey, VerifyingKey},
    x509::{Certificate, Issue, Profile, Purpose, Request, issue, make_request, read_request},
};

const FROM_S: u64 = 1_800_000_000;
const UNTIL_S: u64 = 1_900_000_000;
const AT_S: u64 = 1_850_000_000;

fn key(seed: u64) -> SigningKey {
    SigningKey::make(&mut Seeded::new(seed))
}

fn template(subject: &str, issuer: &str, public_key: &VerifyingKey, profile: Profile) -> Issue {
    Issue {
        serial: [0x80; 16],
        subject: subject.to_owned(),
        issuer: issuer.to_owned(),
        not_before_s: FROM_S,
        not_after_s: UNTIL_S,
        public_key: public_key.clone(),
        profile,
    }
}

/// One root, both authorities, and one certificate of each kind below.
struct Tree {
    root: Certificate,
    device_ca: Certificate,
    tls_ca: Certificate,
    device: Certificate,
    server: Certificate,
    client: Certificate,
}

fn tree() -> Tree {
    let (root_key, device_ca_key, tls_ca_key, leaf_key) = (key(1), key(2), key(3), key(4));
    let make = |subject: &str, issuer: &str, public_key: &SigningKey, issuer_key: &SigningKey, profile| {
        let der = issue(&template(subject, issuer, public_key.verifying_key(), profile), issuer_key).unwrap();
        Certificate::read(&der).unwrap()
    };
    let server = Profile::TlsServer {
        dns_names: vec!["pay.example".into(), "*.shops.example".into()],
        ip_addresses: vec!["127.0.0.1".parse().unwrap(), "::1".parse().unwrap()],
    };
    Tree {
        root: make("Root", "Root", &root_key, &root_key, Profile::Root),
        device_ca: make("Devices", "Root", &device_ca_key, &root_key, Profile::DeviceCa),
        tls_ca: make("TLS", "Root", &tls_ca_key, &root_key, Profile::TlsCa),
        device: make("00000000002a", "Devices", &leaf_key, &device_ca_key, Profile::Device),
        server: make("pay.example", "TLS", &leaf_key, &tls_ca_key, server),
        client: make("till 7", "TLS", &leaf_key, &tls_ca_key, Profile::TlsClient),
    }
}

#[test]
fn the_whole_tree_verifies_from_the_root_down() {
    let tree = tree();
    for (certificate, issuer) in [
        (&tree.root, &tree.root),
        (&tree.device_ca, &tree.root),
        (&tree.tls_ca, &tree.root),
        (&tree.device, &tree.device_ca),
        (&tree.server, &tree.tls_ca),
        (&tree.client, &tree.tls_ca),
    ] {
        assert_eq!(certificate.verify_issued_by(issuer, AT_S), Ok(()), "{}", certificate.subject_cn());
    }
    assert_eq!(tree.device.subject_cn(), "00000000002a");
    assert_eq!(tree.device.serial(), &[0x80; 16]);
    assert_eq!(tree.device.public_key(), key(4).verifying_key());
    assert_eq!((tree.device.not_before_s(), tree.device.not_after_s()), (FROM_S, UNTIL_S));
    assert!(tree.device_ca.is_ca() && !tree.device.is_ca());
    assert!(tree.device.allows(Purpose::Device) && !tree.device.allows(Purpose::TlsClient));
    assert!(tree.client.allows(Purpose::TlsClient) && !tree.client.allows(Purpose::Device));
}

#[test]
fn time_is_checked_at_both_ends_and_for_the_issuer_too() {
    let tree = tree();
    let verify = |at_s| tree.device.verify_issued_by(&tree.device_ca, at_s);
    assert_eq!(verify(FROM_S - 1), Err(CryptoError::NotYetValid));
    assert_eq!(verify(FROM_S), Ok(()));
    assert_eq!(verify(UNTIL_S), Ok(()));
    assert_eq!(verify(UNTIL_S + 1), Err(CryptoError::Expired));

    let mut long = template("00000000002b", "Devices", key(4).verifying_key(), Profile::Device);
    long.not_after_s = UNTIL_S + 1000;
    let long = Certificate::read(&issue(&long, &key(2)).unwrap()).unwrap();
    assert_eq!(long.verify_issued_by(&tree.device_ca, UNTIL_S + 1), Err(CryptoError::Expired));
}

#[test]
fn nobody_issues_what_is_not_theirs() {
    let tree = tree();
    let refused = |certificate: &Certificate, issuer: &Certificate| {
        assert!(matches!(certificate.verify_issued_by(issuer, AT_S), Err(CryptoError::BadCertificate(_))));
    };
    refused(&tree.device, &tree.device); // no authority
    refused(&tree.device, &tree.tls_ca); // another issuer
    refused(&tree.device, &tree.root);
    // The TLS authority's key makes a device, the device authority's key a server and an authority.
    let read = |subject: Issue, by: &SigningKey| Certificate::read(&issue(&subject, by).unwrap()).unwrap();
    refused(&read(template("x", "TLS", key(4).verifying_key(), Profile::Device), &key(3)), &tree.tls_ca);
    refused(
        &read(template("x", "Devices", key(4).verifying_key(), Profile::TlsClient), &key(2)),
        &tree.device_ca,
    );
    refused(
        &read(template("x", "Devices", key(4).verifying_key(), Profile::DeviceCa), &key(2)),
        &tree.device_ca,
    );
    // Another key under the right name.
    let forged = read(template("x", "Devices", key(4).verifying_key(), Profile::Device), &key(9));
    refused(&forged, &tree.device_ca);
}

#[test]
fn a_root_is_self_signed_and_nothing_else_is() {
    let own = key(1);
    let refused = |template: Issue, by: &SigningKey| {
        assert!(matches!(issue(&template, by), Err(CryptoError::BadCertificate(_))));
    };
    refused(template("Root", "Root", own.verifying_key(), Profile::DeviceCa), &own);
    refused(template("Root", "Root", own.verifying_key(), Profile::Root), &key(2));
    refused(template("Root", "Other", own.verifying_key(), Profile::Root), &own);
}

#[test]
fn unusable_fields_are_refused() {
    let good = template("00", "Devices", key(4).verifying_key(), Profile::Device);
    let server = |dns_names: &[&str]| Profile::TlsServer {
        dns_names: dns_names.iter().map(|name| (*name).to_owned()).collect(),
        ip_addresses: vec![],
    };
    for bad in [
        Issue { serial: [0; 16], ..good.clone() },
        Issue { subject: String::new(), ..good.clone() },
        Issue { subject: "x".repeat(65), ..good.clone() },
        Issue { subject: "a\nb".into(), ..good.clone() },
        Issue { not_before_s: UNTIL_S + 1, ..good.clone() },
        Issue { not_after_s: u64::MAX, ..good.clone() },
        Issue { profile: server(&[]), ..good.clone() },
        Issue { profile: server(&["a..b"]), ..good.clone() },
        Issue { profile: server(&["a b"]), ..good.clone() },
        Issue { profile: server(&["a.*.b"]), ..good.clone() },
        Issue { profile: server(&["ä.example"]), ..good.clone() },
    ] {
        assert!(matches!(issue(&bad, &key(2)), Err(CryptoError::BadCertificate(_))), "{bad:?}");
    }
    // Before and after 2050 the form of a time differs; both survive.
    for instant_s in [0, 2_524_607_999, 2_524_608_000, 253_402_300_799] {
        let template = Issue { not_before_s: 0, not_after_s: instant_s, ..good.clone() };
        let certificate = Certificate::read(&issue(&template, &key(2)).unwrap()).unwrap();
        assert_eq!(certificate.not_after_s(), instant_s);
    }
}

#[test]
fn every_changed_byte_of_a_certificate_is_refused() {
    let tree = tree();
    let der = tree.device.as_der();
    for index in 0..der.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = der.to_vec();
            changed[index] ^= change;
            let accepted = Certificate::read(&changed)
                .is_ok_and(|certificate| certificate.verify_issued_by(&tree.device_ca, AT_S).is_ok());
            assert!(!accepted, "byte {index}");
        }
        assert!(Certificate::read(&der[..index]).is_err());
    }
    assert!(Certificate::read(&[der, &[0]].concat()).is_err());
    assert!(Certificate::read(&vec![0x30; 9000]).is_err());
}

#[test]
fn every_changed_byte_of_a_request_is_refused() {
    let der = make_request(&key(4), "asks").unwrap();
    assert_eq!(read_request(&der).as_ref(), Ok(key(4).verifying_key()));
    for index in 0..der.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut changed = der.clone();
            changed[index] ^= change;
            assert!(read_request(&changed).is_err(), "byte {index}");
        }
        assert!(read_request(&der[..index]).is_err());
    }
    assert!(read_request(&[&der[..], &[0]].concat()).is_err());
    assert!(read_request(&vec![0x30; 5000]).is_err());
}

/// The way of a vault that signs elsewhere and later.
#[test]
fn a_request_may_be_signed_elsewhere() {
    let vault = key(4);
    let request = Request::new(vault.verifying_key(), "asks").unwrap();
    let der = request.finish(&vault.sign(&[request.to_be_signed()])).unwrap();
    assert_eq!(read_request(&der).as_ref(), Ok(vault.verifying_key()));
    assert_eq!(request.finish(&key(5).sign(&[request.to_be_signed()])), Err(CryptoError::BadSignature));
}

#[test]
fn a_serial_number_is_found_alone_as_it_is_read_and_in_nothing_else() {
    let tree = tree();
    for certificate in [&tree.root, &tree.device] {
        assert_eq!(Certificate::serial_of(certificate.as_der()).as_ref(), Ok(certificate.serial()));
    }
    let der = tree.device.as_der();
    let end = der.windows(16).position(|bytes| bytes == [0x80; 16]).unwrap() + 16;
    for len in 0..end {
        assert!(Certificate::serial_of(&der[..len]).is_err(), "{len} bytes");
    }
    let request = make_request(&key(1), "phone").unwrap();
    assert!(Certificate::serial_of(&request).is_err());
}

#[test]
fn certificates_survive_pem() {
    let tree = tree();
    let text = format!("{}{}", tree.device.to_pem(), tree.device_ca.to_pem());
    let chain = Certificate::chain_from_pem(&text).unwrap();
    assert_eq!(chain.iter().map(Certificate::subject_cn).collect::<Vec<_>>(), ["00000000002a", "Devices"]);
    assert_eq!(Certificate::from_pem(&tree.device.to_pem()).unwrap().as_der(), tree.device.as_der());
    let key = key(4).to_pkcs8_pem();
    for bad in
        ["", "-----BEGIN CERTIFICATE-----\n", key.expose(), &text[..100], &tree.device.to_pem().repeat(17)]
    {
        assert!(matches!(Certificate::chain_from_pem(bad), Err(CryptoError::BadPem(_))));
    }
}

fn openssl(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl")
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("this test needs the `openssl` command: install the package openssl");
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn openssl_accepts_what_we_issue() {
    let tree = tree();
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("root.pem", &tree.root.to_pem());
    write("middle.pem", &format!("{}{}", tree.device_ca.to_pem(), tree.tls_ca.to_pem()));
    write("device.pem", &tree.device.to_pem());
    write("server.pem", &tree.server.to_pem());
    write("client.pem", &tree.client.to_pem());
    let at = AT_S.to_string();
    let verify = |options: &[&str]| {
        let fixed =
            ["verify", "-x509_strict", "-check_ss_sig", "-attime", &at, "-CAfile", "root.pem", "-untrusted"];
        openssl(folder.path(), &[&fixed[..], &["middle.pem"], options].concat())
    };
    for good in [
        &["device.pem"][..],
        &["-purpose", "sslserver", "-verify_hostname", "pay.example", "server.pem"],
        &["-purpose", "sslserver", "-verify_hostname", "a.shops.example", "server.pem"],
        &["-purpose", "sslserver", "-verify_ip", "127.0.0.1", "server.pem"],
        &["-purpose", "sslserver", "-verify_ip", "::1", "server.pem"],
        &["-purpose", "sslclient", "client.pem"],
    ] {
        let (accepted, said) = verify(good);
        assert!(accepted, "{good:?}: {said}");
    }
    for bad in [
        &["-purpose", "sslclient", "device.pem"][..],
        &["-purpose", "sslserver", "device.pem"],
        &["-purpose", "sslserver", "client.pem"],
        &["-purpose", "sslclient", "server.pem"],
        &["-verify_hostname", "b.example", "server.pem"],
    ] {
        assert!(!verify(bad).0, "{bad:?} was accepted");
    }
}

#[test]
fn openssl_and_we_read_each_others_requests_and_keys() {
    let folder = tempfile::tempdir().unwrap();
    let own = key(4);
    fs::write(folder.path().join("own.der"), make_request(&own, "asks").unwrap()).unwrap();
    let (accepted, said) =
        openssl(folder.path(), &["req", "-inform", "DER", "-in", "own.der", "-verify", "-noout", "-subject"]);
    assert!(accepted && said.contains("CN = asks"), "{said}");
    fs::write(folder.path().join("own.pem"), own.to_pkcs8_pem().expose()).unwrap();
    let (accepted, said) = openssl(folder.path(), &["pkey", "-in", "own.pem", "-check", "-noout"]);
    assert!(accepted, "{said}");

    let curve =
        ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:named_curve"];
    openssl(folder.path(), &[&["genpkey"][..], &curve, &["-out", "theirs.pem"]].concat());
    let theirs =
        SigningKey::from_pkcs8_pem(&fs::read_to_string(folder.path().join("theirs.pem")).unwrap()).unwrap();
    let request = [
        "req",
        "-new",
        "-sha256",
        "-key",
        "theirs.pem",
        "-subj",
        "/CN=x",
        "-outform",
        "DER",
        "-out",
        "r.der",
    ];
    openssl(folder.path(), &request);
    let request = fs::read(folder.path().join("r.der")).unwrap();
    assert_eq!(read_request(&request).as_ref(), Ok(theirs.verifying_key()));
}
