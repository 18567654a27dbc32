//! Captures and refunds: what moves money.

use crate::holds::{Asked, Ruled, end};
use crate::store::{
    ACCOUNTS, Account, Booking, CAPTURES, Cause, HOLDS, Hold, HoldEnding, HoldRecord, LedgerAccount, REFUNDS,
    Source, Taken, put,
};
use crate::{Bank, Refusal, StoreError, ledger};
use bank_api::{
    AccountStatus, CaptureAnswer, CaptureRequest, HoldId, PartnerName, ProblemType, RefundAnswer,
    RefundRequest, is_amount,
};
use redb::WriteTransaction;

impl Bank {
    /// Books held money to the partner, once however often it is asked.
    ///
    /// # Errors
    /// [`Refusal::Rule`] as [`CaptureRequest`] says, [`Refusal::Store`].
    pub async fn capture(
        &self,
        partner: &PartnerName,
        hold_id: HoldId,
        request: CaptureRequest,
    ) -> Result<CaptureAnswer, Refusal> {
        if !is_amount(request.amount_minor) {
            return Err(ProblemType::InvalidRequest.into());
        }
        let asked = Asked { partner: partner.clone(), at: self.now() };
        let capture_id = request.capture_id.clone();
        let taken = self.store.write(move |t| capture(t, &asked, &hold_id, &request)).await??;
        Ok(CaptureAnswer { capture_id, captured_minor: taken.total_minor, open_minor: taken.open_minor })
    }

    /// Books captured money back to the customer, once however often it is asked.
    ///
    /// # Errors
    /// [`Refusal::Rule`] as [`RefundRequest`] says, [`Refusal::Store`].
    pub async fn refund(
        &self,
        partner: &PartnerName,
        hold_id: HoldId,
        request: RefundRequest,
    ) -> Result<RefundAnswer, Refusal> {
        if !is_amount(request.amount_minor) {
            return Err(ProblemType::InvalidRequest.into());
        }
        let asked = Asked { partner: partner.clone(), at: self.now() };
        let refund_id = request.refund_id.clone();
        let taken = self.store.write(move |t| refund(t, &asked, &hold_id, &request)).await??;
        Ok(RefundAnswer { refund_id, refunded_minor: taken.total_minor })
    }
}

fn capture(
    transaction: &WriteTransaction,
    asked: &Asked,
    hold_id: &HoldId,
    request: &CaptureRequest,
) -> Result<Ruled<Taken>, StoreError> {
    let key = (asked.partner.as_str(), hold_id.as_str(), request.capture_id.as_str());
    if let Some(taken) = transaction.row(CAPTURES, key)? {
        return Ok(replay(taken, request.amount_minor));
    }
    let mut hold = match transaction.row(HOLDS, (key.0, key.1))? {
        None => return Ok(Err(ProblemType::UnknownHold)),
        Some(HoldRecord::Placed(hold)) if hold.end.is_none() => hold,
        Some(_) => return Ok(Err(ProblemType::HoldEnded)),
    };
    if hold.expires_at <= asked.at {
        // The worker that ends such holds has not come by yet.
        end(transaction, asked, hold_id, hold, HoldEnding::Expired)?;
        return Ok(Err(ProblemType::HoldEnded));
    }
    if request.amount_minor > hold.open_minor() {
        return Ok(Err(ProblemType::CaptureExceedsHold));
    }
    let cause = Cause::Capture(asked.partner.clone(), hold_id.clone(), request.capture_id.clone());
    let (payer, payee) = sides(asked, &hold);
    let booking =
        ledger::book(transaction, &booking(asked, &hold, payer, payee, request.amount_minor, cause))?;
    ledger::hold(transaction, &LedgerAccount::Customer(hold.account), -request.amount_minor)?;
    hold.captured_minor += request.amount_minor;
    let taken = Taken {
        amount_minor: request.amount_minor,
        total_minor: hold.captured_minor,
        open_minor: hold.open_minor(),
        booking,
        at: asked.at,
    };
    put(transaction, CAPTURES, key, &taken)?;
    if hold.open_minor() == 0 {
        end(transaction, asked, hold_id, hold, HoldEnding::Captured)?;
    } else {
        put(transaction, HOLDS, (key.0, key.1), &HoldRecord::Placed(hold))?;
    }
    Ok(Ok(taken))
}

fn refund(
    transaction: &WriteTransaction,
    asked: &Asked,
    hold_id: &HoldId,
    request: &RefundRequest,
) -> Result<Ruled<Taken>, StoreError> {
    let key = (asked.partner.as_str(), hold_id.as_str(), request.refund_id.as_str());
    if let Some(taken) = transaction.row(REFUNDS, key)? {
        return Ok(replay(taken, request.amount_minor));
    }
    let mut hold = match transaction.row(HOLDS, (key.0, key.1))? {
        None => return Ok(Err(ProblemType::UnknownHold)),
        Some(HoldRecord::Placed(hold)) => hold,
        Some(_) => return Ok(Err(ProblemType::RefundExceedsCaptures)),
    };
    if request.amount_minor > hold.captured_minor - hold.refunded_minor {
        return Ok(Err(ProblemType::RefundExceedsCaptures));
    }
    let account: Option<Account> = transaction.row(ACCOUNTS, hold.account.0)?;
    if account.is_none_or(|account| account.status == AccountStatus::Closed) {
        return Ok(Err(ProblemType::AccountClosed));
    }
    let cause = Cause::Refund(asked.partner.clone(), hold_id.clone(), request.refund_id.clone());
    let (payer, payee) = sides(asked, &hold);
    let booking =
        ledger::book(transaction, &booking(asked, &hold, payee, payer, request.amount_minor, cause))?;
    hold.refunded_minor += request.amount_minor;
    let taken = Taken {
        amount_minor: request.amount_minor,
        total_minor: hold.refunded_minor,
        open_minor: hold.open_minor(),
        booking,
        at: asked.at,
    };
    put(transaction, REFUNDS, key, &taken)?;
    put(transaction, HOLDS, (key.0, key.1), &HoldRecord::Placed(hold))?;
    Ok(Ok(taken))
}

fn replay(taken: Taken, amount_minor: i64) -> Ruled<Taken> {
    if taken.amount_minor == amount_minor { Ok(taken) } else { Err(ProblemType::IdempotencyMismatch) }
}

/// The customer's account and the partner's.
fn sides(asked: &Asked, hold: &Hold) -> (LedgerAccount, LedgerAccount) {
    let partner = LedgerAccount::Partner(asked.partner.clone(), hold.currency);
    (LedgerAccount::Customer(hold.account), partner)
}

fn booking(
    asked: &Asked,
    hold: &Hold,
    debit: LedgerAccount,
    credit: LedgerAccount,
    amount_minor: i64,
    cause: Cause,
) -> Booking {
    let text = hold.payee.clone();
    Booking { at: asked.at, debit, credit, amount_minor, currency: hold.currency, cause, text }
}
