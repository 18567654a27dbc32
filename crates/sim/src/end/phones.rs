//! Phones against the server: each code was used once at most, wrong PINs were counted one by one, and every
//! confirmation came.

use super::Remains;
use model::{Counter, EnrolmentId};
use protocol::verdict::Verdict;
use records::{ApprovalState, EnrolmentStatus, LockReason, PAGE_LIMIT_MAX, Page, Queries, StoreError};
use std::collections::BTreeMap;

impl Remains<'_> {
    pub(super) async fn phones(&self) -> Result<(), StoreError> {
        for number in 0..self.world.phones() {
            let (enrolment, codes) = {
                let phone = self.world.phone(number);
                (phone.state.enrolment(), phone.codes.clone())
            };
            let Some(enrolment) = enrolment else { continue };
            self.pin_failures(number, enrolment, &codes).await?;
            self.confirmations(number, enrolment).await?;
        }
        Ok(())
    }

    /// Goes through the codes in the order in which they were consumed and counts as the specification says.
    async fn pin_failures(
        &self,
        number: usize,
        id: EnrolmentId,
        codes: &BTreeMap<[u8; 32], bool>,
    ) -> Result<(), StoreError> {
        let Some(enrolment) = self.store.enrolment(id).await? else { return Ok(()) };
        let most = self.template.secrets.policy.pin_failures_max;
        let mut failures = 0;
        let mut is_locked = false;
        for counter in 1..=enrolment.counter.0 {
            let Some(used) = self.store.code_use(id, Counter(counter)).await? else { continue };
            let Some(is_pin_right) = codes.get(&used.code_hash) else {
                self.wrong("a code that nobody made", format!("code {counter} of customer {}", number + 1));
                continue;
            };
            let Some(row) = self.store.verdict(used.payment).await? else { continue };
            let is_early = matches!(
                row.verdict,
                Verdict::EnrolmentLocked
                    | Verdict::EnrolmentUnsynchronised
                    | Verdict::CertificateExpired
                    | Verdict::AppBlocked
                    | Verdict::TooOld
                    | Verdict::TooNew
            );
            if is_early {
                continue;
            }
            if *is_pin_right == (row.verdict == Verdict::WrongPin) {
                let what = format!("code {counter} of customer {}: {}", number + 1, row.verdict.name());
                self.wrong("a PIN that was misjudged", what);
            }
            failures = if *is_pin_right { 0 } else { failures + 1 };
            is_locked |= failures >= most;
        }
        // A lock for wrong PINs may have become one for a clone since.
        let was_locked = match enrolment.status {
            EnrolmentStatus::Locked { reason: LockReason::PinFailures, .. } => true,
            EnrolmentStatus::Locked { .. } => is_locked,
            _ => false,
        };
        // A right PIN for an approval came in between, nobody knows when.
        let approved = self.store.approvals(id, Page::first(PAGE_LIMIT_MAX)).await?;
        let has_approved = approved.iter().any(|one| matches!(one.state, ApprovalState::Approved { .. }));
        if has_approved && !was_locked && enrolment.pin.failures <= failures {
            return Ok(());
        }
        if (enrolment.pin.failures, was_locked) != (failures, is_locked) {
            let what = format!(
                "customer {}: {failures} wrong PINs in a row, {} counted, {}",
                number + 1,
                enrolment.pin.failures,
                if was_locked { "locked" } else { "not locked" }
            );
            self.wrong("wrong PINs that were miscounted", what);
        }
        Ok(())
    }

    async fn confirmations(&self, number: usize, id: EnrolmentId) -> Result<(), StoreError> {
        let rows = self.store.confirmations(id, Page::first(PAGE_LIMIT_MAX)).await?;
        let sent: Vec<_> = rows
            .iter()
            .map(|row| {
                let told = &row.confirmation;
                (row.sequence, told.kind.name().to_owned(), Some(told.payment), Some(told.amount))
            })
            .collect();
        let phone = self.world.phone(number);
        let received: Vec<_> = phone
            .state
            .confirmations(0)
            .map(|kept| (kept.sequence, kept.kind.clone(), kept.payment, kept.amount))
            .collect();
        drop(phone);
        if sent != received {
            let what = format!("customer {}: {} sent, {} received", number + 1, sent.len(), received.len());
            self.wrong("confirmations that do not come", what);
        }
        Ok(())
    }
}
