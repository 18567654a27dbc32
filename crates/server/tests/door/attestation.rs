//! What a phone's platform says of it when it is activated, and what it is trusted for that.

use crate::support::{Answer, Pending, Setup, World, parse, start};
use ::attestation::{RevocationList, Roots, android, apple};
use fixtures::attestation::android::{ATTESTER_SERIAL, Chain, Description, PACKAGE, SIGNER, root_of_trust};
use fixtures::attestation::apple::{APP_ID, Object};
use fixtures::attestation::key;
use http::Method;
use model::Timestamp;
use protocol::activation::{Challenge, derive_app_attestation_hash, derive_key_attestation_challenge};
use protocol::activation_request::Attestation;
use protocol::key_bundle::Der;
use records::{Queries, TrustLevel};
use security::{Attesters, KeyStore, Revocations};
use std::sync::Arc;

pub(crate) struct Listed(Option<Arc<RevocationList>>);

impl Revocations for Listed {
    fn current(&self) -> Option<Arc<RevocationList>> {
        self.0.clone()
    }
}

pub(crate) fn list(entries: &str) -> Listed {
    let json = format!("{{\"entries\": {{{entries}}}}}");
    Listed(Some(Arc::new(RevocationList::from_json(&json, start(), 86_400).unwrap())))
}

pub(crate) fn attesters(revocations: Listed) -> Attesters {
    let app = android::App { package: PACKAGE.to_owned(), signers: vec![SIGNER] };
    Attesters {
        android: Some(android::Expectations::of_apps(vec![app])),
        android_roots: Roots::from_pem(&Chain::root_pem()).unwrap(),
        play_integrity: Vec::new(),
        apple: Some(apple::Expectations {
            app_id: APP_ID.to_owned(),
            environment: apple::Environment::Production,
        }),
        apple_roots: Roots::from_pem(&Object::root_pem()).unwrap(),
        revocations: Arc::new(revocations),
        required: false,
    }
}

async fn world(attesters: Attesters) -> World {
    World::with(Setup { attesters: Some(attesters), ..Setup::default() }).await
}

pub(crate) async fn challenge(world: &World) -> Challenge {
    let request = world.request(Method::POST, "/v1/activations/challenge").body(Vec::new()).unwrap();
    parse(&world.send(request).await.is(200)["challenge"])
}

/// What the platform says of the key, for a challenge of ours.
pub(crate) fn said(
    world: &World,
    challenge: &Challenge,
    change: impl FnOnce(&mut Description),
) -> Attestation {
    let mut description = Description {
        challenge: derive_key_attestation_challenge(world.keys.realm(), challenge).to_vec(),
        ..Description::default()
    };
    change(&mut description);
    let chain = Chain { description: Some(description), ..Chain::factory() }.make();
    let chain = chain.into_iter().map(|one| Der::new(one).unwrap()).collect();
    Attestation::AndroidKey { chain, integrity_token: None }
}

async fn activate(world: &World, challenge: Challenge, attestation: Attestation) -> Answer {
    let code = world.activation_code(world.customer().await).await;
    // The key that the generator attests.
    Pending::attested(world, &code, challenge, key(1), attestation).send(world).await
}

