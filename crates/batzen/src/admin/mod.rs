//! `batzen admin`: what operators do, over the server's API with the operator's key, or on files at hand.

mod api_client;
mod app;
mod approval;
mod attestation;
mod books;
mod check;
mod database;
mod device;
mod keys;
mod policy;
mod rules;
mod webhook;

use crate::failure::Failure;
use crate::output::Output;
use crate::service::runtime;
use api::admin::{
    ActivationCodeView, CheckoutRequest, CustomerRequest, CustomerView, EnrolmentAdminPage,
    EnrolmentAdminView, MerchantRequest, MerchantView, NewCheckoutView, PaymentStory,
};
use api::policy::CategoryRequest;
pub(crate) use api_client::OperatorClient;
use attestation::AttestationCommand;
use books::BooksCommand;
use clap::Subcommand;
use database::DatabaseCommand;
use keys::KeysCommand;
use model::{CustomerId, EnrolmentId, MerchantCategory, MerchantId, PaymentId};
use policy::PolicyCommand;
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;

/// What operators do: register customers, shops and tills, lock and unlock phones, look into payments and books, see
/// that merchants are told of payments.
#[derive(clap::Args)]
pub(crate) struct AdminArgs {
    /// The payment server, such as https://localhost:7443.
    #[arg(long, value_name = "URL")]
    server: Option<String>,
    /// PEM: who issued the server's certificate.
    #[arg(long, value_name = "FILE", requires = "server")]
    roots: Option<PathBuf>,
    /// The file with the operator's key, readable by its owner only.
    #[arg(long, value_name = "FILE", requires = "server")]
    key: Option<PathBuf>,
    /// Who you are, for the audit trail.
    #[arg(long, default_value = "operator")]
    operator: String,
    #[command(subcommand)]
    command: AdminCommand,
}

#[derive(Subcommand)]
enum AdminCommand {
    #[command(flatten)]
    Api(ApiCommand),
    #[command(flatten)]
    Database(DatabaseCommand),
    /// What platforms say of a phone and its key.
    #[command(subcommand)]
    Attestation(AttestationCommand),
    /// The server's keys: which there are, another one, and whether each works.
    #[command(subcommand)]
    Keys(KeysCommand),
}

#[derive(Subcommand)]
enum ApiCommand {
    /// Add a customer.
    AddCustomer {
        /// The customer's name.
        name: String,
    },
    /// Issue an activation code; it is printed once, for the customer's eyes only.
    IssueActivationCode {
        /// The customer.
        customer: CustomerId,
    },
    /// Add a merchant.
    AddMerchant {
        /// The name that customers see.
        name: String,
        /// What it sells: a merchant category code of four digits, such as 5411.
        #[arg(long)]
        category: Option<MerchantCategory>,
    },
    /// Set what a merchant sells; policies may ask for it.
    SetCategory {
        /// Whose.
        merchant: MerchantId,
        /// A merchant category code of four digits, such as 5411; unknown if absent.
        category: Option<MerchantCategory>,
    },
    /// What decides of payments: show, check, sign, try and activate policies.
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Add a checkout with its tills; its API key is printed once.
    AddCheckout {
        /// Whose.
        merchant: MerchantId,
        /// What to call it.
        name: String,
        /// The numbers of its tills, without check digits.
        #[arg(required = true)]
        terminals: Vec<u32>,
    },
    /// List phones.
    Enrolments {
        /// Those after this one.
        #[arg(long)]
        after: Option<EnrolmentId>,
    },
    /// Lock a phone.
    Lock {
        /// Which.
        enrolment: EnrolmentId,
    },
    /// Unlock a phone and forget its wrong PINs.
    Unlock {
        /// Which.
        enrolment: EnrolmentId,
    },
    /// The life of customers' devices: list, lock, unlock, revoke, replace, reset a PIN.
    #[command(subcommand)]
    Device(device::DeviceCommand),
    /// What customers may ask for by law: export and erasure.
    #[command(subcommand)]
    Customer(device::CustomerCommand),
    /// What customers are asked to approve on the phone: a transfer, a login.
    #[command(subcommand)]
    Approval(approval::ApprovalCommand),
    /// Which apps phones may run, in which versions, and what their customers are told.
    #[command(subcommand)]
    App(app::AppCommand),
    /// What the sensors of phones look for: signed lists that phones fetch.
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Where a merchant's systems are told of payments, and what could not be delivered.
    #[command(subcommand)]
    Webhook(webhook::WebhookCommand),
    /// Why a payment went as it did.
    Payment {
        /// Which.
        id: PaymentId,
    },
    /// Check what is stored while payments go on, and wait for what is found; exits with 1 if something is wrong.
    ///
    /// The server checks what changed by itself, every minute unless its configuration says otherwise.
    Check {
        /// Read everything, not only what changed since the last check.
        #[arg(long)]
        whole: bool,
    },
    #[command(flatten)]
    Books(BooksCommand),
}

