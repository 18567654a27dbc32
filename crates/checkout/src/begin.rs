//! How a run begins: a new sale, one that is continued, an operation, or what a crash left.

use crate::event::{Action, Opening, Plan};
use crate::run::Goal;
use crate::sale::{Closing, Sale, Stage};
use crate::{Book, Run, SaleNumber, ScannedCode};
use api::payment::PaymentView;
use model::{IdempotencyKey, Money, TerminalNumber, Timestamp};

/// What the cashier asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// How much, above zero.
    pub amount: Money,
    /// At which till.
    pub terminal: TerminalNumber,
    /// What follows the authorisation.
    pub plan: Plan,
    /// The till's own name for the sale. The same name again does not pay again.
    pub reference: Option<String>,
}

/// A payment's beginning, or what there is of it already.
#[derive(Debug)]
pub enum Begin {
    /// Go on with this.
    Run(Run),
    /// The sale of this reference is paid, or held as planned.
    Already(SaleNumber),
}

/// Why nothing was begun. Nothing was stored or sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BeginError {
    /// The code brought a payment about before. The customer makes a new one.
    #[error("this code was used before, for sale {0}; ask the customer to make a new code")]
    CodeUsed(SaleNumber),
    /// The code is in a sale that is unfinished and asks for something else.
    #[error("this code is in use by sale {0}, which is unfinished; run `resume` first")]
    CodeInUse(SaleNumber),
    /// The reference is in a sale that is unfinished and has another code.
    #[error("the sale with this reference, {0}, is unfinished; run `resume` first")]
    ReferenceInUse(SaleNumber),
    /// The reference belongs to a sale of another amount.
    #[error("the reference belongs to sale {0}, which has another amount, currency or till")]
    ReferenceReused(SaleNumber),
    /// The amount is not above zero.
    #[error("the amount must be above zero")]
    AmountNotPositive,
    /// The reference is empty, too long, or has control characters.
    #[error("a reference is 1 to {REFERENCE_BYTES_MAX} bytes of text without control characters")]
    BadReference,
    /// Something of this sale is unfinished.
    #[error("sale {0} is unfinished; run `resume` first")]
    Unfinished(SaleNumber),
    /// The sale's state does not allow it.
    #[error("sale {sale} has nothing to {what}: {why}")]
    NothingTo {
        /// The sale.
        sale: SaleNumber,
        /// The action's name.
        what: &'static str,
        /// Where it stands.
        why: &'static str,
    },
    /// Nothing of this sale is unfinished.
    #[error("sale {0} is finished")]
    Finished(SaleNumber),
}

/// Longest reference, bytes.
const REFERENCE_BYTES_MAX: usize = 100;

impl Begin {
    /// Begins a payment with a scanned code, or goes on with the unfinished one that has the same code and
    /// order, under its old key. `fresh_key` is used if there is none.
    ///
    /// # Errors
    /// [`BeginError`].
    pub fn pay(
        book: &Book,
        order: &Order,
        code: ScannedCode,
        fresh_key: IdempotencyKey,
        now: Timestamp,
    ) -> Result<Self, BeginError> {
        if order.amount.amount_minor <= 0 {
            return Err(BeginError::AmountNotPositive);
        }
        let name = code.name();
        if let Some(reference) = &order.reference
            && let Some(number) = earlier(book, order, reference, &name)?
        {
            return Ok(Self::Already(number));
        }
        let same = |opening: &Opening| {
            opening.amount == order.amount
                && opening.terminal == order.terminal
                && opening.plan == order.plan
                && opening.reference == order.reference
        };
        let mut key = fresh_key;
        if let Some(sale) = book.by_code(&name) {
            let is_same = sale.opening().is_some_and(same);
            if sale.is_open() && is_same {
                return Ok(Self::Run(Run::of(sale.clone(), Goal::Pay, Some(code))));
            }
            if sale.is_open() {
                return Err(BeginError::CodeInUse(sale.number()));
            }
            if *sale.stage() == Stage::Known {
                return Err(BeginError::CodeUsed(sale.number()));
            }
            // Nothing of it is at the server. Should that be wrong after all, the same key keeps it single.
            if is_same && let Stage::Closed(Closing::Abandoned(_) | Closing::Refused(_)) = sale.stage() {
                key = sale.key().clone();
            }
        }
        let opening = Opening {
            key,
            code: name,
            amount: order.amount,
            terminal: order.terminal,
            plan: order.plan,
            reference: order.reference.clone(),
        };
        Ok(Self::Run(Run::open(book.next_number(), opening, code, now)))
    }
}

