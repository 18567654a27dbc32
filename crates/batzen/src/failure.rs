//! How a command ends when it cannot do what it was asked to: a sentence, what to do, and an exit code.

use std::fmt;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What happened and what to do, in a sentence or two.
    pub(crate) message: String,
    /// The process's exit code. 1: failed; 2: wrong usage; 3 and up: as the command's help says.
    pub(crate) exit_code: u8,
}

impl Failure {
    /// Failed: exit code 1.
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), exit_code: 1 }
    }

    /// Asked wrongly: exit code 2.
    pub(crate) fn usage(message: impl fmt::Display) -> Self {
        Self { message: message.to_string(), exit_code: 2 }
    }

    /// The same with an exit code of the command's own.
    pub(crate) fn with_code(self, exit_code: u8) -> Self {
        Self { exit_code, ..self }
    }

    /// Puts what was being done before the message.
    pub(crate) fn context(self, doing: impl fmt::Display) -> Self {
        Self { message: format!("{doing}: {}", self.message), ..self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}
