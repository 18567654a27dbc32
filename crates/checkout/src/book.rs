//! All sales of a journal, by number.

use crate::event::Entry;
use crate::sale::{OutOfPlace, Sale};
use crate::{SaleNumber, SaleNumberError};
use core::str::FromStr;
use model::PaymentId;
use std::collections::BTreeMap;

/// The sales that a journal tells of.
#[derive(Clone, Debug)]
pub struct Book {
    sales: BTreeMap<SaleNumber, Sale>,
    next: SaleNumber,
}

/// Names a sale: by its number at this till, or by its payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaleRef {
    /// `S42`.
    Sale(SaleNumber),
    /// `pay_…`.
    Payment(PaymentId),
}

impl FromStr for SaleRef {
    type Err = SaleNumberError;

    fn from_str(text: &str) -> Result<Self, SaleNumberError> {
        if let Ok(payment) = text.parse() {
            return Ok(Self::Payment(payment));
        }
        text.parse().map(Self::Sale)
    }
}

impl Book {
    /// An empty book whose first sale has this number.
    #[must_use]
    pub const fn new(first: SaleNumber) -> Self {
        Self { sales: BTreeMap::new(), next: first }
    }

    /// Takes one more entry.
    ///
    /// # Errors
    /// [`OutOfPlace`] if it cannot follow what went before; the book is unchanged then.
    pub fn apply(&mut self, entry: &Entry) -> Result<(), OutOfPlace> {
        match self.sales.get_mut(&entry.sale) {
            Some(sale) => sale.apply(entry)?,
            None => {
                self.sales.insert(entry.sale, Sale::begin(entry)?);
                self.next = self.next.max(entry.sale.next());
            }
        }
        Ok(())
    }

    /// Whether `entry` can follow, to be asked before it is written.
    ///
    /// # Errors
    /// [`OutOfPlace`], as [`Book::apply`].
    pub fn would_take(&self, entry: &Entry) -> Result<(), OutOfPlace> {
        match self.sales.get(&entry.sale) {
            Some(sale) => sale.clone().apply(entry),
            None => Sale::begin(entry).map(drop),
        }
    }

    /// The number that the next sale gets.
    #[must_use]
    pub const fn next_number(&self) -> SaleNumber {
        self.next
    }

    /// All sales, oldest first.
    pub fn sales(&self) -> impl DoubleEndedIterator<Item = &Sale> {
        self.sales.values()
    }

    /// Sales that something is unfinished in, oldest first.
    pub fn open(&self) -> impl Iterator<Item = &Sale> {
        self.sales().filter(|sale| sale.is_open())
    }

    /// The sale named; of several about one payment the latest.
    #[must_use]
    pub fn find(&self, name: SaleRef) -> Option<&Sale> {
        match name {
            SaleRef::Sale(number) => self.sales.get(&number),
            SaleRef::Payment(id) => {
                self.sales().rev().find(|sale| sale.payment().is_some_and(|payment| payment.id == id))
            }
        }
    }

    /// The latest sale that asked with the code of this name.
    #[must_use]
    pub fn by_code(&self, code: &str) -> Option<&Sale> {
        self.sales().rev().find(|sale| sale.opening().is_some_and(|opening| opening.code == code))
    }

    /// Sales under the till's own name, latest first.
    pub fn by_reference<'a>(&'a self, reference: &'a str) -> impl Iterator<Item = &'a Sale> {
        self.sales().rev().filter(move |sale| {
            sale.opening().is_some_and(|opening| opening.reference.as_deref() == Some(reference))
        })
    }
}
