//! The demo's people: a customer with an account, a shop with a till.

use crate::admin::OperatorClient;
use crate::failure::Failure;
use crate::service::{self, SeedAccount, ServerConfig, read_named};
use crate::setup::Folder;
use api::admin::{
    ActivationCodeView, BalancePage, CheckoutRequest, CustomerRequest, CustomerView, MerchantRequest,
    MerchantView, NewCheckoutView,
};
use https::{Client, Limits, Roots};
use model::{Currency, CustomerId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The demo customer's password at the demo's bank. It guards play money on this machine only.
pub(super) const BANK_PASSWORD: &str = "alpine-meadow-42";
/// The demo customer's number at the bank.
pub(super) const CUSTOMER_NUMBER: &str = "100200";
/// What is on the account at first.
pub(super) const OPENING: &str = "200.00";
/// The till's number, without its check digit.
const TERMINAL: u32 = 572;

/// What there is, told to whoever runs the demo.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Seeded {
    /// Where the payment server is.
    pub(super) server_url: String,
    /// The customer at the payment server.
    pub(super) customer: CustomerId,
    /// The customer at the bank.
    pub(super) customer_number: String,
    /// The till's label.
    pub(super) till: String,
    /// For activating a phone; a new one at each start.
    pub(super) activation_code: String,
}

/// What is kept between starts.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    customer: CustomerId,
    till: String,
}

/// Makes the customer's account at the bank, unless it is there. The bank must be closed.
pub(super) async fn seed_bank(folder: &Folder) -> Result<(), Failure> {
    folder.write_secret("bank/customer.password", BANK_PASSWORD)?;
    let account = SeedAccount {
        customer_number: CUSTOMER_NUMBER.parse()?,
        customer_name: "Alex Muster".to_owned(),
        password_file: "customer.password".into(),
        label: "Private account".to_owned(),
        currency: Currency::CHF,
        opening: OPENING.to_owned(),
    };
    folder.write("bank/accounts.json", &serde_json::to_string_pretty(&[account])?)?;
    service::seed_bank(&folder.bank_config(), &folder.bank_accounts()).await?;
    Ok(())
}

/// Registers the customer, the shop and its till at the server, unless they are there.
pub(super) async fn seed(folder: &Folder) -> Result<Seeded, Failure> {
    let port = ServerConfig::from_file(&folder.server_config())?.listen.port();
    let server_url = format!("https://localhost:{port}");
    let client =
        OperatorClient::new(server_url.clone(), &folder.roots(), &folder.operator_key(), "demo".to_owned())?;
    let kept_at = folder.path().join("demo.json");
    let kept = match read_named(&kept_at) {
        Ok(text) => serde_json::from_slice(&text)
            .map_err(|error| Failure::new(format!("{} is not usable: {error}", kept_at.display())))?,
        Err(_) => {
            let kept = register(folder, &client, &server_url).await?;
            // Written last: a start that was cut off registers anew.
            folder.write("demo.json", &serde_json::to_string_pretty(&kept)?)?;
            kept
        }
    };
    let path = format!("/v1/admin/customers/{}/activation-codes", kept.customer);
    let issued: ActivationCodeView = client.post(&path, &serde_json::json!({})).await?;
    Ok(Seeded {
        server_url,
        customer: kept.customer,
        customer_number: CUSTOMER_NUMBER.to_owned(),
        till: kept.till,
        activation_code: issued.activation_code,
    })
}

async fn register(folder: &Folder, client: &OperatorClient, server_url: &str) -> Result<Kept, Failure> {
    let name = "Alex Muster".to_owned();
    let customer: CustomerView = client.post("/v1/admin/customers", &CustomerRequest { name }).await?;
    let name = "Corner Shop".to_owned();
    let merchant: MerchantView = client.post("/v1/admin/merchants", &MerchantRequest { name }).await?;
    let checkout = register_till(client, &merchant).await?;
    let till = checkout.terminals.first().map(ToString::to_string).unwrap_or_default();
    std::fs::create_dir_all(folder.path().join("till"))?;
    folder.write_secret("till/api.key", &checkout.api_key)?;
    let config = serde_json::json!({
        "server_url": server_url,
        "api_key_file": "api.key",
        "tls_roots_file": "../tls/roots.pem",
        "terminal": till,
        "currency": "CHF",
    });
    folder.write("till/checkout.json", &serde_json::to_string_pretty(&config)?)?;
    Ok(Kept { customer: customer.id, till })
}

/// A till's number is unique in the realm: after a start that was cut off, the next one is taken.
async fn register_till(client: &OperatorClient, merchant: &MerchantView) -> Result<NewCheckoutView, Failure> {
    let mut last = Failure::new("no till could be registered");
    for terminal in TERMINAL..TERMINAL + 8 {
        let asked =
            CheckoutRequest { merchant: merchant.id, name: "Till 1".to_owned(), terminals: vec![terminal] };
        match client.post("/v1/admin/checkouts", &asked).await {
            Ok(checkout) => return Ok(checkout),
            Err(failure) => last = failure,
        }
    }
    Err(last)
}

/// The demo's customer, logged in at the bank.
pub(super) struct BankCustomer {
    client: Client,
    address: String,
    session: bank_api::Session,
}

impl BankCustomer {
    pub(super) async fn log_in(folder: &Folder) -> Result<Self, Failure> {
        let port = bank::BankConfig::from_file(&folder.bank_config())?.customer_listen.port();
        let roots = Roots::from_pem(&read_named(&folder.roots())?)?;
        let (client, address) = (Client::new(roots, None), format!("https://localhost:{port}"));
        let asked = bank_api::LoginRequest {
            customer_number: CUSTOMER_NUMBER.parse()?,
            password: bank_api::Password::from_string(BANK_PASSWORD.to_owned()),
        };
        let request = http::Request::post(format!("{address}/v1/login"))
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&asked)?)?;
        let answer: bank_api::LoginAnswer = ask(&client, request).await?;
        Ok(Self { client, address, session: answer.session })
    }

    /// What is on the customer's account.
    pub(super) async fn balance_minor(&self) -> Result<i64, Failure> {
        let request = http::Request::get(format!("{}/v1/accounts", self.address))
            .header("authorization", format!("Bearer {}", self.session.expose()))
            .body(Vec::new())?;
        let answer: bank_api::AccountsAnswer = ask(&self.client, request).await?;
        let account = answer.accounts.first().ok_or_else(|| Failure::new("the account is gone"))?;
        Ok(account.balance_minor)
    }
}

async fn ask<A: serde::de::DeserializeOwned>(
    client: &Client,
    request: http::Request<Vec<u8>>,
) -> Result<A, Failure> {
    let limits = Limits { deadline: Duration::from_secs(10), max_body_bytes: 1024 * 1024 };
    let answer = client.send(request, limits).await?;
    if !answer.status().is_success() {
        return Err(Failure::new(format!("the bank answered with status {}", answer.status())));
    }
    Ok(serde_json::from_slice(answer.body())?)
}

/// What the ledger owes the demo's shop, posted.
pub(super) async fn merchant_minor(folder: &Folder) -> Result<i64, Failure> {
    let port = ServerConfig::from_file(&folder.server_config())?.listen.port();
    let server_url = format!("https://localhost:{port}");
    let client = OperatorClient::new(server_url, &folder.roots(), &folder.operator_key(), "demo".to_owned())?;
    let page: BalancePage = client.get("/v1/admin/balances").await?;
    let merchants = page.balances.iter().filter(|balance| balance.account.starts_with("merchant "));
    Ok(merchants.map(|balance| -balance.posted_minor).sum())
}
