//! What a command prints: text for people, or with `--json` one document for programs.

use crate::failure::Failure;
use serde::Serialize;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// Where results go: standard output. Notes for people go to standard error.
pub(crate) struct Output {
    is_json: bool,
}

impl Output {
    pub(crate) const fn new(is_json: bool) -> Self {
        Self { is_json }
    }

    /// Prints the result: `text` for people, `document` for programs.
    pub(crate) fn result(&self, text: impl FnOnce() -> String, document: &impl Serialize) {
        if self.is_json {
            let json = serde_json::to_string_pretty(document)
                .expect("results have string keys and no failing parts");
            print_line(&json);
        } else {
            print_line(&text());
        }
    }

    /// Tells people what goes on; programs are not told.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.is_json {
            note_line(&text);
        }
    }

    /// Prints why the command failed and gives its exit code.
    pub(crate) fn failure(&self, failure: &Failure) -> ExitCode {
        if self.is_json {
            let document = serde_json::json!({ "error": failure.message, "exit_code": failure.exit_code });
            print_line(&document);
        } else {
            note_line(&format_args!("batzen: {failure}"));
        }
        ExitCode::from(failure.exit_code)
    }
}

/// Whoever reads may have gone; that is no reason to end differently.
fn print_line(line: &dyn Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn note_line(line: &dyn Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
