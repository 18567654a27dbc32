//! The book of sales, and how a run begins from it.

use crate::fault::{Fault, Outcome};
use crate::run::Run;
use crate::timestamp;
use crate::view::SaleText;
use checkout::{Action, Begin, Entry, Order, Plan, Sale, SaleNumber, SaleRef, ScannedCode, make_key};
use crypto::SystemRandom;
use model::{Currency, Money, TerminalNumber};
use serde::Deserialize;
use wasm_bindgen::prelude::wasm_bindgen;

/// What the cashier asks for, from JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrderText {
    amount_minor: i64,
    currency: Currency,
    terminal: TerminalNumber,
    plan: Plan,
    reference: Option<String>,
}

/// All sales that the journal tells of.
#[wasm_bindgen]
pub struct Book(checkout::Book);

#[wasm_bindgen]
impl Book {
    /// An empty book whose first sale has this number, from 1.
    ///
    /// # Errors
    /// A fault of kind `unexpected` if it is no sale's number.
    #[wasm_bindgen(constructor)]
    pub fn new(first_sale: f64) -> Outcome<Self> {
        let number = format!("S{first_sale}").parse::<SaleNumber>();
        Ok(Self(checkout::Book::new(number.map_err(|error| Fault::new("unexpected", error))?)))
    }

    /// Takes one more entry of the journal, oldest first.
    ///
    /// # Errors
    /// A fault of kind `unexpected` if it cannot follow what went before; the book is unchanged then.
    pub fn apply(&mut self, entry: &str) -> Outcome<()> {
        let entry: Entry = serde_json::from_str(entry).map_err(|error| Fault::json(&error))?;
        Ok(self.0.apply(&entry)?)
    }

    /// All sales, oldest first, as JSON.
    #[must_use]
    pub fn sales(&self) -> String {
        let sales: Vec<SaleText> = self.0.sales().map(SaleText::of).collect();
        serde_json::to_string(&sales).expect("plain values can be written")
    }

    /// Begins a payment with a scanned code. `order` is JSON with `amount_minor`, `currency`, `terminal`, `plan`
    /// (`capture` or `hold`) and `reference`.
    ///
    /// # Errors
    /// A fault: `misread`, `already` if the sale of this reference is paid, or what the core refuses.
    pub fn pay(&self, order: &str, code: &str, now_ms: f64) -> Outcome<Run> {
        let order: OrderText = serde_json::from_str(order).map_err(|error| Fault::json(&error))?;
        let order = Order {
            amount: Money::new(order.amount_minor, order.currency),
            terminal: order.terminal,
            plan: order.plan,
            reference: order.reference,
        };
        let code = ScannedCode::from_text(code, None)?;
        let key = make_key(&mut SystemRandom);
        match Begin::pay(&self.0, &order, code, key, timestamp(now_ms))? {
            Begin::Run(run) => Ok(Run::new(run, None)),
            Begin::Already(sale) => {
                Err(Fault::of_sale("already", sale, "the sale of this reference is paid"))
            }
        }
    }

    /// Captures, voids or refunds; `action` is JSON.
    ///
    /// # Errors
    /// A fault: `nothing_to`, `unfinished`.
    pub fn act(&self, sale: &str, action: &str) -> Outcome<Run> {
        let action: Action = serde_json::from_str(action).map_err(|error| Fault::json(&error))?;
        Ok(Run::new(checkout::Run::act(self.find(sale)?, action)?, Some(action)))
    }

    /// Ends what is unfinished in a sale.
    ///
    /// # Errors
    /// A fault of kind `finished`.
    pub fn resume(&self, sale: &str) -> Outcome<Run> {
        let sale = self.find(sale)?;
        let run = checkout::Run::resume(sale)?;
        // What is ended is told as what it is, so that nobody does it once more; the usual capture is the sale's own.
        let under_way = sale.operation().map(|operation| operation.action);
        Ok(Run::new(run, under_way.filter(|action| *action != Action::CAPTURE_ALL)))
    }

    fn find(&self, sale: &str) -> Outcome<&Sale> {
        let name: SaleRef = sale.parse().map_err(|error| Fault::new("unexpected", error))?;
        self.0.find(name).ok_or_else(|| Fault::new("unexpected", "there is no such sale in the journal"))
    }
}
