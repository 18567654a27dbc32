//! Files ready to be sent: each with its type and, once somebody wants it, its compressed form.

use crate::kind::content_type;
use crate::site::{File, Site};
use crate::worker;
use axum::body::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A file ready to be sent.
pub(crate) struct Ready {
    pub(crate) content_type: &'static str,
    pub(crate) file: File,
    compressed: OnceLock<Option<Bytes>>,
}

impl Ready {
    fn new(content_type: &'static str, file: File) -> Self {
        Self { content_type, file, compressed: OnceLock::new() }
    }

    /// The file in gzip's form; none where that is no smaller. Compressed at the first call and kept.
    pub(crate) fn compressed(&self) -> Option<Bytes> {
        self.compressed.get_or_init(|| compress(&self.file.bytes)).clone()
    }
}

fn compress(bytes: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok().filter(|compressed| compressed.len() < bytes.len()).map(Bytes::from)
}

/// All files of a site, and the realm's.
pub(crate) struct Shelf {
    site: Box<dyn Site>,
    realm: File,
    /// By path; never more than there are files, since only what is found is kept.
    ready: Mutex<HashMap<String, Arc<Ready>>>,
}

impl Shelf {
    pub(crate) fn new(site: Box<dyn Site>, realm_json: Vec<u8>) -> Self {
        Self { site, realm: File::of(realm_json), ready: Mutex::default() }
    }

    /// The file at this path, if there is one that is served.
    pub(crate) fn find(&self, path: &str) -> Option<Arc<Ready>> {
        let content_type = content_type(path)?;
        let file = match path {
            worker::REALM => self.realm.clone(),
            worker::PATH => worker::written(&self.site.file(path)?, &*self.site, &self.realm),
            _ => self.site.file(path)?,
        };
        // The map is whole after every single change, so a thread that died holding the lock did no harm.
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = ready.get(path).filter(|known| known.file.hash == file.hash) {
            return Some(Arc::clone(known));
        }
        let new = Arc::new(Ready::new(content_type, file));
        ready.insert(path.to_owned(), Arc::clone(&new));
        Some(new)
    }
}
