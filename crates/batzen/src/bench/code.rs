//! Making a payment code, and opening and verifying it, in both suites, beside the primitives that each cannot do
//! without.

use crate::failure::Failure;
use crate::output::Output;
use crypto::hpke::{Decapsulate, PublicKey, SecretKey};
use crypto::p256::SigningKey;
use crypto::{Secret, SystemRandom, aead, hash, kdf, mac};
use model::{Counter, EnrolmentId, MethodSlot, TerminalNumber};
use protocol::evidence::Evidence;
use protocol::payment_code::{
    Cap, ClockConfidence, CustomerVerification, Draft, Fields, Flags, KeyId, PaymentCode, Pin, PinGeneration,
    PinKey, PinSecret, RecipientKey, Suite, open,
};
use protocol::realm::Realm;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How often a thing is done in one measurement.
const TIMES: u32 = 20;

/// What one suite's codes are made and opened with.
struct Case {
    server: SecretKey,
    recipient: RecipientKey,
    device: SigningKey,
    pin_key: PinKey,
    fields: Fields,
}

impl Case {
    fn make(suite: Suite) -> Result<Self, Failure> {
        let server = SecretKey::make(suite.kem(), &mut SystemRandom);
        let recipient =
            RecipientKey { key_id: KeyId(1), realm: Realm::new("bench")?, public_key: server.public_key() };
        let pin_key = PinKey::derive(&PinSecret::make(&mut SystemRandom), &Pin::parse("493817")?);
        let fields = Fields {
            enrolment: EnrolmentId::from_bytes([1, 2, 3, 4, 5, 6]),
            counter: Counter(7),
            device_time_s: 1_800_000_000,
            method: MethodSlot(1),
            flags: Flags {
                pin_generation: PinGeneration::FIRST.bits(),
                clock_confidence: ClockConfidence::Day,
                customer_verification: CustomerVerification::Pin,
            },
            claimed_evidence: Evidence::empty(),
            cap: Cap::at_least(5_000).ok_or_else(|| Failure::new("5000 is a cap"))?,
            terminal: TerminalNumber::new(572),
        };
        Ok(Self { server, recipient, device: SigningKey::make(&mut SystemRandom), pin_key, fields })
    }

    fn make_code(&self) -> Result<PaymentCode, Failure> {
        let unsigned =
            Draft::start(&self.recipient, &self.fields, &mut SystemRandom)?.with_pin(&self.pin_key);
        let signature = self.device.sign(&[unsigned.to_sign()]);
        Ok(unsigned.finish(&signature))
    }

    fn open_code(&self, code: &PaymentCode) -> Result<(), Failure> {
        let opened = open(code, &self.server, &self.recipient)?;
        opened.verify_signature(self.device.verifying_key())?;
        if opened.pin_matches(&self.pin_key) { Ok(()) } else { Err(Failure::new("the PIN tag is wrong")) }
    }
}

/// A code of some phone, sealed to this key.
pub(super) fn make_code_for(recipient: &RecipientKey) -> Result<PaymentCode, Failure> {
    let case = Case::make(Suite::X25519)?;
    Case { recipient: recipient.clone(), ..case }.make_code()
}

/// One suite, and what its primitives are called where they are reported.
struct Names {
    suite: Suite,
    open: &'static str,
    make: &'static str,
    key: &'static str,
    agree: &'static str,
    point: &'static str,
}

const SUITES: [Names; 2] = [
    Names {
        suite: Suite::X25519,
        open: "suite 1: open + verify",
        make: "suite 1: make",
        key: "X25519 key",
        agree: "X25519",
        point: "X25519 from enc",
    },
    Names {
        suite: Suite::P256,
        open: "suite 2: open + verify",
        make: "suite 2: make",
        key: "P-256 key",
        agree: "P-256 ECDH",
        point: "P-256 from enc",
    },
];

pub(super) fn bench(rounds: u32, output: &Output) -> Result<ExitCode, Failure> {
    let cases = SUITES.iter().map(|names| Case::make(names.suite)).collect::<Result<Vec<_>, _>>()?;
    let codes = cases.iter().map(Case::make_code).collect::<Result<Vec<_>, _>>()?;
    let peers: Vec<SecretKey> =
        SUITES.iter().map(|names| SecretKey::make(names.suite.kem(), &mut SystemRandom)).collect();
    let message = [7_u8; 226];
    let device = &cases[0].device;
    let signature = device.sign(&[&message]);
    let key = Secret::make(&mut SystemRandom);
    let sealed = aead::seal(&key, &mut SystemRandom, b"aad", &[0; 96]);
    let verifying_key = device.verifying_key();
    let mut measured: Vec<Measured<'_>> = vec![
        Measured::new("P-256 verify", || verifying_key.verify(&[black_box(&message)], &signature).is_ok()),
        Measured::new("P-256 sign", || device.sign(&[black_box(&message)]).as_bytes()[0] != 1),
        Measured::new("HKDF", || hpke_derivations(black_box(&[9; 32]))),
        Measured::new("GCM", || aead::open(&key, b"aad", black_box(&sealed)).is_ok()),
        Measured::new("HMAC", || mac::hmac_sha256(&message[..32], &[black_box(&message)])[0] != 1),
    ];
    for (((names, case), code), peer) in SUITES.iter().zip(&cases).zip(&codes).zip(&peers) {
        case.open_code(code)?;
        let (kem, public, enc) = (names.suite.kem(), peer.public_key(), enc_of(code));
        measured.extend([
            Measured::new(names.open, || case.open_code(black_box(code)).is_ok()),
            Measured::new(names.make, || case.make_code().is_ok()),
            Measured::new(names.key, move || {
                SecretKey::make(kem, &mut SystemRandom).public_key().as_bytes()[0] != 1
            }),
            Measured::new(names.agree, move || case.server.agree(black_box(&public)).is_ok()),
            Measured::new(names.point, move || PublicKey::from_enc(kem, black_box(&enc)).is_ok()),
        ]);
    }
    for _ in 0..rounds {
        // In turn, so that a change of the machine's speed meets all of them.
        measured.iter_mut().for_each(Measured::once_more);
    }
    report(&mut measured, output);
    Ok(ExitCode::SUCCESS)
}

