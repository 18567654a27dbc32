//! The registry of apps: what operators change, and what phones are told.

use crate::callers::OperatorCaller;
use crate::fail::{Fail, Reply};
use crate::input::{Body, InPath, malformed};
use crate::state::Shared;
use api::app::{
    AppList, AppNotice, AppRequest, AppStateName, AppView, CustomerTexts, MinimumRequest, MinimumView,
    VersionRequest, VersionStateView, VersionView,
};
use api::problem::Problem;
use axum::Json;
use axum::extract::State;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use model::{AppId, AppVersion, Timestamp};
use records::{App, KnownVersion, MinimumVersion, VersionState};
use security::{AppChange, AppStanding, AppState};

/// All registered apps with their versions.
#[utoipa::path(get, path = "/v1/admin/apps", tag = "operator", security(("operator_key" = [])),
    responses((status = 200, body = AppList)))]
pub(crate) async fn apps(State(shared): State<Shared>, _operator: OperatorCaller) -> Reply<Json<AppList>> {
    let apps = shared.security.registered_apps().await?;
    Ok(Json(AppList { apps: apps.iter().map(view).collect() }))
}

/// A registered app.
#[utoipa::path(get, path = "/v1/admin/apps/{app}", tag = "operator", security(("operator_key" = [])),
    params(("app" = String, Path)), responses((status = 200, body = AppView), (status = 404, body = Problem)))]
pub(crate) async fn app(
    State(shared): State<Shared>,
    _operator: OperatorCaller,
    InPath(id): InPath<AppId>,
) -> Reply<Json<AppView>> {
    let apps = shared.security.registered_apps().await?;
    let app = apps.iter().find(|app| app.id == id).ok_or_else(|| Fail::not_found("app"))?;
    Ok(Json(view(app)))
}

/// Registers an app, or changes what it is called, who signs it, and whether versions that are not listed and builds that are
/// not told are good.
#[utoipa::path(put, path = "/v1/admin/apps/{app}", tag = "operator", security(("operator_key" = [])),
    params(("app" = String, Path)), request_body = AppRequest, responses((status = 200, body = AppView)))]
pub(crate) async fn put_app(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<AppId>,
    Body(asked): Body<AppRequest>,
) -> Reply<Json<AppView>> {
    let AppRequest { name, signers, only_known_versions: only_known, digests_required } = asked;
    let signers = hashes(&signers)?;
    change(&shared, &operator, &id, AppChange::Put { name, signers, only_known, digests_required }).await
}

/// Lists a version of an app, or changes how far it is.
#[utoipa::path(put, path = "/v1/admin/apps/{app}/versions/{version}", tag = "operator",
    security(("operator_key" = [])), params(("app" = String, Path), ("version" = String, Path)),
    request_body = VersionRequest, responses((status = 200, body = AppView), (status = 404, body = Problem)))]
pub(crate) async fn put_version(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath((id, version)): InPath<(AppId, AppVersion)>,
    Body(asked): Body<VersionRequest>,
) -> Reply<Json<AppView>> {
    let digests = asked.digests.as_deref().map(hashes).transpose()?;
    let state = match asked.state {
        VersionStateView::Rollout { percent } => VersionState::Rollout { percent },
        VersionStateView::Full {} => VersionState::Full,
        VersionStateView::Deprecated { ends_at_ms } => {
            VersionState::Deprecated { ends_at: Timestamp::from_ms(ends_at_ms) }
        }
        VersionStateView::Blocked { reason } => VersionState::Blocked { reason, since: shared.now() },
    };
    let wanted = AppChange::Version { version, number: asked.number, digests, state };
    change(&shared, &operator, &id, wanted).await
}

/// Sets the oldest good version of an app, or takes it away.
#[utoipa::path(put, path = "/v1/admin/apps/{app}/minimum", tag = "operator", security(("operator_key" = [])),
    params(("app" = String, Path)), request_body = MinimumRequest,
    responses((status = 200, body = AppView), (status = 404, body = Problem)))]
