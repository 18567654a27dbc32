//! What customers see: accounts, bookings, open holds, links.

use crate::login::CustomerSession;
use crate::store::{
    ACCOUNTS, ACCOUNTS_OF, Account, BOOKINGS, Booking, Cause, ENTRIES, Entry, HOLDS, HoldRecord, LINKS,
    LINKS_OF, LedgerAccount, Link, OPEN_OF, Source, decode,
};
use crate::{Bank, Refusal, StoreError, iban, ledger};
use bank_api::{
    AccountId, AccountRef, AccountView, AccountsAnswer, CustomerNumber, EntryKind, HoldId, LinkView,
    LinksAnswer, OpenHold, PAGE_ENTRIES_MAX, PartnerName, ProblemType, StatementAnswer, StatementEntry,
};
use redb::ReadTransaction;

/// Most accounts of one customer, and most links of one account, that are shown.
const LIST_MAX: usize = 1000;

impl Bank {
    /// The customer's accounts.
    ///
    /// # Errors
    /// [`Refusal::Store`].
    pub fn accounts(&self, session: &CustomerSession) -> Result<AccountsAnswer, Refusal> {
        let accounts = self.store.read(|transaction| {
            let owned = owned_accounts(transaction, &session.customer)?;
            owned.into_iter().map(|(id, account)| view(transaction, id, &account)).collect::<Result<_, _>>()
        })?;
        Ok(AccountsAnswer { accounts })
    }

    /// A page of an account's bookings, newest first, before booking `before`; the first page shows open holds too.
    ///
    /// # Errors
    /// [`ProblemType::UnknownAccount`], [`Refusal::Store`].
    pub fn statement(
        &self,
        session: &CustomerSession,
        account_id: AccountId,
        before: Option<u64>,
        limit: u32,
    ) -> Result<StatementAnswer, Refusal> {
        let limit = limit.clamp(1, PAGE_ENTRIES_MAX) as usize;
        let page = self.store.read(|transaction| {
            let account: Option<Account> = transaction.row(ACCOUNTS, account_id.0)?;
            if account.is_none_or(|account| account.customer != session.customer) {
                return Ok(None);
            }
            let mut entries = entries(transaction, account_id, before.unwrap_or(u64::MAX), limit + 1)?;
            let more = entries.len() > limit;
            entries.truncate(limit);
            let next_before = if more { entries.last().map(|entry| entry.number) } else { None };
            let open_holds = if before.is_none() { open_holds(transaction, account_id)? } else { Vec::new() };
            Ok(Some(StatementAnswer { entries, open_holds, next_before }))
        })?;
        Ok(page.ok_or(ProblemType::UnknownAccount)?)
    }

    /// The customer's links.
    ///
    /// # Errors
    /// [`Refusal::Store`].
    pub fn links(&self, session: &CustomerSession) -> Result<LinksAnswer, Refusal> {
        let links = self.store.read(|transaction| {
            let mut links = Vec::new();
            for (account_id, _) in owned_accounts(transaction, &session.customer)? {
                links.extend(links_of(transaction, account_id)?);
            }
            Ok(links)
        })?;
        Ok(LinksAnswer { links })
    }
}

/// Oldest first.
fn owned_accounts(
    transaction: &ReadTransaction,
    customer: &CustomerNumber,
) -> Result<Vec<(AccountId, Account)>, StoreError> {
    let mut owned = Vec::new();
    let accounts_of = transaction.open_table(ACCOUNTS_OF)?;
    for row in accounts_of.range((customer.as_str(), "")..)?.take(LIST_MAX) {
        let (key, id) = row?;
        if key.value().0 != customer.as_str() {
            break;
        }
        let id = AccountId(id.value());
        owned.push((id, found(transaction.row(ACCOUNTS, id.0)?)?));
    }
    owned.sort_by_key(|(id, _)| *id);
    Ok(owned)
}

fn view(transaction: &ReadTransaction, id: AccountId, account: &Account) -> Result<AccountView, StoreError> {
    let balance = ledger::balance(transaction, &LedgerAccount::Customer(id))?;
    Ok(AccountView {
        account_id: id,
        iban: iban::in_groups(&account.iban),
        label: account.label.clone(),
        currency: account.currency,
        balance_minor: balance.balance_minor,
        held_minor: balance.held_minor,
        available_minor: balance.available_minor(account.overdraft_limit_minor),
        status: account.status,
    })
}

fn entries(
    transaction: &ReadTransaction,
    account: AccountId,
    before: u64,
    count_max: usize,
) -> Result<Vec<StatementEntry>, StoreError> {
    let key = LedgerAccount::Customer(account).key();
    let mut entries = Vec::new();
    let table = transaction.open_table(ENTRIES)?;
    for row in table.range((key.as_str(), 0)..(key.as_str(), before))?.rev().take(count_max) {
        let (place, entry) = row?;
        let number = place.value().1;
        let entry: Entry = decode(entry.value())?;
        let booking: Booking = found(transaction.row(BOOKINGS, number)?)?;
        entries.push(StatementEntry {
            number,
            at_ms: booking.at,
            amount_minor: entry.amount_minor,
            balance_after_minor: entry.balance_after_minor,
            kind: match booking.cause {
                Cause::Opening => EntryKind::Opening,
                Cause::Capture(..) => EntryKind::Capture,
                Cause::Refund(..) => EntryKind::Refund,
            },
            text: booking.text,
        });
    }
    Ok(entries)
}

fn open_holds(transaction: &ReadTransaction, account: AccountId) -> Result<Vec<OpenHold>, StoreError> {
    let mut holds = Vec::new();
    let open = transaction.open_table(OPEN_OF)?;
    for row in open.range((account.0, "", "")..(account.0 + 1, "", ""))?.take(PAGE_ENTRIES_MAX as usize) {
        let (key, _) = row?;
        let (_, partner, hold_id) = key.value();
        let HoldRecord::Placed(hold) = found(transaction.row(HOLDS, (partner, hold_id))?)? else {
            return Err(StoreError::Damaged("an open hold was never placed".to_owned()));
        };
        holds.push(OpenHold {
            partner: name::<PartnerName>(partner)?,
            hold_id: name::<HoldId>(hold_id)?,
            open_minor: hold.open_minor(),
            payee: hold.payee,
            at_ms: hold.placed_at,
            expires_at_ms: hold.expires_at,
        });
    }
    Ok(holds)
}

fn links_of(transaction: &ReadTransaction, account_id: AccountId) -> Result<Vec<LinkView>, StoreError> {
    let mut links = Vec::new();
    let links_of = transaction.open_table(LINKS_OF)?;
    for row in links_of.range((account_id.0, "")..(account_id.0 + 1, ""))? {
        let (key, _) = row?;
        let account_ref = key.value().1;
        let link: Link = found(transaction.row(LINKS, account_ref)?)?;
        if link.revoked_at.is_some() {
            continue;
        }
        let account_ref = name::<AccountRef>(account_ref)?;
        links.push(LinkView { account_ref, account_id, partner: link.partner, linked_at_ms: link.linked_at });
        if links.len() == LIST_MAX {
            break;
        }
    }
    Ok(links)
}

fn found<T>(row: Option<T>) -> Result<T, StoreError> {
    row.ok_or_else(|| StoreError::Damaged("an index leads nowhere".to_owned()))
}

pub(crate) fn name<T: core::str::FromStr>(text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Damaged("a key is no name".to_owned()))
}
