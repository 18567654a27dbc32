//! Moving house: from the file into PostgreSQL.

use super::expect_settled;
use e2e::postgres::Cluster;
use e2e::{Part, Ran, Sums, System, batzen};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The server's configuration with its store in the database at `url`, beside the other one.
fn configuration_on(system: &System, url: &str) -> PathBuf {
    let path = system.config(Part::Server);
    let mut config: Value = serde_json::from_slice(&fs::read(&path).expect("it is there")).expect("JSON");
    config["store"] = json!({ "postgres": url });
    let to = path.with_file_name("moved.json");
    fs::write(&to, config.to_string()).expect("the folder can be written");
    to
}

fn move_house(system: &System, to: &Path) -> Ran {
    let ran = batzen(["--json", "admin", "move", "--config"]).arg(system.config(Part::Server));
    ran.arg("--to").arg(to).run()
}

fn migrate(to: &Path) {
    let _ = batzen(["--json", "admin", "migrate", "--config"]).arg(to).run().expect("admin migrate");
}

/// A system that sold, and stands still.
fn sold_in_a_file() -> (System, e2e::Phone, e2e::Till, i64) {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    for number in 0..6 {
        let reference = format!("receipt-{number}");
        let sold = till.sell(&phone.code(till.label()), "2.15", &reference, &[], None);
        assert!(sold.is_paid, "{sold:?}");
        if number % 2 == 0 {
            let _ = till.act(&["refund", "--amount", "0.40"], &reference, None);
        }
    }
    // One hold is moved while it is open.
    let held = till.sell(&phone.code(till.label()), "3.10", "held", &["--no-capture"], None);
    assert_eq!(held.document["state"], "authorised", "{held:?}");
    let taken = till.taken_minor();
    system.expect_sums(Sums { held_minor: 310, pending_minor: 310, ..Sums::settled(taken) });
    (system, phone, till, taken)
}

#[test]
fn a_shop_moves_into_postgresql_and_goes_on_selling() {
    let cluster = Cluster::start();
    let url = cluster.create_database("shop");
    let (mut system, phone, till, taken) = sold_in_a_file();
    let to = configuration_on(&system, &url);
    // A server that runs has its file to itself.
    let refused = move_house(&system, &to);
    assert!(!refused.is_success(), "{refused}");
    system.stop_part(Part::Server);
    move_house(&system, &to).expect_failure(1, &["batzen admin migrate"]);
    migrate(&to);
    let moved = move_house(&system, &to).expect("admin move");
    assert_eq!(moved["payments"], 7, "{moved}");
    let refused = move_house(&system, &to);
    refused.expect_failure(1, &["holds rows already", "empty"]);

    system.use_database(&url);
    system.start_part(Part::Server, None);
    system.start_part(Part::Second, None);
    let _ = till.act(&["capture"], "held", None);
    let other = system.till_at(Part::Second, 8);
    for till in [&till, &other] {
        let sold = till.sell(&phone.code(till.label()), "1.05", "afterwards", &[], None);
        assert!(sold.is_paid, "{sold:?}");
    }
    let _ = till.act(&["refund", "--amount", "1.00"], "receipt-1", None);
    let told = phone.confirmations().expect("wallet confirmations");
    assert!(told["confirmations"].as_array().is_some_and(|all| all.len() >= 8), "{told}");
    expect_settled(&mut system, taken + 310 + 105 + 105 - 100);
    // The file stays as it is, and is no store of this server any more: nothing of it was changed.
    let refused = move_house(&system, &to);
    refused.expect_failure(1, &["in PostgreSQL already"]);
}

#[test]
fn a_changed_byte_in_the_file_is_noticed_before_anything_is_moved() {
    let cluster = Cluster::start();
    let url = cluster.create_database("shop");
    let (mut system, ..) = sold_in_a_file();
    system.stop_part(Part::Server);
    let to = configuration_on(&system, &url);
    migrate(&to);
    let config: Value =
        serde_json::from_slice(&fs::read(system.config(Part::Server)).expect("it is there")).expect("JSON");
    let file = system.config(Part::Server).with_file_name(config["store"].as_str().expect("a path"));
    let file = file.canonicalize().expect("the store is there");
    let whole = fs::read(&file).expect("the store can be read");
    // A byte of a row: the shop's name, in the middle of a page.
    let name = b"Corner Shop";
    let place = whole.windows(name.len()).position(|part| part == name).expect("the name is in the store");
    let mut changed = whole.clone();
    changed[place] ^= 1;
    fs::write(&file, &changed).expect("the store can be written");
    let refused = move_house(&system, &to);
    refused.expect_failure(1, &["damaged", "restore it from a copy"]);
    assert_eq!(e2e::postgres::psql(&url, "select count(*) from parties"), Ok("0".to_owned()));
    fs::write(&file, &whole).expect("the store can be written");
    let _ = move_house(&system, &to).expect("admin move");
}
