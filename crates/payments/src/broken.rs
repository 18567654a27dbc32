//! What becomes of a step when the simulator breaks a rule on purpose (`model::BrokenRule`). Not in what is shipped.

use crate::step::{NotAllowed, Step, Told};
use model::{BrokenRule, Payment, PaymentEvent, PaymentState};
use records::EffectKind;

/// The step as a program would take it in which a rule is broken.
pub(crate) fn break_rules(
    payment: &Payment,
    event: &PaymentEvent,
    taken: Result<Step, NotAllowed>,
) -> Result<Step, NotAllowed> {
    match (taken, event) {
        (Err(_), PaymentEvent::Capture { capture, amount_minor, .. })
            if BrokenRule::DoubleCapture.is_broken() && payment.state == PaymentState::Captured =>
        {
            let mut payment = Payment { version: payment.version + 1, ..payment.clone() };
            payment.captured_minor += amount_minor;
            let effects = vec![EffectKind::Capture { capture: *capture, amount_minor: *amount_minor }];
            Ok(Step { payment, postings: Vec::new(), effects, told: Some(Told::Captured(*amount_minor)) })
        }
        (Ok(step), _) if BrokenRule::ForgottenReversal.is_broken() && is_reversal(&step) => {
            Ok(Step { effects: Vec::new(), ..step })
        }
        (Ok(step), PaymentEvent::Void | PaymentEvent::DeadlinePassed) if BrokenRule::LostHold.is_broken() => {
            Ok(Step { postings: Vec::new(), ..step })
        }
        (taken, _) => taken,
    }
}

fn is_reversal(step: &Step) -> bool {
    step.payment.state == PaymentState::Reversing
}
