//! Figures for operators, in Prometheus' form. Labels are few and never ids.

use model::Timestamp;
use prometheus::core::Collector;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};
use records::WebhookTotals;
use webhooks::{Ended, Tally};

/// Upper ends of what times are counted by, in seconds. The first are for steps of a payment alone: a whole request
/// takes longer.
const BUCKETS_S: [f64; 16] = [
    0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0,
];
const FINE_BUCKETS: usize = 4;

/// All figures.
pub(crate) struct Metrics {
    registry: Registry,
    /// Requests by route and status.
    pub(crate) requests: IntCounterVec,
    /// How long they took, by route.
    pub(crate) request_seconds: HistogramVec,
    /// How long the steps of payments took, by step.
    pub(crate) step_seconds: HistogramVec,
    /// What security management found, by verdict.
    pub(crate) verdicts: IntCounterVec,
    /// Payments by the state in which they were answered.
    pub(crate) payments: IntCounterVec,
    /// Rounds of work that failed for some payment.
    pub(crate) work_failures: IntGauge,
    /// Attempts to deliver webhooks, by what became of them.
    pub(crate) webhook_attempts: IntCounterVec,
    /// Webhooks that wait.
    pub(crate) webhooks_waiting: IntGauge,
    /// Webhooks that were given up and are kept.
    pub(crate) webhooks_dead: IntGauge,
    /// How long the oldest of them waits, in seconds.
    pub(crate) webhook_oldest_s: IntGauge,
    /// Phones that listen for confirmations.
    pub(crate) listeners: IntGauge,
    /// The last row of the audit trail that is signed.
    pub(crate) audit_signed: IntGauge,
    /// What the last check found to be wrong.
    pub(crate) check_findings: IntGauge,
    /// When the last check ended, seconds since the epoch.
    pub(crate) check_ended: IntGauge,
    /// Rows that checks read.
    pub(crate) check_rows: IntCounter,
    /// The version of the policy in force.
    pub(crate) policy_version: IntGauge,
    /// Stored policies that were not taken.
    pub(crate) policies_refused: IntCounter,
    /// 1 while anything may be sealed under former wrapping keys.
    pub(crate) resealing: IntGauge,
}

/// Makes figures, each known to the registry. Their names are ours: they are well-formed, and each stands once.
struct Maker(Registry);

impl Maker {
    fn known<T: Collector + Clone + 'static>(&self, figure: Result<T, prometheus::Error>) -> T {
        let figure = figure.expect("the names are well-formed");
        self.0.register(Box::new(figure.clone())).expect("each name is registered once");
        figure
    }

    fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.known(IntCounterVec::new(Opts::new(name, help), labels))
    }

    fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.known(IntCounter::new(name, help))
    }

    fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.known(IntGauge::new(name, help))
    }

    fn seconds(&self, name: &str, help: &str, label: &str, buckets: &[f64]) -> HistogramVec {
        self.known(HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), &[label]))
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let made = Maker(Registry::new());
        Self {
            requests: made.counters(
                "batzen_requests_total",
                "Requests by route and status.",
                &["route", "status"],
            ),
            request_seconds: made.seconds(
                "batzen_request_seconds",
                "How long requests took.",
                "route",
                &BUCKETS_S[FINE_BUCKETS..],
            ),
            step_seconds: made.seconds(
                "batzen_step_seconds",
                "How long the steps of payments took.",
                "step",
                &BUCKETS_S,
            ),
            verdicts: made.counters(
                "batzen_verdicts_total",
                "What security management found in codes.",
                &["verdict"],
            ),
            payments: made.counters(
                "batzen_payments_total",
                "Payments by the state they were answered in.",
                &["state"],
            ),
            work_failures: made
                .gauge("batzen_work_failures", "Payments whose work failed in the last round."),
            webhook_attempts: made.counters(
                "batzen_webhook_attempts_total",
                "Attempts to deliver webhooks by what became of them.",
                &["outcome"],
            ),
            webhooks_waiting: made.gauge("batzen_webhooks_waiting", "Webhooks that wait to be delivered."),
            webhooks_dead: made.gauge("batzen_webhooks_dead", "Webhooks that were given up and are kept."),
            webhook_oldest_s: made
                .gauge("batzen_webhook_oldest_seconds", "How long the oldest webhook waits."),
            listeners: made.gauge("batzen_listeners", "Phones that listen for confirmations."),
            audit_signed: made.gauge("batzen_audit_signed_sequence", "The last audit row that is signed."),
            check_findings: made.gauge("batzen_check_findings", "What the last check found to be wrong."),
            check_ended: made
                .gauge("batzen_check_ended_seconds", "When the last check ended, since the epoch."),
            check_rows: made.counter("batzen_check_rows_total", "Rows that checks read."),
            policy_version: made
                .gauge("batzen_policy_version", "The policy in force; 0 is the configuration's."),
            policies_refused: made
                .counter("batzen_policies_refused_total", "Stored policies that were not taken."),
            resealing: made.gauge(
                "batzen_resealing",
                "1 while PIN keys or webhook secrets may be sealed under former wrapping keys.",
            ),
            registry: made.0,
        }
    }

    /// Sets how webhooks stand at `now`.
    pub(crate) fn set_webhooks(&self, totals: WebhookTotals, now: Timestamp) {
        let count = |count| i64::try_from(count).unwrap_or(i64::MAX);
        self.webhooks_waiting.set(count(totals.waiting));
        self.webhooks_dead.set(count(totals.dead));
        let oldest_ms = totals.oldest_since.map_or(0, |since| now.ms_since(since).max(0));
        self.webhook_oldest_s.set(oldest_ms / 1_000);
    }

    /// All figures as text.
    pub(crate) fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}

impl Tally for Metrics {
    fn count(&self, ended: Ended) {
        let outcome = match ended {
            Ended::Delivered => "delivered",
            Ended::Failed => "failed",
            Ended::GivenUp => "given_up",
        };
        self.webhook_attempts.with_label_values(&[outcome]).inc();
    }
}
