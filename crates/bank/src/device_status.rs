//! How the device stands that a customer approved with: the bank asks the partner's payment server before it holds an
//! amount, where its configuration says so, and goes by the signed answer alone.
//!
//! A partner's word that it authenticated a customer is good for five minutes; a device may have been reported stolen
//! since, or the partner's own check may be broken. So the bank looks for itself.

use crate::authentication::{StatementFault, is_signed};
use crate::config::read_roots;
use crate::{Bank, BankError, Partner};
use bank_api::{AuthenticationStatement, Base64Url, PartnerName, ProblemType};
use crypto::p256::VerifyingKey;
use crypto::{Random, SystemRandom};
use http::{Request, Uri};
use https::{Client, Limits};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// What the payment server's answers are signed under, before the realm.
const LABEL: &str = "batzen/certificate-status/v1";
/// An answer may be dated this much ahead, ms.
const AHEAD_MS_MAX: i64 = 300_000;
/// The till waits meanwhile.
const LIMITS: Limits = Limits { deadline: Duration::from_secs(2), max_body_bytes: 32 * 1024 };
/// The most answers that are remembered; beyond that all are forgotten.
const REMEMBERED_MAX: usize = 10_000;
/// The longest that a good answer may be relied on, s.
pub(crate) const RELIED_ON_S_MAX: u32 = 3_600;

/// Where a partner's payment server says how device certificates stand.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceStatusSource {
    /// The server's address, such as `https://pay.example`.
    pub server_url: String,
    /// PEM: who issued its certificate.
    pub roots: PathBuf,
    /// Holds below this amount are placed unasked, minor units.
    #[serde(default)]
    pub from_minor: i64,
    /// How long a good answer is relied on: 0 to 3600 seconds.
    #[serde(default = "default_relied_on_s")]
    pub relied_on_s: u32,
}

fn default_relied_on_s() -> u32 {
    60
}

/// Whom to ask, by partner, and what was said lately.
#[derive(Debug, Default)]
pub(crate) struct DeviceStatuses {
    sources: RwLock<HashMap<PartnerName, Arc<Source>>>,
    /// Until when a device is known to be good.
    good_until: RwLock<HashMap<(PartnerName, String), Timestamp>>,
}

/// One partner's payment server.
#[derive(Debug)]
pub(crate) struct Source {
    client: Client,
    address: Uri,
    from_minor: i64,
    relied_on_s: i64,
}

/// What is asked.
#[derive(Serialize)]
struct Question<'a> {
    serials: [&'a str; 1],
    nonce: Base64Url,
}

/// How it is answered.
#[derive(Deserialize)]
struct Answer {
    payload: Base64Url,
    signature: Base64Url,
}

/// What is signed: the part that counts here.
#[derive(Deserialize)]
struct Said {
    version: u32,
    realm: String,
    nonce: Option<Base64Url>,
    at_ms: Timestamp,
    expires_at_ms: Timestamp,
    certificates: Vec<Standing>,
}

#[derive(Deserialize)]
struct Standing {
    serial: String,
    state: String,
}

impl DeviceStatuses {
    /// Reads whom to ask.
    pub(crate) fn set(&self, partners: &[Partner]) -> Result<(), BankError> {
        let sources = partners.iter().filter_map(|partner| {
            Some(
                Source::of(partner.device_status()?).map(|source| (partner.name().clone(), Arc::new(source))),
            )
        });
        let sources = sources.collect::<Result<_, _>>()?;
        *self.sources.write().unwrap_or_else(PoisonError::into_inner) = sources;
        Ok(())
    }

    /// Whom to ask before a partner's hold of this amount; nobody if none is asked about.
    pub(crate) fn source(&self, partner: &PartnerName, amount_minor: i64) -> Option<Arc<Source>> {
        let sources = self.sources.read().unwrap_or_else(PoisonError::into_inner);
        sources.get(partner).filter(|source| amount_minor >= source.from_minor).cloned()
    }

    fn is_known_good(&self, key: &(PartnerName, String), now: Timestamp) -> bool {
        let known = self.good_until.read().unwrap_or_else(PoisonError::into_inner);
        known.get(key).is_some_and(|until| now < *until)
    }

    fn remember(&self, key: (PartnerName, String), until: Timestamp) {
        let mut known = self.good_until.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.clear();
        }
        known.insert(key, until);
    }
}

