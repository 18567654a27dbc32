//! The balances that follow from postings.

use crate::fault::Fault;
use crate::session::Session;
use crate::tables::BALANCES;
use model::{AccountKey, Currency, Layer, Posting};
use records::Balance;

#[derive(Clone, Copy)]
enum Side {
    Debit,
    Credit,
}

/// The most postings that one event may cause: so many places there are.
const POSTINGS_MAX: usize = u8::MAX as usize + 1;

/// Stages the balances that `postings` lead to.
pub(super) fn book(session: &mut Session<'_>, postings: &[Posting]) -> Result<(), Fault> {
    if postings.len() > POSTINGS_MAX {
        return Err(Fault::wrong("more postings at once than have a place"));
    }
    let mut balances = Vec::with_capacity(postings.len() + 1);
    for posting in postings {
        if posting.amount_minor <= 0 {
            return Err(Fault::wrong("a posting's amount is not above zero"));
        }
        add(session, &mut balances, posting, Side::Debit)?;
        add(session, &mut balances, posting, Side::Credit)?;
    }
    for balance in &balances {
        session.put(BALANCES, &(balance.account.clone(), balance.currency), balance)?;
    }
    Ok(())
}

fn add(
    session: &mut Session<'_>,
    balances: &mut Vec<Balance>,
    posting: &Posting,
    side: Side,
) -> Result<(), Fault> {
    let account = match side {
        Side::Debit => &posting.debit,
        Side::Credit => &posting.credit,
    };
    let balance = balance_of(session, balances, account, posting.currency)?;
    let sum = match (posting.layer, side) {
        (Layer::Pending, Side::Debit) => &mut balance.pending_debit_minor,
        (Layer::Pending, Side::Credit) => &mut balance.pending_credit_minor,
        (Layer::Posted, Side::Debit) => &mut balance.posted_debit_minor,
        (Layer::Posted, Side::Credit) => &mut balance.posted_credit_minor,
    };
    *sum = sum
        .checked_add(posting.amount_minor)
        .ok_or_else(|| Fault::wrong("an account's sum is larger than can be counted"))?;
    Ok(())
}

/// The balance as the postings before this one leave it; looked up when first met.
fn balance_of<'a>(
    session: &mut Session<'_>,
    balances: &'a mut Vec<Balance>,
    account: &AccountKey,
    currency: Currency,
) -> Result<&'a mut Balance, Fault> {
    let met = balances.iter().position(|balance| balance.account == *account && balance.currency == currency);
    let place = match met {
        Some(place) => place,
        None => {
            let key = (account.clone(), currency);
            let stored = session.get(BALANCES, &key)?;
            balances.push(stored.unwrap_or(Balance {
                account: key.0,
                currency,
                pending_debit_minor: 0,
                pending_credit_minor: 0,
                posted_debit_minor: 0,
                posted_credit_minor: 0,
            }));
            balances.len() - 1
        }
    };
    Ok(&mut balances[place])
}
