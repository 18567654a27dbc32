//! The port: commands go to the writer, queries read what is durable, where they are asked.
//!
//! A query is a few look-ups in B-trees that are mostly in memory: microseconds, less than handing it to
//! another thread would take.

use crate::embedded::EmbeddedStore;
use crate::embedded::snapshot::Snapshot;
use crate::fault::Fault;
use crate::key::Key;
use crate::look::{Look, Order, Span};
use crate::queries::{self, each_query};
use crate::row::Row;
use crate::tables::{self, Map};
use core::future::{Future, ready};
use core::ops::Bound::Unbounded;
use futures_util::FutureExt;
use model::{
    ApprovalId, CheckoutId, Counter, CustomerId, EffectId, EnrolmentId, IdempotencyKey, MerchantId,
    MethodSlot, Payment, PaymentId, TerminalNumber, Timestamp, WebhookEndpointId, WebhookId,
};
use records::{
    ActivationCodeRow, App, Approval, AuditHead, AuditRow, Balance, CertificateRow, CheckMark, Checkout,
    CodeUse, Command, ConfirmationRow, Customer, Devices, Effect, Enrolment, EventRow, IdempotencyRow,
    Listener, Merchant, Method, NoticeRow, OperatorTask, Outcome, Page, PolicyRow, PostingRow, Queries,
    RuleListRow, Store, StoreFuture, Velocity, VerdictRow, Webhook, WebhookEndpoint, WebhookTotals, Work,
};
use std::sync::Arc;

impl Store for EmbeddedStore {
    fn commit(&self, command: Command) -> StoreFuture<'_, Outcome> {
        Box::pin(self.send(command))
    }

    fn snapshot(&self) -> StoreFuture<'_, Box<dyn Queries>> {
        Box::pin(async { Ok(Box::new(self.frozen()?) as Box<dyn Queries>) })
    }

    /// No other process has the store.
    fn take(&self, _: Work) -> StoreFuture<'_, bool> {
        Box::pin(async { Ok(true) })
    }

    /// There are no others.
    fn listen(&self, _: Arc<dyn Listener>) {}
}

macro_rules! implement {
    ($($query:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        impl Queries for EmbeddedStore {
            $(fn $query(&self, $($argument: $kind),*) -> StoreFuture<'_, $answer> {
                Box::pin(async move {
                    self.engine().read(|snapshot| at_once(queries::$query(snapshot, $($argument),*)))
                })
            })*

            fn audit(&self, page: Page<u64>) -> StoreFuture<'_, Vec<AuditRow>> {
                Box::pin(async move { self.engine().read(|snapshot| at_once(queries::audit(snapshot, page))) })
            }

            fn balances(&self) -> StoreFuture<'_, Vec<Balance>> {
                Box::pin(async move {
                    let whole = (Unbounded, Unbounded);
                    self.engine()
                        .read(|snapshot| snapshot.rows(tables::BALANCES, whole, usize::MAX, Order::Rising))
                })
            }
        }
    };
}

each_query!(implement);

/// The answer of a query that waits for nothing.
fn at_once<T>(query: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    query.now_or_never().unwrap_or_else(|| Err(Fault::wrong("a look into memory waited")))
}

/// One moment, in memory and the engine's pages: every look is done at once.
impl Look for Snapshot {
    fn get<K: Key, R: Row>(
        &self,
        map: Map<K, R>,
        key: &K,
    ) -> impl Future<Output = Result<Option<R>, Fault>> + Send {
        ready(self.row(map, key))
    }

    fn pointed<K: Key, R: Row>(
        &self,
        map: Map<K, R>,
        keys: &[K],
    ) -> impl Future<Output = Result<Vec<R>, Fault>> + Send {
        let row = |key| self.row(map, key)?.ok_or_else(|| map.leads_nowhere());
        ready(keys.iter().map(row).collect())
    }

    fn list<K: Key, R: Row>(
        &self,
        map: Map<K, R>,
        span: Span<K>,
        limit: usize,
        order: Order,
    ) -> impl Future<Output = Result<Vec<R>, Fault>> + Send {
        ready(self.rows(map, span, limit, order))
    }

    fn count<K: Key, R: Row>(&self, map: Map<K, R>) -> impl Future<Output = Result<u64, Fault>> + Send {
        ready(self.count_of(map))
    }
}
