//! The wallet's folder: one process at a time, every change durable before the next thing happens.

use super::vault::FileVault;
use crate::failure::Failure;
use crypto::{SecretString, SystemRandom};
use protocol::rule_list::RuleList;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use wallet::{STATE_LEN_MAX, State, Vault};

/// The largest vault file, bytes.
const VAULT_BYTES_MAX: u64 = 4 * 1024;

/// How long a command waits for another one to be done with the wallet: one that listens needs it for a moment
/// only.
const BUSY_MAX: Duration = Duration::from_secs(3);
/// The exit code then.
pub(super) const BUSY: u8 = 5;
const BUSY_PAUSE: Duration = Duration::from_millis(50);

/// The file with the list of rules for sensors: signed, and no secret.
const RULES: &str = "rules.json";

/// Where a wallet is kept.
pub(super) struct Folder(PathBuf);

/// A wallet, open for this process alone.
pub(super) struct OpenWallet {
    folder: PathBuf,
    pub(super) vault: FileVault,
    pub(super) state: State,
    /// Held as long as the wallet is open.
    _lock: File,
}

impl Folder {
    pub(super) fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Whether a wallet is here.
    pub(super) fn has_wallet(&self) -> bool {
        self.0.join("state.sealed").exists()
    }

    /// Opens the wallet that is here.
    pub(super) fn open(&self) -> Result<OpenWallet, Failure> {
        if !self.has_wallet() {
            let path = self.0.display();
            return Err(Failure::new(format!(
                "there is no wallet in {path}; run `batzen wallet activate` first"
            )));
        }
        let lock = self.lock()?;
        let vault = self.read_vault()?;
        let path = self.0.join("state.sealed");
        let sealed = read(&path, STATE_LEN_MAX as u64)?;
        let key = vault.state_key()?;
        let state = State::open(&key, &sealed)
            .map_err(|error| Failure::new(format!("{} cannot be opened: {error}", path.display())))?;
        Ok(OpenWallet { folder: self.0.clone(), vault, state, _lock: lock })
    }

    /// Opens the wallet that is here, or makes a new one with fresh keys around `state`. Nothing but the vault is
    /// written yet.
    pub(super) fn open_or_make(&self, state: State) -> Result<OpenWallet, Failure> {
        if self.has_wallet() {
            return self.open();
        }
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)
            .map_err(|error| cannot(&self.0, "made", &error))?;
        let lock = self.lock()?;
        let vault = if self.0.join("vault.key").exists() {
            self.read_vault()?
        } else {
            let vault = FileVault::make();
            replace(&self.0, "vault.key", vault.to_text()?.expose().as_bytes())?;
            vault
        };
        Ok(OpenWallet { folder: self.0.clone(), vault, state, _lock: lock })
    }

    fn read_vault(&self) -> Result<FileVault, Failure> {
        let path = self.0.join("vault.key");
        let mode = fs::metadata(&path).map_err(|error| cannot(&path, "read", &error))?.permissions().mode();
        if mode & 0o077 != 0 {
            let path = path.display();
            return Err(Failure::new(format!("{path} can be read by others; run `chmod 600 {path}`")));
        }
        let text = String::from_utf8(read(&path, VAULT_BYTES_MAX)?)
            .map_err(|_| Failure::new("the vault is damaged; restore it from a backup"))?;
        FileVault::from_text(&SecretString::from_string(text))
    }

    fn lock(&self) -> Result<File, Failure> {
        let path = self.0.join("lock");
        let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(|error| cannot(&path, "written", &error))?;
        let until = Instant::now() + BUSY_MAX;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(BUSY_PAUSE),
                Err(TryLockError::WouldBlock) => {
                    let path = self.0.display();
                    let text = format!("another command uses the wallet in {path}; wait until it ends");
                    return Err(Failure::new(text).with_code(BUSY));
                }
                Err(TryLockError::Error(error)) => return Err(cannot(&path, "locked", &error)),
            }
        }
    }
}

impl OpenWallet {
    /// Makes the state durable. What is shown or sent because of it comes after this.
    pub(super) fn store(&self) -> Result<(), Failure> {
        let key = self.vault.state_key()?;
        replace(&self.folder, "state.sealed", &self.state.seal(&key, &mut SystemRandom))
    }
}

impl OpenWallet {
    /// The list of rules for sensors that is kept, if one is.
    pub(super) fn read_rules(&self) -> Result<Option<Vec<u8>>, Failure> {
        let path = self.folder.join(RULES);
        if !path.exists() {
            return Ok(None);
        }
        read(&path, RuleList::JSON_LEN_MAX as u64).map(Some)
    }

    /// Keeps a list of rules for sensors in place of the one before.
    pub(super) fn store_rules(&self, list: &[u8]) -> Result<(), Failure> {
        replace(&self.folder, RULES, list)
    }
}

/// Replaces a file as a whole: after a crash it is the old one or the new one.
fn replace(folder: &Path, name: &str, content: &[u8]) -> Result<(), Failure> {
    write_new(folder, name, content).map_err(|error| {
        // What is left of it would only take room.
        let _ = fs::remove_file(folder.join(format!("{name}.new")));
        cannot(&folder.join(name), "written", &error)
    })
}

fn write_new(folder: &Path, name: &str, content: &[u8]) -> std::io::Result<()> {
    let fresh = folder.join(format!("{name}.new"));
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&fresh)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&fresh, folder.join(name))?;
    File::open(folder)?.sync_all()
}

fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| cannot(path, "read", &error))?;
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|error| cannot(path, "read", &error))?;
    if bytes.len() as u64 > bytes_max {
        return Err(Failure::new(format!("{} is too large to be a wallet's", path.display())));
    }
    Ok(bytes)
}

fn cannot(path: &Path, verb: &str, error: &std::io::Error) -> Failure {
    let advice = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "; free some room and try again, nothing was changed"
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "; the wallet needs a folder it may write to"
        }
        _ => "",
    };
    Failure::new(format!("{} cannot be {verb}: {error}{advice}", path.display()))
}
