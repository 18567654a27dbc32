//! A payment server in miniature that keeps its promises, one request at a time: what good histories are made from.

use api::payment::{CancellationView, CaptureView, PaymentStateName as State, PaymentView, RefundView};
use api::problem::{Problem, ProblemType};
use history::{Call, Outcome};
use model::{CaptureId, Currency, CustomerAction, PaymentId, RefundId, TerminalNumber, Timestamp};
use std::collections::BTreeMap;

/// Status and body.
type Reply = (u16, String);

/// What was asked, the payment that it began, the answer that is kept.
type Kept = (Option<Call>, Option<usize>, Option<Reply>);

#[derive(Default)]
pub(crate) struct Server {
    pub(crate) payments: Vec<PaymentView>,
    counter: u32,
    /// By checkout and key.
    keys: BTreeMap<(String, String), Kept>,
}

pub(crate) fn reply(status: u16, body: &impl serde::Serialize) -> Reply {
    (status, serde_json::to_string(body).unwrap())
}

pub(crate) fn problem(kind: ProblemType) -> Reply {
    reply(kind.status(), &Problem::new(kind, "from the miniature"))
}

pub(crate) fn answered((status, body): Reply) -> Outcome {
    Outcome::Answered { status, body }
}

/// A payment of this number that stands so.
pub(crate) fn view(number: u64, state: State, amount_minor: i64) -> PaymentView {
    PaymentView {
        id: PaymentId::derive(1, Timestamp::from_ms(1), number),
        state,
        amount_minor,
        currency: Currency::CHF,
        captured_minor: 0,
        refunded_minor: 0,
        charged_back_minor: 0,
        disputed_minor: 0,
        terminal: TerminalNumber::new(572).unwrap(),
        received_at_ms: 0,
        capture_by_ms: None,
        approve_by_ms: None,
        customer_action: None,
    }
}

impl Server {
    /// Does what is asked. `chance` decides what the provider answers.
    pub(crate) fn ask(&mut self, client: &str, call: &Call, chance: u8) -> Reply {
        let place = |key: &str| (client.to_owned(), key.to_owned());
        match call {
            Call::Look { payment } => match self.payments.iter().find(|view| view.id == *payment) {
                Some(view) => reply(200, view),
                None => problem(ProblemType::NotFound),
            },
            Call::LookUp { key } => match self.keys.get(&place(key)) {
                None => problem(ProblemType::NotFound),
                Some((None, ..)) => problem(ProblemType::RequestCancelled),
                Some((_, begun, kept)) => {
                    kept.clone().unwrap_or_else(|| reply(202, &self.payments[begun.unwrap()]))
                }
            },
            Call::Cancel { key } => self.cancel(place(key)),
            _ => {
                let place = place(call.key().unwrap());
                if let Some((asked, begun, kept)) = self.keys.get(&place) {
                    return match asked {
                        None => problem(ProblemType::RequestCancelled),
                        Some(asked) if asked != call => problem(ProblemType::IdempotencyKeyReused),
                        Some(_) => kept.clone().unwrap_or_else(|| reply(202, &self.payments[begun.unwrap()])),
                    };
                }
                self.first(place, call, chance)
            }
        }
    }

    fn first(&mut self, place: (String, String), call: &Call, chance: u8) -> Reply {
        if let Call::Authorise { counter, amount_minor, .. } = call {
            let is_fresh = *counter > self.counter;
            self.counter = self.counter.max(*counter);
            let state = match chance % 5 {
                _ if !is_fresh => State::Declined,
                0 => State::Declined,
                1 => State::Received,
                _ => State::Authorised,
            };
            self.payments.push(view(self.payments.len() as u64, state, *amount_minor));
            let begun = self.payments.len() - 1;
            self.keys.insert(place.clone(), (Some(call.clone()), Some(begun), None));
            self.decide(begun);
            let kept = self.keys[&place].2.clone();
            return kept.unwrap_or_else(|| reply(202, &self.payments[begun]));
        }
        let done = self.change(call);
        let is_known = self.payments.iter().any(|view| Some(view.id) == call.payment());
        match done.0 {
            ..300 => drop(self.keys.insert(place, (Some(call.clone()), None, Some(done.clone())))),
            // Refused for good, also when it comes again.
            _ if is_known => drop(self.keys.insert(place, (None, None, None))),
            _ => {}
        }
        done
    }

