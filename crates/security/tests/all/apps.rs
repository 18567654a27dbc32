//! The registry of apps: what a server's copy of it knows, and when; what is heard of a phone's app.

use crate::support::*;
use model::Timestamp;
use protocol::verdict::Verdict;
use records::{CustomerTexts, VersionState};
use security::{AppChange, AppState, PhoneTold, Policy, Security, SecurityError};

const APP: &str = "linux:example.wallet";

async fn change(security: &Security, change: AppChange, now: Timestamp) -> records::App {
    security.change_app(&APP.parse().unwrap(), change, "ada", now).await.unwrap()
}

fn put() -> AppChange {
    AppChange::Put {
        name: "Wallet".to_owned(),
        signers: Vec::new(),
        only_known: false,
        digests_required: false,
    }
}

fn version(version: &str, state: VersionState) -> AppChange {
    AppChange::Version { version: version.parse().unwrap(), number: None, digests: None, state }
}

fn block(now: Timestamp) -> AppChange {
    version("1", VersionState::Blocked { reason: "leaks".to_owned(), since: now })
}

#[tokio::test]
async fn what_one_server_is_told_the_others_know_within_two_seconds() {
    let world = World::new();
    let phone = world.paying_phone().await;
    let other = Security::new(world.store.clone(), world.keys.clone(), Policy::default()).unwrap();
    let enrolment = world.enrolment(&phone).await;
    let is_blocked = async |security: &Security, now| {
        let standing = security.app_standing(&enrolment, now).await.unwrap();
        standing.is_some_and(|standing| matches!(standing.state, AppState::Blocked(_)))
    };
    let now = start();
    change(&other, put(), now).await;
    for security in [&*world.security, &other] {
        assert!(!is_blocked(security, now).await);
    }
    change(&other, block(now), now).await;
    assert!(is_blocked(&other, now).await, "the server that was told goes by its old copy");
    assert!(is_blocked(&world.security, now.plus_ms(2_000)).await, "the other one did not look again");
    // A clock that was set back does not keep an old copy for ever.
    change(&other, version("1", VersionState::Full), now).await;
    assert!(!is_blocked(&world.security, now.plus_ms(-1)).await);
}

#[tokio::test]
async fn a_payment_is_judged_by_what_the_phone_last_said() {
    let world = World::new();
    let phone = world.paying_phone().await;
    change(&world.security, put(), start()).await;
    change(&world.security, block(start()), start()).await;
    let present = async |counter, now| world.verdict(&phone.code(counter, now), &order(), now).await;
    assert_eq!(present(1, start()).await, Verdict::AppBlocked);
    let later = start().plus_s(10);
    let device = world.online(&phone, later).await.unwrap();
    let refused = world.security.refuse_blocked_app(&device, later).await;
    assert!(matches!(refused, Err(SecurityError::AppRefused(_))));
    let told = PhoneTold { app_version: Some("2.0"), ..PhoneTold::default() };
    let device = world.security.learn(&device, &told, later).await.unwrap();
    assert!(world.security.refuse_blocked_app(&device, later).await.is_ok());
    assert_eq!(present(2, later).await, Verdict::Ok);
    // Told again it is no news, and nothing is written.
    let before = world.enrolment(&phone).await.version;
    world.security.learn(&device, &told, later).await.unwrap();
    assert_eq!(world.enrolment(&phone).await.version, before);
}

#[tokio::test]
async fn as_many_apps_and_versions_are_kept_as_fit() {
    let world = World::new();
    for n in 0..64 {
        let id = format!("android:app{n}").parse().unwrap();
        world.security.change_app(&id, put(), "ada", start()).await.unwrap();
    }
    let one_more = world.security.change_app(&APP.parse().unwrap(), put(), "ada", start()).await;
    assert!(matches!(one_more, Err(SecurityError::BadApp(_))));
    let id = "android:app0".parse().unwrap();
    for n in 1..=200 {
        let wanted = version(&format!("1.{n}"), VersionState::Full);
        world.security.change_app(&id, wanted, "ada", start()).await.unwrap();
    }
    let one_more = version("2.0", VersionState::Full);
    let refused = world.security.change_app(&id, one_more, "ada", start()).await;
    assert!(matches!(refused, Err(SecurityError::BadApp(_))));
    let same = version("1.7", VersionState::Rollout { percent: 1 });
    let app = world.security.change_app(&id, same, "ada", start()).await.unwrap();
    assert_eq!(app.versions.len(), 200);
    assert!(app.versions.windows(2).all(|pair| pair[0].version < pair[1].version));
    let message = AppChange::Message(CustomerTexts::default());
    assert!(world.security.change_app(&id, message, "ada", start()).await.is_ok());
}
