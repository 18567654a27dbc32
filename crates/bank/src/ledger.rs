//! Double entry: every amount leaves one account and reaches another, and what is held is set apart.

use crate::StoreError;
use crate::store::{BALANCES, BOOKINGS, Balance, Booking, ENTRIES, Entry, LedgerAccount, Source, put};
use redb::{ReadableTable, WriteTransaction};

impl LedgerAccount {
    /// The account's key in the store.
    pub(crate) fn key(&self) -> String {
        match self {
            Self::Customer(account) => format!("customer/{:020}", account.0),
            Self::Partner(partner, currency) => format!("partner/{currency}/{partner}"),
            Self::Cash(currency) => format!("cash/{currency}"),
        }
    }
}

impl Balance {
    /// What can still be spent, with this overdraft limit.
    pub(crate) fn available_minor(&self, overdraft_limit_minor: i64) -> i64 {
        self.balance_minor.saturating_add(overdraft_limit_minor).saturating_sub(self.held_minor)
    }
}

/// The account as it stands; all zero before its first booking.
pub(crate) fn balance(source: &impl Source, account: &LedgerAccount) -> Result<Balance, StoreError> {
    Ok(source.row(BALANCES, account.key().as_str())?.unwrap_or_default())
}

/// Books, and gives the booking's number.
pub(crate) fn book(transaction: &WriteTransaction, booking: &Booking) -> Result<u64, StoreError> {
    let number = {
        let bookings = transaction.open_table(BOOKINGS)?;
        let last = bookings.last()?.map_or(0, |(number, _)| number.value());
        last + 1
    };
    put(transaction, BOOKINGS, number, booking)?;
    enter(transaction, &booking.debit, number, -booking.amount_minor)?;
    enter(transaction, &booking.credit, number, booking.amount_minor)?;
    Ok(number)
}

/// Sets `amount_minor` of the account apart, or, below zero, gives it back.
pub(crate) fn hold(
    transaction: &WriteTransaction,
    account: &LedgerAccount,
    amount_minor: i64,
) -> Result<(), StoreError> {
    let mut balance = balance(transaction, account)?;
    balance.held_minor = add(balance.held_minor, amount_minor)?;
    put(transaction, BALANCES, account.key().as_str(), &balance)
}

fn enter(
    transaction: &WriteTransaction,
    account: &LedgerAccount,
    number: u64,
    amount_minor: i64,
) -> Result<(), StoreError> {
    let key = account.key();
    let mut balance = balance(transaction, account)?;
    balance.balance_minor = add(balance.balance_minor, amount_minor)?;
    put(transaction, BALANCES, key.as_str(), &balance)?;
    let entry = Entry { amount_minor, balance_after_minor: balance.balance_minor };
    put(transaction, ENTRIES, (key.as_str(), number), &entry)
}

fn add(a: i64, b: i64) -> Result<i64, StoreError> {
    a.checked_add(b).ok_or_else(|| StoreError::Damaged("a balance is beyond 63 bits".to_owned()))
}
