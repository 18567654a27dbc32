//! What an answer means for the course of a sale.

use super::{Goal, Run};
use crate::answer::Answer;
use crate::event::{Action, CancelReason, Event, Failure, Refusal};
use crate::policy::{self, Meaning};
use crate::sale::Stage;
use api::payment::{CancellationView, PaymentStateName, PaymentView};
use api::problem::{Problem, ProblemType};
use model::Timestamp;

impl Run {
    pub(super) fn heard_authorisation(&mut self, answer: Answer, now: Timestamp) {
        match answer {
            Answer::Payment(payment) => self.heard_payment(payment, now),
            Answer::UnderWay => self.wait_for_answer(now),
            Answer::NotSent { .. } => {
                if !self.may_have_arrived && self.asked_for_ms(now) >= policy::CONNECT_PATIENCE_MS {
                    return self.record(Event::Abandoned { cause: self.last_cause.clone() }, now);
                }
                self.retry(None, now);
            }
            Answer::Problem(problem) => match policy::meaning(problem.problem_type) {
                Meaning::Declined => self.record(declined(problem), now),
                Meaning::UnderWay => self.wait_for_answer(now),
                Meaning::Cancelled => self.record(Event::Cancelled { payment: problem.payment }, now),
                Meaning::Busy => self.retry(None, now),
                Meaning::NotAllowed | Meaning::NotTaken if self.may_have_arrived => {
                    self.record(Event::CancelIntended { reason: CancelReason::Refused }, now);
                }
                Meaning::NotAllowed | Meaning::NotTaken => {
                    self.record(Event::Refused(Refusal::from(&problem)), now);
                }
                Meaning::Unsure => self.may_have_arrived_then_retry(now),
            },
            _ => self.may_have_arrived_then_retry(now),
        }
    }

    pub(super) fn heard_query(&mut self, answer: Answer, now: Timestamp) {
        self.may_have_arrived = true;
        match answer {
            Answer::Payment(payment) => self.heard_payment(payment, now),
            Answer::Problem(problem) if problem.problem_type == ProblemType::NotFound => {
                self.is_under_way = false;
                if self.code.is_some() {
                    return self.retry(None, now);
                }
                self.record(Event::CancelIntended { reason: CancelReason::Interrupted }, now);
            }
            Answer::Problem(problem) => match policy::meaning(problem.problem_type) {
                Meaning::Declined => self.record(declined(problem), now),
                Meaning::Cancelled => self.record(Event::Cancelled { payment: problem.payment }, now),
                Meaning::NotAllowed | Meaning::NotTaken => {
                    let cause = self.last_cause.clone();
                    self.leave_open(&cause);
                }
                Meaning::UnderWay | Meaning::Busy | Meaning::Unsure => self.retry(None, now),
            },
            Answer::NotSent { .. } if self.goal == Goal::Settle => {
                self.retry(Some(policy::CONNECT_PATIENCE_MS), now);
            }
            _ => self.retry(None, now),
        }
    }

    pub(super) fn heard_payment(&mut self, payment: PaymentView, now: Timestamp) {
        if !self.sale.fits(&payment) {
            "the server answered about another payment".clone_into(&mut self.last_cause);
            return self.may_have_arrived_then_retry(now);
        }
        match payment.state {
            PaymentStateName::Received | PaymentStateName::Unknown | PaymentStateName::AwaitingApproval => {
                let is_news = self.sale.payment().is_none_or(|known| known.state != payment.state);
                self.wait_for_answer(now);
                if is_news {
                    self.record(Event::Answered { payment }, now);
                }
            }
            _ => self.record(Event::Answered { payment }, now),
        }
    }

    fn wait_for_answer(&mut self, now: Timestamp) {
        self.is_under_way = true;
        "the bank's answer did not come in time".clone_into(&mut self.last_cause);
        self.may_have_arrived_then_retry(now);
    }

    fn may_have_arrived_then_retry(&mut self, now: Timestamp) {
        self.may_have_arrived = true;
        self.retry(None, now);
    }

    pub(super) fn heard_cancel(&mut self, answer: Answer, now: Timestamp) {
        match answer {
            Answer::Cancelled(CancellationView { payment, .. })
                if payment.as_ref().is_none_or(|payment| self.sale.fits(payment) && has_ended(payment)) =>
            {
                self.record(Event::Cancelled { payment }, now);
            }
            Answer::Problem(problem) => match policy::meaning(problem.problem_type) {
                Meaning::NotAllowed => {
                    self.is_stale = true;
                    self.retry(Some(policy::CANCEL_PATIENCE_MS), now);
                }
                Meaning::NotTaken => {
                    let cause = self.last_cause.clone();
                    self.leave_open(&cause);
                }
                _ => self.retry(Some(policy::CANCEL_PATIENCE_MS), now),
            },
            _ => self.retry(Some(policy::CANCEL_PATIENCE_MS), now),
        }
    }

