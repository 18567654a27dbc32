//! What operators ask of policy: which holds, activating one, trying one on what was decided.

use super::admin::entry;
use crate::callers::OperatorCaller;
use crate::fail::{Fail, Reply};
use crate::input::{Body, InPath, InQuery, LIST_MAX};
use crate::state::Shared;
use api::policy::{
    CategoryRequest, DecisionView, DifferenceView, ExampleView, PolicyEntry, PolicyPage, PolicyRequest,
    PolicyView, TrialRequest, TrialView,
};
use api::problem::{Problem, ProblemType};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::{MerchantId, Money, PaymentId, Timestamp};
use records::{AuditEntry, Command, DecisionRow, Outcome, PAGE_LIMIT_MAX, Page, PolicyRow};
use security::{
    Difference, Explanation, PolicyDocument, PolicyInForce, Recorded, SecurityError, SignedPolicy,
    TrialReport,
};
use serde::Deserialize;
use utoipa::IntoParams;

/// How many payments a policy is tried on, unless told otherwise.
const TRIAL_PAYMENTS: u32 = 10_000;
/// The most payments that a policy is tried on at once.
const TRIAL_PAYMENTS_MAX: u32 = 100_000;

/// The policy in force on this server.
#[utoipa::path(get, path = "/v1/admin/policy", tag = "operator", security(("operator_key" = [])),
    responses((status = 200, body = PolicyView)))]
pub(crate) async fn in_force(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
) -> Reply<Json<PolicyView>> {
    let policy = shared.security.policy();
    view_of(&shared, policy.version).await.map(Json)
}

/// A policy; version 0 is the one of the server's configuration.
#[utoipa::path(get, path = "/v1/admin/policies/{version}", tag = "operator", security(("operator_key" = [])),
    params(("version" = u32, Path)), responses((status = 200, body = PolicyView), (status = 404, body = Problem)))]
pub(crate) async fn version(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    InPath(version): InPath<u32>,
) -> Reply<Json<PolicyView>> {
    view_of(&shared, version).await.map(Json)
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PoliciesQuery {
    /// Those after this version.
    after: Option<u32>,
}

/// Every policy that was activated, oldest first.
#[utoipa::path(get, path = "/v1/admin/policies", tag = "operator", security(("operator_key" = [])),
    params(PoliciesQuery), responses((status = 200, body = PolicyPage)))]
pub(crate) async fn history(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    InQuery(query): InQuery<PoliciesQuery>,
) -> Reply<Json<PolicyPage>> {
    let rows = shared.store.policies(Page { after: query.after, limit: LIST_MAX }).await?;
    let next_after = (rows.len() == LIST_MAX).then(|| rows.last().map(|last| last.version)).flatten();
    let in_force = shared.security.policy();
    Ok(Json(PolicyPage { policies: rows.iter().map(|row| entry_of(row, &in_force)).collect(), next_after }))
}

/// Activates a signed policy: from the time that it names it holds on every server of this store.
#[utoipa::path(post, path = "/v1/admin/policies", tag = "operator", security(("operator_key" = [])),
    request_body = PolicyRequest,
    responses((status = 201, body = PolicyEntry), (status = 400, body = Problem, description = "It is not taken; the detail says why."),
        (status = 409, body = Problem, description = "Its version is not above the last one's.")))]
pub(crate) async fn activate(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    Body(asked): Body<PolicyRequest>,
) -> Reply<(StatusCode, Json<PolicyEntry>)> {
    let signed = SignedPolicy { document: asked.document, signature: asked.signature };
    let row = shared.security.activate_policy(&signed, &operator.name, shared.now()).await?;
    let in_force = shared.security.policy();
    shared.metrics.policy_version.set(in_force.version.into());
    tracing::info!(version = row.version, valid_from = %row.valid_from, "a policy was activated");
    Ok((StatusCode::CREATED, Json(entry_of(&row, &in_force))))
}

/// Tries a policy on payments that were decided, and tells which would be decided otherwise and why. It changes nothing.
#[utoipa::path(post, path = "/v1/admin/policy/trials", tag = "operator", security(("operator_key" = [])),
    request_body = TrialRequest,
    responses((status = 200, body = TrialView), (status = 400, body = Problem, description = "The document is not taken; the detail says why."),
        (status = 503, body = Problem, description = "Another trial is under way.")))]
pub(crate) async fn try_policy(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    Body(asked): Body<TrialRequest>,
) -> Reply<Json<TrialView>> {
    let document =
        PolicyDocument::parse(&asked.document, shared.keys.realm()).map_err(SecurityError::from)?;
    let Ok(_alone) = shared.trials.try_acquire() else {
        let detail = "Another policy is being tried. Ask again when that is done.";
        return Err(Fail::new(ProblemType::Unavailable, detail));
    };
    let most = asked.last.unwrap_or(TRIAL_PAYMENTS).min(TRIAL_PAYMENTS_MAX) as usize;
    let since = Timestamp::from_ms(asked.since_ms.unwrap_or(0));
    let recorded = recorded(&shared, most, since).await?;
    let version = document.version;
    let report = shared.security.try_policy(document.policy, recorded).await?;
    let detail = format!("{} of {} decisions would differ", report.differing, report.tried);
    let audit = AuditEntry { detail, ..entry(&operator, shared.now(), "policy.tried", version) };
    shared.store.commit(Command::Record(audit)).await?;
    Ok(Json(trial_view(version, report)))
}

