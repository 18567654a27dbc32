//! Holds: placed, released, asked about. Each ends once: captured, released or expired.

use crate::authentication::{self, StatementFault};
use crate::store::{
    ACCOUNTS, Account, HOLDS, Hold, HoldEnd, HoldEnding, HoldRecord, LINKS, LedgerAccount, Link,
    OPEN_BY_EXPIRY, OPEN_OF, PARTNERS, PartnerKeys, RefusedHold, STATEMENTS, Source, StatementKept, encode,
    mark, put, unmark,
};
use crate::{Bank, Refusal, StoreError, ledger};
use bank_api::{
    AccountId, AccountStatus, AuthenticationLevel, HoldAnswer, HoldFigures, HoldId, HoldRequest, HoldState,
    HoldStatus, PartnerName, ProblemType, ReleaseAnswer,
};
use crypto::hash::sha256;
use crypto::p256::VerifyingKey;
use model::Timestamp;
use redb::WriteTransaction;

/// What a rule gives: an answer, or the problem that the partner is told.
pub(crate) type Ruled<T> = Result<T, ProblemType>;

/// When something is asked, and by whom.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) partner: PartnerName,
    pub(crate) at: Timestamp,
}

impl Bank {
    /// Holds an amount, once however often it is asked; a refusal is kept and given again too.
    ///
    /// # Errors
    /// [`Refusal::Rule`] as [`HoldRequest`] says, [`Refusal::Store`].
    pub async fn place_hold(
        &self,
        partner: &PartnerName,
        request: HoldRequest,
    ) -> Result<HoldAnswer, Refusal> {
        if !request.is_well_formed() {
            return Err(ProblemType::InvalidRequest.into());
        }
        let asked = Asked { partner: partner.clone(), at: self.now() };
        let keys = self.statement_keys(partner)?;
        let mut checked = authentication::check(&request, &keys, asked.at);
        if let Ok(stated) = &checked
            && let Some(source) = self.device_statuses.source(partner, request.amount_minor)
        {
            let key = (partner.as_str(), request.hold_id.as_str());
            if let Some(record) = self.store.read(|t| t.row(HOLDS, key))? {
                // Asked again: how the device stands now does not count any more.
                return Ok(replay(&record, &request, &derive_request_hash(&request))?);
            }
            let looked = self.look_at_device(&source, partner, stated, &keys, asked.at).await?;
            checked = looked.and(checked);
        }
        let checked = checked.map(|stated| stated.level);
        let expires_at = asked.at.plus_s(self.settings.hold_lifetime_s);
        let placed = self.store.write(move |t| place(t, &asked, &request, checked, expires_at)).await?;
        Ok(placed?)
    }

    /// How a hold stands.
    ///
    /// # Errors
    /// [`ProblemType::UnknownHold`], [`Refusal::Store`].
    pub fn hold_status(&self, partner: &PartnerName, hold_id: &HoldId) -> Result<HoldStatus, Refusal> {
        let record = self.store.read(|t| t.row(HOLDS, (partner.as_str(), hold_id.as_str())))?;
        Ok(status(hold_id, &record.ok_or(ProblemType::UnknownHold)?))
    }

    /// Gives back what is still held. A hold that is not known is cancelled before it comes.
    ///
    /// # Errors
    /// [`Refusal::Store`].
    pub async fn release_hold(
        &self,
        partner: &PartnerName,
        hold_id: HoldId,
    ) -> Result<ReleaseAnswer, Refusal> {
        let asked = Asked { partner: partner.clone(), at: self.now() };
        Ok(self.store.write(move |t| release(t, &asked, &hold_id)).await?)
    }

    /// Whether the bank knows this partner.
    pub(crate) fn is_partner(&self, partner: &PartnerName) -> Result<bool, Refusal> {
        let keys: Option<PartnerKeys> = self.store.read(|t| t.row(PARTNERS, partner.as_str()))?;
        Ok(keys.is_some())
    }

    fn statement_keys(&self, partner: &PartnerName) -> Result<Vec<VerifyingKey>, Refusal> {
        let keys: Option<PartnerKeys> = self.store.read(|t| t.row(PARTNERS, partner.as_str()))?;
        let keys = keys.ok_or(ProblemType::PartnerUnknown)?;
        let damaged = |_| StoreError::Damaged("a partner's key is no key".to_owned());
        let keys = keys.statement_keys.iter().map(|key| VerifyingKey::from_sec1(key));
        Ok(keys.collect::<Result<_, _>>().map_err(damaged)?)
    }
}