pub(crate) async fn set_minimum(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<AppId>,
    Body(asked): Body<MinimumRequest>,
) -> Reply<Json<AppView>> {
    let minimum = asked.minimum.map(|minimum| MinimumVersion {
        version: minimum.version,
        from: Timestamp::from_ms(minimum.from_ms),
    });
    change(&shared, &operator, &id, AppChange::Minimum(minimum)).await
}

/// Sets what customers are told who must update the app.
#[utoipa::path(put, path = "/v1/admin/apps/{app}/message", tag = "operator", security(("operator_key" = [])),
    params(("app" = String, Path)), request_body = CustomerTexts,
    responses((status = 200, body = AppView), (status = 404, body = Problem)))]
pub(crate) async fn set_message(
    State(shared): State<Shared>,
    operator: OperatorCaller,
    InPath(id): InPath<AppId>,
    Body(CustomerTexts { en, de, fr, it }): Body<CustomerTexts>,
) -> Reply<Json<AppView>> {
    change(&shared, &operator, &id, AppChange::Message(records::CustomerTexts { en, de, fr, it })).await
}

async fn change(
    shared: &Shared,
    operator: &OperatorCaller,
    id: &AppId,
    wanted: AppChange,
) -> Reply<Json<AppView>> {
    let app = shared.security.change_app(id, wanted, &operator.name, shared.now()).await?;
    Ok(Json(view(&app)))
}

fn hashes(texts: &[String]) -> Reply<Vec<[u8; 32]>> {
    let hash = |text: &String| {
        let bytes = HEXLOWER_PERMISSIVE.decode(text.replace(':', "").as_bytes()).ok();
        bytes.and_then(|bytes| bytes.try_into().ok())
    };
    let hashes: Option<Vec<_>> = texts.iter().map(hash).collect();
    hashes.ok_or_else(|| malformed("Give signers and digests as SHA-256: 64 hex digits each."))
}

/// What a phone is told of its app.
pub(crate) fn notice(standing: &AppStanding) -> AppNotice {
    let (state, needed_before, fault) = match standing.state {
        AppState::UpToDate => (AppStateName::UpToDate, None, None),
        AppState::UpdateNeeded(at) => (AppStateName::UpdateNeeded, Some(at), None),
        AppState::Blocked(fault) => (AppStateName::Blocked, None, Some(fault)),
        _ => (AppStateName::UpdateAvailable, None, None),
    };
    let is_told = state != AppStateName::UpToDate && !standing.message.en.is_empty();
    AppNotice {
        state,
        offered_version: standing.offered,
        needed_before_ms: needed_before.map(Timestamp::ms),
        cause: fault.map(|fault| fault.name().to_owned()),
        message: is_told.then(|| texts(&standing.message)),
    }
}

fn texts(texts: &records::CustomerTexts) -> CustomerTexts {
    let records::CustomerTexts { en, de, fr, it } = texts.clone();
    CustomerTexts { en, de, fr, it }
}

fn view(app: &App) -> AppView {
    AppView {
        id: app.id.clone(),
        name: app.name.clone(),
        signers: app.signers.iter().map(|hash| HEXLOWER.encode(hash)).collect(),
        only_known_versions: app.only_known,
        digests_required: app.digests_required,
        minimum: app
            .minimum
            .map(|minimum| MinimumView { version: minimum.version, from_ms: minimum.from.ms() }),
        message: texts(&app.message),
        versions: app.versions.iter().map(version_view).collect(),
        created_at_ms: app.created_at.ms(),
    }
}

fn version_view(known: &KnownVersion) -> VersionView {
    let state = match &known.state {
        VersionState::Rollout { percent } => VersionStateView::Rollout { percent: *percent },
        VersionState::Full => VersionStateView::Full {},
        VersionState::Deprecated { ends_at } => VersionStateView::Deprecated { ends_at_ms: ends_at.ms() },
        VersionState::Blocked { reason, .. } => VersionStateView::Blocked { reason: reason.clone() },
    };
    VersionView {
        version: known.version,
        number: known.number,
        digests: known.digests.iter().map(|hash| HEXLOWER.encode(hash)).collect(),
        state,
    }
}
