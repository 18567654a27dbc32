//! Replays the whole store and holds it against what must always be true.

use crate::store::{
    ACCOUNTS, Account, BALANCES, BOOKINGS, Balance, Booking, CAPTURES, Cause, ENTRIES, Entry, HOLDS, Hold,
    HoldEnding, HoldRecord, LINKS, LedgerAccount, Link, OPEN_BY_EXPIRY, OPEN_OF, REFUNDS, STATEMENTS, Source,
    StatementKept, Taken, decode,
};
use crate::{Bank, StoreError};
use bank_api::AccountId;
use redb::{ReadTransaction, ReadableTable};
use std::collections::{BTreeMap, HashMap};

/// What a check found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct CheckReport {
    /// Accounts looked at.
    pub accounts: u64,
    /// Holds looked at, refused and cancelled ones included.
    pub holds: u64,
    /// Holds of them that are open.
    pub open_holds: u64,
    /// Bookings replayed.
    pub bookings: u64,
    /// The first row that is wrong, if any.
    pub first_fault: Option<Fault>,
}

impl CheckReport {
    /// Whether everything is as it must be.
    pub fn is_clean(&self) -> bool {
        self.first_fault.is_none()
    }
}

/// A row that contradicts another, or the rules.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{table} {key}: {what}")]
pub struct Fault {
    /// The table.
    pub table: &'static str,
    /// The row's key.
    pub key: String,
    /// What is wrong.
    pub what: String,
}

impl Bank {
    /// Checks the whole store, in one consistent state of it: debits equal credits and make up every balance; what
    /// is held is the sum of open holds; captures stay within holds and refunds within captures, each with its own
    /// booking; a hold that has ended is on no list of open ones; no account is overdrawn beyond its limit.
    ///
    /// # Errors
    /// [`StoreError`] if the store cannot be read at all.
    pub fn check(&self) -> Result<CheckReport, StoreError> {
        self.store.read(|transaction| {
            let mut check = Check { transaction, report: CheckReport::default(), held: HashMap::new() };
            match check.run() {
                Ok(()) => {}
                Err(Stop::Fault(fault)) => check.report.first_fault = Some(fault),
                Err(Stop::Store(error)) => return Err(error),
            }
            Ok(check.report)
        })
    }
}

enum Stop {
    Fault(Fault),
    Store(StoreError),
}

impl<E: Into<StoreError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Store(error.into())
    }
}

fn fault<T>(table: &'static str, key: impl core::fmt::Display, what: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Fault(Fault { table, key: key.to_string(), what: what.into() }))
}

fn ensure(holds: bool, table: &'static str, key: impl core::fmt::Display, what: &str) -> Result<(), Stop> {
    if holds { Ok(()) } else { fault(table, key, what) }
}

struct Check<'t> {
    transaction: &'t ReadTransaction,
    report: CheckReport,
    /// Sum of open holds by account.
    held: HashMap<AccountId, i64>,
}

