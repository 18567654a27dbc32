//! How the tables come about, and what is said of a database that cannot be used.

use e2e::postgres::{Cluster, psql};
use e2e::{Part, Sums, System};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;

const PASSWORD: &str = "harbour-lantern-2290";

#[test]
fn tables_are_made_once_and_a_server_waits_for_nobody_to_make_them() {
    let cluster = Cluster::start();
    let url = cluster.create_database("shop");
    let mut system = System::make();
    system.use_database(&url);
    let refused = system.run_part(Part::Server);
    refused.expect_failure(1, &["step 0", "batzen admin migrate"]);
    let told = system.check(&[]);
    told.expect_failure(1, &["batzen admin migrate"]);
    let tables = "select count(*) from pg_tables where schemaname = 'public'";
    let dry = system.migrate(&["--dry-run"]).expect("admin migrate --dry-run");
    assert_eq!((&dry["was_at_step"], &dry["dry_run"]), (&json!(0), &json!(true)), "{dry}");
    assert_eq!(psql(&url, tables), Ok("0".to_owned()), "a dry run changes nothing");
    let done = system.migrate(&[]).expect("admin migrate");
    assert_eq!((&done["was_at_step"], &done["steps"]), (&json!(0), &dry["steps"]), "{done}");
    let again = system.migrate(&[]).expect("admin migrate");
    let steps = done["steps"].as_array().map(Vec::len);
    assert_eq!((&again["was_at_step"], &again["steps"]), (&json!(steps), &json!([])), "{again}");
    let dry = system.migrate(&["--dry-run"]).expect("admin migrate --dry-run");
    assert_eq!(dry["steps"], json!([]), "{dry}");
    system.seed_bank("1000.00");
    system.start_part(Part::Bank, None);
    system.start_part(Part::Server, None);
    system.expect_settled(Sums::settled(0));

    psql(&url, "update migrations set sha256 = '\\x00' where step = 1").expect("psql");
    let refused = system.run_part(Part::Server);
    refused.expect_failure(1, &["0001_tables.sql", "not the one that this program knows"]);
    psql(&url, "update migrations set programs_from = 900").expect("psql");
    let refused = system.run_part(Part::Server);
    assert!(!refused.is_success(), "{refused}");
}

#[test]
fn two_that_migrate_at_once_make_the_tables_once() {
    let cluster = Cluster::start();
    let mut system = System::make();
    system.use_database(&cluster.create_database("shop"));
    let both = std::thread::scope(|scope| {
        let one = scope.spawn(|| system.migrate(&[]));
        [system.migrate(&[]), one.join().expect("no panic")]
    });
    let mut found = both.map(|ran| ran.expect("admin migrate")["was_at_step"].as_u64());
    found.sort_unstable();
    assert!(found[0] == Some(0) && found[1] > found[0], "{found:?}");
}

/// Lets the store be this, and has a server, a check and a migration try it: each must fail, with these words and
/// without a secret.
fn expect_words(system: &System, store: &Value, words: &[&str]) {
    let path = system.config(Part::Server);
    let mut config: Value = serde_json::from_slice(&fs::read(&path).expect("it is there")).expect("JSON");
    config["store"] = store.clone();
    fs::write(&path, config.to_string()).expect("the folder can be written");
    for ran in [system.run_part(Part::Server), system.check(&[]), system.migrate(&[])] {
        ran.expect_failure(1, words);
        assert!(!ran.said().contains(PASSWORD), "a secret is told");
    }
}

#[test]
fn a_database_that_cannot_be_used_is_told_in_words_without_secrets() {
    let mut cluster = Cluster::start();
    let url = cluster.create_database("shop");
    let system = System::make();
    let file = system.dir().join("server/database.password");
    let write = |text: &str, mode| {
        fs::write(&file, text).expect("the folder can be written");
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("the file is ours");
    };
    write(PASSWORD, 0o600);
    let with_password = |url: &str| json!({ "postgres": url, "password": "database.password" });

    cluster.psql("create role till login password 'another'");
    let strict = "host all till 127.0.0.1/32 scram-sha-256";
    cluster.admit_first(strict);
    let tills = url.replace("postgres@", "till@");
    expect_words(&system, &with_password(&tills), &["password", "till"]);
    expect_words(&system, &json!({ "postgres": tills }), &["password"]);
    expect_words(&system, &with_password(&url.replace("/shop", "/nowhere")), &["nowhere", "does not exist"]);
    let inside = url.replace("postgres@", &format!("postgres:{PASSWORD}@"));
    expect_words(&system, &json!({ "postgres": inside }), &["must hold no password"]);
    expect_words(&system, &json!({ "postgres": PASSWORD }), &["makes no sense", "postgresql://USER@HOST"]);
    let elsewhere = json!({ "postgres": "postgresql://shop@198.51.100.7/shop" });
    expect_words(&system, &elsewhere, &["not on this machine", "roots", "unprotected"]);
    let nobody = json!({ "postgres": "postgresql://shop@db.invalid/shop", "unprotected": true });
    expect_words(&system, &nobody, &["cannot be reached"]);
    write(PASSWORD, 0o644);
    expect_words(&system, &with_password(&tills), &["can be read by others", "chmod 600"]);
    write(PASSWORD, 0o600);
    cluster.kill();
    expect_words(&system, &with_password(&url), &["cannot be reached"]);
}

#[test]
fn a_host_that_takes_connections_and_never_answers_is_passed_over() {
    let cluster = Cluster::start();
    let url = cluster.create_database("shop");
    // As a host does that hangs: its system takes the connection, and nobody comes to answer.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let silent = listener.local_addr().expect("it is bound");
    let mut system = System::make();
    system.use_database(&url.replace("postgres@", &format!("postgres@{silent},")));
    let _ = system.migrate(&[]).expect("admin migrate");
    system.use_database(&format!("postgresql://postgres@{silent}/shop"));
    system.migrate(&[]).expect_failure(1, &["cannot be reached", "in time"]);
}

#[test]
fn a_list_of_rules_that_somebody_changed_in_the_database_is_found_out() {
    let cluster = Cluster::start();
    let url = cluster.create_database("shop");
    let system = System::start_on(&url);
    for package in ["com.example.bad", "com.example.fine"] {
        let path = system.dir().join(format!("{package}.json"));
        let list = json!({ "days": 30, "entries": { "package": [package] } });
        fs::write(&path, list.to_string()).expect("it can be written");
        let _ = system.admin(&["rules", "publish", &path.to_string_lossy()]).expect("rules publish");
    }
    let _ = system.check(&[]).expect("check of what was published");
    let change = "update parties set row = overlay(row placing 'com.example.odd'::bytea \
        from position('com.example.bad'::bytea in row)) where position('com.example.bad'::bytea in row) > 0 returning 1";
    let changed = psql(&url, change).expect("psql");
    assert!(changed.starts_with('1'), "nothing was changed: {changed}");
    system.check(&[]).expect_failure(1, &["invariant 7: rule list 1"]);
}
