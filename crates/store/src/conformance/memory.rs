//! A disk in memory: nothing to clean up, and fast enough for thousands of stores.

use redb::StorageBackend;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A disk in memory that forgets, when the power is lost, what was not synced; clones are the same one.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    seen: Vec<u8>,
    durable: Vec<u8>,
}

impl Memory {
    /// A disk with this content, all of it durable.
    #[must_use]
    pub fn holding(image: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Inner { durable: image.clone(), seen: image })))
    }

    /// What is there when the power is back.
    #[must_use]
    pub fn durable(&self) -> Vec<u8> {
        self.inner().durable.clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StorageBackend for Memory {
    fn len(&self) -> io::Result<u64> {
        Ok(self.inner().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let inner = self.inner();
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let found = inner.seen.get(offset..offset + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(found);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner().seen.resize(usize::try_from(len).map_err(io::Error::other)?, 0);
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut inner = self.inner();
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        let end = offset + data.len();
        if inner.seen.len() < end {
            inner.seen.resize(end, 0);
        }
        inner.seen[offset..end].copy_from_slice(data);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut inner = self.inner();
        inner.durable = inner.seen.clone();
        Ok(())
    }
}
