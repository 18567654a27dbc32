//! Activation through the door: once for each code, the same answer for each request, one answer for each doubt.

use crate::support::{Pending, Phone, Setup, World, parse};
use futures_util::future::join_all;
use http::Method;
use protocol::activation::Challenge;
use security::{Policy, Rate};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_gets_the_same_reply_and_makes_one_enrolment() {
    let world = World::new().await;
    let code = world.activation_code(world.customer().await).await;
    let pending = Pending::new(&world, &code).await;
    let replies = join_all((0..8).map(|_| pending.send(&world))).await;
    replies[0].is(200);
    assert!(replies.iter().all(|reply| reply.body == replies[0].body));
    // Also much later, when code and challenge are long past.
    world.clock.advance_s(2 * 86_400);
    assert_eq!(pending.send(&world).await.body, replies[0].body);
    let listed = world.operator(Method::GET, "/v1/admin/enrolments", None).await.is(200);
    assert_eq!(listed["enrolments"].as_array().unwrap().len(), 1);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_used_and_expired_codes_look_the_same() {
    let world = World::new().await;
    let used = world.activation_code(world.customer().await).await;
    Phone::activate(&world, &used).await;
    let expired = world.activation_code(world.customer().await).await;
    world.clock.advance_s(86_400);
    let unknown = protocol::activation_code::ActivationCode::make(&mut crypto::SystemRandom);
    let mut told = Vec::new();
    for code in [used.as_str(), expired.as_str(), unknown.to_grouped().as_str()] {
        let answer = Pending::new(&world, code).await.send(&world).await;
        answer.is_problem(403, "activation-refused");
        told.push((answer.body, answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>()));
    }
    assert!(told.iter().all(|one| *one == told[0]));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_for_one_request_and_a_short_while() {
    let world = World::new().await;
    let request = world.request(Method::POST, "/v1/activations/challenge").body(Vec::new()).unwrap();
    let challenge: Challenge = parse(&world.send(request).await.is(200)["challenge"]);
    let (one, other) = (
        world.activation_code(world.customer().await).await,
        world.activation_code(world.customer().await).await,
    );
    Pending::with_challenge(&world, &one, challenge).send(&world).await.is(200);
    let replayed = Pending::with_challenge(&world, &other, challenge).send(&world).await;
    replayed.is_problem(409, "challenge-expired");
    let late = Pending::new(&world, &other).await;
    world.clock.advance_s(301);
    late.send(&world).await.is_problem(409, "challenge-expired");
    let made_up = Challenge::make(&mut crypto::SystemRandom);
    Pending::with_challenge(&world, &other, made_up).send(&world).await.is_problem(409, "challenge-expired");
    // None of that used the code up.
    Phone::activate(&world, &other).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_phones_with_one_code_are_one_activation() {
    let world = World::new().await;
    let code = world.activation_code(world.customer().await).await;
    let (one, other) = (Pending::new(&world, &code).await, Pending::new(&world, &code).await);
    let (a, b) = tokio::join!(one.send(&world), other.send(&world));
    let mut answers = [a, b];
    answers.sort_by_key(|answer| answer.status);
    answers[0].is(200);
    answers[1].is_problem(403, "activation-refused");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_guess_slowly() {
    let rate = Rate { burst: 5, refill_ms: 3_000 };
    let policy = Policy { activation_rate: rate, ..Policy::default() };
    let world = World::with(Setup { policy, ..Setup::default() }).await;
    let ask =
        || world.send(world.request(Method::POST, "/v1/activations/challenge").body(Vec::new()).unwrap());
    for _ in 0..5 {
        ask().await.is(200);
    }
    ask().await.is_problem(429, "too-many-requests");
    world.clock.advance_s(3);
    ask().await.is(200);
    ask().await.is_problem(429, "too-many-requests");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_code_is_not_tried_forever() {
    let world = World::new().await;
    let code = world.activation_code(world.customer().await).await;
    Phone::activate(&world, &code).await;
    let limit = Policy::default().activation_code_rate.burst;
    for _ in 0..limit - 1 {
        Pending::new(&world, &code).await.send(&world).await.is_problem(403, "activation-refused");
    }
    Pending::new(&world, &code).await.send(&world).await.is_problem(429, "too-many-requests");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_not_as_specified_are_refused() {
    let world = World::new().await;
    let code = world.activation_code(world.customer().await).await;
    let pending = Pending::new(&world, &code).await;
    let send = |body: Vec<u8>| world.send(world.request(Method::POST, "/v1/activations").body(body).unwrap());
    let mut altered = pending.activation.request.clone();
    let middle = altered.len() / 2;
    altered[middle] = if altered[middle] == b'A' { b'B' } else { b'A' };
    for body in [Vec::new(), b"{}".to_vec(), altered] {
        send(body).await.is_problem(400, "malformed-request");
    }
    send(vec![b' '; 70_000]).await.is_problem(413, "body-too-large");
    pending.send(&world).await.is(200);
    world.end().await;
}
