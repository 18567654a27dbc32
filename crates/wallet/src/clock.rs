//! What the phone knows of its own clock. A phone's clock is often wrong; the server judges codes by an offset
//! that it learned itself, so the phone never corrects the time in a code, but says how sure it is of it.

use model::Timestamp;
use protocol::payment_code::ClockConfidence;
use serde::{Deserialize, Serialize};

/// How far a phone's clock may be off and still be corrected for, seconds, either way.
pub const CLOCK_OFFSET_S_MAX: i64 = 86_400;

const DAY_S: i64 = 86_400;
const WITHIN_A_WEEK: i64 = DAY_S + 1;
const WEEK_S: i64 = 7 * DAY_S;
/// Clocks are kept right in steps of parts of a second: that is not "set back".
const STEP_BACK_MS_MAX: i64 = 1_000;

/// The phone's clock, as compared with the server's.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClockKnowledge {
    /// The phone's time when it was last compared.
    compared_at: Option<Timestamp>,
    /// The phone's clock minus the server's; positive: the phone is ahead.
    offset_ms: i64,
    /// The latest time that the phone was seen to show since.
    latest_at: Timestamp,
    /// Whether it was seen to go back since.
    is_set_back: bool,
}

impl ClockKnowledge {
    /// Compares in an exchange with the server that began at `sent_at` and ended at `now`, both by the phone's clock.
    pub(crate) fn compare(&mut self, server_time: Timestamp, sent_at: Timestamp, now: Timestamp) {
        let middle = sent_at.plus_ms(now.ms_since(sent_at) / 2);
        *self = Self {
            compared_at: Some(now),
            offset_ms: middle.ms_since(server_time),
            latest_at: now,
            is_set_back: false,
        };
    }

    /// Notes the time that the phone shows.
    pub(crate) fn observe(&mut self, now: Timestamp) {
        if now < self.latest_at.plus_ms(-STEP_BACK_MS_MAX) {
            self.is_set_back = true;
        }
        self.latest_at = now;
    }

    /// The server's time at the phone's time `now`, as well as the phone can know it.
    pub(crate) fn server_time(&self, now: Timestamp) -> Timestamp {
        let most = CLOCK_OFFSET_S_MAX * 1_000;
        now.plus_ms(-self.offset_ms.clamp(-most, most))
    }

    pub(crate) fn confidence(&self, now: Timestamp) -> ClockConfidence {
        let Some(compared_at) = self.compared_at.filter(|_| !self.is_set_back) else {
            return ClockConfidence::Unknown;
        };
        match now.ms_since(compared_at).div_euclid(1_000) {
            i64::MIN..-1 => ClockConfidence::Unknown,
            -1..=DAY_S => ClockConfidence::Day,
            WITHIN_A_WEEK..=WEEK_S => ClockConfidence::Week,
            _ => ClockConfidence::Old,
        }
    }

    /// Whether the clock was seen to go back since it was compared.
    pub(crate) fn is_set_back(&self) -> bool {
        self.is_set_back
    }

    /// Seconds by which the phone is ahead, as last compared.
    pub(crate) fn offset_s(&self) -> i64 {
        self.offset_ms.div_euclid(1_000)
    }

    /// Milliseconds by which the phone is ahead, as last compared.
    pub(crate) fn offset_ms(&self) -> i64 {
        self.offset_ms
    }

    /// Whether the clock is so wrong that the server will not correct for it.
    pub(crate) fn is_far_off(&self) -> bool {
        self.offset_s().abs() > CLOCK_OFFSET_S_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_fades_and_is_lost_when_the_clock_goes_back() {
        let at = |s: i64| Timestamp::from_s(1_000_000_000 + s);
        let mut clock = ClockKnowledge::default();
        assert_eq!(clock.confidence(at(0)), ClockConfidence::Unknown);
        clock.compare(at(-50), at(-2), at(2));
        assert_eq!((clock.offset_s(), clock.server_time(at(2))), (50, at(-48)));
        for (s, expected) in [
            (2, ClockConfidence::Day),
            (2 + DAY_S, ClockConfidence::Day),
            (3 + DAY_S, ClockConfidence::Week),
            (3 + WEEK_S, ClockConfidence::Old),
        ] {
            clock.observe(at(s));
            assert_eq!(clock.confidence(at(s)), expected, "{s}");
        }
        clock.observe(at(DAY_S));
        clock.observe(at(2 * WEEK_S));
        assert_eq!(clock.confidence(at(2 * WEEK_S)), ClockConfidence::Unknown, "going back is not forgotten");
    }
}
