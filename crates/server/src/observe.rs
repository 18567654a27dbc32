//! One line in the log and one count for each request; ids, keys, bodies and queries stay out of both.

use crate::failpoint::fail_point;
use crate::metrics::Metrics;
use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use std::time::Instant;

/// A request under way.
pub(crate) struct Observation {
    started: Instant,
    method: &'static str,
    path: Option<MatchedPath>,
}

impl Observation {
    pub(crate) fn begin(request: &Request) -> Self {
        let path = request.extensions().get::<MatchedPath>().cloned();
        Self { started: Instant::now(), method: method_label(request.method()), path }
    }

    /// The request was answered.
    pub(crate) fn end(self, metrics: &Metrics, status: StatusCode) {
        let route = self.path.as_ref().map_or("none", MatchedPath::as_str);
        let elapsed = self.started.elapsed();
        metrics.requests.with_label_values(&[route, status.as_str()]).inc();
        metrics.request_seconds.with_label_values(&[route]).observe(elapsed.as_secs_f64());
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        tracing::info!(method = self.method, route, status = status.as_u16(), elapsed_us, "request");
        if self.method == "POST" {
            fail_point("server-before-answer");
        }
    }
}

/// A method's name; strangers' own inventions stay out of the log.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::HEAD => "HEAD",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
