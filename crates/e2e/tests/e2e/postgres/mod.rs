//! Two payment servers on one PostgreSQL database, with the real binary and the real database.

mod moving;
mod payment;
mod restoring;
mod tables;

use e2e::{Part, Sums, System};

/// The sums that a second server tells are the first one's.
fn expect_agreement(system: &System) {
    let [first, second] = Part::SERVERS.map(|server| system.admin_at(server, &["balances"]));
    assert_eq!(first.expect("balances"), second.expect("balances"));
}

/// Settled, with both servers; the store is checked while they run, and again afterwards.
fn expect_settled(system: &mut System, taken_minor: i64) {
    system.expect_sums(Sums::settled(taken_minor));
    expect_agreement(system);
    let check = system.check(&[]);
    assert_eq!(check.expect("check")["is_sound"], true, "{check}");
    system.expect_settled(Sums::settled(taken_minor));
}
