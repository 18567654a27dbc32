//! Activation against the real store and key store.

use std::sync::Arc;

use crate::support::*;
use crypto::{SystemRandom, x509};
use protocol::{
    activation::Challenge, error::ProtocolError, evidence::Evidence, short_text::ShortText, verdict::Verdict,
};
use records::{Actor, EnrolmentStatus, Page, Queries, TrustLevel};
use security::{ActivationRefusal, SecurityError};

async fn activate(world: &World, asked: &Asked, at_s: i64) -> Result<Vec<u8>, SecurityError> {
    let now = start().plus_s(at_s);
    world.security.activate(&asked.pending.request, "test", now, &mut SystemRandom).await
}

#[tokio::test]
async fn a_phone_is_enrolled_with_a_certificate_of_ours_and_can_make_codes() {
    let world = World::new();
    let customer = world.customer().await;
    let asked = world.ask(customer).await;
    let reply = activate(&world, &asked, 0).await.unwrap();
    let activated = asked.open(&reply, &world);
    assert_eq!(activated.reply.customer_name, Some(ShortText::new("Ada").unwrap()));
    let certificate = x509::Certificate::read(activated.reply.certificate.as_bytes()).unwrap();
    let ca = x509::Certificate::read(activated.key_bundle.device_ca.as_bytes()).unwrap();
    let now_s = u64::try_from(start().s()).unwrap();
    certificate.verify_issued_by(&ca, now_s).unwrap();
    ca.verify_issued_by(&world.keys.root_certificate(), now_s).unwrap();
    let phone = asked.activated(&reply, &world);
    let enrolment = world.enrolment(&phone).await;
    assert_eq!((enrolment.customer, enrolment.level), (customer, TrustLevel::Software));
    assert_eq!(enrolment.status, EnrolmentStatus::Active);
    assert!(!enrolment.pin.wrapped_key.is_empty());
    assert_eq!(world.verdict(&phone.code(1, start()), &order(), start()).await, Verdict::MethodUnknown);
}

