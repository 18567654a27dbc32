//! Security management itself: what its parts share.

use std::{collections::HashMap, fmt, sync::Arc};

use crypto::hpke::Decapsulate;
use model::Timestamp;
use protocol::payment_code::{KeyId, RecipientKey};
use records::Store;

use crate::{
    Attesters, KeyStore, Policy, SecurityError, apps::AppsCopy, audit_head::Cursor, bundle::BundleCache,
    nonces::SeenOnce, rate::RateLimit, rules::RulesCopy,
};

/// How often a change is tried again when others change the same thing at the same time.
pub(crate) const TRIES_MAX: usize = 8;

/// Security management of one realm. Share it behind an [`Arc`]; all of it may be called from many threads.
pub struct Security {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Arc<dyn KeyStore>,
    policy: Policy,
    pub(crate) attesters: Option<Attesters>,
    pub(crate) apps: AppsCopy,
    epochs: HashMap<KeyId, Epoch>,
    pub(crate) bundle: BundleCache,
    pub(crate) audit_cursor: Cursor,
    pub(crate) activations: RateLimit,
    pub(crate) activation_codes: RateLimit,
    pub(crate) rules: RulesCopy,
    pub(crate) rule_requests: RateLimit,
    pub(crate) device_requests: RateLimit,
    pub(crate) challenges: SeenOnce,
    pub(crate) nonces: SeenOnce,
}

/// A key that payment codes are sealed to, ready to open them.
pub(crate) struct Epoch {
    pub(crate) recipient: RecipientKey,
    pub(crate) holder: Arc<dyn Decapsulate>,
    open_until: Timestamp,
}

impl Security {
    /// Security management over this store and these keys. Keys are read once, here.
    ///
    /// # Errors
    /// [`SecurityError::Policy`] if the policy would take a guard away; [`SecurityError::Keys`] if the key store
    /// has no key that payment codes can be sealed to.
    pub fn new(
        store: Arc<dyn Store>,
        keys: Arc<dyn KeyStore>,
        policy: Policy,
    ) -> Result<Self, SecurityError> {
        policy.check().map_err(|fault| SecurityError::Policy(fault.0))?;
        let epochs: HashMap<KeyId, Epoch> = keys
            .payment_epochs()
            .into_iter()
            .filter_map(|epoch| {
                let key_id = epoch.key.key_id;
                let public_key = epoch.key.x25519()?;
                let recipient = RecipientKey { key_id, realm: keys.realm().clone(), public_key };
                Some((key_id, Epoch { recipient, holder: epoch.holder, open_until: epoch.open_until }))
            })
            .collect();
        if epochs.is_empty() {
            let words = "no key that payment codes can be sealed to";
            return Err(SecurityError::Keys(crypto::CryptoError::KeyStore(words)));
        }
        Ok(Self {
            apps: AppsCopy::default(),
            bundle: BundleCache::default(),
            audit_cursor: Cursor::default(),
            activations: RateLimit::new(policy.activation_rate),
            activation_codes: RateLimit::new(policy.activation_code_rate),
            rules: RulesCopy::default(),
            rule_requests: RateLimit::new(policy.activation_rate),
            device_requests: RateLimit::new(policy.device_rate),
            challenges: SeenOnce::default(),
            nonces: SeenOnce::default(),
            store,
            keys,
            policy,
            attesters: None,
            epochs,
        })
    }

    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn live_epoch(&self, key_id: KeyId, now: Timestamp) -> Option<&Epoch> {
        self.epochs.get(&key_id).filter(|epoch| now < epoch.open_until)
    }
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Security({}, {} payment keys)", self.keys.realm(), self.epochs.len())
    }
}
