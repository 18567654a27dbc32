//! A phone's side of the payment server's API, over HTTPS with the roots that its app ships with.

use api::admin::ActivationCodeView;
use api::approval::{AnsweredView, QuestionPage, QuestionView};
use api::device::{
    CertificateRequest, CertificateView, DeviceNameRequest, DevicePage, MoveRequest, NoticePage,
    RevokeRequest,
};
use api::phone::{
    ChallengeView, ConfirmationPage, ConfirmationView, EnrolmentView, MethodPage, MethodRequest, MethodView,
    ProofRequest, ResyncRequest,
};
use api::problem::{Problem, ProblemType};
use core::time::Duration;
use crypto::p256::Sign;
use crypto::{Random, SystemRandom};
use data_encoding::HEXLOWER;
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use https::{Bytes, Chunks, Client, HttpsError, Limits, PemError, Roots, StreamLimits};
use model::{ApprovalId, EnrolmentId, MethodSlot, ProviderId, Timestamp};
use protocol::activation::Challenge;
use protocol::error::ProtocolError;
use protocol::http_signature::{HttpRequest, NONCE_LEN, sign_request};
use protocol::realm_file::RealmFile;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// From a request to the last byte of its answer.
const DEADLINE: Duration = Duration::from_secs(20);
/// The longest silence of a stream of confirmations; the server sends a comment every 15 s.
const STREAM_SILENCE_MAX: Duration = Duration::from_secs(60);
/// The largest answer taken, bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// The largest refusal of a stream taken, bytes.
const PROBLEM_BYTES_MAX: usize = 64 * 1024;
/// How far the phone's idea of the server's time may be from the server's before it is told so, seconds.
const CLOCK_SLACK_S: i64 = 30;
/// The longest event of a stream, bytes.
const EVENT_BYTES_MAX: usize = 16 * 1024;

