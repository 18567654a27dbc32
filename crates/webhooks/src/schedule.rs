//! When a webhook that failed is tried again, as a pure function.

use crypto::hash::sha256;
use model::{Timestamp, WebhookId};
use records::Waiting;

/// The pauses after the first attempts, in seconds; the last one is taken for all that follow.
const PAUSES_S: [i64; 8] = [5, 30, 2 * 60, 10 * 60, 30 * 60, 3_600, 3 * 3_600, 6 * 3_600];
/// Pauses differ by up to this part of them, so that what failed together is not tried together.
const JITTER_PERCENT: i64 = 20;
/// The longest that an endpoint may ask us to stay away, in seconds.
const RETRY_AFTER_S_MAX: i64 = 12 * 3_600;

/// When `webhook`, which failed once more at `now`, is tried again; none if it is given up. The last try is made
/// when the time is over. `retry_after_s` is what the endpoint asked for.
pub(crate) fn next_try(
    webhook: WebhookId,
    waiting: &Waiting,
    now: Timestamp,
    retry_after_s: Option<i64>,
) -> Option<Timestamp> {
    if now >= waiting.give_up_at {
        return None;
    }
    let place = usize::try_from(waiting.attempts).unwrap_or(usize::MAX).min(PAUSES_S.len() - 1);
    let pause_ms = jittered_ms(PAUSES_S[place], webhook, waiting.attempts);
    let asked_ms = retry_after_s.unwrap_or(0).clamp(0, RETRY_AFTER_S_MAX) * 1_000;
    Some(now.plus_ms(pause_ms.max(asked_ms)).min(waiting.give_up_at))
}

/// The pause, longer or shorter by a part that webhook and attempt decide: the same again, so that this can be
/// tested, and different for each.
fn jittered_ms(pause_s: i64, webhook: WebhookId, attempts: u32) -> i64 {
    let hash = sha256(&[&webhook.to_u128().to_be_bytes(), &attempts.to_be_bytes()]);
    let drawn = i64::from(u16::from_be_bytes([hash[0], hash[1]]));
    let span_ms = pause_s * 1_000 * JITTER_PERCENT * 2 / 100;
    let least_ms = pause_s * 1_000 - span_ms / 2;
    least_ms + span_ms * drawn / i64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_s(1_800_000_000);

    fn waiting(attempts: u32) -> Waiting {
        Waiting { attempts, ..Waiting::from(NOW, NOW.plus_s(payments::WEBHOOK_TRIED_FOR_S)) }
    }

    #[test]
    fn pauses_grow_to_hours_and_end_after_three_days() {
        let (mut now, mut attempts) = (NOW, 0);
        let mut pauses_s = Vec::new();
        while let Some(next) = next_try(WebhookId::from_u128(1), &waiting(attempts), now, None) {
            pauses_s.push(next.ms_since(now) / 1_000);
            (now, attempts) = (next, attempts + 1);
        }
        assert_eq!(now, waiting(0).give_up_at, "the last try is made when the time is over");
        assert!((14..=24).contains(&attempts), "{attempts} tries");
        assert!(pauses_s.windows(2).take(7).all(|pair| pair[0] < pair[1]), "{pauses_s:?}");
        assert!((4..=6).contains(&pauses_s[0]) && (24..=36).contains(&pauses_s[1]), "{pauses_s:?}");
    }

    #[test]
    fn what_failed_together_is_not_tried_together() {
        let next = |n| next_try(WebhookId::from_u128(n), &waiting(4), NOW, None).unwrap().ms_since(NOW);
        let mut pauses: Vec<_> = (0..100).map(next).collect();
        assert!(pauses.iter().all(|ms| (1_440_000..=2_160_000).contains(ms)), "{pauses:?}");
        pauses.sort_unstable();
        pauses.dedup();
        assert!(pauses.len() > 90, "{} different pauses", pauses.len());
    }

    #[test]
    fn an_endpoint_that_asks_for_time_gets_it_within_limits() {
        let next =
            |asked| next_try(WebhookId::from_u128(1), &waiting(0), NOW, Some(asked)).unwrap().ms_since(NOW);
        assert_eq!(next(120), 120_000);
        assert!(next(1) >= 4_000, "no sooner than without being asked");
        assert!(next(-1) >= 4_000 && next(i64::MIN) >= 4_000);
        assert_eq!(next(i64::MAX), 12 * 3_600 * 1_000);
    }
}