impl Check<'_> {
    fn run(&mut self) -> Result<(), Stop> {
        let balances = self.replay_bookings()?;
        self.holds()?;
        self.taken()?;
        self.open_lists()?;
        self.balances(&balances)?;
        self.accounts()?;
        self.links()
    }

    /// All bookings, in order, with both their entries; gives the balances that they add up to.
    fn replay_bookings(&mut self) -> Result<BTreeMap<String, i64>, Stop> {
        let mut balances: BTreeMap<String, i64> = BTreeMap::new();
        let entries = self.transaction.open_table(ENTRIES)?;
        for row in self.transaction.open_table(BOOKINGS)?.iter()? {
            let (number, booking) = row?;
            let (number, booking): (u64, Booking) = (number.value(), decode(booking.value())?);
            self.report.bookings += 1;
            ensure(number == self.report.bookings, "bookings", number, "a number is missing before it")?;
            ensure(booking.amount_minor > 0, "bookings", number, "its amount is not above zero")?;
            ensure(booking.debit != booking.credit, "bookings", number, "both sides are one account")?;
            for (account, amount_minor) in
                [(&booking.debit, -booking.amount_minor), (&booking.credit, booking.amount_minor)]
            {
                let key = account.key();
                let balance = balances.entry(key.clone()).or_default();
                *balance += amount_minor;
                let entry = entries.get(&(key.as_str(), number))?;
                let entry: Option<Entry> = entry.map(|bytes| decode(bytes.value())).transpose()?;
                let expected = Entry { amount_minor, balance_after_minor: *balance };
                ensure(
                    entry == Some(expected),
                    "entries",
                    format!("{key} {number}"),
                    "differs from its booking",
                )?;
            }
            self.cause(number, &booking)?;
        }
        let count = self.transaction.open_table(ENTRIES)?.iter()?.count();
        ensure(
            count as u64 == 2 * self.report.bookings,
            "entries",
            count,
            "there are entries without booking",
        )?;
        Ok(balances)
    }

    /// A capture's or refund's booking is named by exactly that capture or refund.
    fn cause(&self, number: u64, booking: &Booking) -> Result<(), Stop> {
        let taken: Option<Taken> = match &booking.cause {
            Cause::Opening => return Ok(()),
            Cause::Capture(partner, hold, capture) => {
                self.transaction.row(CAPTURES, (partner.as_str(), hold.as_str(), capture.as_str()))?
            }
            Cause::Refund(partner, hold, refund) => {
                self.transaction.row(REFUNDS, (partner.as_str(), hold.as_str(), refund.as_str()))?
            }
        };
        let fits = taken.is_some_and(|t| t.booking == number && t.amount_minor == booking.amount_minor);
        ensure(fits, "bookings", number, "no capture or refund of that amount names it")
    }

    fn holds(&mut self) -> Result<(), Stop> {
        for row in self.transaction.open_table(HOLDS)?.iter()? {
            let (key, record) = row?;
            let (partner, hold_id) = key.value();
            self.report.holds += 1;
            let shown = format!("{partner} {hold_id}");
            let hold = match decode(record.value())? {
                HoldRecord::Cancelled(_) => continue,
                HoldRecord::Refused(_) => {
                    self.statement(partner, hold_id, &shown)?;
                    continue;
                }
                HoldRecord::Placed(hold) => hold,
            };
            let kept = self.statement(partner, hold_id, &shown)?;
            ensure(kept.fault.is_none(), "holds", &shown, "placed although its statement was refused")?;
            self.figures(&hold, &shown)?;
            let captured = sum_of(self.transaction, CAPTURES, partner, hold_id)?;
            let refunded = sum_of(self.transaction, REFUNDS, partner, hold_id)?;
            ensure(
                captured == hold.captured_minor,
                "holds",
                &shown,
                "its captures add up to something else",
            )?;
            ensure(refunded == hold.refunded_minor, "holds", &shown, "its refunds add up to something else")?;
            if hold.end.is_none() {
                self.report.open_holds += 1;
                *self.held.entry(hold.account).or_default() += hold.open_minor();
                let by_expiry = self.transaction.open_table(OPEN_BY_EXPIRY)?;
                let listed = by_expiry.get(&(hold.expires_at.ms(), partner, hold_id))?.is_some();
                ensure(listed, "holds", &shown, "open, but its expiry is not listed")?;
                let open_of = self.transaction.open_table(OPEN_OF)?;
                let listed = open_of.get(&(hold.account.0, partner, hold_id))?.is_some();
                ensure(listed, "holds", &shown, "open, but not listed under its account")?;
            }
        }
        Ok(())
    }

    fn statement(&self, partner: &str, hold_id: &str, shown: &str) -> Result<StatementKept, Stop> {
        match self.transaction.row(STATEMENTS, (partner, hold_id))? {
            Some(kept) => Ok(kept),
            None => fault("holds", shown, "its authentication statement is not kept"),
        }
    }

    fn figures(&self, hold: &Hold, shown: &str) -> Result<(), Stop> {
        let within = (0..=hold.amount_minor).contains(&hold.captured_minor);
        ensure(within, "holds", shown, "more is captured than was held")?;
        let within = (0..=hold.captured_minor).contains(&hold.refunded_minor);
        ensure(within, "holds", shown, "more is refunded than was captured")?;
        let rest_minor = hold.amount_minor - hold.captured_minor;
        let Some(end) = hold.end else {
            return ensure(rest_minor > 0, "holds", shown, "open with nothing left");
        };
        ensure(
            end.released_minor == rest_minor,
            "holds",
            shown,
            "captured and given back differ from the amount",
        )?;
        let whole = end.how != HoldEnding::Captured || rest_minor == 0;
        ensure(whole, "holds", shown, "ended as captured with something left")
    }

    /// Every capture and refund has the booking that it names.
    fn taken(&self) -> Result<(), Stop> {
        for (table, name) in [(CAPTURES, "captures"), (REFUNDS, "refunds")] {
            for row in self.transaction.open_table(table)?.iter()? {
                let (key, taken) = row?;
                let (partner, hold_id, id) = key.value();
                let shown = format!("{partner} {hold_id} {id}");
                let taken: Taken = decode(taken.value())?;
                let booking: Option<Booking> = self.transaction.row(BOOKINGS, taken.booking)?;
                let Some(booking) = booking else {
                    return fault(name, shown, "its booking is missing");
                };
                let named = match &booking.cause {
                    Cause::Opening => false,
                    Cause::Capture(p, h, c) => {
                        name == "captures" && (p.as_str(), h.as_str(), c.as_str()) == (partner, hold_id, id)
                    }
                    Cause::Refund(p, h, r) => {
                        name == "refunds" && (p.as_str(), h.as_str(), r.as_str()) == (partner, hold_id, id)
                    }
                };
                ensure(named, name, shown, "its booking is another's")?;
            }
        }
        Ok(())
    }

    /// The lists of open holds name open holds only.
    fn open_lists(&self) -> Result<(), Stop> {
        let by_expiry = self.transaction.open_table(OPEN_BY_EXPIRY)?.iter()?.count() as u64;
        let open = self.report.open_holds;
        ensure(by_expiry == open, "open_holds_by_expiry", by_expiry, "lists holds that have ended")?;
        let of_accounts = self.transaction.open_table(OPEN_OF)?.iter()?.count() as u64;
        ensure(of_accounts == open, "open_holds_of", of_accounts, "lists holds that have ended")
    }

    fn balances(&self, replayed: &BTreeMap<String, i64>) -> Result<(), Stop> {
        let mut held: HashMap<String, i64> =
            self.held.iter().map(|(id, minor)| (LedgerAccount::Customer(*id).key(), *minor)).collect();
        let mut left = replayed.clone();
        for row in self.transaction.open_table(BALANCES)?.iter()? {
            let (key, balance) = row?;
            let balance: Balance = decode(balance.value())?;
            let expected = left.remove(key.value()).unwrap_or(0);
            ensure(balance.balance_minor == expected, "balances", key.value(), "differs from its bookings")?;
            let expected = held.remove(key.value()).unwrap_or(0);
            ensure(
                balance.held_minor == expected,
                "balances",
                key.value(),
                "holds differ from the open holds",
            )?;
        }
        if let Some((key, _)) = left.first_key_value() {
            return fault("balances", key, "has bookings and no balance");
        }
        match held.keys().next() {
            Some(key) => fault("balances", key, "has open holds and no balance"),
            None => Ok(()),
        }
    }

    fn accounts(&mut self) -> Result<(), Stop> {
        for row in self.transaction.open_table(ACCOUNTS)?.iter()? {
            let (id, account) = row?;
            let (id, account): (u64, Account) = (id.value(), decode(account.value())?);
            self.report.accounts += 1;
            let key = LedgerAccount::Customer(AccountId(id)).key();
            let balance: Balance = self.transaction.row(BALANCES, key.as_str())?.unwrap_or_default();
            let covered = balance.available_minor(account.overdraft_limit_minor) >= 0;
            ensure(covered, "accounts", id, "overdrawn beyond its limit, open holds counted")?;
        }
        Ok(())
    }

    fn links(&self) -> Result<(), Stop> {
        for row in self.transaction.open_table(LINKS)?.iter()? {
            let (key, link) = row?;
            let link: Link = decode(link.value())?;
            let account: Option<Account> = self.transaction.row(ACCOUNTS, link.account.0)?;
            ensure(account.is_some(), "links", key.value(), "leads to no account")?;
        }
        Ok(())
    }
}

