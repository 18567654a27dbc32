//! The server's books, the bank's books, and whether they agree to the cent.

use super::Remains;
use crate::template::PARTNER;
use bank::Refusal;
use bank_api::{HoldState, HoldStatus, PartnerName, ProblemType};
use model::{Booking, Payment, PaymentEvent, PaymentId, PaymentState};
use payments::check::{SignedBy, check};
use records::{PAGE_LIMIT_MAX, Page, Queries, StoreError};
use security::KeyStore;

impl Remains<'_> {
    /// Both books by themselves.
    pub(super) async fn books(&self) -> Result<(), StoreError> {
        let keys = &self.template.secrets.keys;
        let signed_by = SignedBy {
            realm: keys.realm().clone(),
            audit_keys: keys.audit_keys(),
            rule_keys: keys.rule_keys_ever(),
        };
        match check(&*self.store, &signed_by).await {
            Ok(report) => {
                for finding in &report.findings {
                    self.wrong("a finding of `batzen check`", finding.to_string());
                }
                if report.unsettled > 0 {
                    let what = format!("{} payments have not ended", report.unsettled);
                    self.wrong("a payment that never ends", what);
                }
            }
            Err(error) => self.wrong("a finding of `batzen check`", error.to_string()),
        }
        for task in self.store.tasks(Page::first(PAGE_LIMIT_MAX)).await? {
            let payment = self.payments.iter().find(|payment| payment.id == task.payment);
            let payer = payment.and_then(|payment| payment.payer.as_ref());
            // Only a refund to an account that is closed is refused, and then it is a person's task.
            let is_closed = payer.is_some_and(|payer| self.world.may_be_closed(payer.enrolment));
            if !is_closed || self.refunds_refused(task.payment).await? == 0 {
                self.wrong("a booking that the bank refused", format!("{}: {}", task.payment, task.reason));
            }
        }
        match self.bank.check() {
            Ok(report) => {
                if let Some(fault) = &report.first_fault {
                    self.wrong("a finding of `batzen bank check`", fault.to_string());
                }
                if report.open_holds > 0 {
                    self.wrong("a hold that never ends", format!("{} at the bank", report.open_holds));
                }
                self.no_stranger(report.holds);
            }
            Err(error) => self.wrong("a finding of `batzen bank check`", error.to_string()),
        }
        Ok(())
    }

    /// The bank holds nothing that the server does not know of.
    fn no_stranger(&self, holds_at_bank: u64) {
        let known = self.payments.iter().filter(|payment| self.hold(payment).is_some()).count() as u64;
        if known != holds_at_bank {
            let what = format!("the bank has {holds_at_bank} holds, and the server's payments name {known}");
            self.wrong("a hold that nobody knows", what);
        }
    }

    /// Each payment is to the cent what its hold is at the bank.
    pub(super) async fn agreement(&self) -> Result<(), StoreError> {
        for payment in self.payments.iter().filter(|payment| payment.payer.is_some()) {
            let hold = self.hold(payment);
            let figures = hold.as_ref().and_then(|hold| hold.figures);
            let at_bank = figures.map_or((0, 0), |figures| (figures.captured_minor, figures.refunded_minor));
            let refunded_minor = payment.refunded_minor - self.refunds_refused(payment.id).await?;
            if at_bank != (payment.captured_minor, refunded_minor) {
                let what = format!(
                    "{}: {} captured and {} refunded here, {} and {} at the bank",
                    payment.id, payment.captured_minor, refunded_minor, at_bank.0, at_bank.1
                );
                self.wrong("books that do not agree", what);
            }
            let is_held =
                hold.is_some_and(|hold| !matches!(hold.state, HoldState::Refused | HoldState::Cancelled));
            let must_be_held = matches!(
                payment.state,
                PaymentState::Captured | PaymentState::Voided | PaymentState::Expired
            );
            if must_be_held && !is_held {
                self.wrong("books that do not agree", format!("{} was never held", payment.id));
            }
        }
        Ok(())
    }

    /// Minor units of refunds that the bank refused for good.
    async fn refunds_refused(&self, payment: PaymentId) -> Result<i64, StoreError> {
        let events = self.store.events(payment).await?;
        let refused = events.iter().filter_map(|row| match row.event {
            PaymentEvent::BookingRefused { booking: Booking::Refund(_), amount_minor } => Some(amount_minor),
            _ => None,
        });
        Ok(refused.sum())
    }

    fn hold(&self, payment: &Payment) -> Option<HoldStatus> {
        let partner: PartnerName = PARTNER.parse().ok()?;
        let hold_id = payment.id.to_string().parse().ok()?;
        match self.bank.hold_status(&partner, &hold_id) {
            Ok(hold) => Some(hold),
            Err(Refusal::Rule(ProblemType::UnknownHold)) => None,
            Err(error) => {
                self.wrong("a store that cannot be read", error.to_string());
                None
            }
        }
    }

    /// What somebody was told is what is on record.
    pub(super) async fn acknowledged(&self) -> Result<(), StoreError> {
        let told = crate::history::lock(&self.world.acknowledged).clone();
        for answer in told {
            let row = self.store.request(answer.checkout, answer.key.clone()).await?;
            let kept = row.and_then(|row| row.answer);
            let key = answer.key.as_str();
            match kept {
                None => {
                    let what = format!("the answer {} to {key} is not on record", answer.status);
                    self.wrong("an answer that was forgotten", what);
                }
                Some(kept) if kept.status != answer.status.as_u16() || kept.body != answer.body => {
                    let what =
                        format!("{key} was answered {}, and on record is {}", answer.status, kept.status);
                    self.wrong("an answer that changed", what);
                }
                Some(_) => {}
            }
        }
        let cancelled = crate::history::lock(&self.world.cancelled).clone();
        for (checkout, key) in cancelled {
            let row = self.store.request(checkout, key.clone()).await?;
            if !row.is_some_and(|row| row.is_tombstone()) {
                let what =
                    format!("{} was cancelled before it came, and that is not on record", key.as_str());
                self.wrong("a cancel that was forgotten", what);
            }
        }
        Ok(())
    }

    pub(super) fn wrong(&self, kind: &'static str, what: String) {
        self.world.log.violated(kind, what);
    }
}
