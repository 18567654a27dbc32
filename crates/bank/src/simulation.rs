//! A bank without a thread or a socket of its own: for the simulator, which says when its store writes and carries
//! its partners' requests.

use crate::routes::partner_routes;
use crate::store::{ManualWriter, Store};
use crate::{Bank, BankError, Settings};
use axum::Router;
use redb::StorageBackend;

impl Bank {
    /// Opens the bank's store on `disk`, making it if the disk is empty. Commands wait until the writer is told to take
    /// them.
    ///
    /// # Errors
    /// As [`Bank::open`].
    pub fn open_manual(
        disk: impl StorageBackend,
        settings: Settings,
    ) -> Result<(Self, ManualWriter), BankError> {
        let (store, writer) = Store::open_manual(disk)?;
        Ok((Self::on_store(store, settings), writer))
    }

    /// The partners' door. A request's extensions hold the caller's `https::PeerCertificate`.
    pub fn partner_door(&self) -> Router {
        partner_routes(self.clone())
    }
}
