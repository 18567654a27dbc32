//! What policy wanted approved was approved on the phone: this very amount and payee, by the device's own signature, and
//! before any provider was asked.

use super::Report;
use crate::PaymentError;
use crypto::p256::VerifyingKey;
use model::{Payment, PaymentApproval, PaymentState};
use protocol::approval::{Answer, Question, QuestionBytes};
use protocol::authentication_statement::AuthenticationStatement;
use records::{Approval, ApprovalPurpose, ApprovalState, Queries};

/// Invariant 1, for a payment that waits, or waited, for its customer.
pub(super) async fn check(
    store: &dyn Queries,
    payment: &Payment,
    report: &mut Report,
) -> Result<(), PaymentError> {
    let (Some(wanted), Some(payer)) = (&payment.approval, &payment.payer) else { return Ok(()) };
    let Some(approval) = store.approval(payer.enrolment, wanted.approval).await? else {
        report.wrong(1, payment.id, "what the customer was asked to approve is missing");
        return Ok(());
    };
    report.rows += 1;
    let device = store.enrolment(payer.enrolment).await?;
    // A device of an erased customer has no key any more.
    let key = device.and_then(|device| VerifyingKey::from_sec1(&device.device_key).ok());
    for fault in faults(payment, wanted, &approval, key.as_ref()) {
        report.wrong(1, payment.id, fault);
    }
    Ok(())
}

/// What is wrong with a payment's approval.
fn faults(
    payment: &Payment,
    wanted: &PaymentApproval,
    approval: &Approval,
    key: Option<&VerifyingKey>,
) -> Vec<&'static str> {
    let ApprovalPurpose::Payment { payment: of, statement } = &approval.purpose else {
        return vec!["its approval is for something else"];
    };
    let mut faults = Vec::new();
    let asked = QuestionBytes::from_kept(approval.question.clone());
    let is_its_own =
        *of == payment.id && asked.as_ref().is_ok_and(|asked| is_about(&asked.question(), payment));
    if !is_its_own {
        faults.push("the customer was asked about something else");
    }
    if !stands_alike(payment, wanted, &approval.state) {
        faults.push("it went on otherwise than the customer decided");
    }
    if let (Ok(asked), Some(answer), Some(key)) = (asked, answer_of(approval), key) {
        let is_signed = AuthenticationStatement::from_kept(statement).is_ok_and(|statement| {
            answer.verify(&statement.realm, approval.enrolment, &asked.hash(), key).is_ok()
        });
        if !is_signed {
            faults.push("the customer's decision is not signed by the device");
        }
    }
    faults
}

fn is_about(question: &Question, payment: &Payment) -> bool {
    question.amount() == Some(payment.order.amount) && question.terminal == Some(payment.order.terminal)
}

/// Whether the payment stands as its approval does.
fn stands_alike(payment: &Payment, wanted: &PaymentApproval, state: &ApprovalState) -> bool {
    match state {
        ApprovalState::Approved { at, .. } => wanted.approved_at == Some(*at),
        ApprovalState::Refused { .. } | ApprovalState::Withdrawn { .. } => {
            wanted.approved_at.is_none() && matches!(payment.state, PaymentState::Declined(_))
        }
        ApprovalState::Waiting => wanted.approved_at.is_none(),
    }
}

