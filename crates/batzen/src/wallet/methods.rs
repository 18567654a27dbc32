//! `batzen wallet methods`: list, add, remove.

use super::folder::{Folder, OpenWallet};
use super::online::{bank_failure, client_of, now, phone_failure, refresh, signer_of};
use super::secret_input::ask;
use crate::failure::Failure;
use crate::output::Output;
use api::phone::{MethodStateName, MethodView};
use api::problem::ProblemType;
use bank_api::{AccountStatus, AccountView, CustomerNumber, Password};
use clap::Subcommand;
use client::bank_customer::BankCustomer;
use client::phone::PhoneClient;
use model::{MethodSlot, Money, ProviderId};

/// What to do with methods.
#[derive(Subcommand)]
pub(super) enum MethodsCommand {
    /// List them; asks the server.
    List,
    /// Add a bank account: you log in at the bank, which proves the account to be yours.
    Add(AddArgs),
    /// Take one away.
    Remove {
        /// Its number in the list.
        method: u8,
    },
}

/// Arguments of `batzen wallet methods add`.
#[derive(clap::Args)]
pub(super) struct AddArgs {
    /// The bank, by the name that the payment server gives it.
    #[arg(long, value_name = "NAME")]
    provider: ProviderId,
    /// Your customer number at the bank.
    #[arg(long, value_name = "NUMBER")]
    customer_number: CustomerNumber,
    /// Which of your accounts, by its number or IBAN; the only one if there is just one.
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<String>,
    /// Take the bank's password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
}

pub(super) async fn methods(
    folder: &Folder,
    command: MethodsCommand,
    output: &Output,
) -> Result<(), Failure> {
    let mut wallet = folder.open()?;
    match command {
        MethodsCommand::List => list(&mut wallet, output).await,
        MethodsCommand::Add(arguments) => add(&mut wallet, arguments, output).await,
        MethodsCommand::Remove { method } => remove(&mut wallet, MethodSlot(method), output).await,
    }
}

async fn list(wallet: &mut OpenWallet, output: &Output) -> Result<(), Failure> {
    let client = client_of(wallet)?;
    let page = client.methods(signer_of(wallet)?).await.map_err(phone_failure)?;
    wallet.state.apply_methods(page)?;
    wallet.store()?;
    refresh(&client, wallet).await?;
    let methods = wallet.state.methods();
    let document = serde_json::json!({ "methods": methods });
    let text = || match methods {
        [] => "No payment method yet; add one with `batzen wallet methods add`.".to_owned(),
        methods => methods.iter().map(line).collect::<Vec<_>>().join("\n"),
    };
    output.result(text, &document);
    Ok(())
}

async fn add(wallet: &mut OpenWallet, arguments: AddArgs, output: &Output) -> Result<(), Failure> {
    let password = ask("Your password at the bank", arguments.password_stdin)?;
    let client = client_of(wallet)?;
    let method = method_to_prove(&client, wallet, arguments.provider).await?;
    let (Some(link), Some(bank), Some(partner)) = (method.link, &method.proof_url, &method.partner) else {
        return Err(Failure::new("the server did not say where the account is to be proved"));
    };
    let roots = &wallet.state.realm_file().tls_roots_pem;
    let password = Password::from_string(password.expose().to_owned());
    let customer =
        BankCustomer::log_in(bank, roots, arguments.customer_number, password).await.map_err(bank_failure)?;
    let accounts = customer.accounts().await.map_err(bank_failure)?;
    let account = choose(&accounts, arguments.account.as_deref())?;
    let proof = customer.prove(link, account.account_id, partner).await.map_err(bank_failure)?;
    let proved = match client.prove_method(signer_of(wallet)?, method.slot, proof).await {
        Ok(proved) => proved,
        Err(error) => {
            if error.problem() == Some(ProblemType::ProofRefused) {
                // No other proof will do for it: the bank may have linked it to one whose answer was lost.
                client.remove_method(signer_of(wallet)?, method.slot).await.map_err(phone_failure)?;
            }
            return Err(phone_failure(error));
        }
    };
    wallet.state.apply_method(proved.clone())?;
    wallet.store()?;
    output.result(|| format!("Added: {}", line(&proved)), &proved);
    Ok(())
}

/// A method that was added and never proved, or else a new one: a try that failed at the bank leaves one, and the
/// next goes on with it.
async fn method_to_prove(
    client: &PhoneClient,
    wallet: &OpenWallet,
    provider: ProviderId,
) -> Result<MethodView, Failure> {
    let page = client.methods(signer_of(wallet)?).await.map_err(phone_failure)?;
    // One that ends while the customer logs in would be proved in vain.
    let soon_ms = now().plus_s(60).ms();
    let is_waiting = |method: &MethodView| {
        method.provider == provider
            && method.state == MethodStateName::Unproved
            && method.prove_by_ms.is_some_and(|prove_by_ms| prove_by_ms > soon_ms)
    };
    match page.methods.into_iter().find(is_waiting) {
        Some(method) => Ok(method),
        None => client.add_method(signer_of(wallet)?, provider).await.map_err(phone_failure),
    }
}

async fn remove(wallet: &mut OpenWallet, slot: MethodSlot, output: &Output) -> Result<(), Failure> {
    let client = client_of(wallet)?;
    let removed = client.remove_method(signer_of(wallet)?, slot).await.map_err(phone_failure)?;
    wallet.state.forget_method(slot)?;
    wallet.store()?;
    output.result(|| format!("Removed method {}.", slot.0), &removed);
    Ok(())
}

fn choose<'a>(accounts: &'a [AccountView], wanted: Option<&str>) -> Result<&'a AccountView, Failure> {
    let open: Vec<&AccountView> =
        accounts.iter().filter(|account| account.status == AccountStatus::Open).collect();
    let fits = |account: &&&AccountView| match wanted {
        Some(wanted) => {
            account.account_id.to_string() == wanted || account.iban == wanted.replace(' ', "").to_uppercase()
        }
        None => true,
    };
    let found: Vec<&&AccountView> = open.iter().filter(fits).collect();
    match (found.as_slice(), wanted) {
        ([account], _) => Ok(account),
        ([], _) => Err(Failure::usage("the bank has no such open account of yours")),
        (several, _) => {
            let lines: Vec<String> = several.iter().map(|account| account_line(account)).collect();
            Err(Failure::usage(format!("choose one with --account:\n{}", lines.join("\n"))))
        }
    }
}

fn account_line(account: &AccountView) -> String {
    let available = Money::new(account.available_minor, account.currency);
    format!("  {}  {}  {}  {available}", account.account_id, account.iban, account.label)
}

fn line(method: &MethodView) -> String {
    let what = match method.state {
        MethodStateName::Active => method.label.clone().unwrap_or_default(),
        MethodStateName::Unproved => "not proved at the bank yet".to_owned(),
        MethodStateName::Removed => "removed".to_owned(),
    };
    let currency = method.currency.map(|currency| format!(", {currency}")).unwrap_or_default();
    format!("{}  {}: {what}{currency}", method.slot.0, method.provider)
}
