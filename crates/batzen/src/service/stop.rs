//! When a service is to end: on SIGINT or SIGTERM, or when whoever started it is gone.

use crate::failure::Failure;
use std::io::Read;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// Ready once the service is to end. With `with_stdin` also when standard input ends, so that a service does
/// not outlive the program that started it and holds the other end.
pub(crate) fn stop(with_stdin: bool) -> Result<impl Future<Output = ()>, Failure> {
    let handler =
        |kind| signal(kind).map_err(|error| Failure::new(format!("signals cannot be heard: {error}")));
    let mut interrupt = handler(SignalKind::interrupt())?;
    let mut terminate = handler(SignalKind::terminate())?;
    let stdin_ended = with_stdin.then(watch_stdin);
    Ok(async move {
        let stdin_ended = async {
            match stdin_ended {
                Some(ended) => drop(ended.await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = stdin_ended => {}
        }
    })
}

/// A thread of its own: reading standard input cannot be cancelled.
fn watch_stdin() -> oneshot::Receiver<()> {
    let (ended, is_ended) = oneshot::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 64];
        while matches!(std::io::stdin().read(&mut buffer), Ok(1..)) {}
        // Nobody waiting any more is fine.
        let _ = ended.send(());
    });
    is_ended
}
