//! Published vectors: what others compute, we compute.

use std::sync::Arc;

use crate::common::{hex, hex_array};
use crypto::{
    Secret,
    hpke::{self, Decapsulate, Kem, PublicKey, SecretKey},
    kdf::hkdf_sha256,
    mac::hmac_sha256,
    password, x25519,
};

/// RFC 4231, cases 1, 2, 3, 4, 6 and 7 (5 is about truncation).
#[test]
fn hmac_as_in_rfc_4231() {
    let cases: [(Vec<u8>, Vec<u8>, &str); 6] = [
        (vec![0x0b; 20], b"Hi There".to_vec(), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (
            b"Jefe".to_vec(),
            b"what do ya want for nothing?".to_vec(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (vec![0xaa; 20], vec![0xdd; 50], "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        ((1..=25).collect(), vec![0xcd; 50], "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (
            vec![0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            vec![0xaa; 131],
            b"This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.".to_vec(),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ];
    for (key, message, tag) in cases {
        assert_eq!(hmac_sha256(&key, &[&message]), hex_array(tag));
        let (front, back) = message.split_at(3);
        assert_eq!(hmac_sha256(&key, &[front, &[], back]), hex_array(tag), "in parts");
    }
}

/// RFC 5869, appendix A.1 to A.3.
#[test]
fn hkdf_as_in_rfc_5869() {
    type Case = (Vec<u8>, Vec<u8>, Vec<u8>, &'static str); // key material, salt, info, output
    let cases: [Case; 3] = [
        (
            vec![0x0b; 22],
            (0x00..=0x0c).collect(),
            (0xf0..=0xf9).collect(),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            (0x00..=0x4f).collect(),
            (0x60..=0xaf).collect(),
            (0xb0..=0xff).collect(),
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87",
        ),
        (
            vec![0x0b; 22],
            vec![],
            vec![],
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ];
    for (ikm, salt, info, expected) in cases {
        let expected = hex(expected);
        let mut out = vec![0; expected.len()];
        let (front, back) = info.split_at(info.len() / 2);
        hkdf_sha256(&salt, &ikm, &[front, back], &mut out);
        assert_eq!(out, expected);
    }
}

/// RFC 7748, section 6.1.
#[test]
fn x25519_as_in_rfc_7748() {
    let alice = x25519::SecretKey::from_bytes(&hex_array(
        "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
    ));
    let bob = x25519::SecretKey::from_bytes(&hex_array(
        "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
    ));
    assert_eq!(
        alice.public_key().0,
        hex_array("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
    );
    assert_eq!(
        bob.public_key().0,
        hex_array("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
    );
    let shared =
        Secret::from_bytes(hex_array("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"));
    assert_eq!(alice.agree(bob.public_key()), Ok(shared.clone()));
    assert_eq!(bob.agree(alice.public_key()), Ok(shared));
}

/// What one of RFC 9180's appendices gives for base mode: all of them over the same `info` and plaintext.
struct Hpke {
    kem: Kem,
    ephemeral: &'static str,
    recipient: &'static str,
    public: &'static str,
    enc: &'static str,
    shared: &'static str,
    /// By message number.
    ciphertexts: [(u32, &'static str); 6],
    /// For the contexts "", 00 and "TestContext".
    exported: [&'static str; 3],
}

impl Hpke {
    fn check(&self) {
        let info = hex("4f6465206f6e2061204772656369616e2055726e");
        let ephemeral = SecretKey::from_bytes(self.kem, &hex_array(self.ephemeral)).unwrap();
        let recipient = SecretKey::from_bytes(self.kem, &hex_array(self.recipient)).unwrap();
        let public = PublicKey::from_bytes(self.kem, &hex(self.public)).unwrap();
        assert_eq!(recipient.public_key(), public);

        let (enc, mut sender) = hpke::derive_setup_sender_with_ephemeral(&public, &info, &ephemeral).unwrap();
        assert_eq!(PublicKey::from_enc(self.kem, &enc).unwrap().as_bytes(), hex(self.enc));
        assert_eq!(recipient.decapsulate(&enc), Ok(Secret::from_bytes(hex_array(self.shared))));

        let mut by_key = hpke::setup_recipient(&recipient, &enc, &info).unwrap();
        let mut prepared = hpke::Recipient::new(Arc::new(recipient), &info).setup(&enc).unwrap();
        let plaintext = b"Beauty is truth, truth beauty";
        for number in 0..=256 {
            let aad = format!("Count-{number}");
            let sealed = sender.seal(aad.as_bytes(), plaintext).unwrap();
            if let Some((_, expected)) = self.ciphertexts.iter().find(|(at, _)| *at == number) {
                assert_eq!(sealed, hex(expected), "message {number}");
            }
            assert_eq!(by_key.open(aad.as_bytes(), &sealed).unwrap().expose(), plaintext);
            assert_eq!(prepared.open(aad.as_bytes(), &sealed).unwrap().expose(), plaintext);
        }
        for (context, expected) in [&b""[..], b"\x00", b"TestContext"].into_iter().zip(self.exported) {
            let mut exported = [0; 32];
            sender.export(context, &mut exported).unwrap();
            assert_eq!(exported, hex_array(expected));
            by_key.export(context, &mut exported).unwrap();
            assert_eq!(exported, hex_array(expected));
        }
    }
}

/// RFC 9180, appendix A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode.
#[test]
fn hpke_over_x25519_as_in_rfc_9180() {
    let vector = Hpke {
        kem: Kem::X25519,
        ephemeral: "52c4a758a802cd8b936eceea314432798d5baf2d7e9235dc084ab1b9cfa2f736",
        recipient: "4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8",
        public: "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d",
        enc: "37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431",
        shared: "fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc",
        ciphertexts: [
            (0, "f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a"),
            (1, "af2d7e9ac9ae7e270f46ba1f975be53c09f8d875bdc8535458c2494e8a6eab251c03d0c22a56b8ca42c2063b84"),
            (2, "498dfcabd92e8acedc281e85af1cb4e3e31c7dc394a1ca20e173cb72516491588d96a19ad4a683518973dcc180"),
            (4, "583bd32bc67a5994bb8ceaca813d369bca7b2a42408cddef5e22f880b631215a09fc0012bc69fccaa251c0246d"),
            (
                255,
                "7175db9717964058640a3a11fb9007941a5d1757fda1a6935c805c21af32505bf106deefec4a49ac38d71c9e0a",
            ),
            (
                256,
                "957f9800542b0b8891badb026d79cc54597cb2d225b54c00c5238c25d05c30e3fbeda97d2e0e1aba483a2df9f2",
            ),
        ],
        exported: [
            "3853fe2b4035195a573ffc53856e77058e15d9ea064de3e59f4961d0095250ee",
            "2e8f0b54673c7029649d4eb9d5e33bf1872cf76d623ff164ac185da9e88c21a5",
            "e9e43065102c3836401bed8c3c3c75ae46be1639869391d62c61f1ec7af54931",
        ],
    };
    vector.check();
}

/// RFC 9180, appendix A.3.1: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode. Its ephemeral key has an
/// even y, so that our shorter `enc` stands for the very same point.
#[test]
fn hpke_over_p256_as_in_rfc_9180() {
    let vector = Hpke {
        kem: Kem::P256,
        ephemeral: "4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb",
        recipient: "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2",
        public: "04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7f62fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea0",
        enc: "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4",
        shared: "c0d26aeab536609a572b07695d933b589dcf363ff9d93c93adea537aeabb8cb8",
        ciphertexts: [
            (0, "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434"),
            (1, "fa6f037b47fc21826b610172ca9637e82d6e5801eb31cbd3748271affd4ecb06646e0329cbdf3c3cd655b28e82"),
            (2, "895cabfac50ce6c6eb02ffe6c048bf53b7f7be9a91fc559402cbc5b8dcaeb52b2ccc93e466c28fb55fed7a7fec"),
            (4, "8787491ee8df99bc99a246c4b3216d3d57ab5076e18fa27133f520703bc70ec999dd36ce042e44f0c3169a6a8f"),
            (
                255,
                "2ad71c85bf3f45c6eca301426289854b31448bcf8a8ccb1deef3ebd87f60848aa53c538c30a4dac71d619ee2cd",
            ),
            (
                256,
                "10f179686aa2caec1758c8e554513f16472bd0a11e2a907dde0b212cbe87d74f367f8ffe5e41cd3e9962a6afb2",
            ),
        ],
        exported: [
            "5e9bc3d236e1911d95e65b576a8a86d478fb827e8bdfe77b741b289890490d4d",
            "6cff87658931bda83dc857e6353efe4987a201b849658d9b047aab4cf216e796",
            "d8f1ea7942adbba7412c6d431c62d01371ea476b823eb697e1f6e6cae1dab85a",
        ],
    };
    vector.check();
}

/// RFC 6979, appendix A.2.5, P-256 with SHA-256; the s of "test" is low there, that of "sample" is high.
#[test]
fn deterministic_signatures_as_in_rfc_6979() {
    let scalar = hex_array("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721");
    let key = crypto::p256::SigningKey::from_scalar(&scalar).unwrap();
    for (message, r, s) in [
        (
            "sample",
            "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716",
            "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
        ),
        (
            "test",
            "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367",
            "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083",
        ),
    ] {
        let raw = hex_array(&format!("{r}{s}"));
        let expected = crypto::p256::Signature::normalized_from_raw(&raw).unwrap();
        assert_eq!(key.sign_deterministic(&[message.as_bytes()]), expected);
    }
}

/// Computed with OpenSSL's Argon2id, so the parameters are the ones the docs name.
#[test]
fn argon2id_as_openssl() {
    let key = password::derive_key(b"correct horse battery staple", b"0123456789abcdef");
    assert_eq!(key.expose(), &hex_array("832e52b959b967b570ee4781f6c7bda7ced019ca266ac781fd2d94d4e853b0cd"));
}