/// The sale that this reference has brought about already.
fn earlier(
    book: &Book,
    order: &Order,
    reference: &str,
    code: &str,
) -> Result<Option<SaleNumber>, BeginError> {
    let is_text = !reference.chars().any(char::is_control);
    if !is_text || reference.is_empty() || reference.len() > REFERENCE_BYTES_MAX {
        return Err(BeginError::BadReference);
    }
    for sale in book.by_reference(reference) {
        let Some(opening) = sale.opening() else { continue };
        if sale.is_open() {
            if opening.code == code {
                continue;
            }
            return Err(BeginError::ReferenceInUse(sale.number()));
        }
        if sale.is_paid() || sale.is_held() {
            if opening.amount != order.amount || opening.terminal != order.terminal {
                return Err(BeginError::ReferenceReused(sale.number()));
            }
            return Ok(Some(sale.number()));
        }
    }
    Ok(None)
}

impl Run {
    /// Ends what is unfinished in `sale`: finishes it if its time allows, cancels it otherwise.
    ///
    /// # Errors
    /// [`BeginError::Finished`].
    pub fn resume(sale: &Sale) -> Result<Self, BeginError> {
        if sale.is_open() {
            return Ok(Self::of(sale.clone(), Goal::Settle, None));
        }
        Err(BeginError::Finished(sale.number()))
    }

    /// Captures, voids or refunds.
    ///
    /// # Errors
    /// [`BeginError::Unfinished`], [`BeginError::NothingTo`].
    pub fn act(sale: &Sale, action: Action) -> Result<Self, BeginError> {
        let refuse = |why| Err(BeginError::NothingTo { sale: sale.number(), what: action.name(), why });
        if let Action::Capture { amount_minor: Some(..=0), .. }
        | Action::Refund { amount_minor: Some(..=0) } = action
        {
            return Err(BeginError::AmountNotPositive);
        }
        if sale.operation().is_some() {
            return Err(BeginError::Unfinished(sale.number()));
        }
        match (sale.stage(), action) {
            (Stage::Asking | Stage::Cancelling, Action::Void) => {
                Ok(Self::of(sale.clone(), Goal::Cancel, None))
            }
            (Stage::Asking | Stage::Cancelling, _) => Err(BeginError::Unfinished(sale.number())),
            (Stage::Closed(_), _) => refuse("no payment came of it"),
            (Stage::Known, Action::Capture { .. } | Action::Void) if !sale.is_held() => {
                refuse("no money is held")
            }
            (Stage::Known, Action::Refund { .. }) if sale.payment().is_none_or(|p| p.captured_minor == 0) => {
                refuse("no money was captured")
            }
            (Stage::Known, _) => Ok(Self::of(sale.clone(), Goal::Act(action), None)),
        }
    }

    /// Takes over a payment that this journal does not know, to capture, void or refund it.
    #[must_use]
    pub fn adopt(
        number: SaleNumber,
        fresh_key: IdempotencyKey,
        payment: PaymentView,
        action: Action,
        now: Timestamp,
    ) -> Self {
        Self::begin_with(
            number,
            crate::Event::Adopted { key: fresh_key, payment },
            Goal::Act(action),
            None,
            now,
        )
    }

    fn open(number: SaleNumber, opening: Opening, code: ScannedCode, now: Timestamp) -> Self {
        Self::begin_with(number, crate::Event::Opened(opening), Goal::Pay, Some(code), now)
    }
}
