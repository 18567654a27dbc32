//! So many requests a minute from one address, no more.

use https::network;
use model::Timestamp;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

const WINDOW_MS: i64 = 60_000;
/// Addresses remembered at once; beyond it the oldest windows are forgotten, and then all.
const ADDRESSES_MAX: usize = 20_000;

/// Counts per address, in windows of a minute.
#[derive(Debug)]
pub(crate) struct Throttle {
    per_minute: u32,
    windows: Mutex<HashMap<IpAddr, (Timestamp, u32)>>,
}

impl Throttle {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute, windows: Mutex::new(HashMap::new()) }
    }

    /// Whether one more request from `address` is let in now.
    pub(crate) fn admits(&self, address: IpAddr, now: Timestamp) -> bool {
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= ADDRESSES_MAX {
            windows.retain(|_, (since, _)| now.ms_since(*since) < WINDOW_MS);
            if windows.len() >= ADDRESSES_MAX {
                windows.clear();
            }
        }
        let window = windows.entry(network(address)).or_insert((now, 0));
        if !(0..WINDOW_MS).contains(&now.ms_since(window.0)) {
            *window = (now, 0);
        }
        window.1 = window.1.saturating_add(1);
        window.1 <= self.per_minute
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lets_in_so_many_a_minute_from_one_network() {
        let throttle = Throttle::new(2);
        let at = Timestamp::from_s(1000);
        let [one, same, other]: [IpAddr; 3] =
            ["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"].map(|text| text.parse().unwrap());
        assert!(throttle.admits(one, at) && throttle.admits(same, at));
        assert!(!throttle.admits(one, at));
        assert!(throttle.admits(other, at));
        assert!(throttle.admits(one, at.plus_s(60)));
        // An IPv4 address that came through an IPv6 listener: not all of them are one network.
        let [one, other]: [IpAddr; 2] =
            ["::ffff:192.0.2.7", "::ffff:192.0.2.8"].map(|text| text.parse().unwrap());
        assert!(throttle.admits(one, at) && throttle.admits(one, at) && !throttle.admits(one, at));
        assert!(throttle.admits(other, at));
    }
}
