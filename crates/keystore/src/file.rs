//! The file: JSON around a salt and sealed bytes, private to its owner, replaced whole or not at all.

use std::{
    fs::File,
    io::{self, Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::Path,
    time::SystemTime,
};

use crypto::{Random, SecretBytes, aead, hash::sha256, password};
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::{KeyStoreError, WARNING};

const FORMAT: &str = "batzen software key store";
const VERSION: u32 = 1;
const SALT_LEN: usize = 16;
/// No key store comes near this.
const FILE_LEN_MAX: u64 = 1 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Outer {
    format: String,
    version: u32,
    warning: String,
    /// For Argon2id.
    salt: String,
    /// AES-256-GCM under the key of pass phrase and salt.
    sealed: String,
    /// SHA-256 over salt and sealed bytes: tells a damaged file from a wrong pass phrase, protects nothing.
    checksum: String,
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark(u64, u64, SystemTime);

/// The file's mark; none if it cannot be looked at.
pub(crate) fn mark(path: &Path) -> Option<Mark> {
    let facts = std::fs::metadata(path).ok()?;
    Some(Mark(facts.ino(), facts.len(), facts.modified().ok()?))
}

/// Keeps every other process from changing the file until it is dropped.
pub(crate) fn lock(path: &Path) -> Result<File, KeyStoreError> {
    let failed = |source| KeyStoreError::Io { path: path.to_owned(), doing: "locked", source };
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file =
        File::options().create(true).truncate(false).write(true).mode(0o600).open(name).map_err(failed)?;
    file.lock().map_err(failed)?;
    Ok(file)
}

/// Whether there must not be a file yet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replace {
    Never,
    Existing,
}

/// Seals the content and writes the file: a new file beside it, made durable, takes its name.
pub(crate) fn write(
    path: &Path,
    passphrase: &str,
    content: &SecretBytes,
    replace: Replace,
    random: &mut dyn Random,
) -> Result<(), KeyStoreError> {
    let mut salt = [0; SALT_LEN];
    random.fill(&mut salt);
    let key = password::derive_key(passphrase.as_bytes(), &salt);
    let sealed = aead::seal(&key, random, &aad(), content.expose());
    let outer = Outer {
        format: FORMAT.to_owned(),
        version: VERSION,
        warning: WARNING.to_owned(),
        salt: BASE64.encode(&salt),
        sealed: BASE64.encode(&sealed),
        checksum: BASE64.encode(&sha256(&[&salt, &sealed])),
    };
    let json = serde_json::to_vec(&outer).expect("strings and a number are JSON");
    put(path, &json, replace)
}

/// Reads the file and opens its content.
pub(crate) fn read(path: &Path, passphrase: &str) -> Result<SecretBytes, KeyStoreError> {
    let damaged = |what| KeyStoreError::Damaged { path: path.to_owned(), what };
    let outer: Outer =
        serde_json::from_slice(&get(path)?).map_err(|_| damaged("it is not the JSON that was written"))?;
    if outer.format != FORMAT {
        return Err(damaged("it is not a key store"));
    }
    if outer.version != VERSION {
        return Err(KeyStoreError::VersionUnsupported(path.to_owned()));
    }
    if outer.warning != WARNING {
        return Err(damaged("its warning was changed"));
    }
    let decode = |text: &str| BASE64.decode(text.as_bytes()).map_err(|_| damaged("it has spoilt base64"));
    let salt: [u8; SALT_LEN] = decode(&outer.salt)?.try_into().map_err(|_| damaged("its salt is cut"))?;
    let sealed = decode(&outer.sealed)?;
    if decode(&outer.checksum)? != sha256(&[&salt, &sealed]) {
        return Err(damaged("its checksum does not fit"));
    }
    let key = password::derive_key(passphrase.as_bytes(), &salt);
    aead::open(&key, &aad(), &sealed).map_err(|_| KeyStoreError::WrongPassphrase(path.to_owned()))
}

fn aad() -> Vec<u8> {
    format!("{FORMAT} {VERSION}").into_bytes()
}

fn get(path: &Path) -> Result<Vec<u8>, KeyStoreError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KeyStoreError::Missing(path.to_owned()),
        _ => KeyStoreError::Io { path: path.to_owned(), doing: "read", source },
    };
    let file = File::open(path).map_err(failed)?;
    // Of the file that is open, not of whatever has its name by now.
    let metadata = file.metadata().map_err(failed)?;
    let damaged = |what| KeyStoreError::Damaged { path: path.to_owned(), what };
    if !metadata.is_file() {
        return Err(damaged("it is no plain file"));
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyStoreError::NotPrivate { path: path.to_owned(), mode });
    }
    if metadata.len() > FILE_LEN_MAX {
        return Err(damaged("it is too long"));
    }
    let mut bytes = Vec::new();
    file.take(FILE_LEN_MAX).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn put(path: &Path, bytes: &[u8], replace: Replace) -> Result<(), KeyStoreError> {
    let failed = |source| KeyStoreError::Io { path: path.to_owned(), doing: "written", source };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Made with mode 600, whatever the umask.
    let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    let placed = match replace {
        Replace::Never => file.persist_noclobber(path),
        Replace::Existing => file.persist(path),
    };
    placed.map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => KeyStoreError::Exists(path.to_owned()),
        _ => failed(error.error),
    })?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}
