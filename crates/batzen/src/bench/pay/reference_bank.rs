//! The reference bank beside the server under measure: its real doors and its own store, with accounts that its
//! customer has proved to the server.

use super::scene::{CURRENCY, random};
use crate::failure::Failure;
use crate::service::SystemClock;
use crate::setup::Folder;
use bank::{Bank, BankConfig, Doors, NewAccount, NewCustomer, Settings};
use bank_api::{AccountId, AuthenticationLevel, CustomerNumber, LoginRequest, Password, ProofRequest};
use model::{Clock, LinkId};
use payments::{LinkAnswer, Provider};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// All customers of the server share so many accounts in turn.
const ACCOUNTS: usize = 64;
/// What is on each account: more than any bench spends.
const OPENING_MINOR: i64 = bank_api::AMOUNT_MINOR_MAX;
const CUSTOMER_NUMBER: &str = "10001";
const PASSWORD: &str = "only for this bench";

/// A bank that is open.
pub(super) struct ReferenceBank {
    bank: Bank,
    config: BankConfig,
    accounts: Vec<AccountId>,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), Failure>>,
}

impl ReferenceBank {
    /// Opens the bank of this folder, with accounts.
    pub(super) async fn open(folder: &Folder) -> Result<Self, Failure> {
        let config = BankConfig::from_file(&folder.bank_config())?;
        let doors = Doors::open(&config).await?;
        let bank = Bank::open(&config.data_dir, Settings::default())?;
        bank.set_partners(&config.partners).await?;
        let accounts = seed(&bank).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        let serving = doors.serve(bank.clone(), stopped);
        let ended = tokio::spawn(async { serving.await.map_err(Failure::from) });
        Ok(Self { bank, config, accounts, stop, ended })
    }

    /// Proves every account to `provider`'s partner and links it. Gives the names of the accounts there.
    pub(super) async fn link_accounts(&self, provider: &dyn Provider) -> Result<Vec<String>, Failure> {
        let login = LoginRequest {
            customer_number: CUSTOMER_NUMBER.parse()?,
            password: Password::from_string(PASSWORD.to_owned()),
        };
        let session = self.bank.session(&self.bank.login(login).await?.session)?;
        let mut account_refs = Vec::new();
        for account_id in &self.accounts {
            let link = LinkId::derive(0, SystemClock.now(), random());
            let request = ProofRequest {
                link_id: link.to_string().parse()?,
                account_id: *account_id,
                partner: provider.partner_name().parse()?,
            };
            let proof = self.bank.make_proof(&session, request).await?.proof;
            match provider.link(link, proof.expose()).await {
                LinkAnswer::Linked(account) => account_refs.push(account.account_ref),
                other => return Err(Failure::new(format!("an account could not be linked: {other:?}"))),
            }
        }
        Ok(account_refs)
    }

    /// Closes the bank and replays its books.
    pub(super) async fn end(self) -> Result<(), Failure> {
        drop(self.stop);
        self.ended.await.map_err(|_| Failure::new("the bank panicked"))??;
        drop(self.bank);
        let bank = Bank::open(&self.config.data_dir, Settings::default())?;
        match bank.check()?.first_fault {
            None => Ok(()),
            Some(fault) => Err(Failure::new(format!("the bank's store is wrong after the load: {fault}"))),
        }
    }
}

async fn seed(bank: &Bank) -> Result<Vec<AccountId>, Failure> {
    let number: CustomerNumber = CUSTOMER_NUMBER.parse()?;
    let password = Password::from_string(PASSWORD.to_owned());
    bank.seed_customer(NewCustomer { number: number.clone(), name: "Ada".to_owned(), password }).await?;
    let mut accounts = Vec::new();
    for place in 0..ACCOUNTS {
        let account = NewAccount {
            customer: number.clone(),
            label: format!("Account {place}"),
            currency: CURRENCY,
            opening_minor: OPENING_MINOR,
            overdraft_limit_minor: 0,
            least_level: AuthenticationLevel::Browser,
        };
        accounts.push(bank.seed_account(account).await?);
    }
    Ok(accounts)
}
