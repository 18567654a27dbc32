//! What phones ask about each other and about their own certificate, and what banks ask about certificates.

use crate::callers::{PhoneCaller, Source};
use crate::fail::{Fail, Reply};
use crate::input::{Body, InPath, InQuery, LIST_MAX, malformed, parse_json};
use crate::routes::phone::{status_name, view};
use crate::state::Shared;
use api::admin::ActivationCodeView;
use api::device::{
    CertificateRequest, CertificateStatusRequest, CertificateView, DeviceNameRequest, DevicePage, DeviceView,
    MoveRequest, NoticePage, NoticeView, RevokeRequest,
};
use api::phone::EnrolmentView;
use api::problem::Problem;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use crypto::{SystemRandom, x25519};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use model::EnrolmentId;
use protocol::certificate_status::SignedCertificateStatuses;
use protocol::notice::Notice;
use protocol::pin_proof::PinProof;
use protocol::short_text::ShortText;
use records::{NoticeRow, Page, RevocationReason};
use security::{KnownDevice, model_of};
use serde::Deserialize;
use utoipa::IntoParams;

/// The customer's devices.
#[utoipa::path(get, path = "/v1/devices", tag = "phone", security(("phone_signature" = [])),
    responses((status = 200, body = DevicePage), (status = 401, body = Problem)))]
pub(crate) async fn devices(State(shared): State<Shared>, caller: PhoneCaller) -> Reply<Json<DevicePage>> {
    let known = shared.security.own_devices(&caller.device).await?;
    let devices = known.iter().map(|known| device_view(known, caller.device.id())).collect();
    Ok(Json(DevicePage { devices, devices_max: shared.security.policy().devices_max }))
}

fn device_view(known: &KnownDevice, this: EnrolmentId) -> DeviceView {
    let KnownDevice { device, enrolment } = known;
    DeviceView {
        id: enrolment.id,
        name: device.name.clone(),
        model: model_of(&enrolment.platform).to_owned(),
        status: status_name(&enrolment.status),
        is_this: enrolment.id == this,
        activated_at_ms: enrolment.activated_at.ms(),
        last_online_at_ms: enrolment.last_online_at.ms(),
    }
}

async fn page_after(shared: &Shared, caller: &PhoneCaller) -> Reply<Json<DevicePage>> {
    let known = shared.security.living_devices(caller.device.customer()).await?;
    let devices = known.iter().map(|known| device_view(known, caller.device.id())).collect();
    Ok(Json(DevicePage { devices, devices_max: shared.security.policy().devices_max }))
}

/// Gives one of the customer's devices a name.
#[utoipa::path(put, path = "/v1/devices/{id}/name", tag = "phone", security(("phone_signature" = [])),
    params(("id" = String, Path)), request_body = DeviceNameRequest,
    responses((status = 200, body = DevicePage), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub(crate) async fn rename_device(
    State(shared): State<Shared>,
    InPath(id): InPath<EnrolmentId>,
    caller: PhoneCaller,
) -> Reply<Json<DevicePage>> {
    let asked: DeviceNameRequest = parse_json(&caller.body)?;
    shared.security.rename(&caller.device, id, &asked.name, shared.now()).await?;
    page_after(&shared, &caller).await
}

/// Locks one of the customer's devices. Only an operator unlocks it.
#[utoipa::path(post, path = "/v1/devices/{id}/lock", tag = "phone", security(("phone_signature" = [])),
    params(("id" = String, Path)),
    responses((status = 200, body = DevicePage), (status = 401, body = Problem), (status = 404, body = Problem),
        (status = 409, body = Problem)))]
pub(crate) async fn lock_device(
    State(shared): State<Shared>,
    InPath(id): InPath<EnrolmentId>,
    caller: PhoneCaller,
) -> Reply<Json<DevicePage>> {
    shared.security.lock_other(&caller.device, id, shared.now()).await?;
    page_after(&shared, &caller).await
}

/// Revokes one of the customer's devices for good, by the asking phone's PIN. The last one goes only if `last` says so.
#[utoipa::path(post, path = "/v1/devices/{id}/revoke", tag = "phone", security(("phone_signature" = [])),
    params(("id" = String, Path)), request_body = RevokeRequest,
    responses((status = 200, body = DevicePage), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 404, body = Problem), (status = 409, body = Problem)))]
pub(crate) async fn revoke_device(
    State(shared): State<Shared>,
    InPath(id): InPath<EnrolmentId>,
    caller: PhoneCaller,
) -> Reply<Json<DevicePage>> {
    let asked: RevokeRequest = parse_json(&caller.body)?;
    let proof = proof(asked.pin_proof)?;
    let reason = if asked.lost { RevocationReason::Lost } else { RevocationReason::Retired };
    let now = shared.now();
    shared.security.revoke_by_device(&caller.device, id, reason, &proof, asked.last, now).await?;
    page_after(&shared, &caller).await
}

fn proof(value: serde_json::Value) -> Reply<PinProof> {
    serde_json::from_value(value)
        .map_err(|_| malformed("The PIN's proof is not as spec/device-life.md says."))
}

/// Renews this phone's certificate, if less than a quarter of its time is left; the present one is told either way.
#[utoipa::path(post, path = "/v1/enrolment/certificate", tag = "phone", security(("phone_signature" = [])),
    request_body = CertificateRequest,
    responses((status = 200, body = CertificateView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 409, body = Problem)))]
