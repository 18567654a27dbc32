//! Where the files come from: the binary itself, or in builds for development the source folder.

use axum::body::Bytes;
use crypto::hash::sha256;
use rust_embed::RustEmbed;
use std::borrow::Cow;

/// One file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) bytes: Bytes,
    /// SHA-256 of the bytes.
    pub(crate) hash: [u8; 32],
}

impl File {
    pub(crate) fn of(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self { hash: sha256(&[&bytes]), bytes }
    }
}

/// Files by path, such as `wallet/app.js`.
pub(crate) trait Site: Send + Sync {
    /// The file at this path.
    fn file(&self, path: &str) -> Option<File>;
    /// Every path, sorted.
    fn paths(&self) -> Vec<String>;
}

#[derive(RustEmbed)]
#[folder = "site"]
struct Embedded;

/// The pages of this crate.
pub(crate) struct OwnSite;

impl Site for OwnSite {
    fn file(&self, path: &str) -> Option<File> {
        let file = Embedded::get(path)?;
        let bytes = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        Some(File { hash: file.metadata.sha256_hash(), bytes })
    }

    fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> = Embedded::iter().map(Cow::into_owned).collect();
        paths.sort();
        paths
    }
}

/// Files for tests.
#[cfg(test)]
pub(crate) struct Sample(pub(crate) std::collections::BTreeMap<&'static str, &'static str>);

#[cfg(test)]
impl Site for Sample {
    fn file(&self, path: &str) -> Option<File> {
        self.0.get(path).map(|text| File::of(text.as_bytes()))
    }

    fn paths(&self) -> Vec<String> {
        self.0.keys().map(|path| (*path).to_owned()).collect()
    }
}