    fn change(&mut self, call: &Call) -> Reply {
        let found = self.payments.iter().position(|view| Some(view.id) == call.payment());
        let Some(at) = found else { return problem(ProblemType::NotFound) };
        let view = &mut self.payments[at];
        let is_held = matches!(view.state, State::Authorised | State::PartlyCaptured);
        match call {
            Call::Capture { amount_minor, is_final, .. } if is_held => {
                let held_minor = view.amount_minor - view.captured_minor;
                let amount_minor = amount_minor.unwrap_or(held_minor);
                if amount_minor > held_minor {
                    return problem(ProblemType::AmountExceeded);
                }
                view.captured_minor += amount_minor;
                let ends = *is_final || amount_minor == held_minor;
                view.state = if ends { State::Captured } else { State::PartlyCaptured };
                let id = CaptureId::from_u128(u128::from(self.counter));
                reply(201, &CaptureView { id, amount_minor, payment: view.clone() })
            }
            Call::Void { .. } if is_held => {
                let is_whole = view.captured_minor == 0;
                view.state = if is_whole { State::Voided } else { State::Captured };
                reply(200, view)
            }
            Call::Void { .. } if view.state == State::Received => {
                view.state = State::Reversing;
                let after = view.clone();
                self.decide(at);
                reply(200, &after)
            }
            Call::Refund { amount_minor, .. } if view.captured_minor > 0 => {
                let left_minor = view.captured_minor - view.refunded_minor;
                let amount_minor = amount_minor.unwrap_or(left_minor);
                match amount_minor {
                    ..=0 => return problem(ProblemType::AmountRefused),
                    _ if amount_minor > left_minor => return problem(ProblemType::AmountExceeded),
                    _ => view.refunded_minor += amount_minor,
                }
                let id = RefundId::from_u128(u128::from(self.counter));
                reply(201, &RefundView { id, amount_minor, payment: view.clone() })
            }
            _ => problem(ProblemType::WrongState),
        }
    }

    fn cancel(&mut self, place: (String, String)) -> Reply {
        let Some((asked, begun, _)) = self.keys.get(&place).cloned() else {
            self.keys.insert(place, (None, None, None));
            return reply(200, &CancellationView { was_received: false, payment: None });
        };
        if asked.is_none() {
            return reply(200, &CancellationView { was_received: false, payment: None });
        }
        let Some(at) = begun else { return problem(ProblemType::IdempotencyKeyReused) };
        let view = &mut self.payments[at];
        view.state = match view.state {
            State::Received => State::Reversing,
            State::Authorised => State::Voided,
            State::PartlyCaptured | State::Captured => return problem(ProblemType::WrongState),
            ended => ended,
        };
        let payment = Some(view.clone());
        self.decide(at);
        reply(200, &CancellationView { was_received: true, payment })
    }

    /// The provider answers at last, or not.
    pub(crate) fn settle(&mut self, chance: u8) {
        for at in 0..self.payments.len() {
            let view = &mut self.payments[at];
            match (view.state, chance % 3) {
                (State::Received, 0) => view.state = State::Authorised,
                (State::Received, 1) => view.state = State::Declined,
                (State::Reversing, 0) => view.state = State::Reversed,
                _ => {}
            }
            self.decide(at);
        }
    }

    fn decide(&mut self, at: usize) {
        let view = &self.payments[at];
        let decided = match view.state {
            State::Received | State::Unknown => return,
            State::Declined | State::Reversing | State::Reversed => {
                reply(402, &Problem::declined(CustomerAction::EnterAgain, view.clone()))
            }
            _ => reply(201, view),
        };
        for (_, begun, kept) in self.keys.values_mut() {
            if *begun == Some(at) && kept.is_none() {
                *kept = Some(decided.clone());
            }
        }
    }
}
