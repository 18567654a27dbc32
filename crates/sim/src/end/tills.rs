//! Each till's journal against the server: nothing is paid on a till that is not captured, and the other way round.

use super::Remains;
use crate::till::Till;
use checkout::{Action, Event, Failure, Sale, Stage};
use model::{Payment, PaymentState};
use records::{Queries, StoreError};
use std::collections::BTreeSet;

impl Remains<'_> {
    pub(super) async fn tills(&self, tills: &[Till]) -> Result<(), StoreError> {
        for till in tills {
            let mut known = BTreeSet::new();
            for sale in till.journal.book().sales() {
                known.insert(sale.key().as_str().to_owned());
                self.sale(till, sale).await?;
            }
            self.refused(till).await?;
            for payment in self.payments.iter().filter(|payment| payment.order.checkout == till.kit.checkout)
            {
                let begun = self.store.begin_request(payment.id).await?;
                if !begun.is_some_and(|row| known.contains(row.request.key.as_str())) {
                    let what = format!("{} of {till} is in no journal", payment.id);
                    self.wrong("a payment that its till does not know", what);
                }
            }
        }
        Ok(())
    }

    async fn sale(&self, till: &Till, sale: &Sale) -> Result<(), StoreError> {
        let name = format!("sale {} of {till}", sale.number());
        if sale.is_open() {
            self.wrong("a sale that stays open", name.clone());
        }
        let sum = |is_wanted: fn(&Action) -> bool| -> i64 {
            sale.done().iter().filter(|done| is_wanted(&done.action)).map(|done| done.amount_minor).sum()
        };
        let captured_minor = sum(|action| matches!(action, Action::Capture { .. }));
        let refunded_minor = sum(|action| matches!(action, Action::Refund { .. }));
        let row = self.store.request(till.kit.checkout, sale.key().clone()).await?;
        let id = row.and_then(|row| row.payment);
        let payment = id.and_then(|id| self.payments.iter().find(|payment| payment.id == id));
        let at_server = payment.map_or((0, 0), |payment| (payment.captured_minor, payment.refunded_minor));
        if at_server != (captured_minor, refunded_minor) {
            let what = format!(
                "{name}: {captured_minor} captured and {refunded_minor} refunded in the journal, {} and {} at the \
                 server",
                at_server.0, at_server.1
            );
            self.wrong("a journal that does not agree", what);
        }
        if matches!(sale.stage(), Stage::Closed(_)) && payment.is_some_and(|payment| !is_unpaid(payment)) {
            self.wrong(
                "a journal that does not agree",
                format!("{name} is closed, and the server has money"),
            );
        }
        Ok(())
    }

    /// What the server refused changed nothing.
    async fn refused(&self, till: &Till) -> Result<(), StoreError> {
        let mut intended = std::collections::BTreeMap::new();
        for entry in till.journal.entries() {
            match entry.event {
                Event::Intended(operation) => {
                    intended.insert(entry.sale, operation);
                }
                Event::Failed(Failure::Refused(_)) => {
                    let Some(operation) = intended.remove(&entry.sale) else { continue };
                    let row = self.store.request(till.kit.checkout, operation.key.clone()).await?;
                    if row.is_some_and(|row| !row.is_tombstone()) {
                        let what = format!("{} of {till} was refused, and was done", operation.key.as_str());
                        self.wrong("a refusal that changed something", what);
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

const fn is_unpaid(payment: &Payment) -> bool {
    matches!(
        payment.state,
        PaymentState::Declined(_) | PaymentState::Voided | PaymentState::Expired | PaymentState::Reversed
    )
}
