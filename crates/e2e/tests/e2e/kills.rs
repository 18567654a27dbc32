//! `kill -9` of server and bank at moments that nobody chose, while a shop sells.

use e2e::{Part, Sums, System};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

const KILLS: u32 = 10;

/// A small generator with a seed that is printed, so that a failure can be looked at again.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

#[test]
fn a_shop_sells_while_server_and_bank_are_killed() {
    let seed =
        std::env::var("BATZEN_KILL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(20_261_123);
    eprintln!("BATZEN_KILL_SEED={seed}");
    let mut chance = Chance(seed);
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let is_over = AtomicBool::new(false);
    let sell = || {
        let mut sales = 0;
        while !is_over.load(Ordering::SeqCst) || sales < 10 {
            sales += 1;
            let reference = format!("receipt-{sales}");
            let sold = till.sell(&phone.code(till.label()), "1.15", &reference, &[], None);
            if sold.is_paid && sales % 3 == 0 {
                let _ = till.act(&["refund", "--amount", "0.40"], &reference, None);
            }
        }
        sales
    };
    let mut kills = 0;
    let mut next_at = Instant::now();
    let sales = system.during(sell, |system| {
        if Instant::now() < next_at || kills == KILLS {
            return;
        }
        kills += 1;
        let part = if chance.below(2) == 0 { Part::Server } else { Part::Bank };
        system.kill_part(part);
        system.start_part(part, None);
        is_over.store(kills == KILLS, Ordering::SeqCst);
        next_at = Instant::now() + Duration::from_millis(100 + chance.below(900));
    });
    let taken = till.taken_minor();
    let paid = till.sales().iter().filter(|sold| sold.is_paid).count();
    eprintln!("{sales} sales, {paid} paid, {kills} kills");
    assert_eq!(kills, KILLS);
    assert!(paid * 2 > sales, "most sales come about: {paid} of {sales}");
    system.expect_settled(Sums::settled(taken));
}

#[test]
fn a_shop_sells_while_server_and_bank_are_restarted_in_order() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let (is_over, sold_count) = (AtomicBool::new(false), AtomicU32::new(0));
    let sell = || {
        let mut sales = 0;
        while !is_over.load(Ordering::SeqCst) {
            sales += 1;
            let sold = till.sell(&phone.code(till.label()), "1.15", &format!("receipt-{sales}"), &[], None);
            assert!(sold.is_paid, "a restart in order costs no sale: {sold:?}");
            sold_count.fetch_add(1, Ordering::SeqCst);
        }
        sales
    };
    let mut parts = [Part::Server, Part::Bank, Part::Server].into_iter();
    let mut next_at = Instant::now() + Duration::from_millis(300);
    let sales: i64 = system.during(sell, |system| {
        if Instant::now() < next_at {
            return;
        }
        match parts.next() {
            Some(part) => {
                // Asserts that it ends well: what it has taken on is finished.
                system.stop_part(part);
                system.start_part(part, None);
            }
            // A sale may wait several seconds for a bank that was away; there shall be some of each kind.
            None => is_over.store(sold_count.load(Ordering::SeqCst) > 3, Ordering::SeqCst),
        }
        next_at = Instant::now() + Duration::from_millis(300);
    });
    system.expect_settled(Sums::settled(sales * 115));
}
