//! How many webhooks are on their way to each endpoint, so that one that is slow or dead holds up no other.

use model::{Timestamp, WebhookEndpointId, WebhookId};
use std::collections::{HashMap, HashSet};

/// The most that are on their way to all endpoints at once.
pub(crate) const ALL_MAX: usize = 512;
/// The most that are on their way to one endpoint at once; to one that fails, one.
pub(crate) const EACH_MAX: usize = 8;
/// The longest rest of an endpoint that fails, in milliseconds.
const REST_MS_MAX: i64 = 60_000;

/// What is on its way, and which endpoints fail. Has an entry for each endpoint to which something is on its way or
/// whose last attempt failed, so it is as bounded as endpoints are.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    under_way: HashSet<WebhookId>,
    endpoints: HashMap<WebhookEndpointId, Endpoint>,
}

#[derive(Debug, Default)]
struct Endpoint {
    under_way: usize,
    /// Attempts that failed since the last that did not.
    failures: u32,
    rest_until: Timestamp,
}

impl Pace {
    /// Whether no more may be sent to anybody now.
    pub(crate) fn is_full(&self) -> bool {
        self.under_way.len() >= ALL_MAX
    }

    /// Takes a webhook on, if it may be sent now.
    pub(crate) fn take(&mut self, webhook: WebhookId, endpoint: WebhookEndpointId, now: Timestamp) -> bool {
        if self.is_full() || self.under_way.contains(&webhook) {
            return false;
        }
        let endpoint = self.endpoints.entry(endpoint).or_default();
        let each_max = if endpoint.failures == 0 { EACH_MAX } else { 1 };
        if endpoint.under_way >= each_max || now < endpoint.rest_until {
            return false;
        }
        endpoint.under_way += 1;
        self.under_way.insert(webhook)
    }

    /// Whether the last attempt for an endpoint failed.
    pub(crate) fn is_failing(&self, endpoint: WebhookEndpointId) -> bool {
        self.endpoints.get(&endpoint).is_some_and(|endpoint| endpoint.failures > 0)
    }

    /// A webhook is no longer on its way; `worked` says whether the endpoint took it, none if it was not asked.
    pub(crate) fn end(
        &mut self,
        webhook: WebhookId,
        endpoint: WebhookEndpointId,
        worked: Option<bool>,
        now: Timestamp,
    ) {
        self.under_way.remove(&webhook);
        let Some(entry) = self.endpoints.get_mut(&endpoint) else { return };
        entry.under_way = entry.under_way.saturating_sub(1);
        match worked {
            None => {}
            Some(true) => (entry.failures, entry.rest_until) = (0, Timestamp::default()),
            Some(false) => {
                entry.failures = entry.failures.saturating_add(1);
                let rest_ms = (500_i64 << entry.failures.min(20)).min(REST_MS_MAX);
                entry.rest_until = now.plus_ms(rest_ms);
            }
        }
        if entry.under_way == 0 && entry.failures == 0 {
            self.endpoints.remove(&endpoint);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_s(1_800_000_000);

    fn take(pace: &mut Pace, n: u128, endpoint: u128, now: Timestamp) -> bool {
        pace.take(WebhookId::from_u128(n), WebhookEndpointId::from_u128(endpoint), now)
    }

    fn end(pace: &mut Pace, n: u128, endpoint: u128, worked: Option<bool>) {
        pace.end(WebhookId::from_u128(n), WebhookEndpointId::from_u128(endpoint), worked, NOW);
    }

    #[test]
    fn each_endpoint_has_places_of_its_own() {
        let mut pace = Pace::default();
        let taken = (0..20).filter(|n| take(&mut pace, *n, 1, NOW)).count();
        assert_eq!(taken, EACH_MAX);
        assert!(take(&mut pace, 100, 2, NOW));
        assert!(!take(&mut pace, 100, 2, NOW), "it is on its way already");
        end(&mut pace, 0, 1, Some(true));
        assert!(take(&mut pace, 50, 1, NOW) && !take(&mut pace, 51, 1, NOW));
    }

    #[test]
    fn an_endpoint_that_fails_has_one_place_and_rests_longer_and_longer() {
        let mut pace = Pace::default();
        for _ in 0..3 {
            assert!(take(&mut pace, 1, 1, NOW.plus_s(60)));
            end(&mut pace, 1, 1, Some(false));
        }
        assert!(pace.is_failing(WebhookEndpointId::from_u128(1)));
        assert!(!take(&mut pace, 2, 1, NOW.plus_ms(3_999)));
        assert!(take(&mut pace, 2, 1, NOW.plus_ms(4_000)));
        assert!(!take(&mut pace, 3, 1, NOW.plus_s(99)));
        end(&mut pace, 2, 1, None);
        assert!(take(&mut pace, 2, 1, NOW.plus_s(99)));
        end(&mut pace, 2, 1, Some(true));
        assert!(pace.endpoints.is_empty() && pace.under_way.is_empty());
    }
}
