//! A customer's methods to pay: slots that are never used twice, proved at their provider before they count.

use crypto::Random;
use model::{Currency, CustomerId, LinkId, MethodSlot, ProviderId, Timestamp};
use records::{Actor, AuditEntry, Command, Method, MethodState, Outcome, PutMethod};

use crate::{AuthenticatedDevice, Security, SecurityError, security::TRIES_MAX};

/// A provider's name for an account has at most this many printable ASCII characters: it goes into statements.
const ACCOUNT_REF_LEN_MAX: usize = 255;
/// What the customer sees of an account has at most this many bytes.
const LABEL_LEN_MAX: usize = 64;

/// What a provider said about an account whose owner proved to be our customer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProvedAccount {
    /// The provider's own name for the account: 1 to 255 printable ASCII characters.
    pub account_ref: String,
    /// The account's currency.
    pub currency: Currency,
    /// What the customer sees, such as a masked account number: at most 64 bytes, no
    /// control characters.
    pub label: String,
}

impl Security {
    /// Adds a method at a provider, still to be proved there.
    ///
    /// # Errors
    /// [`SecurityError::WrongState`] if the customer has as many as policy allows, or has used all 255 slots;
    /// [`SecurityError::Contended`], [`SecurityError::Store`].
    pub async fn add_method(
        &self,
        device: &AuthenticatedDevice,
        provider: ProviderId,
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<Method, SecurityError> {
        let customer = device.customer();
        for _ in 0..TRIES_MAX {
            let slot = self.free_slot(&self.store.methods(customer).await?, now)?;
            let mut drawn = [0; 8];
            random.fill(&mut drawn);
            let state = MethodState::Unproved {
                link: LinkId::derive(customer.shard(), now, u64::from_be_bytes(drawn)),
                expires_at: now.plus_s(i64::from(self.policy().method_proof_s)),
            };
            let method =
                Method { customer, slot, version: 1, provider: provider.clone(), state, added_at: now };
            let audit = entry(device, "method.added", &method, now);
            let put = PutMethod { expected_version: 0, method: method.clone(), audit };
            if let Outcome::Done = self.store.commit(Command::PutMethod(Box::new(put))).await? {
                return Ok(method);
            }
        }
        Err(SecurityError::Contended)
    }

    /// Records that the provider knows the account to be the customer's: from now on it may be paid with. The same
    /// proof again changes nothing.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`] if the customer has no such method, or it was removed;
    /// [`SecurityError::WrongState`] if it is proved already for another account, the time for it has passed, or
    /// the account is none that can be used; [`SecurityError::Contended`], [`SecurityError::Store`].
    pub async fn record_proof(
        &self,
        device: &AuthenticatedDevice,
        slot: MethodSlot,
        account: &ProvedAccount,
        now: Timestamp,
    ) -> Result<Method, SecurityError> {
        account.check()?;
        self.change_method(device, slot, "method.proved", now, |method| match &method.state {
            MethodState::Removed { .. } => Err(SecurityError::NotFound("method")),
            MethodState::Unproved { expires_at, .. } if *expires_at <= now => {
                Err(SecurityError::WrongState("the time to prove the method has passed; add it again"))
            }
            MethodState::Unproved { .. } => Ok(Some(MethodState::Active {
                account_ref: account.account_ref.clone(),
                currency: account.currency,
                label: account.label.clone(),
            })),
            MethodState::Active { account_ref, .. } if *account_ref == account.account_ref => Ok(None),
            MethodState::Active { .. } => {
                Err(SecurityError::WrongState("the method is proved already, for another account"))
            }
        })
        .await
    }

    /// Takes a method away. Taking it away again changes nothing.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`] if the customer never had it; [`SecurityError::Contended`],
    /// [`SecurityError::Store`].
    pub async fn remove_method(
        &self,
        device: &AuthenticatedDevice,
        slot: MethodSlot,
        now: Timestamp,
    ) -> Result<Method, SecurityError> {
        self.change_method(device, slot, "method.removed", now, |method| {
            let removed = matches!(method.state, MethodState::Removed { .. });
            Ok((!removed).then_some(MethodState::Removed { at: now }))
        })
        .await
    }

    async fn change_method(
        &self,
        device: &AuthenticatedDevice,
        slot: MethodSlot,
        action: &str,
        now: Timestamp,
        decide: impl Fn(&Method) -> Result<Option<MethodState>, SecurityError>,
    ) -> Result<Method, SecurityError> {
        let customer: CustomerId = device.customer();
        for _ in 0..TRIES_MAX {
            let seen = self.store.method(customer, slot).await?.ok_or(SecurityError::NotFound("method"))?;
            let Some(state) = decide(&seen)? else { return Ok(seen) };
            let method = Method { state, version: seen.version.saturating_add(1), ..seen.clone() };
            let audit = entry(device, action, &method, now);
            let put = PutMethod { expected_version: seen.version, method: method.clone(), audit };
            if let Outcome::Done = self.store.commit(Command::PutMethod(Box::new(put))).await? {
                return Ok(method);
            }
        }
        Err(SecurityError::Contended)
    }

    /// The slot after the highest ever given, removed ones included.
    fn free_slot(&self, methods: &[Method], now: Timestamp) -> Result<MethodSlot, SecurityError> {
        let live = methods.iter().filter(|method| match &method.state {
            MethodState::Active { .. } => true,
            MethodState::Unproved { expires_at, .. } => now < *expires_at,
            MethodState::Removed { .. } => false,
        });
        if live.count() >= usize::from(self.policy().methods_max) {
            return Err(SecurityError::WrongState("there are as many methods as allowed; remove one first"));
        }
        let highest = methods.iter().map(|method| method.slot.0).max().unwrap_or(0);
        let next = highest.checked_add(1).ok_or(SecurityError::WrongState("all method slots were used"))?;
        Ok(MethodSlot(next))
    }
}

impl ProvedAccount {
    fn check(&self) -> Result<(), SecurityError> {
        let fits = (1..=ACCOUNT_REF_LEN_MAX).contains(&self.account_ref.len())
            && self.account_ref.bytes().all(|byte| byte.is_ascii_graphic())
            && self.label.len() <= LABEL_LEN_MAX
            && !self.label.chars().any(char::is_control);
        let wrong = "the provider's name for the account is not usable";
        if fits { Ok(()) } else { Err(SecurityError::WrongState(wrong)) }
    }
}

fn entry(device: &AuthenticatedDevice, action: &str, method: &Method, now: Timestamp) -> AuditEntry {
    AuditEntry {
        at: now,
        actor: Actor::Device(device.id().to_string()),
        action: action.to_owned(),
        subject: method.customer.to_string(),
        detail: format!("slot {} at {}", method.slot.0, method.provider),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_s_words_neither_steer_a_terminal_nor_overflow() {
        let account = |account_ref: &str, label: &str| ProvedAccount {
            account_ref: account_ref.to_owned(),
            currency: Currency::CHF,
            label: label.to_owned(),
        };
        assert!(account("acc-1", "CH93 … 2957").check().is_ok());
        for label in ["\u{1b}[2J", "a\nb", "\u{9b}31m", &"x".repeat(65)] {
            assert!(account("acc-1", label).check().is_err(), "{label:?}");
        }
        for account_ref in ["", "a b", "a\u{1b}", &"x".repeat(256)] {
            assert!(account(account_ref, "label").check().is_err(), "{account_ref:?}");
        }
    }
}
