//! What a load measured.

use serde::Serialize;
use std::time::Duration;

/// The time of each request, in microseconds.
#[derive(Default)]
pub(super) struct Latencies {
    authorise_us: Vec<u32>,
    capture_us: Vec<u32>,
}

/// Payments per second, and how long their requests took.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figures {
    pub(super) connections: usize,
    pub(super) payments: usize,
    pub(super) payments_per_s: f64,
    /// Processor time of the whole process for each payment, microseconds: of servers, bank and load together. It
    /// says more than the rate where other programs are busy too.
    pub(super) cpu_us_per_payment: f64,
    pub(super) authorise: Percentiles,
    pub(super) capture: Percentiles,
}

/// Times that so many of a hundred requests did not exceed, milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Percentiles {
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) p999_ms: f64,
}

impl Latencies {
    pub(super) fn note(&mut self, authorise: Duration, capture: Duration) {
        self.authorise_us.push(whole_us(authorise));
        self.capture_us.push(whole_us(capture));
    }

    pub(super) fn add(&mut self, other: Self) {
        self.authorise_us.extend(other.authorise_us);
        self.capture_us.extend(other.capture_us);
    }

    pub(super) fn into_figures(self, connections: usize, took: Duration, cpu: Duration) -> Figures {
        let payments = self.capture_us.len();
        Figures {
            connections,
            payments,
            payments_per_s: payments as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE),
            cpu_us_per_payment: cpu.as_secs_f64() * 1e6 / payments.max(1) as f64,
            authorise: Percentiles::of(self.authorise_us),
            capture: Percentiles::of(self.capture_us),
        }
    }
}

impl Percentiles {
    /// Of times in microseconds.
    pub(super) fn of(mut times_us: Vec<u32>) -> Self {
        times_us.sort_unstable();
        // The smallest time that so many of a thousand do not exceed.
        let at = |thousandths: usize| {
            let rank = (times_us.len() * thousandths).div_ceil(1_000).max(1);
            times_us.get(rank - 1).map_or(0.0, |time_us| f64::from(*time_us) / 1_000.0)
        };
        Self { p50_ms: at(500), p99_ms: at(990), p999_ms: at(999) }
    }
}

pub(super) fn whole_us(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times = (1..=1_000).rev().map(|ms| ms * 1_000).collect();
        assert_eq!(Percentiles::of(times), Percentiles { p50_ms: 500.0, p99_ms: 990.0, p999_ms: 999.0 });
        assert_eq!(Percentiles::of(vec![7_000]), Percentiles { p50_ms: 7.0, p99_ms: 7.0, p999_ms: 7.0 });
        assert_eq!(Percentiles::of(Vec::new()), Percentiles::default());
    }
}
