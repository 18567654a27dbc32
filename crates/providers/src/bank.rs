//! A bank's core system over HTTPS with mutual TLS (`bank-api`).

use bank_api::{
    Base64Url, CaptureAnswer, CaptureRequest, HoldAnswer, HoldRequest as BankHold, HoldState,
    LinkAnswer as BankLink, LinkRequest, Problem, ProblemType, RefundAnswer, RefundRequest, ReleaseAnswer,
    ReleaseRequest,
};
use http::{Method, Request, StatusCode, header};
use https::{Bytes, Client, HttpsError, Limits};
use model::{CaptureId, DeclineReason, LinkId, Money, PaymentId, RefundId};
use payments::{
    Authorisation, BookingAnswer, HoldRequest, LinkAnswer, LinkedAccount, Provider, ProviderFuture,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// The time budget for an authorisation: shorter than a till's patience.
const AUTHORISE_BUDGET: Duration = Duration::from_secs(4);
/// The time budget for what no till waits for.
const BOOKING_BUDGET: Duration = Duration::from_secs(10);
/// The largest answer that makes sense.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How much of a bank's words about a refusal is kept for an operator.
const REASON_CHARS_MAX: usize = 300;

/// Where a bank is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankAddress {
    /// Its partner API, such as `https://bank.example:8443`.
    pub partner_url: String,
    /// Its customer API, for phones.
    pub customer_url: String,
    /// Its page for customers' browsers, if it has one.
    pub customer_page_url: Option<String>,
    /// The name that it knows us by: the common name of our certificate.
    pub partner_name: String,
}

/// What a carrier gives back: the whole answer whatever its status, or why there is none.
pub type CarrierFuture<'a> =
    Pin<Box<dyn Future<Output = Result<http::Response<Bytes>, HttpsError>> + Send + 'a>>;

/// Carries one request to the bank, once, and brings its answer back within the limits.
pub trait Carrier: Send + Sync {
    /// Carries `request`.
    fn carry(&self, request: Request<Vec<u8>>, limits: Limits) -> CarrierFuture<'_>;
}

impl Carrier for Client {
    fn carry(&self, request: Request<Vec<u8>>, limits: Limits) -> CarrierFuture<'_> {
        Box::pin(self.send(request, limits))
    }
}

/// A bank as a provider.
pub struct BankProvider {
    address: BankAddress,
    carrier: Box<dyn Carrier>,
}

impl BankProvider {
    /// The bank at `address`; `carrier` is a client that holds the bank's roots and our certificate.
    pub fn new(address: BankAddress, carrier: impl Carrier + 'static) -> Self {
        Self { address, carrier: Box::new(carrier) }
    }

    async fn post<B: Serialize, A: DeserializeOwned>(
        &self,
        path: &str,
        body: &B,
        budget: Duration,
    ) -> Answer<A> {
        let address = format!("{}{path}", self.address.partner_url.trim_end_matches('/'));
        let Ok(body) = serde_json::to_vec(body) else {
            return Answer::Senseless("a request that is no JSON".into());
        };
        let request = Request::builder()
            .method(Method::POST)
            .uri(address)
            .header(header::CONTENT_TYPE, "application/json")
            .body(body);
        let Ok(request) = request else {
            return Answer::Senseless("the configured address is no address".into());
        };
        let limits = Limits { deadline: budget, max_body_bytes: ANSWER_BYTES_MAX };
        let answer = Answer::read(self.carrier.carry(request, limits).await);
        let (provider, path_kind) = (&self.address.partner_url, kind_of(path));
        match &answer {
            Answer::Done(_) => {}
            Answer::Refused(problem) => {
                tracing::info!(provider, path_kind, problem = problem.problem_type.urn(), "refused");
            }
            Answer::Senseless(why) => tracing::warn!(provider, path_kind, why, "no usable answer"),
        }
        answer
    }
}

