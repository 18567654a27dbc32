//! A phone: `batzen wallet` on a folder of its own.

use crate::binary::{Batzen, Ran, batzen};
use std::path::{Path, PathBuf};

/// The customer's PIN.
pub const PIN: &str = "493817";
/// Another one.
pub const WRONG_PIN: &str = "582046";

/// Exit codes of `batzen wallet`.
pub mod wallet_exit {
    /// Wrong usage.
    pub const USAGE: i32 = 2;
    /// The server or the bank refused.
    pub const REFUSED: i32 = 3;
    /// Nobody can be reached now.
    pub const UNREACHABLE: i32 = 4;
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Phone {
    state: PathBuf,
}

impl Phone {
    pub(crate) fn new(state: PathBuf) -> Self {
        std::fs::create_dir_all(state.parent().expect("it is in the system's folder"))
            .expect("the folder can be made");
        Self { state }
    }

    /// The phone whose folder is `state`.
    #[must_use]
    pub fn at(state: &Path) -> Self {
        Self { state: state.to_owned() }
    }

    /// Its folder.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// `batzen wallet` with these arguments.
    #[must_use]
    pub fn wallet(&self, arguments: &[&str]) -> Batzen {
        batzen(["--json", "wallet", "--state"]).arg(&self.state).args(arguments)
    }

    /// Activates it.
    #[must_use]
    pub fn activate(&self, realm_file: &Path, code: &str) -> Ran {
        let activate = self.wallet(&["activate", "--code", code, "--pin-stdin", "--realm"]);
        activate.arg(realm_file).typing(&format!("{PIN}\n")).run()
    }

    /// Adds a bank account, proved at the bank.
    #[must_use]
    pub fn add_account(&self, customer_number: &str, password: &str) -> Ran {
        let add = [
            "methods",
            "add",
            "--provider",
            "bank",
            "--customer-number",
            customer_number,
            "--password-stdin",
        ];
        self.wallet(&add).typing(&format!("{password}\n")).run()
    }

    /// The command that makes a code up to 50 francs for the till of this label, into the picture `out`.
    #[must_use]
    pub fn making(&self, pin: &str, till: &str, out: &Path) -> Batzen {
        let pay = ["pay", "--cap", "50", "--till", till, "--pin-stdin", "--quiet", "--out"];
        self.wallet(&pay).arg(out).typing(&format!("{pin}\n"))
    }

    /// Makes a code with the right PIN; gives the picture's path.
    ///
    /// # Panics
    /// If it cannot.
    #[track_caller]
    #[must_use]
    pub fn code(&self, till: &str) -> PathBuf {
        self.code_with(PIN, till)
    }

    /// Makes a code with this PIN; gives the picture's path.
    ///
    /// # Panics
    /// If it cannot.
    #[track_caller]
    #[must_use]
    pub fn code_with(&self, pin: &str, till: &str) -> PathBuf {
        let out = self.next_picture();
        let _ = self.making(pin, till, &out).run().expect("wallet pay");
        out
    }

    /// Makes a code up to 20 francs for any till; gives the picture's path.
    ///
    /// # Panics
    /// If it cannot.
    #[track_caller]
    #[must_use]
    pub fn code_for_any_till(&self, pin: &str) -> PathBuf {
        let out = self.next_picture();
        let pay = ["pay", "--cap", "20", "--pin-stdin", "--quiet", "--out"];
        let _ =
            self.wallet(&pay).arg(&out).typing(&format!("{pin}\n")).run().expect("wallet pay, for any till");
        out
    }

    /// Where its next code is drawn.
    fn next_picture(&self) -> PathBuf {
        let pictures = self.state.with_extension("codes");
        std::fs::create_dir_all(&pictures).expect("the folder can be made");
        let count = std::fs::read_dir(&pictures).expect("it was just made").count();
        pictures.join(format!("{count:04}.png"))
    }

    /// Puts a copy of all that it keeps into this folder: a backup, or a thief's.
    ///
    /// # Panics
    /// If it cannot be copied.
    #[must_use]
    pub fn copied_to(&self, folder: &Path) -> Self {
        std::fs::create_dir_all(folder).expect("the folder can be made");
        for entry in std::fs::read_dir(&self.state).expect("the phone's folder") {
            let entry = entry.expect("a file");
            std::fs::copy(entry.path(), folder.join(entry.file_name())).expect("the file can be copied");
        }
        Self::at(folder)
    }

    /// `wallet status`.
    #[must_use]
    pub fn status(&self) -> Ran {
        self.wallet(&["status"]).run()
    }

    /// `wallet confirmations`: asks the server for new ones.
    #[must_use]
    pub fn confirmations(&self) -> Ran {
        self.wallet(&["confirmations"]).run()
    }
}
