//! What operators ask of the books: sums, merchants' terms, tasks, disputes.

use super::admin::entry;
use crate::callers::OperatorCaller;
use crate::fail::{Fail, Reply};
use crate::input::{Body, InPath, InQuery, LIST_MAX, malformed};
use crate::state::Shared;
use api::books::{
    BalancePage, BalanceView, DisputeRequest, SettlementRequest, TaskPage, TaskView, TermsRequest, TermsView,
};
use api::payment::PaymentView;
use api::problem::{Problem, ProblemType};
use axum::Json;
use axum::extract::State;
use model::{AccountKey, Booking, EffectId, MerchantId, PaymentId, SaleTerms};
use payments::{Decision, NotAllowed, PaymentError};
use records::{Actor, Command, MerchantTerms, OperatorTask, Outcome, Page};
use serde::Deserialize;
use std::collections::HashSet;
use utoipa::IntoParams;

/// The most entries in a merchant's terms.
const TERMS_MAX: usize = 64;
/// All of an amount, in hundredths of a percent.
const BASIS_POINTS_MAX: u16 = 10_000;

/// All sums of the ledger.
#[utoipa::path(get, path = "/v1/admin/balances", tag = "operator", security(("operator_key" = [])),
    responses((status = 200, body = BalancePage)))]
pub(crate) async fn balances(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
) -> Reply<Json<BalancePage>> {
    let balances = shared.store.balances().await?;
    let balances = balances.iter().map(|balance| BalanceView {
        account: match &balance.account {
            AccountKey::CustomerClearing(provider) => format!("customers {provider}"),
            AccountKey::ProviderClearing(provider) => format!("clearing {provider}"),
            AccountKey::Merchant(merchant) => format!("merchant {merchant}"),
            AccountKey::Suspense(provider) => format!("suspense {provider}"),
            AccountKey::Fees => "fees".to_owned(),
            AccountKey::Incentives(merchant) => format!("incentives {merchant}"),
        },
        currency: balance.currency.to_string(),
        pending_minor: shown(balance.pending_debit_minor - balance.pending_credit_minor),
        posted_minor: shown(balance.posted_debit_minor - balance.posted_credit_minor),
    });
    Ok(Json(BalancePage { balances: balances.collect() }))
}

/// Sums are counted beyond what a number in JSON is sure to carry; no account gets there.
fn shown(sum_minor: i128) -> i64 {
    i64::try_from(sum_minor).unwrap_or(if sum_minor < 0 { i64::MIN } else { i64::MAX })
}

/// Sets what a merchant pays for payments received from now on.
#[utoipa::path(put, path = "/v1/admin/merchants/{id}/terms", tag = "operator", security(("operator_key" = [])),
    params(("id" = String, Path)), request_body = TermsRequest,
    responses((status = 200, body = TermsRequest), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn set_terms(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(merchant): InPath<MerchantId>,
    Body(asked): Body<TermsRequest>,
) -> Reply<Json<TermsRequest>> {
    if asked.terms.len() > TERMS_MAX {
        return Err(malformed(format!(
            "A merchant has terms for at most {TERMS_MAX} providers and currencies."
        )));
    }
    let kinds: HashSet<_> = asked.terms.iter().map(|view| (&view.provider, view.currency)).collect();
    if kinds.len() < asked.terms.len() {
        return Err(malformed("There is one entry for each provider and currency."));
    }
    let terms = asked.terms.iter().map(terms_of).collect::<Reply<Vec<_>>>()?;
    let mut audit = entry(&operator, shared.now(), "merchant.terms_set", merchant);
    audit.detail = asked.terms.iter().map(terms_words).collect::<Vec<_>>().join("; ");
    match shared.store.commit(Command::SetTerms { merchant, terms, audit }).await? {
        Outcome::Done => Ok(Json(asked)),
        Outcome::Missing => Err(Fail::not_found("merchant")),
        outcome => Err(Fail::ours(format!("a merchant's terms: {outcome:?}"))),
    }
}

fn terms_of(view: &TermsView) -> Reply<MerchantTerms> {
    if view.fee_basis_points.max(view.incentive_basis_points) > BASIS_POINTS_MAX {
        return Err(malformed(format!("A rate is 0 to {BASIS_POINTS_MAX} hundredths of a percent.")));
    }
    let sale = SaleTerms {
        fee_fixed_minor: view.fee_fixed_minor,
        fee_basis_points: view.fee_basis_points,
        incentive_basis_points: view.incentive_basis_points,
    };
    Ok(MerchantTerms { provider: view.provider.clone(), currency: view.currency, sale })
}

fn terms_words(view: &TermsView) -> String {
    format!(
        "{} {}: fee {} + {} bp, incentive {} bp",
        view.provider,
        view.currency,
        view.fee_fixed_minor,
        view.fee_basis_points,
        view.incentive_basis_points
    )
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TasksQuery {
    /// Those after this one.
    #[param(value_type = Option<String>)]
    after: Option<EffectId>,
}

/// What providers refused for good, settled or not.
#[utoipa::path(get, path = "/v1/admin/tasks", tag = "operator", security(("operator_key" = [])),
    params(TasksQuery), responses((status = 200, body = TaskPage)))]
