//! Every route there is.

use crate::fail::Fail;
use crate::input::whole_body;
use crate::observe::Observation;
use crate::routes::{
    admin, approvals, apps, books, checks, customers, devices, payments, phone, policy, rules, system,
    webhooks,
};
use crate::state::Shared;
use api::problem::ProblemType;
use axum::body::{Body, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Router, middleware};
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The longest that a request may take; what listens for confirmations is answered at once and goes on.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// Answers hold keys, activation codes and payments.
const NOT_STORED: HeaderValue = HeaderValue::from_static("no-store");

/// The route table.
pub(crate) fn routes() -> OpenApiRouter<Shared> {
    work().merge(operation())
}

/// What there is to do, while there is not too much of it.
fn work() -> OpenApiRouter<Shared> {
    for_checkouts().merge(for_phones()).merge(for_banks()).merge(for_operators())
}

/// What tills ask.
fn for_checkouts() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(payments::whoami))
        .routes(routes!(payments::begin, payments::list))
        .routes(routes!(payments::show))
        .routes(routes!(payments::capture))
        .routes(routes!(payments::void))
        .routes(routes!(payments::refund))
        .routes(routes!(payments::cancel))
}

/// What phones ask.
fn for_phones() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(phone::challenge))
        .routes(routes!(phone::activate))
        .routes(routes!(phone::enrolment))
        .routes(routes!(phone::resync))
        .routes(routes!(phone::lock))
        .routes(routes!(phone::change_pin))
        .routes(routes!(phone::methods, phone::add_method))
        .routes(routes!(phone::prove_method))
        .routes(routes!(phone::remove_method))
        .routes(routes!(phone::confirmations))
        .routes(routes!(phone::stream))
        .routes(routes!(devices::devices))
        .routes(routes!(devices::rename_device))
        .routes(routes!(devices::lock_device))
        .routes(routes!(devices::revoke_device))
        .routes(routes!(devices::renew_certificate))
        .routes(routes!(devices::reset_pin))
        .routes(routes!(devices::begin_move))
        .routes(routes!(devices::notices))
        .routes(routes!(approvals::questions))
        .routes(routes!(approvals::answer))
        .routes(routes!(rules::fetch))
}

/// What banks ask.
fn for_banks() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(devices::certificate_status))
}

/// What operators ask.
fn for_operators() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(admin::add_customer))
        .routes(routes!(admin::issue_activation_code))
        .routes(routes!(admin::add_merchant))
        .routes(routes!(admin::add_checkout))
        .routes(routes!(admin::enrolments))
        .routes(routes!(admin::enrolment))
        .routes(routes!(admin::lock))
        .routes(routes!(admin::unlock))
        .routes(routes!(admin::revoke))
        .routes(routes!(admin::issue_reset_code))
        .routes(routes!(admin::issue_replacement_code))
        .routes(routes!(admin::devices))
        .routes(routes!(customers::export))
        .routes(routes!(customers::export_payments))
        .routes(routes!(customers::export_confirmations))
        .routes(routes!(customers::export_audit))
        .routes(routes!(customers::erase))
        .routes(routes!(approvals::ask))
        .routes(routes!(approvals::show))
        .routes(routes!(approvals::withdraw))
        .routes(routes!(admin::payment))
        .routes(routes!(admin::steps))
        .routes(routes!(policy::in_force))
        .routes(routes!(policy::history, policy::activate))
        .routes(routes!(policy::version))
        .routes(routes!(policy::try_policy))
        .routes(routes!(policy::set_category))
        .routes(routes!(rules::lists, rules::publish))
        .routes(routes!(apps::apps))
        .routes(routes!(apps::app, apps::put_app))
        .routes(routes!(apps::put_version))
        .routes(routes!(apps::set_minimum))
        .routes(routes!(apps::set_message))
        .routes(routes!(checks::checks, checks::start_check))
        .routes(routes!(books::balances))
        .routes(routes!(books::set_terms))
        .routes(routes!(books::tasks))
        .routes(routes!(books::settle_task))
        .routes(routes!(books::dispute))
        .routes(routes!(books::dispute_won))
        .routes(routes!(books::dispute_lost))
        .routes(routes!(webhooks::add_endpoint, webhooks::endpoints))
        .routes(routes!(webhooks::remove_endpoint))
        .routes(routes!(webhooks::rotate_secret))
        .routes(routes!(webhooks::disable_endpoint))
        .routes(routes!(webhooks::enable_endpoint))
        .routes(routes!(webhooks::dead_webhooks))
        .routes(routes!(webhooks::resend))
        .routes(routes!(webhooks::resend_all))
}

/// What is answered also while there is too much work: who watches the server must see that.
fn operation() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(system::healthz))
        .routes(routes!(system::readyz))
        .routes(routes!(system::metrics))
        .routes(routes!(system::openapi))
}

/// The route table in its two parts. Composed once: what describes it in OpenAPI takes longer than all else in a start.
static TABLE: LazyLock<Table> =
    LazyLock::new(|| Table { work: work().split_for_parts().0, operation: operation().split_for_parts().0 });

struct Table {
    work: Router<Shared>,
    operation: Router<Shared>,
}

/// The route table with its limits, and web pages beside it.
pub(crate) fn router(shared: Shared, pages: Router) -> Router {
    let places = Arc::new(Semaphore::new(shared.limits.requests_at_once_max));
    let Table { work, operation } = &*TABLE;
    // A layer goes around those before it. Each one costs a request some boxes, so there are two.
    work.clone()
        .layer(middleware::from_fn_with_state(places, at_work))
        .merge(operation.clone())
        // Files are answered at once, also while there is too much work.
        .merge(pages.with_state(()))
        .fallback(system::no_such_route)
        .method_not_allowed_fallback(system::no_such_method)
        .layer(middleware::from_fn_with_state(shared.clone(), observed))
        .with_state(shared)
}

/// Gives a request a place among those at work, or none if there are too many. Waits for its body before that:
/// whoever sends slowly, or never, keeps nobody out.
async fn at_work(
    State(places): State<Arc<Semaphore>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Fail> {
    if !request.body().is_end_stream() {
        let body = core::mem::take(request.body_mut());
        *request.body_mut() = Body::from(whole_body(body).await?);
    }
    let _place = places.try_acquire().map_err(|_| {
        let detail = "The payment server is busy, and nothing happened. Ask again in a moment.";
        Fail::new(ProblemType::Unavailable, detail)
    })?;
    Ok(next.run(request).await)
}

/// Answers within a time, and also when a handler panics; counts and logs what was asked. A stream's events come after
/// its answer and are not cut.
async fn observed(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let observation = Observation::begin(&request);
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let mut response = match timeout(REQUEST_TIME_MAX, answer).await {
        Ok(Ok(response)) => response,
        Ok(Err(_)) => Fail::ours("a handler panicked").into_response(),
        Err(_) => Fail::ours("a request was not answered in time").into_response(),
    };
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(NOT_STORED);
    observation.end(&shared.metrics, response.status());
    response
}
