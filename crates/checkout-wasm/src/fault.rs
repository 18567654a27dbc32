//! Why nothing was begun, as pages need it: a kind, the sale concerned, and words for the curious.

use checkout::{BeginError, Misread, OutOfPlace, SaleNumber};
use core::fmt;
use serde::Serialize;
use wasm_bindgen::JsValue;

/// What the door's functions give.
pub(crate) type Outcome<T> = Result<T, Fault>;

/// Goes to JavaScript as JSON text with `kind`, `sale` and `detail`.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    kind: &'static str,
    sale: Option<String>,
    detail: String,
}

impl Fault {
    pub(crate) fn new(kind: &'static str, detail: impl fmt::Display) -> Self {
        Self { kind, sale: None, detail: detail.to_string() }
    }

    pub(crate) fn of_sale(kind: &'static str, sale: SaleNumber, detail: impl fmt::Display) -> Self {
        Self { kind, sale: Some(sale.to_string()), detail: detail.to_string() }
    }

    pub(crate) fn json(error: &serde_json::Error) -> Self {
        // The error's own words may repeat what it read.
        Self::new("unexpected", format_args!("not of the form that is taken, at column {}", error.column()))
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.detail)
    }
}

impl From<Fault> for JsValue {
    fn from(fault: Fault) -> Self {
        let json = serde_json::to_string(&fault).expect("plain values can be written");
        Self::from_str(&json)
    }
}

impl From<Misread> for Fault {
    fn from(misread: Misread) -> Self {
        Self::new("misread", misread)
    }
}

impl From<OutOfPlace> for Fault {
    fn from(error: OutOfPlace) -> Self {
        Self::of_sale("unexpected", error.sale, error)
    }
}

impl From<BeginError> for Fault {
    fn from(error: BeginError) -> Self {
        let words = error.to_string();
        match error {
            BeginError::CodeUsed(sale) => Self::of_sale("code_used", sale, words),
            BeginError::CodeInUse(sale) => Self::of_sale("code_in_use", sale, words),
            BeginError::ReferenceInUse(sale) => Self::of_sale("reference_in_use", sale, words),
            BeginError::ReferenceReused(sale) => Self::of_sale("reference_reused", sale, words),
            BeginError::Unfinished(sale) => Self::of_sale("unfinished", sale, words),
            BeginError::NothingTo { sale, .. } => Self::of_sale("nothing_to", sale, words),
            BeginError::Finished(sale) => Self::of_sale("finished", sale, words),
            BeginError::AmountNotPositive => Self::new("amount_not_positive", words),
            BeginError::BadReference => Self::new("bad_reference", words),
            _ => Self::new("unexpected", words),
        }
    }
}
