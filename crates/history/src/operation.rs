//! One operation of one client, and a whole history of them as lines of JSON.

use model::PaymentId;
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};

/// What a client asked, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Its place in the order of asking, from 0.
    pub number: u64,
    /// The checkout that asked; idempotency keys are its own.
    pub client: String,
    /// Whose money it is about: one enrolment.
    pub payer: String,
    /// What was asked.
    pub call: Call,
    /// When the request was about to be sent: microseconds since the recording began.
    pub invoked_us: u64,
    /// When its answer had been read; none without an answer.
    pub answered_us: Option<u64>,
    /// What came back.
    pub outcome: Outcome,
}

/// What can be asked. `key` is the request's own idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Call {
    /// Check a code and hold the amount.
    Authorise {
        /// The idempotency key.
        key: String,
        /// The code, by its counter in the payer's enrolment.
        counter: u32,
        /// Minor units.
        amount_minor: i64,
    },
    /// Take held money.
    Capture {
        /// The idempotency key.
        key: String,
        /// Of which payment.
        payment: PaymentId,
        /// Minor units; all that is held if absent.
        amount_minor: Option<i64>,
        /// Whether the rest is given back.
        is_final: bool,
    },
    /// Give back what is held.
    Void {
        /// The idempotency key.
        key: String,
        /// Of which payment.
        payment: PaymentId,
    },
    /// Give back what was captured.
    Refund {
        /// The idempotency key.
        key: String,
        /// Of which payment.
        payment: PaymentId,
        /// Minor units; all that is left if absent.
        amount_minor: Option<i64>,
    },
    /// Withdraw the request that has, or will have, this key.
    Cancel {
        /// The other request's key.
        key: String,
    },
    /// Say where a payment stands.
    Look {
        /// Which one.
        payment: PaymentId,
    },
    /// Say what became of the request that has this key.
    LookUp {
        /// The other request's key.
        key: String,
    },
}

impl Call {
    /// The idempotency key that it has or names.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Authorise { key, .. }
            | Self::Capture { key, .. }
            | Self::Void { key, .. }
            | Self::Refund { key, .. }
            | Self::Cancel { key }
            | Self::LookUp { key } => Some(key),
            Self::Look { .. } => None,
        }
    }

    /// The payment that it names.
    #[must_use]
    pub const fn payment(&self) -> Option<PaymentId> {
        match self {
            Self::Capture { payment, .. }
            | Self::Void { payment, .. }
            | Self::Refund { payment, .. }
            | Self::Look { payment } => Some(*payment),
            Self::Authorise { .. } | Self::Cancel { .. } | Self::LookUp { .. } => None,
        }
    }
}

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// An answer of the server's.
    Answered {
        /// The HTTP status.
        status: u16,
        /// The body, byte for byte.
        body: String,
    },
    /// None, or one that broke off: it may have happened, or may still happen.
    Unknown {
        /// What the client saw.
        cause: String,
    },
    /// The request surely did not reach the server.
    NotSent {
        /// Why.
        cause: String,
    },
}

/// All operations of a recording, in the order of asking.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History(pub Vec<Operation>);

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The file.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A line that is no operation.
    #[error("line {line} is no operation: {cause}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        cause: serde_json::Error,
    },
}

impl History {
    /// Writes one line of JSON for each operation.
    ///
    /// # Errors
    /// The writer's.
    pub fn write(&self, mut out: impl Write) -> Result<(), HistoryError> {
        for operation in &self.0 {
            let line = serde_json::to_string(operation).expect("operations have string keys");
            writeln!(out, "{line}")?;
        }
        out.flush()?;
        Ok(())
    }

    /// Reads what [`History::write`] wrote.
    ///
    /// # Errors
    /// [`HistoryError`].
    pub fn read(input: impl BufRead) -> Result<Self, HistoryError> {
        let mut operations = Vec::new();
        for (index, line) in input.lines().enumerate() {
            let operation = serde_json::from_str(&line?)
                .map_err(|cause| HistoryError::Line { line: index + 1, cause })?;
            operations.push(operation);
        }
        Ok(Self(operations))
    }
}
