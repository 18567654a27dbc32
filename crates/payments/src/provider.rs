//! The port to providers: what we ask of a bank or a card host, and what it may answer.

use core::future::Future;
use core::pin::Pin;
use model::{CaptureId, Currency, DeclineReason, LinkId, Money, PaymentId, RefundId, Timestamp};

/// What every provider call gives back. An adapter never takes longer than its own time budget.
pub type ProviderFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A bank or a card host. Every call may be repeated with the same ids and then acts once.
pub trait Provider: Send + Sync {
    /// Holds an amount on an account.
    fn authorise(&self, request: HoldRequest) -> ProviderFuture<'_, Authorisation>;
    /// Takes part of a hold.
    fn capture(
        &self,
        hold: PaymentId,
        capture: CaptureId,
        amount: Money,
    ) -> ProviderFuture<'_, BookingAnswer>;
    /// Gives back what is left of a hold; understood also for a hold that never arrived.
    fn release(&self, hold: PaymentId) -> ProviderFuture<'_, BookingAnswer>;
    /// Pays captured money back.
    fn refund(&self, hold: PaymentId, refund: RefundId, amount: Money) -> ProviderFuture<'_, BookingAnswer>;
    /// Redeems the proof that an account is the customer's.
    fn link<'a>(&'a self, link: LinkId, proof: &'a str) -> ProviderFuture<'a, LinkAnswer>;
    /// Where customers prove that an account is theirs.
    fn proof_url(&self) -> &str;
    /// Where customers prove it in a browser; none if the provider has no page for that.
    fn proof_page_url(&self) -> Option<&str> {
        None
    }
    /// The name that the provider knows us by: what customers prove an account to.
    fn partner_name(&self) -> &str;
}

/// An amount to be held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldRequest {
    /// The payment, which names the hold.
    pub payment: PaymentId,
    /// The provider's own name for the account.
    pub account_ref: String,
    /// How much.
    pub amount: Money,
    /// The shop's name, for the customer's statement.
    pub payee: String,
    /// How the customer was authenticated: the signed statement.
    pub statement: Vec<u8>,
    /// Its signature.
    pub signature: Vec<u8>,
}

/// A provider's answer to an authorisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authorisation {
    /// It holds the amount.
    Approved {
        /// When it drops the hold by itself.
        hold_expires_at: Timestamp,
    },
    /// It will not.
    Refused(DeclineReason),
    /// No answer in time, or none that makes sense: the amount may be held or not.
    Silent,
}

/// A provider's answer to a booking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BookingAnswer {
    /// It knows, now or since an earlier try.
    Booked,
    /// It will not, for good; the words are for an operator.
    Refused(String),
    /// No answer that makes sense: ask again.
    Silent,
}

/// A provider's answer to a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkAnswer {
    /// The account is the customer's.
    Linked(LinkedAccount),
    /// The proof is wrong, used, expired or of another link.
    Refused,
    /// No answer that makes sense: ask again.
    Silent,
}

/// An account that a customer proved to be theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedAccount {
    /// The provider's opaque name for it.
    pub account_ref: String,
    /// Its currency.
    pub currency: Currency,
    /// What the customer knows it by, masked.
    pub label: String,
}
