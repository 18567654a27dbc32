//! Making a payment code, and opening and verifying it, beside the primitives that each cannot do without.

use crate::failure::Failure;
use crate::output::Output;
use crypto::hpke;
use crypto::p256::SigningKey;
use crypto::{SystemRandom, aead, hash, kdf, mac, x25519};
use model::{Counter, EnrolmentId, MethodSlot, TerminalNumber};
use protocol::evidence::Evidence;
use protocol::payment_code::{
    Cap, ClockConfidence, CustomerVerification, Draft, Fields, Flags, KeyId, PaymentCode, Pin, PinGeneration,
    PinKey, PinSecret, RecipientKey, open,
};
use protocol::realm::Realm;
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
        let recipient =
            RecipientKey { key_id: KeyId(1), realm: Realm::new("bench")?, public_key: *server.public_key() };
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
    let (enc, mut sender) = hpke::setup_sender(&case.recipient.public_key, b"info", &mut SystemRandom)?;
    let sealed = sender.seal(b"aad", &[0; 96])?;
    let names = [
        "open + verify",
        "make",
        "X25519",
        "P-256 verify",
        "P-256 sign",
        "HKDF (KEM and key schedule)",
        "GCM",
        "HMAC",
    ];
    let mut samples: Vec<Vec<Duration>> = vec![Vec::new(); names.len()];
    let key = crypto::Secret::make(&mut SystemRandom);
    for _ in 0..rounds {
        // Interleaved, so that a change of the machine's speed meets all of them.
        samples[0].push(time(|| case.open_code(black_box(&code)).is_ok()));
        samples[1].push(time(|| case.make_code().is_ok()));
        samples[2].push(time(|| case.server.agree(black_box(peer.public_key())).is_ok()));
        samples[3]
            .push(time(|| case.device.verifying_key().verify(&[black_box(&message)], &signature).is_ok()));
        samples[4].push(time(|| case.device.sign(&[black_box(&message)]).to_bytes()[0] != 255));
        samples[5].push(time(|| hpke_derivations(black_box(&enc))));
        samples[6].push(time(|| {
            let sealed = aead::seal(&key, &mut SystemRandom, b"aad", black_box(&[0; 96]));
            aead::open(&key, b"aad", &sealed).is_ok()
        }));
        samples[7].push(time(|| mac::hmac_sha256(&message[..32], &[black_box(&message)])[0] != 1));
    }
    black_box(sealed);
    let medians: Vec<f64> = samples.iter_mut().map(|times| median_us(times)).collect();
    report(&names, &medians, output);
    Ok(ExitCode::SUCCESS)
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

fn time(mut once: impl FnMut() -> bool) -> Duration {
    let started = Instant::now();
    for _ in 0..TIMES {
        black_box(once());
    }
    started.elapsed() / TIMES
}

fn median_us(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

fn report(names: &[&str], medians: &[f64], output: &Output) {
    // GCM was measured sealing and opening: one direction is half of it.
    let opening_us = medians[2] + medians[3] + medians[5] + medians[6] / 2.0 + medians[7];
    let making_us = 2.0 * medians[2] + medians[4] + medians[5] + medians[6] / 2.0 + medians[7];
    let (open_ratio, make_ratio) = (medians[0] / opening_us, medians[1] / making_us);
    let document = serde_json::json!({
        "median_us": names.iter().zip(medians).map(|(name, us)| ((*name).to_owned(), serde_json::json!(us)))
            .collect::<serde_json::Map<_, _>>(),
        "open_to_primitives": open_ratio,
        "make_to_primitives": make_ratio,
    });
    let text = || {
        let mut lines: Vec<String> =
            names.iter().zip(medians).map(|(name, us)| format!("{name:<28} {us:8.1} µs")).collect();
        lines.push(format!("open + verify: {open_ratio:.2} × its bare primitives ({opening_us:.1} µs)"));
        lines.push(format!("make:          {make_ratio:.2} × its bare primitives ({making_us:.1} µs)"));
        lines.push(format!("one core opens and verifies {:.0} codes/s", 1e6 / medians[0]));
        lines.join("\n")
    };
    output.result(text, &document);
}