async fn level(world: &World) -> TrustLevel {
    let enrolments = world.store.enrolments(records::Page::first(9)).await.unwrap();
    assert_eq!(enrolments.len(), 1);
    enrolments[0].level
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_whose_hardware_keeps_the_key_is_trusted_as_hardware() {
    let world = world(attesters(list(""))).await;
    let challenge = challenge(&world).await;
    activate(&world, challenge, said(&world, &challenge, |_| {})).await.is(200);
    assert_eq!(level(&world).await, TrustLevel::Hardware);
    let audit = world.store.audit(records::Page::first(99)).await.unwrap();
    let told = audit.iter().find(|row| row.entry.action == "enrolment.activated").unwrap();
    assert!(told.entry.detail.ends_with("attested: StrongBox"), "{}", told.entry.detail);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_apple_vouches_for_is_trusted_as_hardware_and_one_for_another_key_is_not_taken() {
    // Apple's certificates are short-lived, and so are the generator's.
    let now = Timestamp::from_s(fixtures::attestation::AT_S);
    let setup = Setup { attesters: Some(attesters(list(""))), now, ..Setup::default() };
    let world = World::with(setup).await;
    let object = |challenge: &Challenge, key: &crypto::p256::VerifyingKey| {
        let client_data_hash = derive_app_attestation_hash(world.keys.realm(), challenge, key);
        let object = Object { client_data_hash, ..Object::default() }.make();
        Attestation::AppAttest { key_id: Object::attested_key_id(), object }
    };
    let first = challenge(&world).await;
    let stranger = object(&first, key(9).verifying_key());
    activate(&world, first, stranger).await.is_problem(403, "activation-refused");
    let second = challenge(&world).await;
    activate(&world, second, object(&second, key(1).verifying_key())).await.is(200);
    assert_eq!(level(&world).await, TrustLevel::Hardware);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_forged_replayed_or_of_another_app_is_refused() {
    let world =
        world(attesters(list(&format!("\"{ATTESTER_SERIAL:x}\": {{\"status\": \"REVOKED\"}}")))).await;
    let of = challenge(&world).await;
    activate(&world, of, said(&world, &of, |_| {})).await.is_problem(403, "activation-refused");
    world.end().await;

    let world = self::world(attesters(list(""))).await;
    let recorded = challenge(&world).await;
    let other = challenge(&world).await;
    let replayed = said(&world, &recorded, |_| {});
    activate(&world, other, replayed).await.is_problem(403, "activation-refused");
    let bent = challenge(&world).await;
    let mut said_of_it = said(&world, &bent, |_| {});
    if let Attestation::AndroidKey { chain, .. } = &mut said_of_it {
        chain.remove(1);
    }
    activate(&world, bent, said_of_it).await.is_problem(403, "activation-refused");
    let repackaged = challenge(&world).await;
    let stranger = fixtures::attestation::android::application_id(&[(PACKAGE, 7)], &[&[0x11; 32]]);
    let said = said(&world, &repackaged, |description| {
        Description::set(&mut description.software, 709, fixtures::attestation::der::octets(&stranger));
    });
    activate(&world, repackaged, said).await.is_problem(403, "activation-refused");
    assert!(world.store.enrolments(records::Page::first(9)).await.unwrap().is_empty());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_genuine_phone_that_proves_less_is_enrolled_with_less_trust_or_not_at_all() {
    for required in [false, true] {
        let world = world(Attesters { required, ..attesters(list("")) }).await;
        let of = challenge(&world).await;
        let unlocked = said(&world, &of, |description| {
            Description::set(&mut description.hardware, 704, root_of_trust(false, 1));
        });
        let answer = activate(&world, of, unlocked).await;
        if required {
            answer.is_problem(403, "activation-refused");
            let of = challenge(&world).await;
            activate(&world, of, Attestation::None {}).await.is_problem(403, "activation-refused");
        } else {
            answer.is(200);
            assert_eq!(level(&world).await, TrustLevel::Software);
        }
        world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_fresh_list_of_revoked_certificates_nobody_is_trusted_as_hardware() {
    let world = world(attesters(Listed(None))).await;
    let of = challenge(&world).await;
    activate(&world, of, said(&world, &of, |_| {})).await.is(200);
    assert_eq!(level(&world).await, TrustLevel::Software);
    world.end().await;

    let world = self::world(attesters(list(""))).await;
    world.clock.advance_s(86_401);
    let of = challenge(&world).await;
    activate(&world, of, said(&world, &of, |_| {})).await.is(200);
    assert_eq!(level(&world).await, TrustLevel::Software);
    world.end().await;
}
