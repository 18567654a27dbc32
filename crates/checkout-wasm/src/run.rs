//! The course of one sale, step by step.

use crate::timestamp;
use crate::view::{OutcomeText, SaleText};
use checkout::{Action, Answer, End, Entry, Method, Next, Outcome, Request, answer_of};
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;

/// The course of one sale in this page.
#[wasm_bindgen]
pub struct Run {
    run: checkout::Run,
    action: Option<Action>,
    /// What was given out last and waits for its answer.
    sent: Option<Request>,
    end: Option<End>,
}

/// What is to be done next, as JSON.
#[derive(Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Step {
    Store { entry: Entry },
    Send { method: &'static str, path: String, body: Option<String>, key: Option<String>, deadline_ms: i64 },
    Wait { ms: i64 },
    End { is_open: bool, cause: Option<String>, is_unreachable: bool },
}

impl Run {
    pub(crate) fn new(run: checkout::Run, action: Option<Action>) -> Self {
        Self { run, action, sent: None, end: None }
    }

    fn hear(&mut self, now_ms: f64, answer: impl FnOnce(&Request) -> Answer) {
        if let Some(request) = self.sent.take() {
            self.run.heard(answer(&request), timestamp(now_ms));
        }
    }
}

#[wasm_bindgen]
impl Run {
    /// What to do next: `store` an entry, `send` a request, `wait`, or `end`.
    pub fn next(&mut self, now_ms: f64) -> String {
        let step = match self.run.next(timestamp(now_ms)) {
            Next::Store(entry) => Step::Store { entry },
            Next::Send { request, deadline_ms } => {
                let step = Step::Send {
                    method: match request.method() {
                        Method::Get => "GET",
                        Method::Post => "POST",
                    },
                    path: request.path(),
                    body: request.body().and_then(|body| String::from_utf8(body).ok()),
                    key: request.key().map(|key| key.as_str().to_owned()),
                    deadline_ms,
                };
                self.sent = Some(request);
                step
            }
            Next::Wait { ms } => Step::Wait { ms },
            Next::End(end) => {
                self.end = Some(end.clone());
                match end {
                    End::Settled => Step::End { is_open: false, cause: None, is_unreachable: false },
                    End::Open { cause, is_unreachable } => {
                        Step::End { is_open: true, cause: Some(cause), is_unreachable }
                    }
                }
            }
        };
        serde_json::to_string(&step).expect("plain values can be written")
    }

    /// The entry last given out is in the journal.
    pub fn stored(&mut self) {
        self.run.stored();
    }

    /// The answer to the request last given out.
    pub fn heard(&mut self, status: u16, body: &str, now_ms: f64) {
        self.hear(now_ms, |request| answer_of(request, status, body.as_bytes()));
    }

    /// The request last given out surely did not leave.
    pub fn not_sent(&mut self, cause: &str, now_ms: f64) {
        self.hear(now_ms, |_| Answer::NotSent { cause: cause.to_owned() });
    }

    /// The request last given out has no answer: it may have arrived.
    pub fn lost(&mut self, cause: &str, now_ms: f64) {
        self.hear(now_ms, |_| Answer::Lost { cause: cause.to_owned() });
    }

    /// The sale as the journal has it, as JSON.
    #[must_use]
    pub fn sale(&self) -> String {
        let sale = SaleText::of(self.run.sale());
        serde_json::to_string(&sale).expect("plain values can be written")
    }

    /// What the cashier is to be told, as JSON.
    #[must_use]
    pub fn outcome(&self) -> String {
        let end = self.end.as_ref().unwrap_or(&End::Settled);
        let outcome = OutcomeText::of(&Outcome::of(self.run.sale(), end, self.action));
        serde_json::to_string(&outcome).expect("plain values can be written")
    }
}
