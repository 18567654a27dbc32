//! Customers, accounts and partners come into being here: at start, by whoever runs the bank, never over a door.

use crate::store::{
    ACCOUNTS, ACCOUNTS_OF, Account, Booking, CUSTOMERS, Cause, Customer, LedgerAccount, PARTNERS,
    PartnerKeys, Source, put,
};
use crate::{Bank, BankError, Partner, StoreError, iban, ledger};
use bank_api::{AMOUNT_MINOR_MAX, AccountId, AccountStatus, AuthenticationLevel, CustomerNumber, Password};
use crypto::{Random, SystemRandom, password};
use model::{Currency, Timestamp};
use redb::{ReadableTable, WriteTransaction};

/// Shortest and longest password, bytes.
pub(crate) const PASSWORD_BYTES: core::ops::RangeInclusive<usize> = 8..=256;
/// Longest name of a customer or label of an account, bytes.
const NAME_BYTES_MAX: usize = 120;

/// A customer to be seeded.
#[derive(Clone, Debug)]
pub struct NewCustomer {
    /// What the customer types to log in.
    pub number: CustomerNumber,
    /// The customer's name.
    pub name: String,
    /// 8 to 256 bytes. Ignored if the customer is there already.
    pub password: Password,
}

/// An account to be seeded.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Whose.
    pub customer: CustomerNumber,
    /// What its owner calls it; the customer's second seeding with the same label changes nothing.
    pub label: String,
    /// CHF or EUR.
    pub currency: Currency,
    /// Minor units that come in from outside at once; zero or more.
    pub opening_minor: i64,
    /// Minor units by which it may be overdrawn; zero or more.
    pub overdraft_limit_minor: i64,
    /// The weakest authentication that may hold money on it.
    pub least_level: AuthenticationLevel,
}

impl Bank {
    /// Makes the customer if the number is free. True if it was.
    ///
    /// # Errors
    /// [`BankError::Seed`] for a name or password of the wrong length, [`BankError::Store`].
    pub async fn seed_customer(&self, new: NewCustomer) -> Result<bool, BankError> {
        if new.name.is_empty() || new.name.len() > NAME_BYTES_MAX {
            return Err(BankError::Seed(format!("a customer's name has 1 to {NAME_BYTES_MAX} bytes")));
        }
        if !PASSWORD_BYTES.contains(&new.password.expose().len()) {
            return Err(BankError::Seed("a password has 8 to 256 bytes".to_owned()));
        }
        let mut salt = [0; 16];
        SystemRandom.fill(&mut salt);
        let key = password::derive_key(new.password.expose().as_bytes(), &salt);
        let row = Customer {
            name: new.name,
            password_salt: salt,
            password_key: *key.expose(),
            logins_begun: 0,
            locked_until: None,
        };
        let number = new.number;
        let seed = move |transaction: &WriteTransaction| {
            if transaction.row::<_, Customer>(CUSTOMERS, number.as_str())?.is_some() {
                return Ok(false);
            }
            put(transaction, CUSTOMERS, number.as_str(), &row)?;
            Ok(true)
        };
        Ok(self.store.write(seed).await?)
    }

    /// Opens the account, with its opening balance, unless the customer has one of that label. Gives its id.
    ///
    /// # Errors
    /// [`BankError::Seed`] for an unknown customer, another currency than CHF and EUR, an amount out of range, or
    /// an account of that label in another currency; [`BankError::Store`].
    pub async fn seed_account(&self, new: NewAccount) -> Result<AccountId, BankError> {
        if ![Currency::CHF, Currency::EUR].contains(&new.currency) {
            return Err(BankError::Seed(format!("the bank has no accounts in {}", new.currency)));
        }
        let amounts = 0..=AMOUNT_MINOR_MAX;
        if !amounts.contains(&new.opening_minor) || !amounts.contains(&new.overdraft_limit_minor) {
            return Err(BankError::Seed(format!("amounts are 0 to {AMOUNT_MINOR_MAX} minor units")));
        }
        if new.label.is_empty() || new.label.len() > NAME_BYTES_MAX {
            return Err(BankError::Seed(format!("an account's label has 1 to {NAME_BYTES_MAX} bytes")));
        }
        let now = self.now();
        let opened = self.store.write(move |transaction| open_account(transaction, &new, now)).await?;
        opened.map_err(BankError::Seed)
    }