pub(crate) async fn tasks(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    InQuery(query): InQuery<TasksQuery>,
) -> Reply<Json<TaskPage>> {
    let tasks = shared.store.tasks(Page { after: query.after, limit: LIST_MAX }).await?;
    let next_after = (tasks.len() == LIST_MAX).then(|| tasks.last().map(|last| last.effect)).flatten();
    Ok(Json(TaskPage { tasks: tasks.iter().map(task_view).collect(), next_after }))
}

fn task_view(task: &OperatorTask) -> TaskView {
    let booking = match task.booking {
        Booking::Capture(_) => "capture",
        Booking::Refund(_) => "refund",
        Booking::Release => "release",
    };
    TaskView {
        id: task.effect,
        payment: task.payment,
        booking: booking.to_owned(),
        amount_minor: task.amount_minor,
        reason: task.reason.clone(),
        since_ms: task.since.ms(),
        settled_at_ms: task.settled_at.map(|at| at.ms()),
    }
}

/// Settles a task: the money that it left in suspense goes where the operator says.
#[utoipa::path(post, path = "/v1/admin/tasks/{id}/settlement", tag = "operator", security(("operator_key" = [])),
    params(("id" = String, Path)), request_body = SettlementRequest,
    responses((status = 200, body = PaymentView), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn settle_task(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(task): InPath<EffectId>,
    Body(asked): Body<SettlementRequest>,
) -> Reply<Json<PaymentView>> {
    let actor = Actor::Operator(operator.name);
    match shared.payments.settle_task(task, asked.with, &actor).await {
        Ok(payment) => Ok(Json(PaymentView::from(&payment))),
        Err(PaymentError::NotFound) => Err(Fail::not_found("task")),
        Err(PaymentError::NotAllowed(NotAllowed::WrongState)) => {
            Err(Fail::new(ProblemType::WrongState, "The task is settled already."))
        }
        Err(error) => Err(error.into()),
    }
}

/// The customer disputes a captured payment at the provider: the merchant can no longer count on that money.
#[utoipa::path(post, path = "/v1/admin/payments/{id}/dispute", tag = "operator", security(("operator_key" = [])),
    params(("id" = String, Path)), request_body = DisputeRequest,
    responses((status = 200, body = PaymentView), (status = 404, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem)))]
pub(crate) async fn dispute(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<PaymentId>,
    Body(asked): Body<DisputeRequest>,
) -> Reply<Json<PaymentView>> {
    let actor = Actor::Operator(operator.name);
    let payment = shared.payments.open_dispute(id, asked.amount_minor, &actor).await?;
    Ok(Json(PaymentView::from(&payment)))
}

/// The dispute was decided for the merchant.
#[utoipa::path(post, path = "/v1/admin/payments/{id}/dispute/won", tag = "operator",
    security(("operator_key" = [])), params(("id" = String, Path)),
    responses((status = 200, body = PaymentView), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn dispute_won(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<PaymentId>,
) -> Reply<Json<PaymentView>> {
    decide(&shared, operator, id, Decision::Won).await
}

/// The dispute was decided for the customer: the provider takes the money back.
#[utoipa::path(post, path = "/v1/admin/payments/{id}/dispute/lost", tag = "operator",
    security(("operator_key" = [])), params(("id" = String, Path)),
    responses((status = 200, body = PaymentView), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn dispute_lost(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<PaymentId>,
) -> Reply<Json<PaymentView>> {
    decide(&shared, operator, id, Decision::Lost).await
}

async fn decide(
    shared: &Shared,
    operator: OperatorCaller,
    id: PaymentId,
    decision: Decision,
) -> Reply<Json<PaymentView>> {
    let actor = Actor::Operator(operator.name);
    let payment = shared.payments.decide_dispute(id, decision, &actor).await?;
    Ok(Json(PaymentView::from(&payment)))
}
