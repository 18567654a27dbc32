//! A bank customer's side of the reference bank's customer API: what an app does when it sends the customer to
//! the bank to prove an account.

use bank_api::{
    AccountId, AccountView, AccountsAnswer, CustomerNumber, LoginAnswer, LoginRequest, PartnerName, Password,
    Problem, ProofAnswer, ProofRequest, Session,
};
use core::time::Duration;
use http::{Method, Request, header};
use https::{Client, HttpsError, Limits, PemError, Roots};
use model::LinkId;
use serde::Serialize;
use serde::de::DeserializeOwned;

const DEADLINE: Duration = Duration::from_secs(20);
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// Why the bank gives no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BankCustomerError {
    /// The roots are not usable.
    #[error("the roots are not usable: {0}")]
    Roots(#[from] PemError),
    /// No answer came.
    #[error(transparent)]
    NoAnswer(#[from] HttpsError),
    /// The bank refused.
    #[error("{title}: {detail}", title = .0.title, detail = .0.detail)]
    Refused(Box<Problem>),
    /// The answer does not fit the API.
    #[error("the answer (status {0}) is not what the bank's API promises")]
    NotTheApi(u16),
    /// The payment server gave a name that the bank cannot know.
    #[error("the payment server's name or link is not one that a bank takes")]
    BadName,
}

/// A customer logged in at a bank.
#[derive(Debug)]
pub struct BankCustomer {
    bank: String,
    client: Client,
    session: Session,
}

impl BankCustomer {
    /// Logs in at the bank at `bank`, whose certificate `roots_pem` vouch for.
    ///
    /// # Errors
    /// [`BankCustomerError`].
    pub async fn log_in(
        bank: &str,
        roots_pem: &str,
        customer_number: CustomerNumber,
        password: Password,
    ) -> Result<Self, BankCustomerError> {
        let client = Client::new(Roots::from_pem(roots_pem.as_bytes())?, None);
        let bank = bank.trim_end_matches('/').to_owned();
        let asked = LoginRequest { customer_number, password };
        let answer: LoginAnswer = ask(&client, &bank, Method::POST, "/v1/login", None, Some(&asked)).await?;
        Ok(Self { bank, client, session: answer.session })
    }

    /// The customer's accounts.
    ///
    /// # Errors
    /// [`BankCustomerError`].
    pub async fn accounts(&self) -> Result<Vec<AccountView>, BankCustomerError> {
        let session = Some(&self.session);
        let answer: AccountsAnswer =
            ask(&self.client, &self.bank, Method::GET, "/v1/accounts", session, None::<&()>).await?;
        Ok(answer.accounts)
    }

    /// Proves `account` to the partner of this name, for this link.
    ///
    /// # Errors
    /// [`BankCustomerError`].
    pub async fn prove(
        &self,
        link: LinkId,
        account_id: AccountId,
        partner: &str,
    ) -> Result<String, BankCustomerError> {
        let link_id = link.to_string().parse().map_err(|_| BankCustomerError::BadName)?;
        let partner: PartnerName = partner.parse().map_err(|_| BankCustomerError::BadName)?;
        let asked = ProofRequest { link_id, account_id, partner };
        let session = Some(&self.session);
        let answer: ProofAnswer =
            ask(&self.client, &self.bank, Method::POST, "/v1/proofs", session, Some(&asked)).await?;
        Ok(answer.proof.expose().to_owned())
    }
}

async fn ask<A: DeserializeOwned>(
    client: &Client,
    bank: &str,
    method: Method,
    path: &str,
    session: Option<&Session>,
    body: Option<&impl Serialize>,
) -> Result<A, BankCustomerError> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{bank}{path}"))
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(session) = session {
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", session.expose()));
    }
    let body = body.map_or_else(Vec::new, |body| {
        serde_json::to_vec(body).expect("the API's types have string keys and no failing parts")
    });
    let request = request.body(body).map_err(|_| HttpsError::BadAddress(bank.to_owned()))?;
    let limits = Limits { deadline: DEADLINE, max_body_bytes: ANSWER_BYTES_MAX };
    let answer = client.send(request, limits).await?;
    let status = answer.status().as_u16();
    if answer.status().is_success() {
        return serde_json::from_slice(answer.body()).map_err(|_| BankCustomerError::NotTheApi(status));
    }
    Err(match serde_json::from_slice::<Problem>(answer.body()) {
        Ok(problem) => BankCustomerError::Refused(Box::new(problem)),
        Err(_) => BankCustomerError::NotTheApi(status),
    })
}
