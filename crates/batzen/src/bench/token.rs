//! What a sale asks of the server's keys, with the keys in a token beside the same keys in memory.

use super::code::{Measured, make_code_for};
use crate::failure::Failure;
use crate::output::Output;
use crate::service::{SystemClock, read_secret};
use crypto::p256::SigningKey;
use crypto::{Random, Secret, SecretString, SystemRandom};
use data_encoding::HEXLOWER;
use keystore::{RealmKeys, TokenAddress};
use model::{Clock, EnrolmentId};
use protocol::payment_code::{PaymentCode, PinGeneration, PinKey, RecipientKey, Suite, open};
use protocol::realm::Realm;
use security::{KeyStore, PaymentEpoch};
use serde_json::json;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::ExitCode;

/// The token to measure.
#[derive(clap::Args)]
#[group(multiple = true)]
pub(super) struct TokenArgs {
    /// Measure a PKCS#11 token instead, beside keys in memory: its library. Keys of a realm of their own are made in it and
    /// removed at the end.
    #[arg(long, value_name = "FILE", requires_all = ["token", "pin"])]
    module: Option<PathBuf>,
    /// The token's label.
    #[arg(long, requires = "module")]
    token: Option<String>,
    /// The file with the token's PIN, readable by its owner only.
    #[arg(long, value_name = "FILE", requires = "module")]
    pin: Option<PathBuf>,
}

impl TokenArgs {
    /// The token that was named, if one was.
    pub(super) fn address(self) -> Result<Option<TokenAddress>, Failure> {
        let (Some(module), Some(token), Some(pin)) = (self.module, self.token, self.pin) else {
            return Ok(None);
        };
        let pin = SecretString::from_string(read_secret(&pin)?);
        Ok(Some(TokenAddress { module, token, pin }))
    }
}

/// One place's keys with what they are tried on.
struct Place {
    name: &'static str,
    keys: RealmKeys,
    epoch: PaymentEpoch,
    recipient: RecipientKey,
    code: PaymentCode,
    wrapped: Vec<u8>,
}

const ENROLMENT: EnrolmentId = EnrolmentId::from_bytes([1, 2, 3, 4, 5, 6]);

impl Place {
    fn new(name: &'static str, keys: RealmKeys) -> Result<Self, Failure> {
        let missing = || Failure::new("there is no key that codes can be sealed to");
        let epoch = keys.payment_epochs().pop().ok_or_else(missing)?;
        let public_key = epoch.key.known().ok_or_else(missing)?;
        let recipient = RecipientKey { key_id: epoch.key.key_id, realm: keys.realm().clone(), public_key };
        let code = make_code_for(&recipient)?;
        let pin_key = PinKey::from_secret(Secret::make(&mut SystemRandom));
        let wrapped = keys.wrap_pin_key(ENROLMENT, PinGeneration::FIRST, &pin_key, &mut SystemRandom)?;
        Ok(Self { name, keys, epoch, recipient, code, wrapped })
    }

    fn open(&self) -> bool {
        open(black_box(&self.code), &*self.epoch.holder, &self.recipient).is_ok()
    }

    fn open_pin_key(&self) -> bool {
        self.keys.unwrap_pin_key(ENROLMENT, PinGeneration::FIRST, black_box(&self.wrapped)).is_ok()
    }

    fn sign(&self) -> bool {
        self.keys.statement_signer().sign(&[black_box(b"statement")]).is_ok()
    }

    /// All that one sale asks of keys: an opening, a PIN key, a statement and a confirmation.
    fn sale(&self) -> bool {
        self.open() && self.open_pin_key() && self.sign() && self.sign()
    }
}

pub(super) fn bench(rounds: u32, address: TokenAddress, output: &Output) -> Result<ExitCode, Failure> {
    let mut drawn = [0; 6];
    SystemRandom.fill(&mut drawn);
    let realm = Realm::new(&format!("bench-{}", HEXLOWER.encode(&drawn)))?;
    let (now, root) = (SystemClock.now(), SigningKey::make(&mut SystemRandom));
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("keys");
    let random = &mut SystemRandom;
    let memory =
        RealmKeys::create_file_in_suite(&path, "only for this run", &realm, Suite::P256, now, random)?;
    let token = RealmKeys::create_in_token(address, &realm, &root, now, random)?;
    let measured = measure(rounds, &Place::new("memory", memory)?, &Place::new("token", token)?, output);
    measured.and(Ok(ExitCode::SUCCESS))
}

fn measure(rounds: u32, memory: &Place, token: &Place, output: &Output) -> Result<(), Failure> {
    const NAMES: [&str; 4] = ["open a code", "open a PIN key", "sign", "all of a sale"];
    let work: [fn(&Place) -> bool; 4] = [Place::open, Place::open_pin_key, Place::sign, Place::sale];
    let places = [memory, token];
    if let Some(place) = places.into_iter().find(|place| !place.sale()) {
        return Err(Failure::new(format!("the keys in the {} do not work", place.name)));
    }
    let mut measured: Vec<Measured<'_>> = NAMES
        .iter()
        .zip(work)
        .flat_map(|(name, work)| places.map(|place| Measured::new(name, move || work(place))))
        .collect();
    for _ in 0..rounds {
        // In turn, so that a change of the machine's speed meets all of them.
        measured.iter_mut().for_each(Measured::once_more);
    }
    let medians: Vec<f64> = measured.iter_mut().map(Measured::median_us).collect();
    let rows = NAMES.iter().zip(medians.chunks(2));
    let document: Vec<_> = rows
        .clone()
        .map(|(name, us)| json!({ "what": name, "memory_us": us[0], "token_us": us[1], "ratio": us[1] / us[0] }))
        .collect();
    let lines = rows.map(|(name, us)| {
        format!(
            "{name:<16} {:8.1} µs in memory {:8.1} µs in the token  {:5.1} ×",
            us[0],
            us[1],
            us[1] / us[0]
        )
    });
    output.result(|| lines.collect::<Vec<_>>().join("\n"), &document);
    token.keys.destroy()?;
    Ok(())
}
