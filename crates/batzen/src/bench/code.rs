//! Making a payment code, and opening and verifying it, beside the primitives that each cannot do without.

use crate::failure::Failure;
use crate::output::Output;
use crypto::p256::SigningKey;
use crypto::{Secret, SystemRandom, aead, hash, kdf, mac, x25519};
use model::{Counter, EnrolmentId, MethodSlot, TerminalNumber};
use protocol::evidence::Evidence;
use protocol::payment_code::{
    Cap, ClockConfidence, CustomerVerification, Draft, Fields, Flags, KeyId, PaymentCode, Pin, PinGeneration,
    PinKey, PinSecret, RecipientKey, open,
};
use protocol::realm::Realm;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How often a thing is done in one measurement.
const TIMES: u32 = 20;

struct Case {
    server: x25519::SecretKey,
    recipient: RecipientKey,
    device: SigningKey,
    pin_key: PinKey,
    fields: Fields,
}

impl Case {
    fn make() -> Result<Self, Failure> {
        let server = x25519::SecretKey::make(&mut SystemRandom);
        let recipient = RecipientKey {
            key_id: KeyId(1),
            realm: Realm::new("bench")?,
            public_key: (*server.public_key()).into(),
        };
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

pub(super) fn bench(rounds: u32, output: &Output) -> Result<ExitCode, Failure> {
    let case = Case::make()?;
    let code = case.make_code()?;
    case.open_code(&code)?;
    let message = [7_u8; 226];
    let signature = case.device.sign(&[&message]);
    let peer = x25519::SecretKey::make(&mut SystemRandom);
    let key = Secret::make(&mut SystemRandom);
    let sealed = aead::seal(&key, &mut SystemRandom, b"aad", &[0; 96]);
    let verifying_key = case.device.verifying_key();
    let mut measured: Vec<Measured<'_>> = vec![
        Measured::new("open + verify", || case.open_code(black_box(&code)).is_ok()),
        Measured::new("make", || case.make_code().is_ok()),
        Measured::new("X25519 key", || x25519::SecretKey::make(&mut SystemRandom).public_key().0[0] != 1),
        Measured::new("X25519", || case.server.agree(black_box(peer.public_key())).is_ok()),
        Measured::new("P-256 verify", || verifying_key.verify(&[black_box(&message)], &signature).is_ok()),
        Measured::new("P-256 sign", || case.device.sign(&[black_box(&message)]).as_bytes()[0] != 1),
        Measured::new("HKDF", || hpke_derivations(black_box(&[9; 32]))),
        Measured::new("GCM", || aead::open(&key, b"aad", black_box(&sealed)).is_ok()),
        Measured::new("HMAC", || mac::hmac_sha256(&message[..32], &[black_box(&message)])[0] != 1),
    ];
    for _ in 0..rounds {
        // In turn, so that a change of the machine's speed meets all of them.
        measured.iter_mut().for_each(Measured::once_more);
    }
    report(&mut measured, output);
    Ok(ExitCode::SUCCESS)
}

/// A thing that is measured, with how long it took in each round.
struct Measured<'a> {
    name: &'static str,
    once: Box<dyn FnMut() -> bool + 'a>,
    times: Vec<Duration>,
}

impl<'a> Measured<'a> {
    fn new(name: &'static str, once: impl FnMut() -> bool + 'a) -> Self {
        Self { name, once: Box::new(once), times: Vec::new() }
    }

    fn once_more(&mut self) {
        let started = Instant::now();
        for _ in 0..TIMES {
            black_box((self.once)());
        }
        self.times.push(started.elapsed() / TIMES);
    }

    fn median_us(&mut self) -> f64 {
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
    let sum_us = |names: &[&str]| names.iter().filter_map(|name| medians.get(name)).sum::<f64>();
    let opening_us = sum_us(&["X25519", "HKDF", "GCM", "P-256 verify", "HMAC"]);
    let making_us = sum_us(&["X25519 key", "X25519", "HKDF", "GCM", "P-256 sign", "HMAC"]);
    let (open_us, make_us) = (sum_us(&["open + verify"]), sum_us(&["make"]));
    let (open_ratio, make_ratio) = (open_us / opening_us, make_us / making_us);
    let document = serde_json::json!({
        "median_us": medians,
        "open_to_primitives": open_ratio,
        "make_to_primitives": make_ratio,
    });
    let text = || {
        let mut lines: Vec<String> =
            measured.iter().map(|one| format!("{:<14} {:8.1} µs", one.name, medians[one.name])).collect();
        lines.push(format!("open + verify: {open_ratio:.2} × its bare primitives ({opening_us:.1} µs)"));
        lines.push(format!("make:          {make_ratio:.2} × its bare primitives ({making_us:.1} µs)"));
        lines.push(format!("one core opens and verifies {:.0} codes/s", 1e6 / open_us));
        lines.join("\n")
    };
    output.result(text, &document);
}
