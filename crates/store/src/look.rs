//! What questions see of a store: rows by key and lists of them, all as one moment left them.

use crate::fault::Fault;
use crate::key::Key;
use crate::row::Row;
use crate::tables::Map;
use core::future::Future;
use core::ops::Bound::{self, Excluded, Included, Unbounded};
use records::Page;

/// Which way rows are visited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    Rising,
    Falling,
}

/// Rows from one bound to the other.
pub(crate) type Span<K> = (Bound<K>, Bound<K>);

/// What is durable, to be looked at.
pub(crate) trait Look: Sync {
    /// The row found by `key`.
    fn get<K: Key, R: Row>(
        &self,
        map: Map<K, R>,
        key: &K,
    ) -> impl Future<Output = Result<Option<R>, Fault>> + Send;

    /// The rows that an index points to, each by its key.
    fn pointed<K: Key, R: Row>(
        &self,
        map: Map<K, R>,
        keys: &[K],
    ) -> impl Future<Output = Result<Vec<R>, Fault>> + Send;

    /// At most `limit` rows of a span, in this order of their keys.
    fn list<K: Key, R: Row>(
        &self,
        map: Map<K, R>,
        span: Span<K>,
        limit: usize,
        order: Order,
    ) -> impl Future<Output = Result<Vec<R>, Fault>> + Send;

    /// How many rows there are in the whole table.
    fn count<K: Key, R: Row>(&self, map: Map<K, R>) -> impl Future<Output = Result<u64, Fault>> + Send;
}

/// All rows from `first` to `last`, in key order: for lists that the rules keep short.
pub(crate) async fn all<K: Key, R: Row>(
    look: &impl Look,
    map: Map<K, R>,
    first: K,
    last: K,
) -> Result<Vec<R>, Fault> {
    look.list(map, (Included(first), Included(last)), usize::MAX, Order::Rising).await
}

/// A page of a whole table.
pub(crate) async fn page<K: Key, R: Row>(
    look: &impl Look,
    map: Map<K, R>,
    page: Page<K>,
) -> Result<Vec<R>, Fault> {
    let limit = page.size();
    look.list(map, (page.after.map_or(Unbounded, Excluded), Unbounded), limit, Order::Rising).await
}

/// The first `limit` rows up to `last`, in key order.
pub(crate) async fn until<K: Key, R: Row>(
    look: &impl Look,
    map: Map<K, R>,
    last: K,
    limit: usize,
) -> Result<Vec<R>, Fault> {
    let limit = Page::<K>::first(limit).size();
    look.list(map, (Unbounded, Included(last)), limit, Order::Rising).await
}
