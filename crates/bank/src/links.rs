//! Links: a partner's right to hold money on one account, under a name that says nothing to anybody else.

use crate::holds::{Asked, Ruled};
use crate::login::CustomerSession;
use crate::proofs::derive_proof_hash;
use crate::store::{
    ACCOUNTS, Account, CUSTOMERS, Customer, LINKS, LINKS_BY_ID, LINKS_OF, Link, PROOFS, ProofMade, Source,
    mark, put,
};
use crate::{Bank, Refusal, StoreError, iban};
use bank_api::{
    AccountRef, AccountStatus, CustomerNumber, LinkAnswer, LinkId, LinkRequest, PartnerName, ProblemType,
};
use crypto::{Random, SystemRandom};
use data_encoding::HEXLOWER;
use redb::{ReadableTable, WriteTransaction};

impl Bank {
    /// Links the account that the proof names, once however often it is asked.
    ///
    /// # Errors
    /// [`ProblemType::ProofRefused`], [`ProblemType::IdempotencyMismatch`], [`Refusal::Store`].
    pub async fn link(&self, partner: &PartnerName, request: LinkRequest) -> Result<LinkAnswer, Refusal> {
        let asked = Asked { partner: partner.clone(), at: self.now() };
        let proof_hash = derive_proof_hash(&request.proof);
        let fresh = make_account_ref();
        let linked = self.store.write(move |t| link(t, &asked, &request.link_id, proof_hash, &fresh)).await?;
        Ok(linked?)
    }

    /// Ends a link of the partner's; again and again is fine. Holds placed before stay.
    ///
    /// # Errors
    /// [`ProblemType::UnknownLink`], [`Refusal::Store`].
    pub async fn unlink(&self, partner: &PartnerName, account_ref: AccountRef) -> Result<(), Refusal> {
        self.revoke(account_ref, Revoker::Partner(partner.clone())).await
    }

    /// Ends a link to one of the customer's accounts.
    ///
    /// # Errors
    /// [`ProblemType::UnknownLink`], [`Refusal::Store`].
    pub async fn revoke_link(
        &self,
        session: &CustomerSession,
        account_ref: AccountRef,
    ) -> Result<(), Refusal> {
        self.revoke(account_ref, Revoker::Customer(session.customer.clone())).await
    }

    async fn revoke(&self, account_ref: AccountRef, revoker: Revoker) -> Result<(), Refusal> {
        let now = self.now();
        let revoke = move |transaction: &WriteTransaction| {
            let Some(mut link) = transaction.row::<_, Link>(LINKS, account_ref.as_str())? else {
                return Ok(Err(ProblemType::UnknownLink));
            };
            let account: Option<Account> = transaction.row(ACCOUNTS, link.account.0)?;
            let may = match &revoker {
                Revoker::Partner(partner) => link.partner == *partner,
                Revoker::Customer(number) => account.is_some_and(|account| account.customer == *number),
            };
            if !may {
                return Ok(Err(ProblemType::UnknownLink));
            }
            if link.revoked_at.is_none() {
                link.revoked_at = Some(now);
                put(transaction, LINKS, account_ref.as_str(), &link)?;
            }
            Ok(Ok(()))
        };
        Ok(self.store.write(revoke).await??)
    }
}

enum Revoker {
    Partner(PartnerName),
    Customer(CustomerNumber),
}

fn link(
    transaction: &WriteTransaction,
    asked: &Asked,
    link_id: &LinkId,
    proof_hash: [u8; 32],
    fresh: &AccountRef,
) -> Result<Ruled<LinkAnswer>, StoreError> {
    let id = (asked.partner.as_str(), link_id.as_str());
    let known = transaction.open_table(LINKS_BY_ID)?.get(&id)?.map(|found| found.value().to_owned());
    if let Some(known) = known {
        return replay(transaction, &known, &proof_hash);
    }
    let proof: Option<ProofMade> = transaction.row(PROOFS, proof_hash.as_slice())?;
    let holds = |proof: &ProofMade| {
        !proof.is_used
            && proof.expires_at > asked.at
            && proof.partner == asked.partner
            && proof.link_id == *link_id
    };
    let Some(proof) = proof.filter(holds) else {
        return Ok(Err(ProblemType::ProofRefused));
    };
    let account: Option<Account> = transaction.row(ACCOUNTS, proof.account.0)?;
    let Some(account) = account.filter(|account| account.status == AccountStatus::Open) else {
        return Ok(Err(ProblemType::ProofRefused));
    };
    let link = Link {
        partner: asked.partner.clone(),
        link_id: link_id.clone(),
        account: proof.account,
        proof_hash,
        linked_at: asked.at,
        revoked_at: None,
    };
    put(transaction, PROOFS, proof_hash.as_slice(), &ProofMade { is_used: true, ..proof })?;
    put(transaction, LINKS, fresh.as_str(), &link)?;
    transaction.open_table(LINKS_BY_ID)?.insert(&id, fresh.as_str())?;
    mark(transaction, LINKS_OF, (link.account.0, fresh.as_str()))?;
    answer(transaction, fresh.clone(), &account).map(Ok)
}

fn replay(
    transaction: &WriteTransaction,
    account_ref: &str,
    proof_hash: &[u8; 32],
) -> Result<Ruled<LinkAnswer>, StoreError> {
    let lost = || StoreError::Damaged("a link leads nowhere".to_owned());
    let link: Link = transaction.row(LINKS, account_ref)?.ok_or_else(lost)?;
    if link.proof_hash != *proof_hash {
        return Ok(Err(ProblemType::IdempotencyMismatch));
    }
    let account: Account = transaction.row(ACCOUNTS, link.account.0)?.ok_or_else(lost)?;
    answer(transaction, account_ref.parse().map_err(|_| lost())?, &account).map(Ok)
}

fn answer(
    transaction: &WriteTransaction,
    account_ref: AccountRef,
    account: &Account,
) -> Result<LinkAnswer, StoreError> {
    let customer: Option<Customer> = transaction.row(CUSTOMERS, account.customer.as_str())?;
    Ok(LinkAnswer {
        account_ref,
        iban_masked: iban::masked(&account.iban),
        currency: account.currency,
        holder_initials: customer.map(|customer| initials(&customer.name)),
    })
}

/// `Anna Beispiel` → `A. B.`
fn initials(name: &str) -> String {
    let firsts = name.split_whitespace().filter_map(|part| part.chars().next());
    firsts.map(|first| format!("{first}.")).collect::<Vec<_>>().join(" ")
}

fn make_account_ref() -> AccountRef {
    let mut random = [0; 16];
    SystemRandom.fill(&mut random);
    format!("acr_{}", HEXLOWER.encode(&random)).parse().expect("hex digits are an allowed name")
}
