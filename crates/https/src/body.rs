//! A request body that knows whether the connection has begun to write the request.

use core::pin::Pin;
use core::task::{Context, Poll};
use http_body_util::Full;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

const WAITING: u8 = 0;
const STARTED: u8 = 1;
const ABANDONED: u8 = 2;

/// Shared between the caller and the connection: who came first, the deadline or the first byte.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress(Arc<AtomicU8>);

impl Progress {
    /// True if the request is now sure never to be written; false if writing has begun.
    pub(crate) fn abandon(&self) -> bool {
        let swap = self.0.compare_exchange(WAITING, ABANDONED, Ordering::AcqRel, Ordering::Acquire);
        swap.is_ok() || swap == Err(ABANDONED)
    }

    /// True if the request may be written.
    fn start(&self) -> bool {
        let swap = self.0.compare_exchange(WAITING, STARTED, Ordering::AcqRel, Ordering::Acquire);
        swap.is_ok() || swap == Err(STARTED)
    }
}

/// The caller gave the request up before a byte of it was written.
#[derive(Debug, thiserror::Error)]
#[error("the request was abandoned before it was sent")]
pub(crate) struct Abandoned;

/// The body. hyper asks for its end or size before it writes the head, which is the moment noted.
#[derive(Debug)]
pub(crate) struct TrackedBody {
    bytes: Full<Bytes>,
    progress: Progress,
}

impl TrackedBody {
    pub(crate) fn new(bytes: Bytes, progress: Progress) -> Self {
        Self { bytes: Full::new(bytes), progress }
    }
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = Abandoned;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Abandoned>>> {
        if !self.progress.start() {
            return Poll::Ready(Some(Err(Abandoned)));
        }
        let frame = core::task::ready!(Pin::new(&mut self.bytes).poll_frame(context));
        Poll::Ready(frame.map(|frame| frame.map_err(|never| match never {})))
    }

    fn is_end_stream(&self) -> bool {
        // An abandoned body claims to have more, so that hyper polls it and meets the error.
        self.progress.start() && self.bytes.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.bytes.size_hint()
    }
}
