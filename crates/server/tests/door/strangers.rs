//! What strangers and hostile callers do to keep everybody else out: they take places and never give them back.

use crate::support::{Setup, World};
use http::Method;
use security::{Policy, Rate};
use server::ServerLimits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_never_come_keep_no_till_out() {
    let limits = ServerLimits { requests_at_once_max: 2, ..Setup::default().limits };
    let world = World::with(Setup { limits, ..Setup::default() }).await;
    let (till, hostile) = (world.till(&[7]).await, world.till(&[8]).await);
    let mut held = Vec::new();
    // Nobody in particular; phones, whose signature covers the body; a till that turned hostile.
    for _ in 0..3 {
        held.push(dawdle(&world, "POST /v1/activations", "").await);
        held.push(dawdle(&world, "POST /v1/methods", "").await);
        let key = format!("authorization: Bearer {}\r\nidempotency-key: sale\r\n", hostile.api_key);
        held.push(dawdle(&world, "POST /v1/payments", &key).await);
    }
    till.ask(Method::GET, "/v1/checkout", None, None).await.is(200);
    drop(held);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_with_a_long_history_cannot_keep_the_server_sealing() {
    let device_rate = Rate { burst: 4, refill_ms: 1_000 };
    let policy = Policy { device_rate, ..Setup::default().policy };
    let world = World::with(Setup { policy, ..Setup::default() }).await;
    // Two requests to add its account.
    let (till, phone) = (world.till(&[7]).await, world.paying_phone().await);
    let late = async |counter| {
        let late = phone.make(&phone.plan(counter, model::Timestamp::from_s(1_789_999_000)));
        till.begin(&format!("late-{counter}"), &late).await.is_declined("enter_again");
    };
    for counter in 1..=205 {
        late(counter).await;
    }
    // The third asks for all of it, and its second hundred counts as the fourth.
    let mut stream = world.listen(phone.signed(&world, &Method::GET, "/v1/confirmations/stream", None)).await;
    for sequence in 1..=200 {
        assert_eq!(stream.next().await.unwrap().sequence, sequence);
    }
    phone.ask(&world, Method::GET, "/v1/methods", None).await.is_problem(429, "too-many-requests");
    // Nothing is lost: what is left comes in its time.
    world.clock.advance_s(10);
    late(206).await;
    for sequence in 201..=206 {
        assert_eq!(stream.next().await.unwrap().sequence, sequence);
    }
    drop(stream);
    world.end().await;
}

/// Sends a request's head and nothing of its body; comes back once the server waits for that.
async fn dawdle(world: &World, what: &str, fields: &str) -> TcpStream {
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    let head = format!(
        "{what} HTTP/1.1\r\nhost: shop\r\n{fields}content-type: application/json\r\ncontent-length: 100\r\n\
         expect: 100-continue\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    socket.read_exact(&mut answer).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 100");
    socket
}
