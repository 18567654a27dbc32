//! Who has how many connections: one machine must not take all places.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections by source. It has an entry for each source that is connected, so it is as bounded as they are.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    each_max: usize,
    seats: Arc<Seats>,
}

#[derive(Debug, Default)]
struct Seats(Mutex<HashMap<IpAddr, usize>>);

/// One connection of a source. Dropping it gives the seat back.
#[derive(Debug)]
pub(crate) struct Seat {
    source: IpAddr,
    seats: Arc<Seats>,
}

impl Sources {
    pub(crate) fn new(each_max: usize) -> Self {
        Self { each_max, seats: Arc::default() }
    }

    /// A seat for a connection from `address`; none if its source has as many as it may.
    pub(crate) fn take(&self, address: IpAddr) -> Option<Seat> {
        let source = network(address);
        let mut seats = self.seats.lock();
        let taken = seats.entry(source).or_insert(0);
        if *taken >= self.each_max {
            return None;
        }
        *taken += 1;
        Some(Seat { source, seats: Arc::clone(&self.seats) })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.seats.lock();
        if let Some(taken) = seats.get_mut(&self.source) {
            *taken = taken.saturating_sub(1);
            if *taken == 0 {
                seats.remove(&self.source);
            }
        }
    }
}

impl Seats {
    /// The map is whole after every single change, so a thread that died holding the lock did no harm.
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What counts as one source: an IPv4 address, or the /64 network of an IPv6 address, since whoever has one of its
/// addresses has them all.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
        ip @ IpAddr::V4(_) => ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_one_stranger_has_count_as_one() {
        let network = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
    }

    #[test]
    fn each_source_has_its_own_seats_and_gives_them_back() {
        let sources = Sources::new(2);
        let take = |text: &str| sources.take(text.parse().unwrap());
        let (one, two) = (take("2001:db8::1"), take("2001:db8::2"));
        assert!(one.is_some() && two.is_some() && take("2001:db8::3").is_none());
        assert!(take("192.0.2.7").is_some());
        drop(one);
        assert!(take("2001:db8::3").is_some());
        drop(two);
        assert!(sources.seats.lock().is_empty());
    }
}