/// Why a phone's request has no good answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PhoneError {
    /// The app's roots are not usable.
    #[error("the realm file's tls_roots_pem is not usable: {0}")]
    Roots(#[from] PemError),
    /// No answer came.
    #[error(transparent)]
    NoAnswer(#[from] HttpsError),
    /// The server refused.
    #[error("{title}: {detail}", title = .0.title, detail = .0.detail)]
    Refused(Box<Problem>),
    /// The answer does not fit the API.
    #[error("the answer (status {0}) is not what the server's API promises; is this a payment server?")]
    NotTheApi(u16),
    /// The request could not be signed.
    #[error("the request could not be signed: {0}")]
    Unsigned(#[from] ProtocolError),
}

impl PhoneError {
    /// The kind of problem that the server told of.
    #[must_use]
    pub fn problem(&self) -> Option<ProblemType> {
        match self {
            Self::Refused(problem) => Some(problem.problem_type),
            _ => None,
        }
    }
}

/// Calls the payment server as a phone.
#[derive(Clone, Debug)]
pub struct PhoneClient {
    server: String,
    app_version: String,
    app_digest: Option<[u8; 32]>,
    client: Client,
}

/// Who signs a phone's requests, and by which clock.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// The enrolment.
    pub enrolment: EnrolmentId,
    /// Its online key.
    pub online_key: &'a dyn Sign,
    /// The server's time, as well as the phone knows it.
    pub server_time: Timestamp,
}

impl PhoneClient {
    /// A client of the server that `realm` names, trusting its roots and nothing else.
    ///
    /// # Errors
    /// [`PhoneError::Roots`].
    pub fn new(realm: &RealmFile) -> Result<Self, PhoneError> {
        let roots = Roots::from_pem(realm.tls_roots_pem.as_bytes())?;
        let (server, app_version) = (realm.server_url.clone(), realm.app.version.clone());
        Ok(Self { server, app_version, app_digest: None, client: Client::new(roots, None) })
    }

    /// Tells the server this SHA-256 of the app's package beside its version.
    #[must_use]
    pub fn with_app_digest(self, app_digest: Option<[u8; 32]>) -> Self {
        Self { app_digest, ..self }
    }

    /// A challenge for an activation.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn challenge(&self) -> Result<Challenge, PhoneError> {
        let view: ChallengeView =
            self.call(Method::POST, "/v1/activations/challenge", Vec::new(), None).await?;
        Ok(view.challenge.parse()?)
    }

    /// Sends an activation request; gives the sealed reply. The same bytes may be sent again.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn activate(&self, request: Vec<u8>) -> Result<Vec<u8>, PhoneError> {
        Ok(self.answer(Method::POST, "/v1/activations", request, None).await?.to_vec())
    }

    /// How the phone stands with the server. `device_time` is the phone's own clock, from which the server
    /// learns how it runs; the app's version is the realm file's.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn enrolment(
        &self,
        signer: Signer<'_>,
        device_time: Timestamp,
    ) -> Result<EnrolmentView, PhoneError> {
        let (time_ms, version) = (device_time.ms(), in_query(&self.app_version));
        let digest = self.app_digest.map(|digest| format!("&app_digest={}", HEXLOWER.encode(&digest)));
        let digest = digest.unwrap_or_default();
        let path = format!("/v1/enrolment?device_time_ms={time_ms}&app_version={version}{digest}");
        self.call(Method::GET, &path, Vec::new(), Some(signer)).await
    }

    /// The latest list of rules for sensors, or what leads to it from version `from`: JSON, checked by the wallet.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn rules(&self, from: Option<u32>) -> Result<Vec<u8>, PhoneError> {
        let query = from.map(|from| format!("?from={from}")).unwrap_or_default();
        let answer = self.answer(Method::GET, &format!("/v1/rules{query}"), Vec::new(), None).await?;
        Ok(answer.to_vec())
    }

    /// Where to go on counting.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn resync(
        &self,
        signer: Signer<'_>,
        request: &ResyncRequest,
    ) -> Result<EnrolmentView, PhoneError> {
        self.call(Method::POST, "/v1/enrolment/resync", to_json(request), Some(signer)).await
    }

    /// Locks this phone.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn lock(&self, signer: Signer<'_>) -> Result<EnrolmentView, PhoneError> {
        self.call(Method::POST, "/v1/enrolment/lock", Vec::new(), Some(signer)).await
    }

    /// Changes the PIN. The same bytes may be sent again.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn change_pin(
        &self,
        signer: Signer<'_>,
        request: Vec<u8>,
    ) -> Result<EnrolmentView, PhoneError> {
        self.call(Method::POST, "/v1/enrolment/pin", request, Some(signer)).await
    }

    /// Sets the PIN anew, by a code. The same bytes may be sent again.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn reset_pin(&self, signer: Signer<'_>, request: Vec<u8>) -> Result<EnrolmentView, PhoneError> {
        self.call(Method::POST, "/v1/enrolment/pin-reset", request, Some(signer)).await
    }

    /// Renews the device certificate. It may be asked again.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn renew_certificate(
        &self,
        signer: Signer<'_>,
        request: &CertificateRequest,
    ) -> Result<CertificateView, PhoneError> {
        self.call(Method::POST, "/v1/enrolment/certificate", to_json(request), Some(signer)).await
    }

    /// A code for the phone that takes this one's place.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn begin_move(
        &self,
        signer: Signer<'_>,
        request: &MoveRequest,
    ) -> Result<ActivationCodeView, PhoneError> {
        self.call(Method::POST, "/v1/enrolment/move", to_json(request), Some(signer)).await
    }

    /// The customer's devices.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn devices(&self, signer: Signer<'_>) -> Result<DevicePage, PhoneError> {
        self.call(Method::GET, "/v1/devices", Vec::new(), Some(signer)).await
    }

    /// Gives one of the customer's devices a name.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn rename_device(
        &self,
        signer: Signer<'_>,
        device: EnrolmentId,
        name: String,
    ) -> Result<DevicePage, PhoneError> {
        let path = format!("/v1/devices/{device}/name");
        self.call(Method::PUT, &path, to_json(&DeviceNameRequest { name }), Some(signer)).await
    }

    /// Locks one of the customer's devices.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn lock_device(
        &self,
        signer: Signer<'_>,
        device: EnrolmentId,
    ) -> Result<DevicePage, PhoneError> {
        self.call(Method::POST, &format!("/v1/devices/{device}/lock"), Vec::new(), Some(signer)).await
    }

    /// Revokes one of the customer's devices for good.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn revoke_device(
        &self,
        signer: Signer<'_>,
        device: EnrolmentId,
        request: &RevokeRequest,
    ) -> Result<DevicePage, PhoneError> {
        self.call(Method::POST, &format!("/v1/devices/{device}/revoke"), to_json(request), Some(signer)).await
    }

    /// A page of notices after `after`.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn notices(&self, signer: Signer<'_>, after: u32) -> Result<NoticePage, PhoneError> {
        self.call(Method::GET, &format!("/v1/notices?after={after}"), Vec::new(), Some(signer)).await
    }

    /// What waits for this phone's answer.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn questions(&self, signer: Signer<'_>) -> Result<QuestionPage, PhoneError> {
        self.call(Method::GET, "/v1/approvals", Vec::new(), Some(signer)).await
    }

    /// Answers a question. The same decision may be sent again.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn answer_question(
        &self,
        signer: Signer<'_>,
        question: ApprovalId,
        answer: Vec<u8>,
    ) -> Result<AnsweredView, PhoneError> {
        self.call(Method::POST, &format!("/v1/approvals/{question}"), answer, Some(signer)).await
    }

    /// The customer's methods.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn methods(&self, signer: Signer<'_>) -> Result<MethodPage, PhoneError> {
        self.call(Method::GET, "/v1/methods", Vec::new(), Some(signer)).await
    }

    /// Adds an account at a provider, still to be proved there.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn add_method(
        &self,
        signer: Signer<'_>,
        provider: ProviderId,
    ) -> Result<MethodView, PhoneError> {
        self.call(Method::POST, "/v1/methods", to_json(&MethodRequest { provider }), Some(signer)).await
    }

    /// Hands in what the provider gave the customer. The same proof may be handed in again.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn prove_method(
        &self,
        signer: Signer<'_>,
        slot: MethodSlot,
        proof: String,
    ) -> Result<MethodView, PhoneError> {
        let path = format!("/v1/methods/{}/proof", slot.0);
        self.call(Method::POST, &path, to_json(&ProofRequest { proof }), Some(signer)).await
    }

    /// Takes a method away.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn remove_method(
        &self,
        signer: Signer<'_>,
        slot: MethodSlot,
    ) -> Result<MethodView, PhoneError> {
        let path = format!("/v1/methods/{}", slot.0);
        self.call(Method::DELETE, &path, Vec::new(), Some(signer)).await
    }

    /// A page of confirmations after `after`.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn confirmations(
        &self,
        signer: Signer<'_>,
        after: u32,
    ) -> Result<ConfirmationPage, PhoneError> {
        let path = format!("/v1/confirmations?after={after}");
        self.call(Method::GET, &path, Vec::new(), Some(signer)).await
    }

    /// Confirmations after `after`, as they come.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn listen(&self, signer: Signer<'_>, after: u32) -> Result<ConfirmationStream, PhoneError> {
        let path = format!("/v1/confirmations/stream?after={after}");
        let request = self.request(Method::GET, &path, Vec::new(), Some(signer))?;
        let limits = StreamLimits { deadline: DEADLINE, idle: STREAM_SILENCE_MAX };
        let answer = self.client.send_streaming(request, limits).await?;
        let status = answer.status();
        if !status.is_success() {
            return Err(refusal(status, &whole(answer.into_body()).await?));
        }
        Ok(ConfirmationStream { chunks: answer.into_body(), buffer: Vec::new() })
    }

    async fn call<A: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        signer: Option<Signer<'_>>,
    ) -> Result<A, PhoneError> {
        let answer = self.answer(method, path, body, signer).await?;
        serde_json::from_slice(&answer).map_err(|_| PhoneError::NotTheApi(200))
    }

    async fn answer(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        signer: Option<Signer<'_>>,
    ) -> Result<Bytes, PhoneError> {
        let mut answer = self.send(&method, path, &body, signer).await?;
        // A clock that was set since the last exchange makes every signature look old or early. Such a request was
        // not heard, and the answer tells the server's time: so the phone finds back by itself.
        if answer.status() == StatusCode::UNAUTHORIZED
            && let Some(signer) = signer
            && let Some(server_time) = date_of(answer.headers())
            && (server_time.s() - signer.server_time.s()).abs() > CLOCK_SLACK_S
        {
            answer = self.send(&method, path, &body, Some(Signer { server_time, ..signer })).await?;
        }
        let status = answer.status();
        if status.is_success() { Ok(answer.into_body()) } else { Err(refusal(status, answer.body())) }
    }

    async fn send(
        &self,
        method: &Method,
        path: &str,
        body: &[u8],
        signer: Option<Signer<'_>>,
    ) -> Result<Response<Bytes>, PhoneError> {
        let request = self.request(method.clone(), path, body.to_vec(), signer)?;
        let limits = Limits { deadline: DEADLINE, max_body_bytes: ANSWER_BYTES_MAX };
        Ok(self.client.send(request, limits).await?)
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        signer: Option<Signer<'_>>,
    ) -> Result<Request<Vec<u8>>, PhoneError> {
        let mut request = Request::builder().method(&method).uri(format!("{}{path}", self.server));
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(signer) = signer {
            let (path, query) =
                path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
            let signed = HttpRequest { method: method.as_str(), path, query, body: &body };
            let mut nonce = [0; NONCE_LEN];
            SystemRandom.fill(&mut nonce);
            let created_s = signer.server_time.s();
            for (name, value) in
                sign_request(&signed, signer.enrolment, created_s, &nonce, signer.online_key)?
            {
                request = request.header(name, value);
            }
        }
        request.body(body).map_err(|_| HttpsError::BadAddress(self.server.clone()).into())
    }
}

