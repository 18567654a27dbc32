//! The bank as one value: its store, its clock, its sessions. The operations are in the rooms next door.

use crate::device_status::DeviceStatuses;
use crate::login::Sessions;
use crate::partner_pages::PartnerPages;
use crate::store::Store;
use crate::{BankError, Clock, StoreError};
use model::Timestamp;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;

/// Seconds that a hold lasts if the configuration says nothing else: seven days.
pub(crate) const HOLD_LIFETIME_S: i64 = 7 * 24 * 3600;

/// What may differ from bank to bank.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seconds after which a hold that was not captured is given back.
    pub hold_lifetime_s: i64,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Default for Settings {
    /// Seven days, the system's clock.
    fn default() -> Self {
        Self { hold_lifetime_s: HOLD_LIFETIME_S, clock: Clock::system() }
    }
}

/// The bank. Cheap to clone; its store is let go with the last clone.
#[derive(Clone)]
pub struct Bank {
    pub(crate) store: Store,
    pub(crate) settings: Settings,
    pub(crate) sessions: Arc<Sessions>,
    pub(crate) pages: Arc<PartnerPages>,
    pub(crate) device_statuses: Arc<DeviceStatuses>,
}

impl Bank {
    /// Opens the bank's store in `data_dir`, making it if it is not there.
    ///
    /// # Errors
    /// [`BankError::Store`] if the folder cannot be written, another process has the store, or it is damaged or
    /// too new.
    pub fn open(data_dir: &Path, settings: Settings) -> Result<Self, BankError> {
        Ok(Self::on_store(Store::open(data_dir)?, settings))
    }

    pub(crate) fn on_store(store: Store, settings: Settings) -> Self {
        let (sessions, pages, device_statuses) = (Arc::default(), Arc::default(), Arc::default());
        Self { store, settings, sessions, pages, device_statuses }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    /// Becomes `Some` when the store can no longer write; then the program must be started again.
    pub fn failure(&self) -> watch::Receiver<Option<StoreError>> {
        self.store.failure()
    }
}

impl core::fmt::Debug for Bank {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Bank")
    }
}