    /// What the payment is, after an answer said that it is not what was thought.
    pub(super) fn heard_refresh(&mut self, answer: Answer, now: Timestamp) {
        let is_cancelling = *self.sale.stage() == Stage::Cancelling;
        match answer {
            Answer::Payment(payment) if self.sale.fits(&payment) => {
                self.is_stale = is_cancelling && self.found.is_none() && self.sale.payment().is_none();
                self.found = Some(payment.id);
                if !is_cancelling || payment.captured_minor > 0 || has_ended(&payment) {
                    self.record(Event::Answered { payment }, now);
                }
            }
            Answer::Problem(problem) if problem.problem_type == ProblemType::NotFound && is_cancelling => {
                self.is_stale = false;
                self.retry(Some(policy::CANCEL_PATIENCE_MS), now);
            }
            // Only a question: what was to be known for sure is in the journal already.
            _ if !is_cancelling => self.is_stale = false,
            _ => self.retry(Some(policy::CANCEL_PATIENCE_MS), now),
        }
    }

    pub(super) fn heard_operation(&mut self, action: Action, answer: Answer, now: Timestamp) {
        if let Some((amount_minor, payment)) = self.done(action, &answer) {
            return self.record(Event::Done { amount_minor, payment }, now);
        }
        let patience_ms = Some(policy::OPERATION_PATIENCE_MS);
        match answer {
            Answer::NotSent { .. } => {
                let is_alone = matches!(self.goal, Goal::Act(_)) && !self.may_have_arrived;
                if is_alone && self.asked_for_ms(now) >= policy::CONNECT_PATIENCE_MS {
                    let cause = self.last_cause.clone();
                    return self.record(Event::Failed(Failure::NotSent { cause }), now);
                }
                self.retry(patience_ms, now);
            }
            Answer::Problem(problem) => match policy::meaning(problem.problem_type) {
                Meaning::NotAllowed | Meaning::Declined | Meaning::Cancelled => {
                    self.is_stale = true;
                    self.record(Event::Failed(Failure::Refused(Refusal::from(&problem))), now);
                }
                Meaning::NotTaken if self.may_have_arrived => {
                    let cause = self.last_cause.clone();
                    self.leave_open(&cause);
                }
                Meaning::NotTaken => {
                    self.record(Event::Failed(Failure::Refused(Refusal::from(&problem))), now);
                }
                Meaning::Busy => self.retry(patience_ms, now),
                Meaning::UnderWay | Meaning::Unsure => {
                    self.may_have_arrived = true;
                    self.retry(patience_ms, now);
                }
            },
            _ => {
                self.may_have_arrived = true;
                self.retry(patience_ms, now);
            }
        }
    }

    /// What was done, if the answer says so of this payment and this action.
    fn done(&self, action: Action, answer: &Answer) -> Option<(i64, PaymentView)> {
        let (amount_minor, payment, asked_minor) = match (action, answer) {
            (Action::Capture { amount_minor: asked, .. }, Answer::Captured(view)) => {
                (view.amount_minor, &view.payment, asked)
            }
            (Action::Refund { amount_minor: asked }, Answer::Refunded(view)) => {
                (view.amount_minor, &view.payment, asked)
            }
            (Action::Void, Answer::Payment(payment)) if payment.state != PaymentStateName::Authorised => {
                return self.sale.fits(payment).then(|| (0, payment.clone()));
            }
            _ => return None,
        };
        let is_right = asked_minor.is_none_or(|asked| asked == amount_minor) && amount_minor > 0;
        (is_right && self.sale.fits(payment)).then(|| (amount_minor, payment.clone()))
    }
}

fn declined(problem: Problem) -> Event {
    let told = problem.customer_action.or(problem.payment.as_ref().and_then(|p| p.customer_action));
    Event::Declined {
        customer_action: told.unwrap_or(model::CustomerAction::OtherMethod),
        payment: problem.payment,
    }
}

/// Whether nothing is held and nothing was taken.
const fn has_ended(payment: &PaymentView) -> bool {
    matches!(
        payment.state,
        PaymentStateName::Declined
            | PaymentStateName::Voided
            | PaymentStateName::Expired
            | PaymentStateName::Reversing
            | PaymentStateName::Reversed
    )
}