/// What a stream brings.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Heard {
    /// Something became of a payment.
    Confirmation(ConfirmationView),
    /// The customer is asked.
    Question(QuestionView),
}

/// Confirmations and questions as they come, in the form of server-sent events.
#[derive(Debug)]
pub struct ConfirmationStream {
    chunks: Chunks,
    buffer: Vec<u8>,
}

impl ConfirmationStream {
    /// The next confirmation or question; none when the server ends the stream: listen again then.
    ///
    /// # Errors
    /// [`PhoneError`].
    pub async fn next(&mut self) -> Result<Option<Heard>, PhoneError> {
        loop {
            if let Some(event) = self.take_event() {
                match heard(&event).map_err(|_| PhoneError::NotTheApi(200))? {
                    Some(heard) => return Ok(Some(heard)),
                    None => continue,
                }
            }
            if self.buffer.len() > EVENT_BYTES_MAX {
                return Err(PhoneError::NotTheApi(200));
            }
            match self.chunks.next().await? {
                Some(chunk) => self.buffer.extend(chunk.iter().filter(|byte| **byte != b'\r')),
                None => return Ok(None),
            }
        }
    }

    /// The first whole event of the buffer: what comes before an empty line.
    fn take_event(&mut self) -> Option<Vec<u8>> {
        let end = self.buffer.windows(2).position(|pair| pair == b"\n\n")?;
        let rest = self.buffer.split_off(end + 2);
        Some(core::mem::replace(&mut self.buffer, rest))
    }
}

