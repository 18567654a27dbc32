//! Phones against the server: each code was used once at most, wrong PINs were counted one by one, and every
//! confirmation came.

use super::Remains;
use super::counts::{Counts, Lock};
use model::{Counter, EnrolmentId};
use protocol::verdict::Verdict;
use records::{EnrolmentStatus, LockReason, PAGE_LIMIT_MAX, Page, Queries, StoreError};
use std::collections::BTreeMap;

impl Remains<'_> {
    pub(super) async fn phones(&self) -> Result<(), StoreError> {
        for number in 0..self.world.phones() {
            let (enrolment, codes, pins_proven) = {
                let phone = self.world.phone(number);
                (phone.state.enrolment(), phone.codes.clone(), phone.pins_proven)
            };
            let Some(enrolment) = enrolment else { continue };
            self.pin_failures(number, enrolment, &codes, pins_proven).await?;
            self.confirmations(number, enrolment).await?;
        }
        Ok(())
    }

    /// Goes through the codes in the order in which they were consumed and counts as the specification says. Between any
    /// two of them the server may have taken a right PIN for an approval, as often as the phone sent one.
    async fn pin_failures(
        &self,
        number: usize,
        id: EnrolmentId,
        codes: &BTreeMap<[u8; 32], bool>,
        pins_proven: usize,
    ) -> Result<(), StoreError> {
        let Some(enrolment) = self.store.enrolment(id).await? else { return Ok(()) };
        let most = self.template.secrets.policy.pin_failures_max;
        let mut counts = Counts::new(most, pins_proven);
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
            counts.judge(*is_pin_right);
        }
        let lock = match enrolment.status {
            EnrolmentStatus::Locked { reason: LockReason::PinFailures, .. } => Lock::ForPins,
            EnrolmentStatus::Locked { .. } => Lock::ForOther,
            _ => Lock::None,
        };
        if !counts.allow(enrolment.pin.failures, lock) {
            let what = format!(
                "customer {}: {} counted, {}, which can not follow from {}",
                number + 1,
                enrolment.pin.failures,
                if lock == Lock::None { "not locked" } else { "locked" },
                counts.story()
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
