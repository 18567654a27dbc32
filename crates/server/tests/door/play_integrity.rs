//! What Google says of app and device when a phone is activated, alone and beside its key's attestation.

use crate::attestation::{attesters, challenge, list, said};
use crate::support::{Answer, Pending, Setup, World, start};
use ::attestation::play_integrity::{Device, Expectations, Keys};
use data_encoding::BASE64URL_NOPAD;
use fixtures::attestation::android::{Description, root_of_trust};
use fixtures::attestation::key;
use fixtures::attestation::play_integrity::{PACKAGE, SIGNER, Token};
use protocol::activation::{Challenge, derive_app_attestation_hash};
use protocol::activation_request::{Attestation, IntegrityToken};
use records::{Enrolment, Page, Queries, TrustLevel};
use security::{Attesters, KeyStore, PlayApp};
use serde_json::json;

fn play_app(needed: bool) -> PlayApp {
    PlayApp {
        keys: Keys::from_console(&Token::console_decryption_key(), &Token::console_verification_key())
            .unwrap(),
        expected: Expectations {
            package: PACKAGE.to_owned(),
            signers: vec![SIGNER],
            age_s_max: 300,
            device_min: Device::Genuine,
            is_licence_needed: true,
        },
        needed,
    }
}

async fn world(needed: bool, required: bool) -> World {
    let attesters = Attesters { play_integrity: vec![play_app(needed)], required, ..attesters(list("")) };
    World::with(Setup { attesters: Some(attesters), ..Setup::default() }).await
}

/// Google's word for a challenge of ours and the key that the generator attests.
fn token(world: &World, challenge: &Challenge, change: impl FnOnce(&mut Token)) -> IntegrityToken {
    let nonce = derive_app_attestation_hash(world.keys.realm(), challenge, key(1).verifying_key());
    let mut token = Token::default();
    token.verdict["requestDetails"]["nonce"] = json!(BASE64URL_NOPAD.encode(&nonce));
    token.verdict["requestDetails"]["timestampMillis"] = json!(start().ms().to_string());
    change(&mut token);
    IntegrityToken::new(token.make()).unwrap()
}

fn not_vouched_for(token: &mut Token) {
    token.verdict["deviceIntegrity"] = json!({});
    token.verdict["appIntegrity"] = json!({"appRecognitionVerdict": "UNEVALUATED"});
}

fn forged(token: &mut Token) {
    token.signer = key(99);
}

/// The key's attestation, and Google's word beside it.
fn with_token(attestation: Attestation, token: IntegrityToken) -> Attestation {
    match attestation {
        Attestation::AndroidKey { chain, .. } => {
            Attestation::AndroidKey { chain, integrity_token: Some(token) }
        }
        other => other,
    }
}

async fn activate_as(world: &World, app_id: &str, challenge: Challenge, attestation: Attestation) -> Answer {
    let code = world.activation_code(world.customer().await).await;
    let app = ["android", app_id, "1"];
    Pending::of_app(world, &code, challenge, key(1), attestation, app).send(world).await
}

async fn activate(world: &World, challenge: Challenge, attestation: Attestation) -> Answer {
    activate_as(world, PACKAGE, challenge, attestation).await
}

async fn enrolments(world: &World) -> Vec<Enrolment> {
    world.store.enrolments(Page::first(9)).await.unwrap()
}

/// What the audit trail says of the only phone, behind its level.
async fn why(world: &World) -> String {
    let audit = world.store.audit(Page::first(99)).await.unwrap();
    let told = audit.into_iter().find(|row| row.entry.action == "enrolment.activated").unwrap();
    told.entry.detail
}