fn answer_of(approval: &Approval) -> Option<Answer> {
    let (decision, signature) = approval.state.answer()?;
    // Whatever is no signature verifies as none.
    let signature = signature.try_into().unwrap_or([0; 64]);
    Some(Answer::of(decision, signature))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::p256::SigningKey;
    use model::{
        ApprovalId, CheckoutId, Counter, Currency, CustomerId, DeclineReason, EnrolmentId, MerchantId,
        MethodSlot, Money, Order, Payer, PaymentId, SaleTerms, TerminalNumber, Timestamp,
    };
    use protocol::approval::{ApprovalKind, Decision, Subject, to_sign};
    use protocol::authentication_statement::AuthenticationLevel;
    use protocol::payment_code::CustomerVerification;
    use protocol::realm::Realm;
    use protocol::short_text::ShortText;

    const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);

    fn device() -> SigningKey {
        SigningKey::from_scalar(&[5; 32]).unwrap()
    }

    fn approved() -> PaymentApproval {
        let approval = ApprovalId::from_u128(5);
        PaymentApproval { approval, until: NOW.plus_s(90), approved_at: Some(NOW.plus_s(9)) }
    }

    fn payment() -> Payment {
        Payment {
            id: PaymentId::from_u128(7),
            version: 2,
            order: Order {
                merchant: MerchantId::from_u128(1),
                checkout: CheckoutId::from_u128(2),
                terminal: TerminalNumber::new(7).unwrap(),
                amount: Money::new(1_250, Currency::CHF),
            },
            payer: Some(Payer {
                customer: CustomerId::from_u128(3),
                enrolment: EnrolmentId::from_bytes([1; 6]),
                counter: Counter(1),
                method: MethodSlot(1),
                provider: "bank".parse().unwrap(),
                account_ref: "acc".to_owned(),
            }),
            terms: SaleTerms::default(),
            received_at: NOW,
            state: PaymentState::Received,
            captured_minor: 0,
            refunded_minor: 0,
            charged_back_minor: 0,
            in_suspense_minor: 0,
            approval: Some(approved()),
        }
    }

    fn question(amount_minor: i64) -> QuestionBytes {
        let subject = Subject {
            kind: ApprovalKind::Payment,
            amount: Some(Money::new(amount_minor, Currency::CHF)),
            payee: Some(ShortText::new("Corner Shop").unwrap()),
            text: None,
            terminal: Some(payment().order.terminal),
        };
        Question::new(approved().approval, subject, NOW, approved().until).unwrap().to_bytes()
    }

    /// The customer's yes to this question, by this key.
    fn yes(asked: &QuestionBytes, key: &SigningKey) -> Approval {
        let (realm, enrolment) = (Realm::new("shop.example").unwrap(), EnrolmentId::from_bytes([1; 6]));
        let statement = AuthenticationStatement {
            realm: realm.clone(),
            hold_id: payment().id.to_string(),
            amount_minor: 1_250,
            currency: Currency::CHF,
            account_ref: "acc".to_owned(),
            level: AuthenticationLevel::Software,
            certificate_serial: None,
            customer_verification: CustomerVerification::Pin,
            code_hash: [9; 32],
            verdicts: Vec::new(),
            terminal_bound: false,
            at: NOW,
        };
        let statement = statement.sign(&device()).unwrap().statement_bytes;
        let signature = key.sign(&[&to_sign(&realm, enrolment, Decision::Approve, &asked.hash())]);
        Approval {
            enrolment,
            id: approved().approval,
            version: 2,
            question: asked.as_bytes().to_vec(),
            purpose: ApprovalPurpose::Payment { payment: payment().id, statement },
            expires_at: approved().until,
            state: ApprovalState::Approved { at: NOW.plus_s(9), signature: signature.as_bytes().to_vec() },
        }
    }

    fn found(payment: &Payment, approval: &Approval) -> usize {
        let device = device();
        faults(payment, &payment.approval.unwrap(), approval, Some(device.verifying_key())).len()
    }

    #[test]
    fn an_approval_that_was_changed_is_found() {
        let good = yes(&question(1_250), &device());
        assert_eq!(found(&payment(), &good), 0);
        let stranger = SigningKey::from_scalar(&[6; 32]).unwrap();
        assert_eq!(found(&payment(), &yes(&question(1_250), &stranger)), 1, "another key");
        assert_eq!(found(&payment(), &yes(&question(1_251), &device())), 1, "another amount");
        let mut other = good.clone();
        other.question = question(1_251).as_bytes().to_vec();
        assert_eq!(found(&payment(), &other), 2, "another question than the one that was signed");
        let signature = vec![7; 64];
        let refused = Approval { state: ApprovalState::Refused { at: NOW, signature }, ..good.clone() };
        assert_eq!(found(&payment(), &refused), 2, "a no, and one that is not signed");
        let waiting = Approval { state: ApprovalState::Waiting, ..good.clone() };
        assert_eq!(found(&payment(), &waiting), 1, "paid without an answer");
        let ended = Payment {
            state: PaymentState::Declined(DeclineReason::NotApproved),
            approval: Some(PaymentApproval { approved_at: None, ..approved() }),
            ..payment()
        };
        assert_eq!(found(&ended, &waiting), 0);
        assert_eq!(found(&ended, &good), 1, "declined in spite of a yes");
        let others = ApprovalPurpose::Request { reference: "r".to_owned(), operator: "grace".to_owned() };
        assert_eq!(found(&payment(), &Approval { purpose: others, ..good }), 1);
    }
}
