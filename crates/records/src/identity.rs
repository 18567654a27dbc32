//! Who takes part: customers and their methods, merchants and their checkouts.

use model::{
    CheckoutId, Currency, CustomerId, EnrolmentId, LinkId, MerchantCategory, MerchantId, MethodSlot,
    ProviderId, SaleTerms, TerminalNumber, Timestamp,
};
use serde::{Deserialize, Serialize};

/// A person who pays.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Customer {
    /// Their id.
    pub id: CustomerId,
    /// How they are called, for support staff and their own phone.
    pub name: String,
    /// Since when they are known.
    pub created_at: Timestamp,
}

/// An activation code given to a customer out of band; only its hash is kept.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ActivationCodeRow {
    /// Hash of the code.
    pub code_hash: [u8; 32],
    /// Whom it activates.
    pub customer: CustomerId,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Until when it may be used.
    pub expires_at: Timestamp,
    /// What it is for.
    pub purpose: ActivationPurpose,
    /// What it was used for.
    pub used: Option<ActivationUse>,
}

/// What an activation code is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ActivationPurpose {
    /// One more device.
    NewDevice,
    /// A device that takes the place of this one.
    Replace(EnrolmentId),
    /// A new PIN for this device.
    ResetPin(EnrolmentId),
}

/// What an activation code was used for; kept so that the same request gets the same reply.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ActivationUse {
    /// SHA-256 of the request that used it.
    pub request_hash: [u8; 32],
    /// The enrolment it made, or whose PIN it set.
    pub enrolment: EnrolmentId,
    /// The sealed reply; empty where the code set a PIN.
    #[serde(with = "serde_bytes")]
    pub reply: Vec<u8>,
    /// When.
    pub at: Timestamp,
}

/// A way to pay: a customer's account at a provider.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Method {
    /// Whose it is.
    pub customer: CustomerId,
    /// Its number among that customer's; never reused.
    pub slot: MethodSlot,
    /// Rises by one with each change; the first is 1.
    pub version: u32,
    /// Where the account is.
    pub provider: ProviderId,
    /// Whether it can be used.
    pub state: MethodState,
    /// When it was added.
    pub added_at: Timestamp,
}

/// Whether a method can be used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum MethodState {
    /// The customer still has to prove at the provider that the account is theirs.
    Unproved {
        /// What the proof must name.
        link: LinkId,
        /// Until when it may be proved.
        expires_at: Timestamp,
    },
    /// Proved.
    Active {
        /// The provider's opaque name for the account.
        account_ref: String,
        /// The account's currency.
        currency: Currency,
        /// What the customer sees, such as a masked account number.
        label: String,
    },
    /// Taken away by the customer or the provider.
    Removed {
        /// When.
        at: Timestamp,
    },
}

/// A shop.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Merchant {
    /// Its id.
    pub id: MerchantId,
    /// The name that customers see, at most 64 bytes.
    pub name: String,
    /// What it pays for sales; nothing where none fits.
    pub terms: Vec<MerchantTerms>,
    /// Since when it is known.
    pub created_at: Timestamp,
    /// What it sells, where that is known; policies may ask.
    pub category: Option<MerchantCategory>,
}

impl Merchant {
    /// What it pays for a sale by `provider` in `currency`.
    pub fn terms_of(&self, provider: &ProviderId, currency: Currency) -> SaleTerms {
        let fitting =
            self.terms.iter().find(|terms| terms.provider == *provider && terms.currency == currency);
        fitting.map_or_else(SaleTerms::default, |terms| terms.sale)
    }
}

/// What a merchant pays for sales by one provider in one currency.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MerchantTerms {
    /// By whom customers pay.
    pub provider: ProviderId,
    /// In what.
    pub currency: Currency,
    /// Fee and incentive.
    pub sale: SaleTerms,
}

/// One installation of till software: it holds one API key and serves one or more tills of a merchant.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Checkout {
    /// Its id.
    pub id: CheckoutId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// What the operator calls it.
    pub name: String,
    /// SHA-256 of its API key.
    pub api_key_hash: [u8; 32],
    /// The tills it serves; each belongs to one checkout only.
    pub terminals: Vec<TerminalNumber>,
    /// Since when it is known.
    pub created_at: Timestamp,
}
