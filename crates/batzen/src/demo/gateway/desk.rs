//! What the front page asks for: who is in the demo, and how the last payments went.
//!
//! Both are secrets that a real till or phone is never told, so they are for the demo's own page on this machine.

use super::guard;
use super::lan::LanView;
use super::proxy::problem;
use crate::admin::OperatorClient;
use crate::demo::seed::{self, Seeded};
use crate::failure::Failure;
use crate::setup::Folder;
use api::problem::{Problem, ProblemType};
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router, middleware};
use serde::Serialize;
use std::sync::Arc;

/// The front desk.
pub(super) struct Desk {
    operator: OperatorClient,
    seeded: Seeded,
    api_key: String,
    lan: Option<LanView>,
}

/// `GET /demo/setup`: all that fills wallet, bank and checkout in.
#[derive(Serialize)]
struct Setup<'a> {
    /// Good for one phone; a new one at each asking.
    activation_code: String,
    customer_number: &'a str,
    bank_password: &'static str,
    customer_name: &'static str,
    merchant_name: &'static str,
    till: &'a str,
    currency: model::Currency,
    api_key: &'a str,
    /// How a phone on the same network joins; none if the demo is for this machine only.
    lan: Option<&'a LanView>,
}

impl Desk {
    pub(super) fn new(folder: &Folder, seeded: &Seeded, lan: Option<LanView>) -> Result<Self, Failure> {
        let (operator, api_key) = (seed::operator(folder)?, seed::till_key(folder)?);
        Ok(Self { operator, seeded: seeded.clone(), api_key, lan })
    }

    pub(super) fn routes(self) -> Router {
        Router::new()
            .route("/demo/setup", get(setup))
            .route("/demo/steps", get(steps))
            .layer(middleware::from_fn(guard::own_page_only))
            .with_state(Arc::new(self))
    }
}

async fn setup(State(desk): State<Arc<Desk>>) -> Response {
    let issued = seed::issue_activation_code(&desk.operator, desk.seeded.customer).await;
    let setup = issued.map(|activation_code| Setup {
        activation_code,
        customer_number: &desk.seeded.customer_number,
        bank_password: seed::BANK_PASSWORD,
        customer_name: seed::CUSTOMER_NAME,
        merchant_name: seed::MERCHANT_NAME,
        till: &desk.seeded.till,
        currency: seed::CURRENCY,
        api_key: &desk.api_key,
        lan: desk.lan.as_ref(),
    });
    answer(setup)
}

async fn steps(State(desk): State<Arc<Desk>>) -> Response {
    answer(desk.operator.get::<serde_json::Value>("/v1/admin/steps").await)
}

fn answer<T: Serialize>(result: Result<T, Failure>) -> Response {
    let mut response = match result {
        Ok(told) => Json(told).into_response(),
        Err(failure) => {
            problem(&Problem { status: 502, ..Problem::new(ProblemType::Unavailable, failure.message) })
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let resource = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(resource, HeaderValue::from_static("same-origin"));
    response
}