impl Provider for BankProvider {
    fn authorise(&self, request: HoldRequest) -> ProviderFuture<'_, Authorisation> {
        Box::pin(async move {
            let (Ok(hold_id), Ok(account_ref)) =
                (request.payment.to_string().parse(), request.account_ref.parse())
            else {
                return Authorisation::Refused(DeclineReason::AccountUnusable);
            };
            let hold = BankHold {
                hold_id,
                account_ref,
                amount_minor: request.amount.amount_minor,
                currency: request.amount.currency,
                payee: request.payee,
                authentication_statement: Base64Url(request.statement),
                authentication_signature: Base64Url(request.signature),
            };
            match self.post::<_, HoldAnswer>("/v1/holds", &hold, AUTHORISE_BUDGET).await {
                Answer::Done(answer) if answer.hold_id == hold.hold_id => {
                    Authorisation::Approved { hold_expires_at: answer.expires_at_ms }
                }
                Answer::Done(_) | Answer::Senseless(_) => Authorisation::Silent,
                Answer::Refused(problem) => refused_hold(problem.problem_type),
            }
        })
    }

    fn capture(
        &self,
        hold: PaymentId,
        capture: CaptureId,
        amount: Money,
    ) -> ProviderFuture<'_, BookingAnswer> {
        Box::pin(async move {
            let Ok(capture_id) = capture.to_string().parse() else { return BookingAnswer::Silent };
            let request = CaptureRequest { capture_id, amount_minor: amount.amount_minor };
            let path = format!("/v1/holds/{hold}/captures");
            let answer = self.post::<_, CaptureAnswer>(&path, &request, BOOKING_BUDGET).await;
            booked(answer, |answer| answer.capture_id == request.capture_id)
        })
    }

    fn release(&self, hold: PaymentId) -> ProviderFuture<'_, BookingAnswer> {
        Box::pin(async move {
            let path = format!("/v1/holds/{hold}/release");
            let answer = self.post::<_, ReleaseAnswer>(&path, &ReleaseRequest {}, BOOKING_BUDGET).await;
            booked(answer, |answer| {
                answer.hold_id.as_str() == hold.to_string() && answer.state != HoldState::Open
            })
        })
    }

    fn refund(&self, hold: PaymentId, refund: RefundId, amount: Money) -> ProviderFuture<'_, BookingAnswer> {
        Box::pin(async move {
            let Ok(refund_id) = refund.to_string().parse() else { return BookingAnswer::Silent };
            let request = RefundRequest { refund_id, amount_minor: amount.amount_minor };
            let path = format!("/v1/holds/{hold}/refunds");
            let answer = self.post::<_, RefundAnswer>(&path, &request, BOOKING_BUDGET).await;
            booked(answer, |answer| answer.refund_id == request.refund_id)
        })
    }

    fn link<'a>(&'a self, link: LinkId, proof: &'a str) -> ProviderFuture<'a, LinkAnswer> {
        Box::pin(async move {
            let (Ok(link_id), Ok(proof)) = (link.to_string().parse(), serde_json::from_value(proof.into()))
            else {
                return LinkAnswer::Refused;
            };
            let request = LinkRequest { link_id, proof };
            match self.post::<_, BankLink>("/v1/links", &request, AUTHORISE_BUDGET).await {
                Answer::Done(link) => LinkAnswer::Linked(LinkedAccount {
                    account_ref: link.account_ref.to_string(),
                    currency: link.currency,
                    label: link.iban_masked,
                }),
                Answer::Refused(problem) if is_link_final(problem.problem_type) => LinkAnswer::Refused,
                Answer::Refused(_) | Answer::Senseless(_) => LinkAnswer::Silent,
            }
        })
    }

    fn proof_url(&self) -> &str {
        &self.address.customer_url
    }

    fn proof_page_url(&self) -> Option<&str> {
        self.address.customer_page_url.as_deref()
    }

    fn partner_name(&self) -> &str {
        &self.address.partner_name
    }
}

/// What came back, sorted by what it means.
enum Answer<A> {
    /// Done, now or before.
    Done(A),
    /// Refused for good.
    Refused(Problem),
    /// It may have been done or not.
    Senseless(String),
}

impl<A: DeserializeOwned> Answer<A> {
    fn read<B: AsRef<[u8]>>(result: Result<http::Response<B>, HttpsError>) -> Self {
        let response = match result {
            Ok(response) => response,
            Err(error) => return Self::Senseless(error.to_string()),
        };
        let status = response.status();
        let body = response.body().as_ref();
        if status.is_success() {
            return serde_json::from_slice(body)
                // What the parser says may repeat what it read, which has no place in a log.
                .map_or_else(
                    |why| Self::Senseless(format!("no such answer: {:?}", why.classify())),
                    Self::Done,
                );
        }
        let may_pass = status.is_server_error()
            || status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::REQUEST_TIMEOUT;
        match serde_json::from_slice::<Problem>(body) {
            Ok(problem) if status.is_client_error() && !may_pass => Self::Refused(problem),
            _ => Self::Senseless(format!("status {status}")),
        }
    }
}

/// Only what the bank decided about this hold, or would decide each time, declines a payment: another refusal may
/// come after a first answer that was lost, with the amount held.
fn refused_hold(problem: ProblemType) -> Authorisation {
    match problem {
        ProblemType::InsufficientFunds => Authorisation::Refused(DeclineReason::InsufficientFunds),
        ProblemType::AccountUnusable => Authorisation::Refused(DeclineReason::AccountUnusable),
        ProblemType::AuthenticationRefused
        | ProblemType::HoldCancelled
        | ProblemType::InvalidRequest
        | ProblemType::TooLarge => Authorisation::Refused(DeclineReason::ProviderRefused),
        // Also if another hold has our id: what it holds is not known, so it must be released.
        _ => Authorisation::Silent,
    }
}

/// Sorts the answer to a booking; `fits` tells whether it is about what was asked. Only a refusal of this very
/// booking is final: that the bank does not know us today says nothing about the money.
fn booked<A>(answer: Answer<A>, fits: impl FnOnce(&A) -> bool) -> BookingAnswer {
    match answer {
        Answer::Done(answer) if fits(&answer) => BookingAnswer::Booked,
        Answer::Refused(problem) if is_final(problem.problem_type) => {
            BookingAnswer::Refused(in_words(&problem))
        }
        Answer::Done(_) | Answer::Refused(_) | Answer::Senseless(_) => BookingAnswer::Silent,
    }
}

fn is_final(problem: ProblemType) -> bool {
    matches!(
        problem,
        ProblemType::InvalidRequest
            | ProblemType::TooLarge
            | ProblemType::UnknownHold
            | ProblemType::IdempotencyMismatch
            | ProblemType::HoldCancelled
            | ProblemType::HoldEnded
            | ProblemType::CaptureExceedsHold
            | ProblemType::RefundExceedsCaptures
            | ProblemType::AccountUnusable
            | ProblemType::AccountClosed
    )
}

fn is_link_final(problem: ProblemType) -> bool {
    matches!(
        problem,
        ProblemType::ProofRefused
            | ProblemType::IdempotencyMismatch
            | ProblemType::AccountUnusable
            | ProblemType::InvalidRequest
            | ProblemType::TooLarge
    )
}

/// For an operator: the bank's words, as long as they are short and plain.
fn in_words(problem: &Problem) -> String {
    let words = format!("{}: {}", problem.problem_type.title(), problem.detail);
    words.chars().filter(|letter| !letter.is_control()).take(REASON_CHARS_MAX).collect()
}

/// The kind of a path, for the log: without ids.
fn kind_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