pub(crate) fn admin(arguments: AdminArgs, output: &Output) -> Result<ExitCode, Failure> {
    let command = match arguments.command {
        AdminCommand::Database(command) => return database::run(&command, output),
        AdminCommand::Attestation(command) => return attestation::run(command, output),
        AdminCommand::Keys(command) => return keys::run(command, output),
        AdminCommand::Api(command) => command,
    };
    if let ApiCommand::Policy(command) = &command
        && let Some(done) = command.run_here(output)
    {
        return done;
    }
    let (Some(server), Some(roots), Some(key)) = (arguments.server, arguments.roots, arguments.key) else {
        return Err(Failure::usage("name the server with --server, --roots and --key"));
    };
    let client = OperatorClient::new(server, &roots, &key, arguments.operator)?;
    runtime()?.block_on(run(&client, command, output))
}

async fn run(client: &OperatorClient, command: ApiCommand, output: &Output) -> Result<ExitCode, Failure> {
    match command {
        ApiCommand::AddCustomer { name } => {
            let made: CustomerView = client.post("/v1/admin/customers", &CustomerRequest { name }).await?;
            show(output, &made, format!("customer {} ({})", made.id, made.name));
        }
        ApiCommand::IssueActivationCode { customer } => {
            let path = format!("/v1/admin/customers/{customer}/activation-codes");
            let made: ActivationCodeView = client.post(&path, &serde_json::json!({})).await?;
            let until = model::Timestamp::from_ms(made.expires_at_ms);
            show(output, &made, format!("{}\ngood until {until}, for one phone", made.activation_code));
        }
        ApiCommand::AddMerchant { name, category } => {
            let asked = MerchantRequest { name, category };
            let made: MerchantView = client.post("/v1/admin/merchants", &asked).await?;
            show(output, &made, format!("merchant {} ({})", made.id, made.name));
        }
        ApiCommand::SetCategory { merchant, category } => {
            let path = format!("/v1/admin/merchants/{merchant}/category");
            let set: CategoryRequest = client.put(&path, &CategoryRequest { category }).await?;
            let category = set.category.map_or_else(|| "unknown".to_owned(), |category| category.to_string());
            show(output, &set, format!("{merchant}: category {category}"));
        }
        ApiCommand::Policy(command) => policy::run(client, command, output).await?,
        ApiCommand::AddCheckout { merchant, name, terminals } => {
            let asked = CheckoutRequest { merchant, name, terminals };
            let made: NewCheckoutView = client.post("/v1/admin/checkouts", &asked).await?;
            let labels: Vec<String> = made.terminals.iter().map(ToString::to_string).collect();
            let text = format!("checkout {}\nAPI key {}\ntills {}", made.id, made.api_key, labels.join(" "));
            show(output, &made, text);
        }
        ApiCommand::Enrolments { after } => {
            let query = after.map(|id| format!("?after={id}")).unwrap_or_default();
            let page: EnrolmentAdminPage = client.get(&format!("/v1/admin/enrolments{query}")).await?;
            let lines: Vec<String> = page.enrolments.iter().map(enrolment_line).collect();
            show(output, &page, lines.join("\n"));
        }
        ApiCommand::Lock { enrolment } => turn(client, enrolment, "lock", output).await?,
        ApiCommand::Unlock { enrolment } => turn(client, enrolment, "unlock", output).await?,
        ApiCommand::Device(command) => device::run(client, command, output).await?,
        ApiCommand::Customer(command) => device::run_customer(client, command, output).await?,
        ApiCommand::Approval(command) => approval::run(client, command, output).await?,
        ApiCommand::App(command) => app::run(client, command, output).await?,
        ApiCommand::Rules(command) => rules::run(client, command, output).await?,
        ApiCommand::Webhook(command) => webhook::run(client, command, output).await?,
        ApiCommand::Payment { id } => {
            let story: PaymentStory = client.get(&format!("/v1/admin/payments/{id}")).await?;
            let mut lines = vec![format!("{id}: verdict {}", story.verdict)];
            lines.extend(story.decision.iter().flat_map(policy::decision_lines));
            lines.extend(story.events.iter().map(|event| format!("  {event}")));
            lines.extend(story.open_effects.iter().map(|effect| format!("  still to tell: {effect}")));
            show(output, &story, lines.join("\n"));
        }
        ApiCommand::Check { whole } => return check::run(client, whole, output).await,
        ApiCommand::Books(command) => books::run(client, command, output).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn turn(client: &OperatorClient, id: EnrolmentId, verb: &str, output: &Output) -> Result<(), Failure> {
    let path = format!("/v1/admin/enrolments/{id}/{verb}");
    let view: EnrolmentAdminView = client.post(&path, &serde_json::json!({})).await?;
    show(output, &view, enrolment_line(&view));
    Ok(())
}

fn show(output: &Output, document: &impl Serialize, text: String) {
    output.result(|| text, document);
}

fn enrolment_line(view: &EnrolmentAdminView) -> String {
    format!(
        "{} of {}: {:?}, {} wrong PINs, counter {}, {}",
        view.id, view.customer, view.status, view.pin_failures, view.counter, view.platform
    )
}
