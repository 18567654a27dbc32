//! What the server answered, and what a test expects of it.

use http::HeaderMap;
use serde_json::Value;

/// What the server answered.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}: {text}", self.status))
    }

    pub(crate) fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    pub(crate) fn text_of(&self, status: u16, name: &str) -> String {
        self.is(status)[name].as_str().unwrap().to_owned()
    }

    /// The problem's kind, without its prefix.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.headers["content-type"], "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        problem["type"].as_str().unwrap().strip_prefix("urn:batzen:problem:").unwrap().to_owned()
    }

    pub(crate) fn is_problem(&self, status: u16, kind: &str) {
        assert_eq!((self.status, self.problem().as_str()), (status, kind), "{}", self.json());
    }

    /// Declined, with this neutral action.
    pub(crate) fn is_declined(&self, action: &str) {
        self.is_problem(402, "payment-declined");
        assert_eq!(self.json()["customer_action"], action);
    }
}