impl Bank {
    /// Whether the device is good that a statement names. Only statements that were checked come here.
    ///
    /// # Errors
    /// [`ProblemType::Unavailable`] if the partner's server does not say: nothing is done then.
    pub(crate) async fn look_at_device(
        &self,
        source: &Source,
        partner: &PartnerName,
        stated: &AuthenticationStatement,
        keys: &[VerifyingKey],
        now: Timestamp,
    ) -> Result<Result<(), StatementFault>, ProblemType> {
        let (Some(serial), Some(realm)) = (&stated.certificate_serial, &stated.realm) else {
            return Ok(Err(StatementFault::NoDevice));
        };
        let key = (partner.clone(), serial.clone());
        if self.device_statuses.is_known_good(&key, now) {
            return Ok(Ok(()));
        }
        let answered = source.ask(serial, realm, keys, now).await;
        let (is_good, expires_at) = answered.map_err(|cause| {
            tracing::warn!(%partner, cause, "the partner's server does not say how a device stands");
            ProblemType::Unavailable
        })?;
        if !is_good {
            return Ok(Err(StatementFault::DeviceNotGood));
        }
        if source.relied_on_s > 0 {
            let until = now.plus_s(source.relied_on_s);
            self.device_statuses.remember(key, until.min(expires_at));
        }
        Ok(Ok(()))
    }
}

impl Source {
    fn of(source: &DeviceStatusSource) -> Result<Self, BankError> {
        let client = Client::new(read_roots(&source.roots)?, None);
        let address = format!("{}/v1/certificates/status", source.server_url.trim_end_matches('/'));
        let bad = |cause: String| {
            let cause = format!("server_url is not usable: {cause}");
            BankError::Credentials { path: source.roots.clone(), cause }
        };
        let address: Uri = address.parse().map_err(|error: http::uri::InvalidUri| bad(error.to_string()))?;
        client.check_address(&address).map_err(|error| bad(error.to_string()))?;
        let (from_minor, relied_on_s) = (source.from_minor, source.relied_on_s.into());
        Ok(Self { client, address, from_minor, relied_on_s })
    }

    /// Whether the device is good, and until when that may be relied on; or why nobody says so.
    async fn ask(
        &self,
        serial: &str,
        realm: &str,
        keys: &[VerifyingKey],
        now: Timestamp,
    ) -> Result<(bool, Timestamp), String> {
        let mut nonce = [0; 16];
        SystemRandom.fill(&mut nonce);
        let question = Question { serials: [serial], nonce: Base64Url(nonce.to_vec()) };
        let question = serde_json::to_vec(&question).map_err(|error| error.to_string())?;
        let request = Request::post(self.address.clone()).header("content-type", "application/json");
        let request = request.body(question).map_err(|error| error.to_string())?;
        let answer = self.client.send(request, LIMITS).await.map_err(|error| error.to_string())?;
        if answer.status() != 200 {
            return Err(format!("status {}", answer.status()));
        }
        let said = read(answer.body(), realm, keys)?;
        if said.nonce.as_ref().map(|sent| sent.0.as_slice()) != Some(&nonce) {
            return Err("it answers another question".to_owned());
        }
        if said.at_ms.ms_since(now) > AHEAD_MS_MAX || said.expires_at_ms <= now {
            return Err("its answer is not of now; compare the clocks".to_owned());
        }
        match said.certificates.as_slice() {
            [standing] if standing.serial == serial => Ok((standing.state == "good", said.expires_at_ms)),
            _ => Err("it says nothing of the certificate that was asked about".to_owned()),
        }
    }
}

/// Reads what one of the keys signed for this realm.
fn read(answer: &[u8], realm: &str, keys: &[VerifyingKey]) -> Result<Said, String> {
    let malformed = || "its answer is malformed".to_owned();
    let answer: Answer = serde_json::from_slice(answer).map_err(|_| malformed())?;
    let length = [u8::try_from(realm.len()).map_err(|_| malformed())?];
    let signed = [LABEL.as_bytes(), &length, realm.as_bytes(), &answer.payload.0];
    if !is_signed(&signed, &answer.signature.0, keys) {
        return Err("its answer is not signed with the partner's statement key".to_owned());
    }
    let said: Said = serde_json::from_slice(&answer.payload.0).map_err(|_| malformed())?;
    if said.version == 1 && said.realm == realm { Ok(said) } else { Err(malformed()) }
}
