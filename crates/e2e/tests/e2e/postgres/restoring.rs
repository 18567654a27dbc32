//! A database as it was at a moment, from a backup and the archive of its log.

use e2e::postgres::Cluster;
use e2e::{Part, Sums, System};
use serde_json::Value;

fn payment(sale: &Value) -> String {
    sale["payment"].as_str().expect("an id").to_owned()
}

#[test]
fn a_restored_moment_has_what_was_paid_before_it_and_nothing_else() {
    let cluster = Cluster::archiving();
    let mut system = System::start_on(&cluster.create_database("shop"));
    let (till, phone) = (system.till(7), system.phone("robin"));
    let pay = |amount: &str| till.pay(&phone.code(till.label()), amount).expect("checkout pay");
    let mut before = vec![payment(&pay("1.00"))];
    system.expect_sums(Sums::settled(100));
    let backup = cluster.base_backup();
    before.push(payment(&pay("2.00")));
    system.expect_sums(Sums::settled(300));
    // What is known here is in the log before the moment.
    for server in Part::SERVERS {
        system.stop_part(server);
    }
    let _ = system.check(&["--settled"]).expect("check");
    let moment = cluster.now();
    for server in Part::SERVERS {
        system.start_part(server, None);
    }
    let after = [payment(&pay("4.00")), payment(&pay("8.00"))];
    system.expect_settled(Sums::settled(1_500));

    let restored = cluster.restore(&backup, &moment);
    system.use_database(&restored.url_of("shop"));
    let check = system.check(&["--settled"]);
    let report = check.expect("check of the restored database");
    assert_eq!(report["payments"], 2, "{report}");
    system.start_part(Part::Bank, None);
    system.start_part(Part::Server, None);
    for payment in &before {
        let story = system.admin(&["payment", payment]).expect("admin payment");
        assert_eq!(story["verdict"], "ok", "{story}");
    }
    for payment in &after {
        let unknown = system.admin(&["payment", payment]);
        assert!(!unknown.is_success(), "{unknown}");
    }
    let sums = system.sums().expect("both answer");
    assert_eq!(
        (sums.merchant_minor, sums.account_minor),
        (300, e2e::OPENING_MINOR - 1_500),
        "the bank goes on"
    );
    // It is a whole database: it sells.
    let sold = till.pay(&phone.code(till.label()), "0.50").expect("checkout pay");
    assert_eq!(sold["outcome"], "paid", "{sold}");
    system.stop_part(Part::Server);
    let _ = system.check(&[]).expect("check");
}
