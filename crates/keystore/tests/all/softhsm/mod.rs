//! A SoftHSM token for one test, in a process that has its environment.

use crypto::SecretString;
use keystore::TokenAddress;
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Where Debian's `softhsm2` puts it.
pub(crate) const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// Where Debian's `p11-kit-modules` puts what speaks to a server of tokens.
const CLIENT_MODULE: &str = "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so";
pub(crate) const PIN: &str = "654321";
const LABEL: &str = "batzen test";
/// Names the folder to a test that runs again.
const FOLDER: &str = "BATZEN_TEST_TOKEN_FOLDER";

/// A token in a folder.
pub(crate) struct Token {
    folder: PathBuf,
}

/// How the token is reached directly.
pub(crate) fn address(_: &Token) -> TokenAddress {
    at(MODULE)
}

fn at(module: &str) -> TokenAddress {
    let pin = SecretString::from_string(PIN.to_owned());
    TokenAddress { module: module.into(), token: LABEL.to_owned(), pin }
}

/// Runs the test of this name again, in a process whose SoftHSM has one fresh token; there, runs `body`.
pub(crate) fn in_a_token_of_its_own(test: &str, body: impl FnOnce(&Token)) {
    if let Some(folder) = env::var_os(FOLDER) {
        return body(&Token { folder: folder.into() });
    }
    assert!(Path::new(MODULE).exists(), "SoftHSM 2 is not installed: apt-get install softhsm2");
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    fs::create_dir(&tokens).unwrap();
    let config = folder.path().join("softhsm2.conf");
    let text = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    fs::write(&config, text).unwrap();
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", LABEL, "--so-pin", PIN, "--pin", PIN])
        .env("SOFTHSM2_CONF", &config)
        .output()
        .expect("softhsm2-util comes with softhsm2");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let again = Command::new(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env("SOFTHSM2_CONF", &config)
        .env(FOLDER, folder.path())
        .env("P11_KIT_SERVER_ADDRESS", format!("unix:path={}", folder.path().join("server").display()))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success(), "{told}{}", String::from_utf8_lossy(&again.stderr));
    assert!(told.contains("1 passed"), "the test was not found again: {told}");
}

/// The token behind `p11-kit server`, which can die.
pub(crate) struct Server {
    socket: PathBuf,
    child: Option<Child>,
}

impl Token {
    /// Takes the token away from under those who use it.
    pub(crate) fn pull_out(&self) {
        fs::rename(self.folder.join("tokens"), self.folder.join("away")).unwrap();
    }

    pub(crate) fn put_back(&self) {
        fs::rename(self.folder.join("away"), self.folder.join("tokens")).unwrap();
    }

    pub(crate) fn serve(&self) -> Server {
        let mut server = Server { socket: self.folder.join("server"), child: None };
        server.start();
        server
    }
}

impl Server {
    pub(crate) fn address(&self) -> TokenAddress {
        at(CLIENT_MODULE)
    }

    pub(crate) fn start(&mut self) {
        let _ = fs::remove_file(&self.socket);
        let child = Command::new("p11-kit")
            .args(["server", "--foreground", "--provider", MODULE, "--name"])
            .arg(&self.socket)
            .arg("pkcs11:")
            .stdout(Stdio::null())
            .spawn()
            .expect("p11-kit is installed: apt-get install p11-kit p11-kit-modules");
        self.child = Some(child);
        let started = Instant::now();
        while !self.socket.exists() {
            assert!(started.elapsed() < Duration::from_secs(10), "p11-kit server does not start");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills it, with those that it made for its callers.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = Command::new("pkill").args(["-KILL", "-P", &child.id().to_string()]).status();
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let _ = fs::remove_file(&self.socket);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
