//! Device certificates: what is in them, how they are renewed, what a bank is told of them.

use crate::support::{Answer, Phone, Setup, World, parse, start};
use api::device::CertificateView;
use crypto::x509::{self, Certificate, Purpose};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use http::Method;
use model::Clock;
use protocol::certificate_status::{CertificateState, CertificateStatus, SignedCertificateStatuses};
use security::{KeyStore, Policy, Rate};
use serde_json::json;

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;
const NONCE: [u8; 16] = [7; 16];

/// Certificates live for eight days, so that the last quarter is two.
async fn short_lived() -> World {
    let policy = Policy { certificate_days: 8, ..Setup::default().policy };
    World::with(Setup { policy, ..Setup::default() }).await
}

async fn renew_with(world: &World, phone: &Phone, request: &[u8]) -> Answer {
    let body = json!({ "certificate_request": BASE64URL_NOPAD.encode(request) });
    phone.ask(world, Method::POST, "/v1/enrolment/certificate", Some(body)).await
}

async fn renew(world: &World, phone: &Phone) -> Answer {
    let request = x509::make_request(&phone.device_key, "phone").unwrap();
    renew_with(world, phone, &request).await
}

fn certificate(answer: &Answer) -> Certificate {
    let view: CertificateView = parse(&answer.is(200));
    Certificate::read(&BASE64URL_NOPAD.decode(view.certificate.as_bytes()).unwrap()).unwrap()
}

async fn ask_status(world: &World, serials: &[[u8; 16]]) -> Answer {
    let serials: Vec<String> = serials.iter().map(|serial| HEXLOWER.encode(serial)).collect();
    let body = json!({ "serials": serials, "nonce": BASE64URL_NOPAD.encode(&NONCE) });
    let request = world
        .request(Method::POST, "/v1/certificates/status")
        .header("content-type", "application/json")
        .body(body.to_string().into());
    world.send(request.unwrap()).await
}

async fn status(world: &World, serial: [u8; 16]) -> CertificateStatus {
    let answer = ask_status(world, &[serial]).await;
    assert_eq!(answer.status, 200);
    let said = SignedCertificateStatuses::parse(&answer.body).unwrap();
    let (key, realm) = (world.keys.statement_public_key(), world.keys.realm());
    let said = said.verify(&key, realm, Some(NONCE), world.clock.now()).unwrap();
    said.certificates.into_iter().next().unwrap()
}

