//! A till: `batzen checkout` on a folder of its own, and what a till's script does around it.

use crate::binary::{Batzen, Ran, batzen};
use crate::system::text;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Exit codes that a till's script acts on.
pub mod exit {
    /// Not paid, or not done; nothing is unknown.
    pub const FAILED: i32 = 1;
    /// Declined.
    pub const DECLINED: i32 = 3;
    /// Not known yet: `resume`.
    pub const UNKNOWN: i32 = 5;
    /// The server cannot be reached; nothing happened.
    pub const UNREACHABLE: i32 = 6;
}

/// More tries of one thing than any crash can need.
const TRIES_MAX: usize = 20;

/// How a sale ended, by the till's own journal.
#[derive(Clone, Debug)]
pub struct Sold {
    /// Its number.
    pub sale: String,
    /// Whether it is paid.
    pub is_paid: bool,
    /// Whether anything of it is unfinished.
    pub is_open: bool,
    /// Taken, in Rappen.
    pub captured_minor: i64,
    /// Given back, in Rappen.
    pub refunded_minor: i64,
    /// All that is known.
    pub document: Value,
    /// Whether a command about it was killed on the way.
    pub was_killed: bool,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Till {
    state: PathBuf,
    label: String,
}

impl Till {
    pub(crate) fn new(state: PathBuf, label: String) -> Self {
        std::fs::create_dir_all(state.parent().expect("it is in the system's folder"))
            .expect("the folder can be made");
        Self { state, label }
    }

    /// The same till with its folder elsewhere.
    #[must_use]
    pub fn at(&self, state: &Path) -> Self {
        Self { state: state.to_owned(), label: self.label.clone() }
    }

    /// Its folder.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The number on its label, with the check digit.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// `batzen checkout` with these arguments.
    #[must_use]
    pub fn checkout(&self, arguments: &[&str]) -> Batzen {
        batzen(["--json", "checkout", "--state"]).arg(&self.state).args(arguments)
    }

    /// Writes its configuration.
    #[must_use]
    pub fn set_up(&self, server: &str, roots: &Path, api_key: &str) -> Ran {
        let setup = ["setup", "--server", server, "--terminal", &self.label, "--currency", "CHF", "--roots"];
        self.checkout(&setup).arg(roots).typing(api_key).run()
    }

    /// The command that reads `code` and asks for `amount`, such as `12.50`.
    #[must_use]
    pub fn paying(&self, code: &Path, amount: &str) -> Batzen {
        self.checkout(&["pay", "--amount", amount, "--code"]).arg(code)
    }

    /// Asks for payment.
    #[must_use]
    pub fn pay(&self, code: &Path, amount: &str) -> Ran {
        self.paying(code, amount).run()
    }

    /// Finishes or cancels what is open.
    #[must_use]
    pub fn resume(&self) -> Ran {
        self.checkout(&["resume"]).run()
    }

    /// All its sales, by its journal, oldest first.
    ///
    /// # Panics
    /// If the journal cannot be read.
    #[track_caller]
    #[must_use]
    pub fn sales(&self) -> Vec<Sold> {
        let shown = self.checkout(&["show", "--limit", "100000"]).run().expect("checkout show");
        let mut sales: Vec<Sold> = shown["sales"].as_array().into_iter().flatten().map(Sold::from).collect();
        sales.reverse();
        sales
    }

    /// What it took altogether, less what it gave back, in Rappen, by its journal.
    #[must_use]
    pub fn taken_minor(&self) -> i64 {
        self.sales().iter().map(|sold| sold.captured_minor - sold.refunded_minor).sum()
    }

    /// Asks for payment as a careful till's script does, whatever crashes: until the journal knows how it ended.
    /// Only the first try has `failpoints`. `more` are more arguments for `pay`.
    ///
    /// # Panics
    /// If it does not end.
    #[track_caller]
    pub fn sell(
        &self,
        code: &Path,
        amount: &str,
        reference: &str,
        more: &[&str],
        failpoints: Option<&str>,
    ) -> Sold {
        let paying = || self.paying(code, amount).args(["--reference", reference]).args(more);
        let mut next = match failpoints {
            Some(points) => paying().env("FAILPOINTS", points),
            None => paying(),
        };
        let mut was_killed = false;
        for _ in 0..TRIES_MAX {
            let ran = next.run();
            was_killed |= ran.code().is_none();
            if !is_final(&ran) {
                self.resume_all();
            }
            if let Some(sold) = self.sale(reference)
                && !sold.is_open
            {
                return Sold { was_killed, ..sold };
            }
            assert!(!is_final(&ran), "it ended, and the journal does not know how: {ran}");
            next = paying();
        }
        panic!("the sale does not end");
    }

    /// `capture`, `void` or `refund` of a sale, as a careful till's script does it. Only the first try has
    /// `failpoints`.
    ///
    /// # Panics
    /// If it does not come about.
    #[track_caller]
    pub fn act(&self, words: &[&str], reference: &str, failpoints: Option<&str>) -> Sold {
        let first = self.sale(reference).unwrap_or_else(|| panic!("no sale {reference}"));
        let done_before = done(&first, words[0]);
        let mut points = failpoints;
        let mut was_killed = false;
        for _ in 0..TRIES_MAX {
            let command = self.checkout(&[&[words[0], &first.sale], &words[1..]].concat());
            let ran = match points.take() {
                Some(points) => command.env("FAILPOINTS", points).run(),
                None => command.run(),
            };
            was_killed |= ran.code().is_none();
            if !is_final(&ran) {
                self.resume_all();
            }
            let sold = self.sale(reference).unwrap_or_else(|| panic!("no sale {reference} any more"));
            if !sold.is_open && done(&sold, words[0]) > done_before {
                return Sold { was_killed, ..sold };
            }
            assert!(!is_final(&ran), "not done: {ran}");
        }
        panic!("{words:?} does not come about");
    }

    /// Resumes until nothing is open.
    fn resume_all(&self) {
        for _ in 0..TRIES_MAX {
            let ran = self.resume();
            if ran.is_success() {
                return;
            }
            assert!(!is_final(&ran) || ran.code() == Some(exit::UNKNOWN), "resume: {ran}");
        }
        panic!("resume does not end");
    }

    /// The last sale of this reference.
    #[must_use]
    pub fn sale(&self, reference: &str) -> Option<Sold> {
        let is_it = |sold: &&Sold| sold.document["reference"] == reference;
        self.sales().iter().rev().find(is_it).cloned()
    }
}

/// Whether the command said how it ended: it was not killed, and nothing is unknown.
fn is_final(ran: &Ran) -> bool {
    !matches!(ran.code(), None | Some(exit::UNKNOWN | exit::UNREACHABLE))
}

fn done(sold: &Sold, action: &str) -> usize {
    let done = sold.document["done"].as_array().into_iter().flatten();
    done.filter(|one| one["action"] == action).count()
}

impl From<&Value> for Sold {
    fn from(document: &Value) -> Self {
        Self {
            sale: text(&document["sale"]),
            is_paid: document["is_paid"] == true,
            is_open: document["is_open"] == true,
            captured_minor: document["captured_minor"].as_i64().unwrap_or_default(),
            refunded_minor: document["refunded_minor"].as_i64().unwrap_or_default(),
            document: document.clone(),
            was_killed: false,
        }
    }
}