/// What an event tells; none for a comment, and for events of a kind that later servers send.
fn heard(event: &[u8]) -> Result<Option<Heard>, serde_json::Error> {
    let Some(json) = data_of(event) else { return Ok(None) };
    let kind = event.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"event:"));
    match kind.map(<[u8]>::trim_ascii) {
        None | Some(b"message") => serde_json::from_slice(&json).map(|view| Some(Heard::Confirmation(view))),
        Some(b"approval") => serde_json::from_slice(&json).map(|view| Some(Heard::Question(view))),
        Some(_) => Ok(None),
    }
}

/// An event's data; none for a comment.
fn data_of(event: &[u8]) -> Option<Vec<u8>> {
    let lines = event.split(|byte| *byte == b'\n').filter_map(|line| line.strip_prefix(b"data:"));
    let lines: Vec<&[u8]> = lines.map(|line| line.strip_prefix(b" ").unwrap_or(line)).collect();
    (!lines.is_empty()).then(|| lines.join(&b'\n'))
}

/// What the server says of a request that it did not do.
fn refusal(status: StatusCode, body: &[u8]) -> PhoneError {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => PhoneError::Refused(Box::new(problem)),
        Err(_) => PhoneError::NotTheApi(status.as_u16()),
    }
}

/// A refusal that came where a stream was asked for.
async fn whole(mut chunks: Chunks) -> Result<Vec<u8>, PhoneError> {
    let mut body = Vec::new();
    while body.len() < PROBLEM_BYTES_MAX
        && let Some(chunk) = chunks.next().await?
    {
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A text as part of a query: what is not plain in an address is written as its bytes.
fn in_query(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|b| if is_plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The server's time, to the second, as every answer tells it.
fn date_of(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    let moment = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Timestamp::from_ms(moment.as_millisecond()))
}

fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("the API's types have string keys and no failing parts")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_no_events_and_lines_of_data_belong_together() {
        assert_eq!(data_of(b": keep-alive\n\n"), None);
        assert_eq!(data_of(b"id: 1\ndata: {\"a\":\ndata: 1}\n\n").as_deref(), Some(&b"{\"a\":\n1}"[..]));
    }

    #[test]
    fn events_are_told_apart_and_those_of_later_servers_are_passed_over() {
        let confirmation = heard(b"id: 1\ndata: {\"sequence\":1,\"sealed\":\"AA\"}\n\n").unwrap();
        assert!(matches!(confirmation, Some(Heard::Confirmation(view)) if view.sequence == 1));
        let question = br#"data: {"id":"apr_00000000000000000000000007","sealed":"AA","expires_at_ms":5}"#;
        let question = heard(&[b"event: approval\n", &question[..], b"\n\n"].concat()).unwrap();
        assert!(matches!(question, Some(Heard::Question(view)) if view.expires_at_ms == 5));
        assert_eq!(heard(b"event: weather\ndata: {\"sun\":1}\n\n").unwrap(), None);
        assert!(heard(b"data: {\"sun\":1}\n\n").is_err());
    }

    #[test]
    fn a_version_stays_one_part_of_the_query() {
        assert_eq!(in_query("1.4.0-beta"), "1.4.0-beta");
        assert_eq!(in_query("1&a=b #é"), "1%26a%3Db%20%23%C3%A9");
    }

    #[test]
    fn the_server_s_time_is_read_from_its_answers() {
        let date = |text: &'static str| {
            date_of(&[(header::DATE, http::HeaderValue::from_static(text))].into_iter().collect())
        };
        assert_eq!(date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Timestamp::from_s(784_111_777)));
        assert_eq!(date("yesterday"), None);
    }
}
