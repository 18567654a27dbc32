//! Invariant 8: a customer's devices are the customer's, ended exactly if they are revoked, and what was told of them has
//! its place.

use super::Report;
use crate::PaymentError;
use records::{Customer, Devices, EnrolmentStatus, PAGE_LIMIT_MAX, Page, Queries};

/// Reads the devices of every customer.
pub(super) async fn check(store: &dyn Queries, report: &mut Report) -> Result<(), PaymentError> {
    let mut page = Page::first(PAGE_LIMIT_MAX);
    loop {
        let customers = store.customers(page).await?;
        for customer in &customers {
            if let Some(known) = store.devices(customer.id).await? {
                report.rows += 1;
                list(store, customer, &known, report).await?;
            }
            notices(store, customer, report).await?;
        }
        let Some(last) = customers.last() else { return Ok(()) };
        page = Page::after(last.id, PAGE_LIMIT_MAX);
    }
}

async fn list(
    store: &dyn Queries,
    customer: &Customer,
    known: &Devices,
    report: &mut Report,
) -> Result<(), PaymentError> {
    let is_erased = known.erased_at.is_some();
    if is_erased && !customer.name.is_empty() {
        report.wrong(8, customer.id, "it was erased, and has a name");
    }
    for device in &known.devices {
        let Some(enrolment) = store.enrolment(device.enrolment).await? else {
            report.wrong(8, customer.id, format!("its device {} is not there", device.enrolment));
            continue;
        };
        let is_revoked = matches!(enrolment.status, EnrolmentStatus::Revoked { .. });
        if enrolment.customer != customer.id {
            report.wrong(
                8,
                enrolment.id,
                format!("it is another customer's and stands among those of {}", customer.id),
            );
        }
        if is_revoked != device.ended_at.is_some() {
            report.wrong(8, enrolment.id, "whether it is revoked and what the list of devices says differ");
        }
        if is_erased && !is_revoked {
            report.wrong(8, enrolment.id, "its customer was erased, and it is not revoked");
        }
    }
    Ok(())
}

/// Those that are kept follow each other without a gap.
async fn notices(store: &dyn Queries, customer: &Customer, report: &mut Report) -> Result<(), PaymentError> {
    let rows = store.notices(customer.id, Page::first(PAGE_LIMIT_MAX)).await?;
    report.rows += rows.len() as u64;
    let follows = rows.windows(2).all(|pair| pair[0].sequence.checked_add(1) == Some(pair[1].sequence));
    if !follows || rows.iter().any(|row| row.notice.customer != customer.id) {
        report.wrong(8, customer.id, "its notices have a gap, or are another customer's");
    }
    Ok(())
}
