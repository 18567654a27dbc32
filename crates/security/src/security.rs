//! Security management itself: what its parts share.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use crypto::hpke::Decapsulate;
use model::Timestamp;
use protocol::payment_code::{KeyId, RecipientKey};
use records::Store;

use crate::{
    Attesters, KeyStore, Policy, SecurityError, apps::AppsCopy, audit_head::Cursor, bundle::BundleCache,
    nonces::SeenOnce, policy::Policies, rate::RateLimit, rules::RulesCopy,
};

/// How often a change is tried again when others change the same thing at the same time.
pub(crate) const TRIES_MAX: usize = 8;

/// Security management of one realm. Share it behind an [`Arc`]; all of it may be called from many threads.
pub struct Security {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) keys: Arc<dyn KeyStore>,
    pub(crate) policies: Policies,
    pub(crate) attesters: Option<Attesters>,
    pub(crate) apps: AppsCopy,
    epochs: RwLock<Epochs>,
    pub(crate) bundle: BundleCache,
    pub(crate) audit_cursor: Cursor,
    pub(crate) activations: RateLimit,
    pub(crate) activation_codes: RateLimit,
    pub(crate) rules: RulesCopy,
    pub(crate) rule_requests: RateLimit,
    pub(crate) device_requests: RateLimit,
    pub(crate) status_requests: RateLimit,
    pub(crate) challenges: SeenOnce,
    pub(crate) nonces: SeenOnce,
}

type Epochs = Arc<HashMap<KeyId, Arc<Epoch>>>;

/// A key that payment codes are sealed to, ready to open them.
pub(crate) struct Epoch {
    pub(crate) recipient: RecipientKey,
    pub(crate) holder: Arc<dyn Decapsulate>,
    open_until: Timestamp,
}

impl Security {
    /// Security management over this store and these keys. What is done to the keys later is taken up by
    /// [`Security::refresh_keys`]. `policy` holds until [`Security::refresh_policy`] finds one that was activated.
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
        let epochs = RwLock::new(read_epochs(&*keys)?);
        Ok(Self {
            apps: AppsCopy::default(),
            bundle: BundleCache::default(),
            audit_cursor: Cursor::default(),
            activations: RateLimit::new(policy.activation_rate),
            activation_codes: RateLimit::new(policy.activation_code_rate),
            rules: RulesCopy::default(),
            rule_requests: RateLimit::new(policy.activation_rate),
            device_requests: RateLimit::new(policy.device_rate),
            status_requests: RateLimit::new(policy.certificate_status_rate),
            challenges: SeenOnce::default(),
            nonces: SeenOnce::default(),
            store,
            keys,
            policies: Policies::new(policy),
            attesters: None,
            epochs,
        })
    }

    /// Takes up what was done to the keys since. True if anything was. To be called every few seconds; it may wait for
    /// a disk or a token.
    ///
    /// # Errors
    /// [`SecurityError::Keys`]; all goes on with the keys as they were.
    pub fn refresh_keys(&self) -> Result<bool, SecurityError> {
        if !self.keys.refresh().map_err(SecurityError::Keys)? {
            return Ok(false);
        }
        let epochs = read_epochs(&*self.keys)?;
        *self.epochs.write().unwrap_or_else(PoisonError::into_inner) = epochs;
        self.bundle.forget();
        Ok(true)
    }

    pub(crate) fn live_epoch(&self, key_id: KeyId, now: Timestamp) -> Option<Arc<Epoch>> {
        let epochs = self.epochs.read().unwrap_or_else(PoisonError::into_inner).clone();
        epochs.get(&key_id).filter(|epoch| now < epoch.open_until).cloned()
    }
}

fn read_epochs(keys: &dyn KeyStore) -> Result<Epochs, SecurityError> {
    let epochs: HashMap<_, _> = keys
        .payment_epochs()
        .into_iter()
        .filter_map(|epoch| {
            let key_id = epoch.key.key_id;
            let public_key = epoch.key.known()?;
            let recipient = RecipientKey { key_id, realm: keys.realm().clone(), public_key };
            let epoch = Epoch { recipient, holder: epoch.holder, open_until: epoch.open_until };
            Some((key_id, Arc::new(epoch)))
        })
        .collect();
    if epochs.is_empty() {
        let words = "no key that payment codes can be sealed to";
        return Err(SecurityError::Keys(crypto::CryptoError::KeyStore(words)));
    }
    Ok(Arc::new(epochs))
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let epochs = self.epochs.read().unwrap_or_else(PoisonError::into_inner).len();
        write!(f, "Security({}, {epochs} payment keys)", self.keys.realm())
    }
}
