//! The demo's people: a customer with an account, a shop with a till.

use crate::admin::OperatorClient;
use crate::failure::Failure;
use crate::service::{self, SeedAccount, ServerConfig, read_named, read_secret};
use crate::setup::Folder;
use api::admin::{
    ActivationCodeView, CheckoutRequest, CustomerRequest, CustomerView, MerchantRequest, MerchantView,
    NewCheckoutView,
};
use api::books::BalancePage;
use client::bank_customer::BankCustomer;
use model::{Currency, CustomerId};
use serde::{Deserialize, Serialize};

/// The demo customer's password at the demo's bank. It guards play money on this machine only.
pub(super) const BANK_PASSWORD: &str = "alpine-meadow-42";
/// The demo customer's number at the bank.
pub(super) const CUSTOMER_NUMBER: &str = "100200";
/// The demo customer's name.
pub(super) const CUSTOMER_NAME: &str = "Alex Muster";
/// The demo shop's name.
pub(super) const MERCHANT_NAME: &str = "Corner Shop";
/// What is paid in.
pub(super) const CURRENCY: Currency = Currency::CHF;
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
        customer_name: CUSTOMER_NAME.to_owned(),
        password_file: "customer.password".into(),
        label: "Private account".to_owned(),
        currency: CURRENCY,
        opening: OPENING.to_owned(),
    };
    folder.write("bank/accounts.json", &serde_json::to_string_pretty(&[account])?)?;
    service::seed_bank(&folder.bank_config(), &folder.bank_accounts()).await?;
    Ok(())
}

/// Registers the customer, the shop and its till at the server, unless they are there.
pub(super) async fn seed(folder: &Folder) -> Result<Seeded, Failure> {
    let server_url = server_url(folder)?;
    let client = operator(folder)?;
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
    let activation_code = issue_activation_code(&client, kept.customer).await?;
    Ok(Seeded {
        server_url,
        customer: kept.customer,
        customer_number: CUSTOMER_NUMBER.to_owned(),
        till: kept.till,
        activation_code,
    })
}

/// Where the payment server of this folder is.
pub(super) fn server_url(folder: &Folder) -> Result<String, Failure> {
    let port = ServerConfig::from_file(&folder.server_config())?.listen.port();
    Ok(format!("https://localhost:{port}"))
}

/// Asks the payment server as its operator.
pub(super) fn operator(folder: &Folder) -> Result<OperatorClient, Failure> {
    OperatorClient::new(server_url(folder)?, &folder.roots(), &folder.operator_key(), "demo".to_owned())
}

/// Another activation code for the demo's customer.
pub(super) async fn issue_activation_code(
    client: &OperatorClient,
    customer: CustomerId,
) -> Result<String, Failure> {
    let path = format!("/v1/admin/customers/{customer}/activation-codes");
    let issued: ActivationCodeView = client.post(&path, &serde_json::json!({})).await?;
    Ok(issued.activation_code)
}

/// The key of the demo's till.
pub(super) fn till_key(folder: &Folder) -> Result<String, Failure> {
    read_secret(&folder.path().join("till/api.key"))
}

async fn register(folder: &Folder, client: &OperatorClient, server_url: &str) -> Result<Kept, Failure> {
    let name = CUSTOMER_NAME.to_owned();
    let customer: CustomerView = client.post("/v1/admin/customers", &CustomerRequest { name }).await?;
    let name = MERCHANT_NAME.to_owned();
    let merchant: MerchantView =
        client.post("/v1/admin/merchants", &MerchantRequest { name, category: None }).await?;
    let checkout = register_till(client, &merchant).await?;
    let till = checkout.terminals.first().map(ToString::to_string).unwrap_or_default();
    std::fs::create_dir_all(folder.path().join("till"))?;
    folder.write_secret("till/api.key", &checkout.api_key)?;
    let config = serde_json::json!({
        "server_url": server_url,
        "api_key_file": "api.key",
        "tls_roots_file": "../tls/roots.pem",
        "terminal": till,
        "currency": CURRENCY,
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
pub(super) async fn bank_customer(folder: &Folder) -> Result<BankCustomer, Failure> {
    let port = bank::BankConfig::from_file(&folder.bank_config())?.customer_listen.port();
    let roots = String::from_utf8_lossy(&read_named(&folder.roots())?).into_owned();
    let password = bank_api::Password::from_string(BANK_PASSWORD.to_owned());
    Ok(BankCustomer::log_in(&format!("https://localhost:{port}"), &roots, CUSTOMER_NUMBER.parse()?, password)
        .await?)
}

/// What is on the customer's account.
pub(super) async fn balance_minor(customer: &BankCustomer) -> Result<i64, Failure> {
    let accounts = customer.accounts().await?;
    accounts.first().map(|account| account.balance_minor).ok_or_else(|| Failure::new("the account is gone"))
}

/// What the ledger owes the demo's shop, posted.
pub(super) async fn merchant_minor(folder: &Folder) -> Result<i64, Failure> {
    let page: BalancePage = operator(folder)?.get("/v1/admin/balances").await?;
    let merchants = page.balances.iter().filter(|balance| balance.account.starts_with("merchant "));
    Ok(merchants.map(|balance| -balance.posted_minor).sum())
}