type TakenTable =
    redb::TableDefinition<'static, (&'static str, &'static str, &'static str), crate::store::Row>;

fn sum_of(
    transaction: &ReadTransaction,
    table: TakenTable,
    partner: &str,
    hold_id: &str,
) -> Result<i64, StoreError> {
    let mut sum = 0_i64;
    for row in transaction.open_table(table)?.range((partner, hold_id, "")..)? {
        let (key, taken) = row?;
        let (row_partner, row_hold, _) = key.value();
        if (row_partner, row_hold) != (partner, hold_id) {
            break;
        }
        let taken: Taken = decode(taken.value())?;
        sum = sum.saturating_add(taken.amount_minor);
    }
    Ok(sum)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{HoldEnd, put};
    use crate::{NewAccount, NewCustomer, Settings};
    use bank_api::{AuthenticationLevel, Password};
    use model::{Currency, Timestamp};
    use redb::WriteTransaction;

    /// A bank with an account; `tamper` changes its store behind its back.
    async fn first_fault(
        tamper: impl Fn(&WriteTransaction) -> Result<(), StoreError> + Send + 'static,
    ) -> Option<&'static str> {
        let folder = tempfile::tempdir().unwrap();
        let bank = Bank::open(folder.path(), Settings::default()).unwrap();
        let (customer, name) = ("1001".parse().unwrap(), "Anna Beispiel".to_owned());
        let password = Password::from_string("correct horse".to_owned());
        bank.seed_customer(NewCustomer { number: customer, name, password }).await.unwrap();
        let account = NewAccount {
            customer: "1001".parse().unwrap(),
            label: "Private".to_owned(),
            currency: Currency::CHF,
            opening_minor: 10_00,
            overdraft_limit_minor: 0,
            least_level: AuthenticationLevel::Browser,
        };
        bank.seed_account(account).await.unwrap();
        assert!(bank.check().unwrap().is_clean());
        bank.store.write(tamper).await.unwrap();
        bank.check().unwrap().first_fault.map(|fault| fault.table)
    }

    fn customer_key() -> String {
        LedgerAccount::Customer(AccountId(1)).key()
    }

    fn hold(end: Option<HoldEnding>) -> HoldRecord {
        let (placed_at, expires_at) = (Timestamp::from_ms(0), Timestamp::from_ms(1));
        HoldRecord::Placed(Hold {
            account: AccountId(1),
            amount_minor: 5,
            currency: Currency::CHF,
            payee: "Shop".to_owned(),
            request_hash: [0; 32],
            placed_at,
            expires_at,
            captured_minor: 0,
            refunded_minor: 0,
            end: end.map(|how| HoldEnd { how, at: expires_at, released_minor: 5 }),
        })
    }

    fn statement() -> StatementKept {
        StatementKept {
            account_ref: "acr".parse().unwrap(),
            statement: Vec::new(),
            signature: Vec::new(),
            at: Timestamp::from_ms(0),
            fault: None,
        }
    }

    #[tokio::test]
    async fn finds_what_was_changed_behind_the_bank_s_back() {
        let richer = |t: &WriteTransaction| {
            put(t, BALANCES, customer_key().as_str(), &Balance { balance_minor: 10_01, held_minor: 0 })
        };
        assert_eq!(first_fault(richer).await, Some("balances"));
        let held = |t: &WriteTransaction| {
            put(t, BALANCES, customer_key().as_str(), &Balance { balance_minor: 10_00, held_minor: 1 })
        };
        assert_eq!(first_fault(held).await, Some("balances"));
        let entry = |t: &WriteTransaction| {
            let wrong = Entry { amount_minor: 10_00, balance_after_minor: 10_01 };
            put(t, ENTRIES, (customer_key().as_str(), 1), &wrong)
        };
        assert_eq!(first_fault(entry).await, Some("entries"));
        let gone = |t: &WriteTransaction| Ok(t.open_table(BOOKINGS)?.remove(1).map(drop)?);
        assert_eq!(first_fault(gone).await, Some("entries"));
    }

    #[tokio::test]
    async fn finds_holds_that_contradict_themselves() {
        let unstated = |t: &WriteTransaction| put(t, HOLDS, ("p", "h"), &hold(None));
        assert_eq!(first_fault(unstated).await, Some("holds"));
        let with = |end: Option<HoldEnding>| {
            move |t: &WriteTransaction| {
                put(t, STATEMENTS, ("p", "h"), &statement())?;
                put(t, HOLDS, ("p", "h"), &hold(end))
            }
        };
        assert_eq!(first_fault(with(None)).await, Some("holds"));
        assert_eq!(first_fault(with(Some(HoldEnding::Captured))).await, Some("holds"));
        assert_eq!(first_fault(with(Some(HoldEnding::Released))).await, None);
        let listed = |t: &WriteTransaction| {
            put(t, STATEMENTS, ("p", "h"), &statement())?;
            put(t, HOLDS, ("p", "h"), &hold(Some(HoldEnding::Expired)))?;
            crate::store::mark(t, OPEN_BY_EXPIRY, (1, "p", "h"))
        };
        assert_eq!(first_fault(listed).await, Some("open_holds_by_expiry"));
    }
}