/// In this order: replayed, authentication, account, funds. Writes only after all is decided.
fn place(
    transaction: &WriteTransaction,
    asked: &Asked,
    request: &HoldRequest,
    checked: Result<AuthenticationLevel, StatementFault>,
    expires_at: Timestamp,
) -> Result<Ruled<HoldAnswer>, StoreError> {
    let key = (asked.partner.as_str(), request.hold_id.as_str());
    let request_hash = derive_request_hash(request);
    if let Some(record) = transaction.row(HOLDS, key)? {
        return Ok(replay(&record, request, &request_hash));
    }
    let link: Option<Link> = transaction.row(LINKS, request.account_ref.as_str())?;
    let link = link.filter(|link| link.partner == asked.partner && link.revoked_at.is_none());
    let account = match &link {
        Some(link) => transaction.row::<_, Account>(ACCOUNTS, link.account.0)?,
        None => None,
    };
    let least_level = account.as_ref().map_or(AuthenticationLevel::Browser, |account| account.least_level);
    let strong =
        checked.and_then(|level| if level < least_level { Err(StatementFault::TooWeak) } else { Ok(()) });
    keep_statement(transaction, asked, request, strong)?;
    let decided = match (strong, link, account) {
        (Err(_), _, _) => Err(ProblemType::AuthenticationRefused),
        (Ok(()), Some(link), Some(account)) => {
            decide(transaction, link.account, &account, request)?.map(|()| link.account)
        }
        (Ok(()), _, _) => Err(ProblemType::AccountUnusable),
    };
    let record = match decided {
        Ok(account) => {
            ledger::hold(transaction, &LedgerAccount::Customer(account), request.amount_minor)?;
            mark(transaction, OPEN_BY_EXPIRY, (expires_at.ms(), key.0, key.1))?;
            mark(transaction, OPEN_OF, (account.0, key.0, key.1))?;
            HoldRecord::Placed(placed(asked, request, account, request_hash, expires_at))
        }
        Err(problem) => HoldRecord::Refused(RefusedHold {
            amount_minor: request.amount_minor,
            currency: request.currency,
            request_hash,
            at: asked.at,
            problem,
        }),
    };
    put(transaction, HOLDS, key, &record)?;
    Ok(replay(&record, request, &request_hash))
}

/// The answer to a hold that is on record, the first time as every other time.
fn replay(record: &HoldRecord, request: &HoldRequest, request_hash: &[u8; 32]) -> Ruled<HoldAnswer> {
    match record {
        HoldRecord::Cancelled(_) => Err(ProblemType::HoldCancelled),
        HoldRecord::Placed(hold) if hold.request_hash == *request_hash => {
            Ok(HoldAnswer { hold_id: request.hold_id.clone(), expires_at_ms: hold.expires_at })
        }
        HoldRecord::Refused(refused) if refused.request_hash == *request_hash => Err(refused.problem),
        HoldRecord::Placed(_) | HoldRecord::Refused(_) => Err(ProblemType::IdempotencyMismatch),
    }
}

/// Whether the account can bear it, all that is held already counted.
fn decide(
    transaction: &WriteTransaction,
    id: AccountId,
    account: &Account,
    request: &HoldRequest,
) -> Result<Ruled<()>, StoreError> {
    if account.status != AccountStatus::Open || account.currency != request.currency {
        return Ok(Err(ProblemType::AccountUnusable));
    }
    let balance = ledger::balance(transaction, &LedgerAccount::Customer(id))?;
    if request.amount_minor > balance.available_minor(account.overdraft_limit_minor) {
        return Ok(Err(ProblemType::InsufficientFunds));
    }
    Ok(Ok(()))
}

fn placed(
    asked: &Asked,
    request: &HoldRequest,
    account: AccountId,
    request_hash: [u8; 32],
    expires_at: Timestamp,
) -> Hold {
    Hold {
        account,
        amount_minor: request.amount_minor,
        currency: request.currency,
        payee: request.payee.clone(),
        request_hash,
        placed_at: asked.at,
        expires_at,
        captured_minor: 0,
        refunded_minor: 0,
        end: None,
    }
}

