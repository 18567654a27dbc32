//! What is read of the life of a customer's devices.

use super::Answer;
use crate::look::{Look, Order, all};
use crate::tables as t;
use core::ops::Bound::{Excluded, Included};
use model::{ApprovalId, Counter, CustomerId, EnrolmentId};
use records::{ActivationCodeRow, Approval, CertificateRow, CodeUse, Devices, NoticeRow, Page};

pub(crate) async fn activation_codes_of(
    look: &impl Look,
    customer: CustomerId,
) -> Answer<Vec<ActivationCodeRow>> {
    let hashes = all(look, t::CODES_OF_CUSTOMER, (customer, [0; 32]), (customer, [u8::MAX; 32])).await?;
    look.pointed(t::ACTIVATION_CODES, &hashes).await
}

pub(crate) async fn devices(look: &impl Look, customer: CustomerId) -> Answer<Option<Devices>> {
    look.get(t::DEVICES, &customer).await
}

pub(crate) async fn notices(
    look: &impl Look,
    customer: CustomerId,
    page: Page<u32>,
) -> Answer<Vec<NoticeRow>> {
    let first = match page.after {
        Some(seen) => Excluded((customer, seen)),
        None => Included((customer, 0)),
    };
    let last = Included((customer, u32::MAX));
    look.list(t::NOTICES, (first, last), page.size(), Order::Rising).await
}

pub(crate) async fn certificate(look: &impl Look, serial: [u8; 16]) -> Answer<Option<CertificateRow>> {
    look.get(t::CERTIFICATES, &serial).await
}

pub(crate) async fn code_uses(
    look: &impl Look,
    enrolment: EnrolmentId,
    page: Page<Counter>,
) -> Answer<Vec<CodeUse>> {
    let first = match page.after {
        Some(seen) => Excluded((enrolment, seen)),
        None => Included((enrolment, Counter(0))),
    };
    let last = Included((enrolment, Counter(u32::MAX)));
    look.list(t::CODE_USES, (first, last), page.size(), Order::Rising).await
}

pub(crate) async fn approval(
    look: &impl Look,
    enrolment: EnrolmentId,
    id: ApprovalId,
) -> Answer<Option<Approval>> {
    look.get(t::APPROVALS, &(enrolment, id)).await
}

pub(crate) async fn approvals(
    look: &impl Look,
    enrolment: EnrolmentId,
    page: Page<ApprovalId>,
) -> Answer<Vec<Approval>> {
    let first = Included((enrolment, ApprovalId::from_u128(0)));
    let last = match page.after {
        Some(seen) => Excluded((enrolment, seen)),
        None => Included((enrolment, ApprovalId::from_u128(u128::MAX))),
    };
    look.list(t::APPROVALS, (first, last), page.size(), Order::Falling).await
}