/// Sets what a merchant sells.
#[utoipa::path(put, path = "/v1/admin/merchants/{id}/category", tag = "operator", security(("operator_key" = [])),
    params(("id" = String, Path)), request_body = CategoryRequest,
    responses((status = 200, body = CategoryRequest), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub(crate) async fn set_category(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<MerchantId>,
    Body(asked): Body<CategoryRequest>,
) -> Reply<Json<CategoryRequest>> {
    let detail = asked.category.map_or_else(|| "unknown".to_owned(), |category| category.to_string());
    let audit = AuditEntry { detail, ..entry(&operator, shared.now(), "merchant.category_set", id) };
    let command = Command::SetMerchantCategory { merchant: id, category: asked.category, audit };
    match shared.store.commit(command).await? {
        Outcome::Done => Ok(Json(asked)),
        Outcome::Missing => Err(Fail::not_found("merchant")),
        outcome => Err(Fail::ours(format!("a merchant's category: {outcome:?}"))),
    }
}

/// Why policy decided of a payment as it did. A policy that cannot be read any more is told in its place.
pub(super) async fn decision_view(
    shared: &Shared,
    amount: Money,
    decision: &DecisionRow,
) -> Reply<DecisionView> {
    let explained = match shared.security.explain(amount, decision).await {
        Ok(explained) => explained,
        Err(error @ (SecurityError::NotFound(_) | SecurityError::PolicyRefused(_))) => Explanation {
            ground: format!("{:?}", decision.ground),
            ruling: decision.ruling,
            reasons: vec![format!("the policy that decided cannot be read: {error}")],
            facts: Vec::new(),
            next: String::new(),
        },
        Err(error) => return Err(error.into()),
    };
    Ok(DecisionView {
        policy_version: decision.policy_version,
        ground: explained.ground,
        ruling: explained.ruling.name().to_owned(),
        reasons: explained.reasons,
        facts: explained.facts,
        next: explained.next,
    })
}

/// The latest payments that were judged, at most so many, none before `since`.
async fn recorded(shared: &Shared, most: usize, since: Timestamp) -> Reply<Vec<Recorded>> {
    let mut all = Vec::new();
    for shard in 0..shared.limits.homes.max(1) {
        let mut after: Option<PaymentId> = None;
        let mut of_shard = 0;
        'shard: while of_shard < most {
            let limit = PAGE_LIMIT_MAX.min(most - of_shard);
            let page = shared.store.judged(shard, Page { after, limit }).await?;
            let is_last = page.len() < limit;
            for (payment, verdict) in page {
                // Ids carry the time of their making, which is not after the verdict's.
                if verdict.at < since {
                    break 'shard;
                }
                after = Some(payment.id);
                of_shard += 1;
                all.push(Recorded {
                    payment: payment.id,
                    enrolment: verdict.enrolment,
                    at: verdict.at,
                    amount: payment.order.amount,
                    verdict: verdict.verdict,
                    decision: verdict.decision,
                });
            }
            if is_last {
                break;
            }
            // Payments go on meanwhile.
            tokio::task::yield_now().await;
        }
    }
    all.sort_by_key(|one| core::cmp::Reverse((one.at, one.payment)));
    all.truncate(most);
    Ok(all)
}

async fn view_of(shared: &Shared, version: u32) -> Reply<PolicyView> {
    let in_force = shared.security.policy();
    if version == 0 {
        let configured = shared.security.configured_policy();
        let document = serde_json::to_string_pretty(&**configured).map_err(Fail::ours)?;
        let entry = PolicyEntry {
            version,
            is_in_force: in_force.version == 0,
            valid_from_ms: 0,
            activated_at_ms: None,
            activated_by: None,
        };
        return Ok(PolicyView { entry, document });
    }
    let row = shared.store.policy(version).await?.ok_or_else(|| Fail::not_found("policy"))?;
    let document = SignedPolicy::parse(&row.signed).map_err(SecurityError::from)?.document;
    Ok(PolicyView { entry: entry_of(&row, &in_force), document })
}

fn entry_of(row: &PolicyRow, in_force: &PolicyInForce) -> PolicyEntry {
    PolicyEntry {
        version: row.version,
        is_in_force: row.version == in_force.version,
        valid_from_ms: row.valid_from.ms(),
        activated_at_ms: Some(row.activated_at.ms()),
        activated_by: Some(row.activated_by.clone()),
    }
}

fn trial_view(version: u32, report: TrialReport) -> TrialView {
    TrialView {
        version,
        tried: report.tried,
        undecided: report.undecided,
        same: report.same,
        differing: report.differing,
        stopped: report.stopped,
        let_through: report.let_through,
        sums_derived: report.sums_derived,
        differences: report.differences.into_iter().map(difference_view).collect(),
    }
}

fn difference_view(difference: Difference) -> DifferenceView {
    let examples = difference.examples.into_iter().map(|example| ExampleView {
        payment: example.payment,
        at_ms: example.at.ms(),
        amount: example.amount.to_string(),
        why: example.why,
    });
    DifferenceView {
        was: difference.was,
        would_be: difference.would_be,
        payments: difference.payments,
        examples: examples.collect(),
    }
}