pub(crate) async fn renew_certificate(
    State(shared): State<Shared>,
    caller: PhoneCaller,
) -> Reply<Json<CertificateView>> {
    let asked: CertificateRequest = parse_json(&caller.body)?;
    let request = BASE64URL_NOPAD
        .decode(asked.certificate_request.as_bytes())
        .map_err(|_| malformed("The certificate request is base64url without padding."))?;
    let now = shared.now();
    let enrolment =
        shared.security.renew_certificate(&caller.device, &request, now, &mut SystemRandom).await?;
    let certificate = BASE64URL_NOPAD.encode(&enrolment.certificate);
    Ok(Json(CertificateView { certificate, enrolment: view(&shared, &enrolment).await? }))
}

/// Sets this phone's PIN anew, by a code that the customer got out of band (`spec/device-life.md`). The same request again
/// is answered as done.
#[utoipa::path(post, path = "/v1/enrolment/pin-reset", tag = "phone", security(("phone_signature" = [])),
    request_body = Object,
    responses((status = 200, body = EnrolmentView), (status = 400, body = Problem), (status = 401, body = Problem),
        (status = 403, body = Problem), (status = 409, body = Problem), (status = 429, body = Problem)))]
pub(crate) async fn reset_pin(
    State(shared): State<Shared>,
    caller: PhoneCaller,
) -> Reply<Json<EnrolmentView>> {
    let now = shared.now();
    let enrolment = shared.security.reset_pin(&caller.device, &caller.body, now, &mut SystemRandom).await?;
    view(&shared, &enrolment).await.map(Json)
}

/// A code for the phone that takes this one's place, by this phone's PIN. Whoever activates with it revokes this phone.
#[utoipa::path(post, path = "/v1/enrolment/move", tag = "phone", security(("phone_signature" = [])),
    request_body = MoveRequest,
    responses((status = 201, body = ActivationCodeView), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 409, body = Problem)))]
pub(crate) async fn begin_move(
    State(shared): State<Shared>,
    caller: PhoneCaller,
) -> Reply<(StatusCode, Json<ActivationCodeView>)> {
    let asked: MoveRequest = parse_json(&caller.body)?;
    let proof = proof(asked.pin_proof)?;
    let issued = shared.security.begin_move(&caller.device, &proof, shared.now(), &mut SystemRandom).await?;
    let view = ActivationCodeView {
        activation_code: issued.code.to_grouped().to_string(),
        expires_at_ms: issued.expires_at.ms(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Which notices.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoticesQuery {
    /// Those after this sequence; 0 for all that are kept.
    #[serde(default)]
    after: u32,
}

/// What became of the customer's devices, sealed to this phone.
#[utoipa::path(get, path = "/v1/notices", tag = "phone", security(("phone_signature" = [])),
    params(NoticesQuery), responses((status = 200, body = NoticePage), (status = 401, body = Problem)))]
pub(crate) async fn notices(
    State(shared): State<Shared>,
    InQuery(query): InQuery<NoticesQuery>,
    caller: PhoneCaller,
) -> Reply<Json<NoticePage>> {
    let customer = caller.device.customer();
    let known = shared.store.devices(customer).await?;
    let since = known.and_then(|devices| Some(devices.get(caller.device.id())?.notices_after)).unwrap_or(0);
    let rows = shared.store.notices(customer, Page::after(query.after.max(since), LIST_MAX)).await?;
    let recipient = x25519::PublicKey(caller.device.enrolment().confirmation_key);
    let notices = rows.iter().map(|row| seal(&shared, row, &recipient)).collect::<Reply<_>>()?;
    Ok(Json(NoticePage { notices, has_more: rows.len() == LIST_MAX }))
}

fn seal(shared: &Shared, row: &NoticeRow, recipient: &x25519::PublicKey) -> Reply<NoticeView> {
    let told = &row.notice;
    let name = ShortText::new(&told.device_name).ok();
    let notice = Notice::new(row.sequence, told.kind, told.about, name, told.by, told.at);
    let (key_id, signer) = shared.keys.confirmation_signer();
    let sealed = notice
        .seal(recipient, &*signer, key_id, shared.keys.realm(), &mut SystemRandom)
        .map_err(Fail::ours)?;
    Ok(NoticeView { sequence: row.sequence, sealed: BASE64URL_NOPAD.encode(sealed.as_bytes()) })
}

/// How device certificates stand, signed: for banks. Whoever knows a serial number may ask; nothing personal is told.
#[utoipa::path(post, path = "/v1/certificates/status", tag = "provider", request_body = CertificateStatusRequest,
    responses((status = 200, body = Object), (status = 400, body = Problem), (status = 429, body = Problem)))]
pub(crate) async fn certificate_status(
    State(shared): State<Shared>,
    source: Source,
    Body(asked): Body<CertificateStatusRequest>,
) -> Reply<Json<SignedCertificateStatuses>> {
    let serial = |text: &String| HEXLOWER.decode(text.as_bytes()).ok()?.try_into().ok();
    let serials: Option<Vec<[u8; 16]>> = asked.serials.iter().map(serial).collect();
    let serials = serials.ok_or_else(|| malformed("A serial number is 32 lower-case hex digits."))?;
    let nonce = asked.nonce.map(|text| {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok();
        let nonce: Option<[u8; 16]> = bytes.and_then(|bytes| bytes.try_into().ok());
        nonce.ok_or_else(|| malformed("The nonce is 16 bytes, base64url without padding."))
    });
    let source = source.0.to_string();
    let now = shared.now();
    let said = shared.security.certificate_statuses(&serials, nonce.transpose()?, &source, now).await?;
    Ok(Json(said))
}
