//! A payment server in miniature, by the API's rules alone, behind a network that loses, repeats and delays.

use api::payment::{
    CancellationView, CaptureRequest, CaptureView, PaymentRequest, PaymentStateName, PaymentView,
    RefundRequest, RefundView,
};
use api::problem::{Problem, ProblemType};
use checkout::{Answer, Method, Request, answer_of};
use model::{CaptureId, CustomerAction, PaymentId, RefundId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Choices, one byte each; zeros, the well-behaved choice, when they run out.
pub(crate) struct Script(pub(crate) Vec<u8>);

impl Script {
    pub(crate) fn choose(&mut self, among: u8) -> u8 {
        self.0.pop().map_or(0, |byte| byte % among)
    }
}

#[derive(Default)]
pub(crate) struct Server {
    pub(crate) payments: BTreeMap<String, PaymentView>,
    answers: BTreeMap<String, Response>,
    bodies: BTreeMap<(String, String), Vec<u8>>,
    operations: BTreeMap<String, (u16, Vec<u8>)>,
    cancelled: BTreeSet<String>,
    codes: BTreeSet<String>,
    late: Vec<Request>,
}

type Response = (u16, Vec<u8>);

fn ok(status: u16, body: &impl serde::Serialize) -> Response {
    (status, serde_json::to_vec(body).unwrap())
}

fn problem(kind: ProblemType) -> Response {
    ok(kind.status(), &Problem::new(kind, "from the miniature"))
}

impl Server {
    /// One request through the network.
    pub(crate) fn send(&mut self, request: &Request, script: &mut Script) -> Answer {
        let lost = || Answer::Lost { cause: "the connection broke".to_owned() };
        match script.choose(16) {
            1 | 2 => return Answer::NotSent { cause: "connection refused".to_owned() },
            3 => return lost(),
            4 => {
                self.late.push(request.clone());
                return lost();
            }
            5 | 6 => {
                self.process(request, script);
                return lost();
            }
            7 => return answer_of(request, 429, &problem(ProblemType::TooManyRequests).1),
            8 => return answer_of(request, 500, &problem(ProblemType::Internal).1),
            9 => {
                self.process(request, script);
                return answer_of(request, 503, &problem(ProblemType::Unavailable).1);
            }
            10 => return answer_of(request, 401, &problem(ProblemType::Unauthenticated).1),
            11 => {
                self.process(request, script);
                return answer_of(request, 200, b"<html>a proxy's page</html>");
            }
            12 => self.arrive_late(script),
            _ => {}
        }
        let (status, body) = self.process(request, script);
        answer_of(request, status, &body)
    }

    /// What the network held back arrives after all.
    pub(crate) fn arrive_late(&mut self, script: &mut Script) {
        for request in core::mem::take(&mut self.late) {
            self.process(&request, script);
        }
    }

    fn process(&mut self, request: &Request, script: &mut Script) -> Response {
        let path = request.path();
        let body = request.body().unwrap_or_default();
        if let Some(key) = request.key() {
            let place = (path.clone(), key.as_str().to_owned());
            let first = self.bodies.entry(place).or_insert_with(|| body.clone());
            assert_eq!(*first, body, "one key, two requests");
        }
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        match (request.method(), parts.as_slice()) {
            (Method::Post, ["v1", "payments"]) => {
                self.authorise(request.key().unwrap().as_str(), &body, script)
            }
            (Method::Post, ["v1", "cancellations"]) => {
                let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
                self.cancel(body["idempotency_key"].as_str().unwrap())
            }
            (Method::Post, ["v1", "payments", id, what]) => {
                let key = request.key().unwrap().as_str().to_owned();
                if let Some(stored) = self.operations.get(&key) {
                    return stored.clone();
                }
                let response = self.operate(id, what, &body);
                self.operations.insert(key, response.clone());
                response
            }
            (Method::Get, ["v1", query]) => {
                let key = query.strip_prefix("payments?idempotency_key=").unwrap().to_owned();
                self.resolve(&key, script);
                match self.payments.get(&key).cloned() {
                    Some(payment) => self.known(&key, &payment),
                    None if self.cancelled.contains(&key) => problem(ProblemType::RequestCancelled),
                    None => problem(ProblemType::NotFound),
                }
            }
            (Method::Get, ["v1", "payments", id]) => {
                let found = self.payments.values().find(|payment| payment.id.to_string() == *id);
                found.map_or_else(|| problem(ProblemType::NotFound), |p| ok(200, p))
            }
            other => panic!("the till asked {other:?}"),
        }
    }

    fn authorise(&mut self, key: &str, body: &[u8], script: &mut Script) -> Response {
        let asked: PaymentRequest = serde_json::from_slice(body).unwrap();
        if self.cancelled.contains(key) && !self.payments.contains_key(key) {
            return problem(ProblemType::RequestCancelled);
        }
        if let Some(payment) = self.payments.get(key).cloned() {
            return self.known(key, &payment);
        }
        let state = if !self.codes.insert(asked.code.clone()) {
            PaymentStateName::Declined
        } else {
            match script.choose(7) {
                1 => PaymentStateName::Unknown,
                2 => PaymentStateName::Received,
                3 => PaymentStateName::Declined,
                4 => PaymentStateName::AwaitingApproval,
                _ => PaymentStateName::Authorised,
            }
        };
        let payment = PaymentView {
            id: PaymentId::derive(1, Timestamp::from_ms(1), self.payments.len() as u64),
            state,
            amount_minor: asked.amount_minor,
            currency: asked.currency,
            captured_minor: 0,
            refunded_minor: 0,
            charged_back_minor: 0,
            disputed_minor: 0,
            terminal: asked.terminal,
            received_at_ms: 0,
            capture_by_ms: None,
            approve_by_ms: (state == PaymentStateName::AwaitingApproval).then_some(90_000),
            customer_action: (state == PaymentStateName::Declined).then_some(CustomerAction::EnterAgain),
        };
        self.payments.insert(key.to_owned(), payment.clone());
        self.known(key, &payment)
    }

    /// The first final answer is repeated for ever, however things stand meanwhile.
    fn known(&mut self, key: &str, payment: &PaymentView) -> Response {
        if let Some(answer) = self.answers.get(key) {
            return answer.clone();
        }
        let answer = answer_to_authorise(payment);
        if answer.0 != 202 {
            self.answers.insert(key.to_owned(), answer.clone());
        }
        answer
    }

    /// The bank answers sooner or later.
    fn resolve(&mut self, key: &str, script: &mut Script) {
        let Some(payment) = self.payments.get_mut(key) else { return };
        if payment.state == PaymentStateName::AwaitingApproval {
            payment.state = match script.choose(4) {
                0 => PaymentStateName::Received,
                1 => PaymentStateName::Declined,
                _ => return,
            };
        }
        if matches!(payment.state, PaymentStateName::Received | PaymentStateName::Unknown) {
            payment.state = match script.choose(4) {
                0 => PaymentStateName::Authorised,
                1 => PaymentStateName::Declined,
                2 => PaymentStateName::Reversing,
                _ => return,
            };
        }
    }

    fn cancel(&mut self, key: &str) -> Response {
        self.cancelled.insert(key.to_owned());
        if let Some(payment) = self.payments.get_mut(key) {
            match payment.state {
                PaymentStateName::Captured => return problem(ProblemType::WrongState),
                PaymentStateName::Authorised => payment.state = PaymentStateName::Voided,
                PaymentStateName::PartlyCaptured => payment.state = PaymentStateName::Captured,
                PaymentStateName::Received | PaymentStateName::Unknown => {
                    payment.state = PaymentStateName::Reversing;
                }
                PaymentStateName::AwaitingApproval => payment.state = PaymentStateName::Declined,
                _ => {}
            }
        }
        let payment = self.payments.get(key).cloned();
        ok(200, &CancellationView { was_received: payment.is_some(), payment })
    }

    fn operate(&mut self, id: &str, what: &str, body: &[u8]) -> Response {
        let Some(payment) = self.payments.values_mut().find(|payment| payment.id.to_string() == id) else {
            return problem(ProblemType::NotFound);
        };
        let is_held =
            matches!(payment.state, PaymentStateName::Authorised | PaymentStateName::PartlyCaptured);
        let held_minor = payment.amount_minor - payment.captured_minor;
        match what {
            "captures" if is_held => {
                let asked: CaptureRequest = serde_json::from_slice(body).unwrap();
                let amount_minor = asked.amount_minor.unwrap_or(held_minor);
                if amount_minor > held_minor {
                    return problem(ProblemType::AmountExceeded);
                }
                payment.captured_minor += amount_minor;
                let is_all = asked.is_final || amount_minor == held_minor;
                payment.state =
                    if is_all { PaymentStateName::Captured } else { PaymentStateName::PartlyCaptured };
                ok(201, &CaptureView { id: CaptureId::from_u128(1), amount_minor, payment: payment.clone() })
            }
            "void" if is_held => {
                let is_whole = payment.state == PaymentStateName::Authorised;
                payment.state = if is_whole { PaymentStateName::Voided } else { PaymentStateName::Captured };
                ok(200, payment)
            }
            "refunds" if payment.captured_minor > 0 => {
                let asked: RefundRequest = serde_json::from_slice(body).unwrap();
                let left_minor = payment.captured_minor - payment.refunded_minor;
                let amount_minor = asked.amount_minor.unwrap_or(left_minor);
                if amount_minor > left_minor || amount_minor == 0 {
                    return problem(ProblemType::AmountExceeded);
                }
                payment.refunded_minor += amount_minor;
                ok(201, &RefundView { id: RefundId::from_u128(1), amount_minor, payment: payment.clone() })
            }
            _ => problem(ProblemType::WrongState),
        }
    }
}

fn answer_to_authorise(payment: &PaymentView) -> Response {
    match payment.state {
        PaymentStateName::Declined => {
            ok(402, &Problem::declined(CustomerAction::EnterAgain, payment.clone()))
        }
        PaymentStateName::Received | PaymentStateName::Unknown | PaymentStateName::AwaitingApproval => {
            ok(202, payment)
        }
        _ => ok(201, payment),
    }
}