fn keep_statement(
    transaction: &WriteTransaction,
    asked: &Asked,
    request: &HoldRequest,
    strong: Result<(), StatementFault>,
) -> Result<(), StoreError> {
    let kept = StatementKept {
        account_ref: request.account_ref.clone(),
        statement: request.authentication_statement.0.clone(),
        signature: request.authentication_signature.0.clone(),
        at: asked.at,
        fault: strong.err().map(|fault| fault.to_string()),
    };
    put(transaction, STATEMENTS, (asked.partner.as_str(), request.hold_id.as_str()), &kept)
}

/// Over all that the partner asked for, but not the signature: a partner that signs the same statement again gets
/// another signature, and asks for the same thing.
fn derive_request_hash(request: &HoldRequest) -> [u8; 32] {
    let what = (&request.account_ref, request.amount_minor, request.currency, &request.payee);
    sha256(&[&encode(&what), &request.authentication_statement.0])
}

fn release(
    transaction: &WriteTransaction,
    asked: &Asked,
    hold_id: &HoldId,
) -> Result<ReleaseAnswer, StoreError> {
    let key = (asked.partner.as_str(), hold_id.as_str());
    let record = match transaction.row(HOLDS, key)? {
        None => {
            let cancelled = HoldRecord::Cancelled(asked.at);
            put(transaction, HOLDS, key, &cancelled)?;
            cancelled
        }
        Some(HoldRecord::Placed(hold)) if hold.end.is_none() => {
            HoldRecord::Placed(end(transaction, asked, hold_id, hold, HoldEnding::Released)?)
        }
        Some(ended) => ended,
    };
    let released_minor = match &record {
        HoldRecord::Placed(hold) => hold.end.map_or(0, |end| end.released_minor),
        HoldRecord::Refused(_) | HoldRecord::Cancelled(_) => 0,
    };
    Ok(ReleaseAnswer { hold_id: hold_id.clone(), state: state(&record), released_minor })
}

/// Ends an open hold: gives back what is left and takes it off the lists of open ones.
pub(crate) fn end(
    transaction: &WriteTransaction,
    asked: &Asked,
    hold_id: &HoldId,
    mut hold: Hold,
    how: HoldEnding,
) -> Result<Hold, StoreError> {
    let (partner, name) = (asked.partner.as_str(), hold_id.as_str());
    let released_minor = hold.open_minor();
    hold.end = Some(HoldEnd { how, at: asked.at, released_minor });
    ledger::hold(transaction, &LedgerAccount::Customer(hold.account), -released_minor)?;
    unmark(transaction, OPEN_BY_EXPIRY, (hold.expires_at.ms(), partner, name))?;
    unmark(transaction, OPEN_OF, (hold.account.0, partner, name))?;
    put(transaction, HOLDS, (partner, name), &HoldRecord::Placed(hold.clone()))?;
    Ok(hold)
}

fn status(hold_id: &HoldId, record: &HoldRecord) -> HoldStatus {
    let (figures, refusal) = match record {
        HoldRecord::Placed(hold) => (Some(figures(hold)), None),
        HoldRecord::Refused(refused) => {
            let figures = HoldFigures {
                amount_minor: refused.amount_minor,
                captured_minor: 0,
                refunded_minor: 0,
                open_minor: 0,
                currency: refused.currency,
                expires_at_ms: refused.at,
            };
            (Some(figures), Some(refused.problem))
        }
        HoldRecord::Cancelled(_) => (None, None),
    };
    HoldStatus { hold_id: hold_id.clone(), state: state(record), refusal, figures }
}

fn figures(hold: &Hold) -> HoldFigures {
    HoldFigures {
        amount_minor: hold.amount_minor,
        captured_minor: hold.captured_minor,
        refunded_minor: hold.refunded_minor,
        open_minor: hold.open_minor(),
        currency: hold.currency,
        expires_at_ms: hold.expires_at,
    }
}

fn state(record: &HoldRecord) -> HoldState {
    match record {
        HoldRecord::Placed(hold) => match hold.end.map(|end| end.how) {
            None => HoldState::Open,
            Some(HoldEnding::Captured) => HoldState::Captured,
            Some(HoldEnding::Released) => HoldState::Released,
            Some(HoldEnding::Expired) => HoldState::Expired,
        },
        HoldRecord::Refused(_) => HoldState::Refused,
        HoldRecord::Cancelled(_) => HoldState::Cancelled,
    }
}
