//! What the customers' page asks before and when it carries a proof: who the partner is, and whether the customer
//! may be sent back where the partner wants.
//!
//! A proof in the wrong hands links the customer's account to the wrong person's wallet, so none is made for an
//! address that the bank does not know. The registered addresses are configuration, not state: they are in memory.

use crate::login::CustomerSession;
use crate::{Bank, Partner, PartnerPage, Refusal};
use bank_api::{
    PartnerName, PartnerView, ProblemType, ProofAnswer, ProofRequest, ReturnAddress, ReturningProofRequest,
};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// Each partner's part of the page.
#[derive(Debug, Default)]
pub(crate) struct PartnerPages(RwLock<HashMap<PartnerName, PartnerPage>>);

impl PartnerPages {
    pub(crate) fn set(&self, partners: &[Partner]) {
        let pages = partners.iter().map(|partner| (partner.name().clone(), partner.page().clone()));
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = pages.collect();
    }

    fn get(&self, partner: &PartnerName) -> Result<PartnerPage, ProblemType> {
        let pages = self.0.read().unwrap_or_else(PoisonError::into_inner);
        pages.get(partner).cloned().ok_or(ProblemType::PartnerUnknown)
    }
}

impl Bank {
    /// What a customer is told of a partner that wants them back at `return_to`.
    ///
    /// # Errors
    /// [`ProblemType::PartnerUnknown`], [`ProblemType::ReturnRefused`].
    pub fn partner_view(
        &self,
        partner: PartnerName,
        return_to: &ReturnAddress,
    ) -> Result<PartnerView, Refusal> {
        let page = self.pages.get(&partner)?;
        if !may_return(&page, return_to) {
            return Err(ProblemType::ReturnRefused.into());
        }
        let display_name = page.display_name.unwrap_or_else(|| partner.as_str().to_owned());
        Ok(PartnerView { partner, display_name })
    }

    /// Makes a proof that the page will carry to `return_to`.
    ///
    /// # Errors
    /// As [`Bank::partner_view`] and [`Bank::make_proof`].
    pub async fn make_returning_proof(
        &self,
        session: &CustomerSession,
        partner: PartnerName,
        request: ReturningProofRequest,
    ) -> Result<ProofAnswer, Refusal> {
        if !may_return(&self.pages.get(&partner)?, &request.return_to) {
            return Err(ProblemType::ReturnRefused.into());
        }
        let ReturningProofRequest { link_id, account_id, return_to: _ } = request;
        self.make_proof(session, ProofRequest { link_id, account_id, partner }).await
    }

    /// Whether pages of the page's own origin may frame it when this partner sends the customer.
    pub(crate) fn page_may_be_framed(&self, partner: &PartnerName) -> bool {
        self.pages.get(partner).is_ok_and(|page| page.page_may_be_framed)
    }
}

/// Both spellings are canonical, so equal texts are equal addresses and others are not. A path stays on the page's
/// own origin, which the browser sees to.
fn may_return(page: &PartnerPage, return_to: &ReturnAddress) -> bool {
    return_to.is_own_path() || page.return_addresses.contains(return_to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// An address is good exactly if it is a path or one of those registered, to the letter.
        #[test]
        fn only_paths_and_registered_addresses_are_good(
            registered in proptest::collection::vec("https://[ab](\\.[ab])?(:8[1-3])?/[ab]?/?", 0..4),
            asked in "(https://[ab](\\.[ab])?(:8[1-3])?)?/[ab]?/?",
        ) {
            let Ok(asked) = asked.parse::<ReturnAddress>() else {
                return Ok(());
            };
            let return_addresses = registered.iter().filter_map(|text| text.parse().ok()).collect();
            let page = PartnerPage { return_addresses, ..PartnerPage::default() };
            let expected = asked.as_str().starts_with('/') || registered.iter().any(|text| text == asked.as_str());
            prop_assert_eq!(may_return(&page, &asked), expected);
        }
    }
}
