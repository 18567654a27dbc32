//! A town whose two servers have one PostgreSQL database.

use e2e::postgres::Cluster;
use e2e::{Part, has_failpoints};
use storm::{Options, Report, fail_over, sell_during, show_to_two_servers};

const CODES: u32 = 1_000;
/// How often each of servers, bank and database is killed.
const ROUNDS: usize = 3;
/// Authorisations between two misfortunes.
const SALES: usize = 80;

fn options(database: &str) -> Options {
    Options { database: Some(database.to_owned()), ..Options::of(11, 0) }
}

fn expect_clean(report: &Report) {
    eprintln!("{report}");
    assert!(report.is_clean(), "{report}");
    assert!(report.captured > 20, "the tills sold: {report}");
    assert_eq!(report.gave_up, 0, "a server goes on without its database, and waits for it");
}

#[test]
fn the_same_code_at_two_servers_at_once_pays_once_a_thousand_times() {
    let cluster = Cluster::start();
    let twice = show_to_two_servers(&cluster.create_database("shop"), CODES);
    eprintln!("{} codes accepted once, {} of them at the second server", twice.once, twice.at_second);
    assert_eq!((twice.once, twice.otherwise.as_slice()), (CODES, &[][..]));
}

#[test]
fn nothing_is_lost_or_made_while_servers_bank_and_database_are_killed() {
    let mut cluster = Cluster::start();
    let options = options(&cluster.create_database("shop"));
    let report = sell_during(&options, |hands| {
        for _ in 0..ROUNDS {
            for part in [Part::Server, Part::Second, Part::Bank] {
                hands.wait_for_sales(SALES);
                hands.kill(part);
            }
            hands.wait_for_sales(SALES);
            cluster.kill();
            cluster.restart();
            hands.wait_for_sales(SALES);
            cluster.restart();
        }
        hands.wait_for_sales(SALES);
    });
    expect_clean(&report);
}

#[test]
fn no_sale_fails_while_the_tables_are_migrated_and_servers_are_replaced() {
    assert!(
        has_failpoints(),
        "this batzen knows all steps; run `cargo xtask test`, or build it with failpoints"
    );
    let cluster = Cluster::start();
    let shop = options(&cluster.create_database("shop"));
    let options = Options { is_polite: true, known_steps: Some(1), ..shop };
    let report = sell_during(&options, |hands| {
        hands.wait_for_sales(SALES);
        // From here on it is the new program.
        hands.system().run_services_with(&[]);
        let migrated = hands.system().migrate(&[]).expect("admin migrate");
        eprintln!("{migrated}");
        assert_eq!(migrated["was_at_step"], 1, "{migrated}");
        assert!(migrated["steps"].as_array().is_some_and(|steps| !steps.is_empty()), "{migrated}");
        hands.wait_for_sales(SALES);
        for server in Part::SERVERS {
            hands.system().terminate_part(server);
            hands.wait_for_sales(SALES);
            hands.system().start_part(server, None);
            hands.wait_for_sales(SALES);
        }
    });
    expect_clean(&report);
    assert_eq!(report.failed, Vec::<String>::new(), "customers who could not pay");
}

#[test]
fn nothing_acknowledged_is_lost_when_the_primary_is_killed_cut_off_and_frozen() {
    let (report, outages) = fail_over(&Options::of(12, 0), |misfortune| eprintln!("{misfortune}"));
    outages.iter().for_each(|outage| eprintln!("{outage}"));
    expect_clean(&report);
}