#[tokio::test]
async fn the_same_bytes_get_the_same_reply_whenever_they_come() {
    let world = World::new();
    let asked = world.ask(world.customer().await).await;
    let reply = activate(&world, &asked, 0).await.unwrap();
    for later_s in [1, 400, 90_000, 90_000] {
        assert_eq!(activate(&world, &asked, later_s).await.unwrap(), reply);
    }
    assert_eq!(world.store.enrolments(Page::first(10)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn codes_that_are_unknown_used_or_expired_are_refused_alike() {
    let world = World::new();
    let customer = world.customer().await;
    let issue = async || {
        world.security.issue_activation_code(customer, Actor::Server, start(), &mut SystemRandom).await
    };
    let challenge =
        |at_s: i64| world.security.make_challenge("test", start().plus_s(at_s), &mut SystemRandom).unwrap().0;
    let refused = |result: Result<Vec<u8>, SecurityError>| match result {
        Err(SecurityError::ActivationRefused(why)) => why,
        other => panic!("{other:?}"),
    };

    let unknown = Asked::new("0000-0000-0000", challenge(0), &world, |_| {});
    assert_eq!(refused(activate(&world, &unknown, 0).await), ActivationRefusal::UnknownCode);

    let code = Box::pin(issue()).await.unwrap().code.to_grouped();
    activate(&world, &Asked::new(&code, challenge(0), &world, |_| {}), 0).await.unwrap();
    let second = Asked::new(&code, challenge(0), &world, |_| {});
    assert_eq!(refused(activate(&world, &second, 0).await), ActivationRefusal::UsedCode);

    let code = Box::pin(issue()).await.unwrap().code.to_grouped();
    let late = Asked::new(&code, challenge(86_400), &world, |_| {});
    assert_eq!(refused(activate(&world, &late, 86_400).await), ActivationRefusal::ExpiredCode);
    let bad = Asked::new(&code, challenge(0), &world, |asked| asked.evidence |= Evidence::TAMPERED_APP);
    assert_eq!(refused(activate(&world, &bad, 0).await), ActivationRefusal::Evidence);

    let words = |why| SecurityError::ActivationRefused(why).to_string();
    assert_eq!(words(ActivationRefusal::UnknownCode), words(ActivationRefusal::UsedCode));
    assert_eq!(world.store.enrolments(Page::first(10)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn challenges_are_ours_fresh_and_for_one_request() {
    let world = World::new();
    let customer = world.customer().await;
    let issued = world
        .security
        .issue_activation_code(customer, Actor::Server, start(), &mut SystemRandom)
        .await
        .unwrap();
    let code = issued.code.to_grouped();
    let (challenge, expires_at) = world.security.make_challenge("test", start(), &mut SystemRandom).unwrap();
    assert_eq!(expires_at, start().plus_s(300));
    let asked = Asked::new(&code, challenge, &world, |_| {});
    assert_eq!(activate(&world, &asked, 300).await, Err(SecurityError::ChallengeExpired));

    let foreign = Asked::new(&code, Challenge::make(&mut SystemRandom), &world, |_| {});
    assert_eq!(activate(&world, &foreign, 0).await, Err(SecurityError::ChallengeExpired));
    let mut bytes = *challenge.as_bytes();
    bytes[7] ^= 1;
    let altered = Asked::new(&code, Challenge::from_bytes(bytes), &world, |_| {});
    assert_eq!(activate(&world, &altered, 0).await, Err(SecurityError::ChallengeExpired));

    activate(&world, &asked, 0).await.unwrap();
    let other = world
        .security
        .issue_activation_code(customer, Actor::Server, start(), &mut SystemRandom)
        .await
        .unwrap();
    let again = Asked::new(&other.code.to_grouped(), challenge, &world, |_| {});
    assert_eq!(activate(&world, &again, 1).await, Err(SecurityError::ChallengeExpired));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_phones_with_one_code_one_is_enrolled() {
    let world = Arc::new(World::new());
    let customer = world.customer().await;
    let issued = world
        .security
        .issue_activation_code(customer, Actor::Server, start(), &mut SystemRandom)
        .await
        .unwrap();
    let code = issued.code.to_grouped();
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let source = number.to_string();
            let (challenge, _) = world.security.make_challenge(&source, start(), &mut SystemRandom).unwrap();
            let asked = Asked::new(&code, challenge, &world, |_| {});
            let world = world.clone();
            tokio::spawn(async move {
                world.security.activate(&asked.pending.request, &source, start(), &mut SystemRandom).await
            })
        })
        .collect();
    let mut enrolled = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => enrolled += 1,
            Err(error) => {
                assert_eq!(error, SecurityError::ActivationRefused(ActivationRefusal::UsedCode));
            }
        }
    }
    assert_eq!(enrolled, 1);
    assert_eq!(world.store.enrolments(Page::first(10)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn one_source_and_one_code_can_be_tried_only_so_often() {
    let world = World::new();
    let asked = Asked::new("0000-0000-0000", Challenge::make(&mut SystemRandom), &world, |_| {});
    let try_from = async |source: &str| {
        world.security.activate(&asked.pending.request, source, start(), &mut SystemRandom).await
    };
    let unknown = Err(SecurityError::ActivationRefused(ActivationRefusal::UnknownCode));
    for number in 0..10 {
        assert_eq!(try_from(&format!("address {number}")).await, unknown);
    }
    // The code is tried out, wherever from; another code is not.
    assert_eq!(try_from("another address").await, Err(SecurityError::TooManyRequests));
    let other = Asked::new("1111-1111-1111", Challenge::make(&mut SystemRandom), &world, |_| {});
    let request = &other.pending.request;
    assert_eq!(world.security.activate(request, "b", start(), &mut SystemRandom).await, unknown);
    for _ in 0..20 {
        world.security.make_challenge("greedy", start(), &mut SystemRandom).unwrap();
    }
    let denied = world.security.make_challenge("greedy", start(), &mut SystemRandom);
    assert_eq!(denied, Err(SecurityError::TooManyRequests));
}

#[tokio::test]
async fn a_browser_is_trusted_less_whatever_else_it_says() {
    let world = World::new();
    let issued = world
        .security
        .issue_activation_code(world.customer().await, Actor::Server, start(), &mut SystemRandom)
        .await
        .unwrap();
    let (challenge, _) = world.security.make_challenge("test", start(), &mut SystemRandom).unwrap();
    let asked = Asked::new(&issued.code.to_grouped(), challenge, &world, |asked| {
        asked.platform.os = ShortText::new("web").unwrap();
        // A clock that is wildly wrong is followed only so far.
        asked.device_time_s = 0;
    });
    let reply = activate(&world, &asked, 0).await.unwrap();
    let phone = asked.activated(&reply, &world);
    let enrolment = world.enrolment(&phone).await;
    assert_eq!(enrolment.level, TrustLevel::Browser);
    assert_eq!(enrolment.clock_offset_ms, -86_400_000);
}

#[tokio::test]
async fn garbage_is_refused_and_counts_against_nobody() {
    let world = World::new();
    let asked = world.ask(world.customer().await).await;
    let send = async |bytes: &[u8], source: &str| {
        world.security.activate(bytes, source, start(), &mut SystemRandom).await
    };
    assert!(matches!(send(b"", "a").await, Err(SecurityError::Request(ProtocolError::Malformed(_)))));
    let mut changed = asked.pending.request.clone();
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
    assert!(matches!(send(&changed, "a").await, Err(SecurityError::Request(_))));
    send(&asked.pending.request, "b").await.unwrap();
    let unknown = model::CustomerId::from_u128(1);
    let issued =
        world.security.issue_activation_code(unknown, Actor::Server, start(), &mut SystemRandom).await;
    assert_eq!(issued.unwrap_err(), SecurityError::NotFound("customer"));
}
