//! Proofs: a customer, logged in, says that a partner may link an account. The text goes to the partner; the bank
//! keeps only its hash.

use crate::login::CustomerSession;
use crate::store::{
    ACCOUNTS, Account, PARTNERS, PROOFS, PROOFS_BY_EXPIRY, PartnerKeys, ProofMade, Source, mark, put,
};
use crate::{Bank, Refusal, StoreError};
use bank_api::{AccountStatus, ProblemType, Proof, ProofAnswer, ProofRequest};
use crypto::{Secret, SystemRandom, hash};
use data_encoding::BASE64URL_NOPAD;
use model::Timestamp;
use redb::{ReadableTable, WriteTransaction};

/// Seconds for which a proof holds.
const PROOF_LIFETIME_S: i64 = 600;

impl Bank {
    /// Makes a proof for one of the customer's own accounts.
    ///
    /// # Errors
    /// [`ProblemType::UnknownAccount`], [`ProblemType::AccountUnusable`], [`ProblemType::PartnerUnknown`],
    /// [`Refusal::Store`].
    pub async fn make_proof(
        &self,
        session: &CustomerSession,
        request: ProofRequest,
    ) -> Result<ProofAnswer, Refusal> {
        let secret = Secret::<32>::make(&mut SystemRandom);
        let proof = Proof::from_string(BASE64URL_NOPAD.encode(secret.expose()));
        let hash = derive_proof_hash(&proof);
        let customer = session.customer.clone();
        let made = ProofMade {
            partner: request.partner,
            link_id: request.link_id,
            account: request.account_id,
            expires_at: self.now().plus_s(PROOF_LIFETIME_S),
            is_used: false,
        };
        let expires_at_ms = made.expires_at;
        let keep = move |transaction: &WriteTransaction| {
            let account: Option<Account> = transaction.row(ACCOUNTS, made.account.0)?;
            let Some(account) = account.filter(|account| account.customer == customer) else {
                return Ok(Err(ProblemType::UnknownAccount));
            };
            if account.status != AccountStatus::Open {
                return Ok(Err(ProblemType::AccountUnusable));
            }
            if transaction.row::<_, PartnerKeys>(PARTNERS, made.partner.as_str())?.is_none() {
                return Ok(Err(ProblemType::PartnerUnknown));
            }
            put(transaction, PROOFS, hash.as_slice(), &made)?;
            mark(transaction, PROOFS_BY_EXPIRY, (made.expires_at.ms(), hash.as_slice()))?;
            Ok(Ok(()))
        };
        self.store.write(keep).await??;
        Ok(ProofAnswer { proof, expires_at_ms })
    }
}

/// What the store keeps of a proof. A proof is 256 random bits, so a plain hash hides it.
pub(crate) fn derive_proof_hash(proof: &Proof) -> [u8; 32] {
    hash::sha256(&[b"batzen-bank proof\0", proof.expose().as_bytes()])
}

/// Forgets proofs whose time is over, used or not, at most `count_max`. Gives how many.
pub(crate) fn forget_old(
    transaction: &WriteTransaction,
    now: Timestamp,
    count_max: usize,
) -> Result<usize, StoreError> {
    let mut by_expiry = transaction.open_table(PROOFS_BY_EXPIRY)?;
    let mut old: Vec<(i64, Vec<u8>)> = Vec::new();
    for row in by_expiry.range(..(now.ms(), &[] as &[u8]))?.take(count_max) {
        let (key, _) = row?;
        let (expires_ms, hash) = key.value();
        old.push((expires_ms, hash.to_vec()));
    }
    let mut proofs = transaction.open_table(PROOFS)?;
    for (expires_ms, hash) in &old {
        proofs.remove(hash.as_slice())?;
        by_expiry.remove((*expires_ms, hash.as_slice()))?;
    }
    Ok(old.len())
}
