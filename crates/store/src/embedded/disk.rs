//! What the engine writes to, watched for the one failure that cannot be looked at again.
//!
//! After a failed sync the system may show pages that are not on the disk, so that looking again proves
//! nothing. After any other failed operation looking again is good evidence.

use redb::{BackendError, StorageBackend};
use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a sync failed on a disk, ever since the store was opened.
#[derive(Clone, Default, Debug)]
pub(crate) struct SyncWatch(Arc<AtomicBool>);

impl SyncWatch {
    pub(crate) fn failed(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// A disk under watch.
#[derive(Debug)]
pub(crate) struct Disk<B> {
    inner: B,
    watch: SyncWatch,
}

impl<B: StorageBackend> Disk<B> {
    pub(crate) fn new(inner: B, watch: &SyncWatch) -> Self {
        Self { inner, watch: watch.clone() }
    }
}

type Span = Bound<u64>;

impl<B: StorageBackend> StorageBackend for Disk<B> {
    fn sync_data(&self) -> io::Result<()> {
        self.inner.sync_data().inspect_err(|_| self.watch.0.store(true, Ordering::SeqCst))
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Span, end: Span) -> Result<bool, BackendError> {
        self.inner.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Span, end: Span) -> Result<bool, BackendError> {
        self.inner.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Span, end: Span) -> Result<(), BackendError> {
        self.inner.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Span, end: Span) -> Result<(), BackendError> {
        self.inner.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Span, end: Span) -> Result<(), BackendError> {
        self.inner.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Span, end: Span) -> Result<bool, BackendError> {
        self.inner.query_lock_range(start, end)
    }
}
