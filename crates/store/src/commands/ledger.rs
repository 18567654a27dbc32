//! What postings add to the balances.

use crate::fault::Fault;
use crate::session::Session;
use model::{AccountKey, Layer, Posting};
use records::Balance;

/// The most postings that one event may cause: so many places there are.
const POSTINGS_MAX: usize = u8::MAX as usize + 1;

/// Stages what `postings` add to the balances.
pub(super) fn book(session: &mut impl Session, postings: &[Posting]) -> Result<(), Fault> {
    if postings.len() > POSTINGS_MAX {
        return Err(Fault::wrong("more postings at once than have a place"));
    }
    let mut sums: Vec<Balance> = Vec::with_capacity(postings.len() + 1);
    for posting in postings {
        if posting.amount_minor <= 0 {
            return Err(Fault::wrong("a posting's amount is not above zero"));
        }
        let amount = i128::from(posting.amount_minor);
        let debit = sum_of(&mut sums, &posting.debit, posting);
        match posting.layer {
            Layer::Pending => debit.pending_debit_minor += amount,
            Layer::Posted => debit.posted_debit_minor += amount,
        }
        let credit = sum_of(&mut sums, &posting.credit, posting);
        match posting.layer {
            Layer::Pending => credit.pending_credit_minor += amount,
            Layer::Posted => credit.posted_credit_minor += amount,
        }
    }
    if sums.is_empty() { Ok(()) } else { session.book(sums) }
}

fn sum_of<'a>(sums: &'a mut Vec<Balance>, account: &AccountKey, posting: &Posting) -> &'a mut Balance {
    let is_met = |sum: &Balance| sum.account == *account && sum.currency == posting.currency;
    let place = sums.iter().position(is_met).unwrap_or_else(|| {
        sums.push(Balance::zero(account.clone(), posting.currency));
        sums.len() - 1
    });
    &mut sums[place]
}
