//! What is asked for again and again and hardly ever changes: checkouts, merchants and their webhook endpoints. A server
//! sees its own changes at once, those of others a second later at most.

use crate::postgres::home::place_of;
use crate::postgres::look::{Found, Question};
use crate::postgres::session::Bytes;
use crate::tables::PARTIES_ASKED_OFTEN;
use core::time::Duration;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// How long an answer is good.
const GOOD_FOR: Duration = Duration::from_secs(1);
/// The most answers that are kept.
const ANSWERS_MAX: usize = 20_000;

/// Answers that are good for a while.
#[derive(Default)]
pub(super) struct Cache(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    answers: HashMap<Bytes, (Instant, Found)>,
    /// Rises with each change that is seen.
    changes: u64,
}

/// What an answer is kept under, and which changes had been seen before it was asked for.
pub(super) struct Slot {
    key: Bytes,
    changes: u64,
}

impl Cache {
    /// The answer to a question; or where it will be kept, if it is of those that are.
    pub(super) fn look(&self, question: &Question) -> Result<Found, Option<Slot>> {
        let key: Bytes = match question {
            Question::Get(_, key) if PARTIES_ASKED_OFTEN.contains(&place_of(key)) => key.clone(),
            Question::List { from, to, .. } if PARTIES_ASKED_OFTEN.contains(&place_of(from)) => {
                [&**from, to].concat().into()
            }
            _ => return Err(None),
        };
        let kept = self.lock();
        match kept.answers.get(&key) {
            Some((at, found)) if at.elapsed() < GOOD_FOR => Ok(found.clone()),
            _ => Err(Some(Slot { key, changes: kept.changes })),
        }
    }

    /// Keeps an answer, unless something was changed since it was asked for.
    pub(super) fn keep(&self, slot: Slot, found: &Found) {
        let mut kept = self.lock();
        if kept.changes == slot.changes {
            if kept.answers.len() >= ANSWERS_MAX {
                kept.answers.clear();
            }
            kept.answers.insert(slot.key, (Instant::now(), found.clone()));
        }
    }

    /// Forgets what may be another answer now that rows with these keys were written.
    pub(super) fn written<'a>(&self, mut keys: impl Iterator<Item = &'a Bytes>) {
        if keys.any(|key| PARTIES_ASKED_OFTEN.contains(&place_of(key))) {
            let mut kept = self.lock();
            kept.answers.clear();
            kept.changes += 1;
        }
    }

    /// It is whole after every single change.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