async fn serial_of(world: &World, phone: &Phone) -> [u8; 16] {
    *Certificate::read(&world.enrolment(phone.enrolment).await.certificate).unwrap().serial()
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_a_certificate_is_about_a_person() {
    let world = World::new().await;
    let phone = world.paying_phone().await;
    let der = world.enrolment(phone.enrolment).await.certificate;
    let read = Certificate::read(&der).unwrap();
    assert_eq!(read.subject_cn(), phone.enrolment.to_string());
    assert_eq!(read.public_key(), phone.device_key.verifying_key());
    assert!(read.allows(Purpose::Device) && !read.is_ca());
    // Its issuer is the authority, by the name that all certificates share.
    let now_s = u64::try_from(world.clock.now().s()).unwrap();
    read.verify_issued_by(&world.keys.device_ca().certificate, now_s).unwrap();
    let text = String::from_utf8_lossy(&der);
    for personal in ["Ada", "linux", "test", "example.wallet", "CH.. 42", "bank"] {
        assert!(!text.contains(personal), "{personal:?} is in the certificate");
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_renewed_in_its_last_quarter_once_however_often_that_is_asked() {
    let world = short_lived().await;
    let phone = world.paying_phone().await;
    let first = certificate(&renew(&world, &phone).await);
    assert_eq!(first.serial(), &serial_of(&world, &phone).await, "too early: the present one is the answer");
    world.clock.advance_s(6 * DAY_S);
    assert_eq!(certificate(&renew(&world, &phone).await).serial(), first.serial(), "still too early");
    world.clock.advance_s(HOUR_S);
    let second = certificate(&renew(&world, &phone).await);
    assert_ne!(second.serial(), first.serial());
    assert_eq!(second.public_key(), phone.device_key.verifying_key());
    assert!(second.not_after_s() > first.not_after_s());
    let now_s = u64::try_from(world.clock.now().s()).unwrap();
    second.verify_issued_by(&world.keys.device_ca().certificate, now_s).unwrap();
    // The answer was lost: the same is given again, and nothing more is issued.
    let version = world.enrolment(phone.enrolment).await.version;
    assert_eq!(certificate(&renew(&world, &phone).await).serial(), second.serial());
    assert_eq!(world.enrolment(phone.enrolment).await.version, version);
    assert!(world.audit_actions().await.contains(&"certificate.renewed".to_owned()));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_ended_is_renewed_for_a_while_and_pays_again() {
    let world = short_lived().await;
    let phone = world.paying_phone().await;
    let till = world.till(&[7]).await;
    world.clock.advance_s(8 * DAY_S + HOUR_S);
    phone.status(&world).await;
    till.begin("ended", &phone.code(&world, 1)).await.is_declined("open_app_online");
    let view = phone.status(&world).await;
    assert!(view.certificate_not_after_ms < view.server_time_ms);
    assert!(view.server_time_ms < view.certificate_renewable_until_ms);
    renew(&world, &phone).await.is(200);
    till.authorised("renewed", &phone.code(&world, 2)).await;
    // A second one lets its time pass.
    let late = world.paying_phone().await;
    world.clock.advance_s(39 * DAY_S);
    renew(&world, &late).await.is_problem(409, "wrong-state");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_s_request_renews_nothing_and_a_locked_phone_s_neither() {
    let world = short_lived().await;
    let (phone, other) = (world.phone().await, world.phone().await);
    world.clock.advance_s(7 * DAY_S);
    let serial = serial_of(&world, &phone).await;
    let strange = x509::make_request(&other.device_key, "phone").unwrap();
    renew_with(&world, &phone, &strange).await.is_problem(400, "malformed-request");
    let online = x509::make_request(&phone.online_key, "phone").unwrap();
    renew_with(&world, &phone, &online).await.is_problem(400, "malformed-request");
    let mut changed = x509::make_request(&phone.device_key, "phone").unwrap();
    *changed.last_mut().unwrap() ^= 1;
    renew_with(&world, &phone, &changed).await.is_problem(400, "malformed-request");
    renew_with(&world, &phone, &[]).await.is_problem(400, "malformed-request");
    let path = format!("/v1/admin/enrolments/{}/lock", phone.enrolment);
    world.operator(Method::POST, &path, None).await.is(200);
    renew(&world, &phone).await.is_problem(409, "wrong-state");
    assert_eq!(serial_of(&world, &phone).await, serial);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bank_is_told_how_each_stands() {
    let world = short_lived().await;
    let phone = world.phone().await;
    let serial = serial_of(&world, &phone).await;
    let good = status(&world, serial).await;
    assert_eq!((good.state, good.since_ms, good.reason), (CertificateState::Good, None, None));
    let at = |verb: &str| format!("/v1/admin/enrolments/{}/{verb}", phone.enrolment);
    world.operator(Method::POST, &at("lock"), None).await.is(200);
    let held = status(&world, serial).await;
    assert_eq!((held.state, held.since_ms), (CertificateState::OnHold, Some(start())));
    world.operator(Method::POST, &at("unlock"), None).await.is(200);
    assert_eq!(status(&world, serial).await.state, CertificateState::Good);
    world.clock.advance_s(8 * DAY_S + HOUR_S);
    assert_eq!(status(&world, serial).await.state, CertificateState::Expired);
    renew(&world, &phone).await.is(200);
    assert_eq!(status(&world, serial).await.state, CertificateState::Expired, "the one before stays known");
    assert_eq!(status(&world, serial_of(&world, &phone).await).await.state, CertificateState::Good);
    world.operator(Method::POST, &at("revoke"), Some(json!({"reason": "key_compromise"}))).await.is(200);
    let revoked = status(&world, serial).await;
    assert_eq!(
        (revoked.state, revoked.reason.as_deref()),
        (CertificateState::Revoked, Some("key_compromise"))
    );
    assert_eq!(status(&world, [9; 16]).await.state, CertificateState::Unknown);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_of_another_form_or_too_many_are_refused() {
    let rate = Rate { burst: 5, refill_ms: 60_000 };
    let policy = Policy { certificate_status_rate: rate, ..Setup::default().policy };
    let world = World::with(Setup { policy, ..Setup::default() }).await;
    ask_status(&world, &[]).await.is_problem(409, "wrong-state");
    ask_status(&world, &[[1; 16]; 33]).await.is_problem(409, "wrong-state");
    for body in [json!({}), json!({"serials": ["00"]}), json!({"serials": ["0".repeat(32)], "nonce": "AA"})] {
        let request = world
            .request(Method::POST, "/v1/certificates/status")
            .header("content-type", "application/json")
            .body(body.to_string().into());
        world.send(request.unwrap()).await.is_problem(400, "malformed-request");
    }
    for _ in 0..3 {
        assert_eq!(ask_status(&world, &[[1; 16]; 32]).await.status, 200);
    }
    ask_status(&world, &[[1; 16]]).await.is_problem(429, "too-many-requests");
    world.end().await;
}
