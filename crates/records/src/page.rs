//! Lists are read a page at a time.

/// The most rows that one page may have.
pub const PAGE_LIMIT_MAX: usize = 1_000;

/// Which part of a list: what follows `after`, at most `limit` rows.
#[derive(Clone, Copy, Debug)]
pub struct Page<K> {
    /// The last key already seen; none for the beginning.
    pub after: Option<K>,
    /// At most this many rows; more than [`PAGE_LIMIT_MAX`] counts as that.
    pub limit: usize,
}

impl<K> Page<K> {
    /// The first `limit` rows.
    pub const fn first(limit: usize) -> Self {
        Self { after: None, limit }
    }

    /// The rows after `key`.
    pub const fn after(key: K, limit: usize) -> Self {
        Self { after: Some(key), limit }
    }

    /// The number of rows to read.
    pub fn size(&self) -> usize {
        self.limit.min(PAGE_LIMIT_MAX)
    }
}
