//! Floor 6: the payment server's doors and workers.
//!
//! Routes translate between HTTP and `security`, `payments` and the store; they decide nothing themselves.
#![forbid(unsafe_code)]

mod answer;
mod callers;
mod checks;
mod confirmations;
mod fail;
mod failpoint;
mod input;
mod live;
mod metrics;
mod observe;
mod openapi;
mod pace;
mod policies;
mod router;
mod routes;
mod run;
mod state;
mod steps;
mod workers;

pub use openapi::openapi_json;
pub use run::{Assembly, Listener, RunError, run};
pub use state::{Parts, ServerLimits};
