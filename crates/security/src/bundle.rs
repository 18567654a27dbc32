//! The key bundle that phones are given: built from the key store's present keys, signed once an hour and whenever
//! they change.

use std::sync::{Mutex, PoisonError};

use model::Timestamp;
use protocol::key_bundle::{Der, KeyBundle, RULE_KEYS_MAX, RuleKey, SignedKeyBundle};

use crate::{Security, SecurityError};

/// Bundles begin on whole hours or when the keys changed, so that all nodes of a realm give the same sequence.
const HOUR_S: i64 = 3_600;
/// The most payment keys that a bundle may name.
const PAYMENT_KEYS_MAX: usize = 16;
const DAY_S: i64 = 86_400;

/// The bundle of the present hour.
#[derive(Debug, Default)]
pub(crate) struct BundleCache(Mutex<Option<(Timestamp, SignedKeyBundle)>>);

impl BundleCache {
    /// The keys changed: the next bundle is another.
    pub(crate) fn forget(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Security {
    /// The present key bundle. Its sequence is the second in which it was issued, so it rises by itself and needs
    /// no memory.
    ///
    /// # Errors
    /// [`SecurityError::Request`] if keys or policy make no bundle that a phone would take, or the root fails.
    pub fn key_bundle(&self, now: Timestamp) -> Result<SignedKeyBundle, SecurityError> {
        // Keys that changed within the hour make another bundle, with a later sequence.
        let hour_s = now.s().max(1).div_euclid(HOUR_S) * HOUR_S;
        let issued_at = Timestamp::from_s(hour_s.max(self.keys.changed_at().s().min(now.s())));
        let mut cache = self.bundle.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, bundle)) = &*cache
            && *at == issued_at
        {
            return Ok(bundle.clone());
        }
        let bundle =
            self.keys.sign_bundle(&self.unsigned_bundle(issued_at, now)?).map_err(SecurityError::Keys)?;
        *cache = Some((issued_at, bundle.clone()));
        Ok(bundle)
    }

    fn unsigned_bundle(&self, issued_at: Timestamp, now: Timestamp) -> Result<KeyBundle, SecurityError> {
        let mut payment_keys: Vec<_> = self
            .keys
            .payment_epochs()
            .into_iter()
            .map(|epoch| epoch.key)
            .filter(|key| now.s() < key.not_after_s)
            .collect();
        // The latest are the ones that phones seal to.
        payment_keys.sort_by_key(|key| key.not_before_s);
        payment_keys.drain(..payment_keys.len().saturating_sub(PAYMENT_KEYS_MAX));
        Ok(KeyBundle {
            realm: self.keys.realm().clone(),
            sequence: u64::try_from(issued_at.s()).unwrap_or(0).max(1),
            issued_at,
            expires_at: issued_at.plus_s(i64::from(self.policy().bundle_days) * DAY_S),
            payment_keys,
            confirmation_keys: self.keys.confirmation_keys(),
            rule_keys: self
                .keys
                .rule_keys()
                .into_iter()
                .take(RULE_KEYS_MAX)
                .map(|public_key| RuleKey { public_key })
                .collect(),
            device_ca: Der::new(self.keys.device_ca().certificate.as_der().to_vec())?,
            limits: self.policy().display_limits(),
        })
    }
}