    /// Opens, blocks or closes an account.
    ///
    /// # Errors
    /// [`BankError::Seed`] if there is no such account, or it is to be closed while money is held on it.
    pub async fn set_account_status(
        &self,
        account: AccountId,
        status: AccountStatus,
    ) -> Result<(), BankError> {
        let set = move |transaction: &WriteTransaction| {
            let Some(mut row) = transaction.row::<_, Account>(ACCOUNTS, account.0)? else {
                return Ok(Err("there is no such account".to_owned()));
            };
            let held = ledger::balance(transaction, &LedgerAccount::Customer(account))?.held_minor;
            if status == AccountStatus::Closed && held != 0 {
                return Ok(Err("money is held on the account".to_owned()));
            }
            row.status = status;
            put(transaction, ACCOUNTS, account.0, &row)?;
            Ok(Ok(()))
        };
        self.store.write(set).await?.map_err(BankError::Seed)
    }

    /// Makes these, and nobody else, the bank's partners. Holds of former partners stay and expire.
    ///
    /// # Errors
    /// [`BankError::Store`].
    pub async fn set_partners(&self, partners: &[Partner]) -> Result<(), BankError> {
        let rows: Vec<_> = partners
            .iter()
            .map(|partner| {
                let keys = partner.statement_keys().map(|key| key.to_sec1_uncompressed().to_vec());
                (partner.name().clone(), PartnerKeys { statement_keys: keys.collect() })
            })
            .collect();
        self.device_statuses.set(partners)?;
        let set = move |transaction: &WriteTransaction| {
            transaction.open_table(PARTNERS)?.retain(|_, _| false)?;
            for (name, keys) in &rows {
                put(transaction, PARTNERS, name.as_str(), keys)?;
            }
            Ok(())
        };
        self.store.write(set).await?;
        self.pages.set(partners);
        Ok(())
    }
}

fn open_account(
    transaction: &WriteTransaction,
    new: &NewAccount,
    now: Timestamp,
) -> Result<Result<AccountId, String>, StoreError> {
    if transaction.row::<_, Customer>(CUSTOMERS, new.customer.as_str())?.is_none() {
        return Ok(Err(format!("there is no customer {}", new.customer)));
    }
    let name = (new.customer.as_str(), new.label.as_str());
    if let Some(found) = transaction.open_table(ACCOUNTS_OF)?.get(&name)? {
        let account = AccountId(found.value());
        let row: Option<Account> = transaction.row(ACCOUNTS, account.0)?;
        let same = row.is_some_and(|row| row.currency == new.currency);
        return Ok(if same { Ok(account) } else { Err("that account is in another currency".to_owned()) });
    }
    let last = transaction.open_table(ACCOUNTS)?.last()?.map_or(0, |(id, _)| id.value());
    let account = AccountId(last + 1);
    let row = Account {
        customer: new.customer.clone(),
        label: new.label.clone(),
        iban: iban::derive_iban(account),
        currency: new.currency,
        overdraft_limit_minor: new.overdraft_limit_minor,
        status: AccountStatus::Open,
        least_level: new.least_level,
        opened_at: now,
    };
    put(transaction, ACCOUNTS, account.0, &row)?;
    transaction.open_table(ACCOUNTS_OF)?.insert(&name, account.0)?;
    if new.opening_minor > 0 {
        let opening = Booking {
            at: now,
            debit: LedgerAccount::Cash(new.currency),
            credit: LedgerAccount::Customer(account),
            amount_minor: new.opening_minor,
            currency: new.currency,
            cause: Cause::Opening,
            text: "Opening balance".to_owned(),
        };
        ledger::book(transaction, &opening)?;
    }
    Ok(Ok(account))
}
