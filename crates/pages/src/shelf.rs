//! Files ready to be sent: each with its type and, once somebody wants it, its compressed form.

use crate::kind::content_type;
use crate::site::{File, Site};
use crate::worker;
use axum::body::Bytes;
use brotli::enc::BrotliEncoderParams;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A file ready to be sent.
pub(crate) struct Ready {
    pub(crate) content_type: &'static str,
    pub(crate) file: File,
    brotli: OnceLock<Option<Bytes>>,
    gzip: OnceLock<Option<Bytes>>,
}

/// How a file is compressed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Coding {
    /// RFC 7932; every browser takes it over TLS. A tenth smaller.
    Brotli,
    /// RFC 1952.
    Gzip,
}

impl Coding {
    /// The smallest first.
    pub(crate) const ALL: [Self; 2] = [Self::Brotli, Self::Gzip];

    /// As it stands in headers.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    fn compress(self, bytes: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Brotli => {
                let mut compressed = Vec::new();
                let parameters = BrotliEncoderParams { quality: BROTLI_QUALITY, ..Default::default() };
                brotli::BrotliCompress(&mut &bytes[..], &mut compressed, &parameters).ok()?;
                Some(compressed)
            }
            Self::Gzip => {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
                encoder.write_all(bytes).ok()?;
                encoder.finish().ok()
            }
        }
    }
}

/// Of 11: the last two take twenty times as long for another tenth, and somebody waits for it.
const BROTLI_QUALITY: i32 = 9;

impl Ready {
    fn new(content_type: &'static str, file: File) -> Self {
        Self { content_type, file, brotli: OnceLock::new(), gzip: OnceLock::new() }
    }

    /// The file in this form; none where that is no smaller. Compressed at the first call and kept.
    pub(crate) fn compressed(&self, coding: Coding) -> Option<Bytes> {
        let kept = match coding {
            Coding::Brotli => &self.brotli,
            Coding::Gzip => &self.gzip,
        };
        let plain = &self.file.bytes;
        let smaller = || coding.compress(plain).filter(|compressed| compressed.len() < plain.len());
        kept.get_or_init(|| smaller().map(Bytes::from)).clone()
    }
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