/// The encapsulated key, after version, suite and key id.
fn enc_of(code: &PaymentCode) -> [u8; 32] {
    let mut enc = [0; 32];
    enc.copy_from_slice(&code.as_bytes()[3..35]);
    enc
}

/// A thing that is measured, with how long it took in each round.
pub(super) struct Measured<'a> {
    name: &'static str,
    once: Box<dyn FnMut() -> bool + 'a>,
    times: Vec<Duration>,
}

impl<'a> Measured<'a> {
    pub(super) fn new(name: &'static str, once: impl FnMut() -> bool + 'a) -> Self {
        Self { name, once: Box::new(once), times: Vec::new() }
    }

    pub(super) fn once_more(&mut self) {
        let started = Instant::now();
        for _ in 0..TIMES {
            black_box((self.once)());
        }
        self.times.push(started.elapsed() / TIMES);
    }

    pub(super) fn median_us(&mut self) -> f64 {
        self.times.sort_unstable();
        self.times.get(self.times.len() / 2).map_or(0.0, |median| median.as_secs_f64() * 1e6)
    }
}

/// The derivations of one HPKE opening: the KEM's and the key schedule's, as HKDF calls.
fn hpke_derivations(enc: &[u8; 32]) -> bool {
    let mut secret = [0; 32];
    kdf::hkdf_sha256(b"", enc, &[b"eae_prk", enc], &mut secret);
    let mut key = [0; 16];
    kdf::hkdf_sha256(&secret, b"", &[b"key"], &mut key);
    let mut nonce = [0; 12];
    kdf::hkdf_sha256(&secret, b"", &[b"base_nonce"], &mut nonce);
    hash::sha256(&[&key, &nonce])[0] != 255
}

fn report(measured: &mut [Measured<'_>], output: &Output) {
    let medians: BTreeMap<&str, f64> = measured.iter_mut().map(|one| (one.name, one.median_us())).collect();
    let sums: Vec<Sums> = SUITES.iter().map(|names| Sums::of(names, &medians)).collect();
    let suites: Vec<_> = sums.iter().map(Sums::document).collect();
    let document = serde_json::json!({ "median_us": medians, "suites": suites });
    let text = || {
        let lines = measured.iter().map(|one| format!("{:<22} {:8.1} µs", one.name, medians[one.name]));
        lines.chain(sums.iter().flat_map(Sums::lines)).collect::<Vec<_>>().join("\n")
    };
    output.result(text, &document);
}

/// What a suite's codes cost, beside the sum of the primitives that they cannot do without.
struct Sums {
    suite: u8,
    open_us: f64,
    make_us: f64,
    opening_us: f64,
    making_us: f64,
}

impl Sums {
    fn of(names: &Names, medians: &BTreeMap<&str, f64>) -> Self {
        let sum_us = |names: &[&str]| names.iter().filter_map(|name| medians.get(name)).sum::<f64>();
        Self {
            suite: names.suite.number(),
            open_us: sum_us(&[names.open]),
            make_us: sum_us(&[names.make]),
            opening_us: sum_us(&[names.point, names.agree, "HKDF", "GCM", "P-256 verify", "HMAC"]),
            making_us: sum_us(&[names.key, names.agree, "HKDF", "GCM", "P-256 sign", "HMAC"]),
        }
    }

    fn document(&self) -> serde_json::Value {
        serde_json::json!({
            "suite": self.suite,
            "open_us": self.open_us,
            "make_us": self.make_us,
            "open_to_primitives": self.open_us / self.opening_us,
            "make_to_primitives": self.make_us / self.making_us,
        })
    }

    fn lines(&self) -> [String; 3] {
        let Self { suite, open_us, make_us, opening_us, making_us } = self;
        let (open_ratio, make_ratio) = (open_us / opening_us, make_us / making_us);
        [
            format!(
                "suite {suite}: open + verify: {open_ratio:.2} × its bare primitives ({opening_us:.1} µs)"
            ),
            format!(
                "suite {suite}: make:          {make_ratio:.2} × its bare primitives ({making_us:.1} µs)"
            ),
            format!("suite {suite}: one core opens and verifies {:.0} codes/s", 1e6 / open_us),
        ]
    }
}
