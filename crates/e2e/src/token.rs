//! A SoftHSM token of a system's own.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

const PIN: &str = "654321";

/// A token in a folder, which can be taken away.
pub struct Token {
    folder: TempDir,
    config: String,
}

impl Token {
    /// Where Debian's `softhsm2` puts the PKCS#11 library.
    pub const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
    /// What the token is called.
    pub const LABEL: &str = "e2e";

    /// A fresh one.
    ///
    /// # Panics
    /// If SoftHSM 2 is not installed.
    #[must_use]
    pub fn make() -> Self {
        let folder =
            tempfile::Builder::new().prefix("batzen-e2e-token-").tempdir().expect("a temporary folder");
        let (tokens, config) = (folder.path().join("tokens"), folder.path().join("softhsm2.conf"));
        fs::create_dir(&tokens).expect("the folder is ours");
        let text = format!(
            "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
            tokens.display()
        );
        fs::write(&config, text).expect("the folder is ours");
        let pin = folder.path().join("pin");
        fs::write(&pin, PIN).expect("the folder is ours");
        fs::set_permissions(&pin, Permissions::from_mode(0o600)).expect("the file is ours");
        let made = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", Self::LABEL, "--so-pin", PIN, "--pin", PIN])
            .env("SOFTHSM2_CONF", &config)
            .output()
            .expect("SoftHSM 2 is installed: apt-get install softhsm2");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Self { config: config.display().to_string(), folder }
    }

    /// What `SOFTHSM2_CONF` must be for it to be found.
    #[must_use]
    pub fn config(&self) -> &str {
        &self.config
    }

    /// The file with its PIN.
    #[must_use]
    pub fn pin_file(&self) -> PathBuf {
        self.folder.path().join("pin")
    }

    /// Takes it away from under those who use it.
    ///
    /// # Panics
    /// If it is away already.
    pub fn pull_out(&self) {
        fs::rename(self.folder.path().join("tokens"), self.folder.path().join("away")).expect("it is there");
    }

    /// Puts it back.
    ///
    /// # Panics
    /// If it was not away.
    pub fn put_back(&self) {
        fs::rename(self.folder.path().join("away"), self.folder.path().join("tokens")).expect("it is away");
    }
}