#[tokio::test(flavor = "multi_thread")]
async fn google_s_word_alone_is_worth_no_more_than_software_and_counts_for_one_challenge_and_key() {
    let world = world(false, false).await;
    let (recorded, other) = (challenge(&world).await, challenge(&world).await);
    let replayed = Attestation::PlayIntegrity { integrity_token: token(&world, &recorded, |_| {}) };
    activate(&world, other, replayed.clone()).await.is_problem(403, "activation-refused");
    let code = world.activation_code(world.customer().await).await;
    let app = ["android", PACKAGE, "1"];
    let of = challenge(&world).await;
    let of_other_key = Attestation::PlayIntegrity { integrity_token: token(&world, &of, |_| {}) };
    let stranger = Pending::of_app(&world, &code, of, key(2), of_other_key, app);
    stranger.send(&world).await.is_problem(403, "activation-refused");
    assert!(enrolments(&world).await.is_empty());

    activate(&world, recorded, replayed).await.is(200);
    assert_eq!(enrolments(&world).await[0].level, TrustLevel::Software);
    assert!(why(&world).await.ends_with("attested: Software"), "{}", why(&world).await);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repackaged_app_and_a_token_that_is_not_google_s_are_refused() {
    let world = world(false, false).await;
    let unknown = |token: &mut Token| {
        token.verdict["appIntegrity"]["appRecognitionVerdict"] = json!("UNRECOGNIZED_VERSION");
    };
    let resigned = |token: &mut Token| {
        token.verdict["appIntegrity"]["certificateSha256Digest"] = json!([BASE64URL_NOPAD.encode(&[9; 32])]);
    };
    let old = |token: &mut Token| {
        token.verdict["requestDetails"]["timestampMillis"] = json!((start().ms() - 301_000).to_string());
    };
    let tricks: [&dyn Fn(&mut Token); 4] = [&unknown, &resigned, &old, &forged];
    for trick in tricks {
        for beside_a_key in [false, true] {
            let of = challenge(&world).await;
            let token = token(&world, &of, trick);
            let attestation = match beside_a_key {
                true => with_token(said(&world, &of, |_| {}), token),
                false => Attestation::PlayIntegrity { integrity_token: token },
            };
            activate(&world, of, attestation).await.is_problem(403, "activation-refused");
        }
    }
    // Nor does it help to prove less with the key: then only the token is a lie.
    let of = challenge(&world).await;
    let unlocked = said(&world, &of, |description| {
        Description::set(&mut description.hardware, 704, root_of_trust(false, 1));
    });
    let attestation = with_token(unlocked, token(&world, &of, forged));
    activate(&world, of, attestation).await.is_problem(403, "activation-refused");
    assert!(enrolments(&world).await.is_empty());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_needed_hardware_alone_is_not_enough_whatever_the_phone_calls_its_app() {
    for app_id in [PACKAGE, "example.other"] {
        let world = world(true, false).await;
        let of = challenge(&world).await;
        activate_as(&world, app_id, of, said(&world, &of, |_| {})).await.is(200);
        assert_eq!(enrolments(&world).await[0].level, TrustLevel::Software);
        assert!(why(&world).await.contains("sent no integrity token"), "{}", why(&world).await);
        world.end().await;
    }
    let world = world(true, false).await;
    let of = challenge(&world).await;
    let both = with_token(said(&world, &of, |_| {}), token(&world, &of, |_| {}));
    activate(&world, of, both).await.is(200);
    assert_eq!(enrolments(&world).await[0].level, TrustLevel::Hardware);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_google_does_not_vouch_for_is_enrolled_with_less_trust_or_not_at_all() {
    for required in [false, true] {
        let world = world(false, required).await;
        let of = challenge(&world).await;
        let attestation = with_token(said(&world, &of, |_| {}), token(&world, &of, not_vouched_for));
        let answer = activate(&world, of, attestation).await;
        if required {
            answer.is_problem(403, "activation-refused");
            let of = challenge(&world).await;
            let alone = Attestation::PlayIntegrity { integrity_token: token(&world, &of, |_| {}) };
            activate(&world, of, alone).await.is_problem(403, "activation-refused");
            assert!(enrolments(&world).await.is_empty());
        } else {
            answer.is(200);
            assert_eq!(enrolments(&world).await[0].level, TrustLevel::Software);
        }
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_ask_google_takes_no_notice_of_a_token() {
    let world = World::with(Setup { attesters: Some(attesters(list(""))), ..Setup::default() }).await;
    let of = challenge(&world).await;
    let attestation = with_token(said(&world, &of, |_| {}), token(&world, &of, forged));
    activate(&world, of, attestation).await.is(200);
    assert_eq!(enrolments(&world).await[0].level, TrustLevel::Hardware);
    world.end().await;
}
