//! Tokens of two makers, SoftHSM and kryoptic: one for each test, in a process that has its environment.

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
const SOFTHSM: &str = "/usr/lib/softhsm/libsofthsm2.so";
/// Where Debian's `p11-kit-modules` puts what speaks to a server of tokens.
const CLIENT_MODULE: &str = "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so";
pub(crate) const PIN: &str = "654321";
const LABEL: &str = "batzen test";
/// Name the folder and the library to a test that runs again.
const FOLDER: &str = "BATZEN_TEST_TOKEN_FOLDER";
const MODULE: &str = "BATZEN_TEST_TOKEN_LIBRARY";

/// A token in a folder.
pub(crate) struct Token {
    folder: PathBuf,
    module: PathBuf,
}

impl Token {
    /// Its maker's library.
    pub(crate) fn module(&self) -> &Path {
        &self.module
    }

    /// How it is reached directly.
    pub(crate) fn address(&self) -> TokenAddress {
        at(&self.module)
    }

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

fn at(module: impl Into<PathBuf>) -> TokenAddress {
    let pin = SecretString::from_string(PIN.to_owned());
    TokenAddress { module: module.into(), token: LABEL.to_owned(), pin }
}

/// Runs the test of this name again for each maker, in a process that has one fresh token of theirs; there, runs `body`.
pub(crate) fn in_each_token(test: &str, body: impl FnOnce(&Token)) {
    in_tokens_of(&[PathBuf::from(SOFTHSM), kryoptic()], test, body);
}

/// The same with SoftHSM alone, whose files can be taken away while it runs.
pub(crate) fn in_a_softhsm(test: &str, body: impl FnOnce(&Token)) {
    in_tokens_of(&[PathBuf::from(SOFTHSM)], test, body);
}

/// Where `cargo xtask test` builds it.
fn kryoptic() -> PathBuf {
    let beside = || {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        root.join("target/kryoptic/debug/libkryoptic_token.so")
    };
    env::var_os("BATZEN_TEST_KRYOPTIC").map_or_else(beside, PathBuf::from)
}

fn in_tokens_of(modules: &[PathBuf], test: &str, body: impl FnOnce(&Token)) {
    if let (Some(folder), Some(module)) = (env::var_os(FOLDER), env::var_os(MODULE)) {
        return body(&Token { folder: folder.into(), module: module.into() });
    }
    modules.iter().for_each(|module| run_again(module, test));
}

fn run_again(module: &Path, test: &str) {
    assert!(
        module.exists(),
        "{} is not there: apt-get install softhsm2; \
         cargo build --manifest-path tests/tokens/kryoptic/Cargo.toml --target-dir target/kryoptic",
        module.display()
    );
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    fs::create_dir(&tokens).unwrap();
    let configs = ["softhsm2.conf", "kryoptic.conf"].map(|name| folder.path().join(name));
    let softhsm = format!(
        "directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n",
        tokens.display()
    );
    let kryoptic = format!(
        "[[slots]]\nslot = 1\ndbtype = \"sqlite\"\ndbargs = \"{}\"\n",
        tokens.join("kryoptic.sql").display()
    );
    configs.iter().zip([softhsm, kryoptic]).for_each(|(path, text)| fs::write(path, text).unwrap());
    let in_place = |command: &mut Command| {
        let [softhsm, kryoptic] = &configs;
        command.env("SOFTHSM2_CONF", softhsm).env("KRYOPTIC_CONF", kryoptic).output()
    };
    let made = in_place(Command::new("softhsm2-util").arg("--module").arg(module).args([
        "--init-token",
        "--free",
        "--label",
        LABEL,
        "--so-pin",
        PIN,
        "--pin",
        PIN,
    ]));
    let made = made.expect("softhsm2-util comes with softhsm2");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let again = in_place(
        Command::new(env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .env(FOLDER, folder.path())
            .env(MODULE, module)
            .env("P11_KIT_SERVER_ADDRESS", format!("unix:path={}", folder.path().join("server").display())),
    )
    .unwrap();
    let told = String::from_utf8_lossy(&again.stdout);
    let module = module.display();
    assert!(again.status.success(), "{module}: {told}{}", String::from_utf8_lossy(&again.stderr));
    assert!(told.contains("1 passed"), "{module}: the test was not found again: {told}");
}

/// The token behind `p11-kit server`, which can die.
pub(crate) struct Server {
    socket: PathBuf,
    child: Option<Child>,
}

impl Server {
    pub(crate) fn address(&self) -> TokenAddress {
        at(CLIENT_MODULE)
    }

    pub(crate) fn start(&mut self) {
        let _ = fs::remove_file(&self.socket);
        let child = Command::new("p11-kit")
            .args(["server", "--foreground", "--provider", SOFTHSM, "--name"])
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
