//! Drives a till's run: stores, sends and waits as it says, in its order. What is to be done is the run's; this
//! room only does it.

use crate::checkout::CheckoutClient;
use checkout::{Action, Answer, Entry, Event, Journal, Next, Request, Run};
use core::time::Duration;
use model::Clock;

pub use checkout::End;

/// Drives `run` to its end.
///
/// # Errors
/// The journal's, at once: without it nothing more may be sent. What the sale is then, [`Run::sale`] of the next
/// run will say.
pub async fn drive<J: Journal>(
    client: &CheckoutClient,
    journal: &mut J,
    clock: &dyn Clock,
    run: &mut Run,
) -> Result<End, J::Error> {
    loop {
        match run.next(clock.now()) {
            Next::Store(entry) => {
                crash_at("checkout-before-journal");
                journal.append(&entry)?;
                crash_at("checkout-after-journal");
                if is_capture_done(run, &entry) {
                    crash_at("checkout-after-capture");
                }
                run.stored();
            }
            Next::Send { request, deadline_ms } => {
                let answer = send(client, run, &request, deadline_ms).await;
                run.heard(answer, clock.now());
            }
            Next::Wait { ms } => tokio::time::sleep(duration(ms)).await,
            Next::End(end) => return Ok(end),
        }
    }
}

async fn send(client: &CheckoutClient, run: &Run, request: &Request, deadline_ms: i64) -> Answer {
    if is_capture(run) {
        crash_at("checkout-before-capture");
    }
    crash_at("checkout-before-send");
    let answer = client.send(request, duration(deadline_ms)).await;
    crash_at("checkout-after-answer");
    answer
}

fn is_capture(run: &Run) -> bool {
    run.sale().operation().is_some_and(|operation| matches!(operation.action, Action::Capture { .. }))
}

fn is_capture_done(run: &Run, entry: &Entry) -> bool {
    is_capture(run) && matches!(entry.event, Event::Done { .. })
}

fn duration(ms: i64) -> Duration {
    Duration::from_millis(u64::try_from(ms).unwrap_or_default())
}

/// Dies here, as if the power failed, if a crash test asks for it; nothing at all in what is shipped.
fn crash_at(_name: &str) {
    #[cfg(feature = "failpoints")]
    fail::fail_point!(_name, |_| std::process::abort());
}
