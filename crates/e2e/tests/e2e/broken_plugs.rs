//! What operators and machines do wrong: each is told clearly, and nothing is lost.

use crate::payment::confirmations;
use e2e::{Authority, PIN, Part, Ran, Sums, System, Validity, batzen, exit, is_root, wallet_exit};
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};

#[test]
fn a_port_that_is_taken_is_named() {
    let system = System::make();
    system.seed_bank("10.00");
    let first = system.port();
    for (part, port) in [(Part::Server, first), (Part::Bank, first + 1), (Part::Bank, first + 2)] {
        let held = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("the port is ours");
        system.run_part(part).expect_failure(1, &[&port.to_string(), "in use"]);
        drop(held);
    }
}

/// A system whose certificates come from an authority that the test holds.
fn with_authority() -> (System, Authority) {
    let mut system = System::make();
    let authority = Authority::make();
    let old = fs::read_to_string(system.roots()).expect("init made it");
    fs::write(system.roots(), authority.root_pem()).expect("it can be written");
    let realm = fs::read_to_string(system.realm_file()).expect("init made it");
    let in_json = |text: &str| serde_json::to_string(text).expect("text is JSON");
    assert!(realm.contains(&in_json(&old)), "the realm file has the roots");
    let realm = realm.replace(&in_json(&old), &in_json(&authority.root_pem()));
    fs::write(system.realm_file(), realm).expect("it can be written");
    authority.write_server(&stem(&system, "server/server"), Validity::Current);
    authority.write_server(&stem(&system, "bank/bank"), Validity::Current);
    authority.write_client(&stem(&system, "server/partner"), "batzen-server", Validity::Current);
    system.seed_bank("1000.00");
    system.start_part(Part::Bank, None);
    system.start_part(Part::Server, None);
    system.register();
    (system, authority)
}

fn stem(system: &System, name: &str) -> PathBuf {
    system.dir().join(name)
}

#[test]
fn a_servers_certificate_from_another_root_is_refused_by_all_and_its_payment_not_lost() {
    let (mut system, authority) = with_authority();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let server = stem(&system, "server/server");
    system.stop_part(Part::Server);
    Authority::make().write_server(&server, Validity::Current);
    system.launch_part(Part::Server);
    e2e::eventually("the server's port", || TcpStream::connect((Ipv4Addr::LOCALHOST, system.port())).ok());
    let code = phone.code(till.label());
    let told = |ran: &Ran, code: i32| ran.expect_failure(code, &["certificate", "roots"]);
    told(&till.pay(&code, "1.00"), exit::UNREACHABLE);
    told(&phone.confirmations(), wallet_exit::UNREACHABLE);
    told(&system.admin(&["balances"]), 1);
    system.stop_part(Part::Server);
    authority.write_server(&server, Validity::Current);
    system.start_part(Part::Server, None);
    let paid = till.pay(&code, "1.00").expect("the same code, with a good certificate");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    system.expect_settled(Sums::settled(100));
}

#[test]
fn a_certificate_out_of_its_time_is_named_by_whoever_has_it_and_by_whoever_is_shown_it() {
    let (mut system, authority) = with_authority();
    let (phone, till) = (system.phone("robin"), system.till(7));
    // 30 days are what the test's certificates are good for.
    let later = with_clock("+40d");
    let told = |ran: &Ran, code: i32| ran.expect_failure(code, &["certificate", "expired"]);
    told(&till.paying(&phone.code(till.label()), "1.00").within(&later).run(), exit::UNREACHABLE);
    told(&phone.wallet(&["confirmations"]).within(&later).run(), wallet_exit::UNREACHABLE);
    system.stop_part(Part::Server);
    system.stop_part(Part::Bank);
    for (part, name) in
        [(Part::Server, "server/server"), (Part::Server, "server/partner"), (Part::Bank, "bank/bank")]
    {
        for (validity, word) in [(Validity::Expired, "expired"), (Validity::NotYet, "valid only from")] {
            write(&authority, &stem(&system, name), validity);
            system.run_part(part).expect_failure(1, &["certificate", word, &format!("{name}.pem")]);
        }
        write(&authority, &stem(&system, name), Validity::Current);
    }
    system.start_part(Part::Bank, None);
    system.start_part(Part::Server, None);
    let _ = till.resume().expect("checkout resume");
    let paid = till.pay(&phone.code(till.label()), "1.00").expect("with good certificates");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    system.expect_settled(Sums::settled(100));
}

fn write(authority: &Authority, stem: &Path, validity: Validity) {
    if stem.ends_with("partner") {
        authority.write_client(stem, "batzen-server", validity);
    } else {
        authority.write_server(stem, validity);
    }
}

#[test]
fn a_server_whose_certificate_the_bank_refuses_gives_the_payment_up_and_loses_nothing() {
    let (mut system, authority) = with_authority();
    let (phone, till) = (system.phone("robin"), system.till(7));
    system.stop_part(Part::Server);
    let partner = stem(&system, "server/partner");
    Authority::make().write_client(&partner, "batzen-server", Validity::Current);
    system.start_part(Part::Server, None);
    let ran = till.pay(&phone.code(till.label()), "2.00");
    assert!([Some(exit::FAILED), Some(exit::DECLINED), Some(exit::UNKNOWN)].contains(&ran.code()), "{ran}");
    let log = fs::read_to_string(system.log(Part::Server)).expect("there is a log");
    assert!(log.to_lowercase().contains("certificate"), "the server's log does not say why");

    system.stop_part(Part::Server);
    authority.write_client(&partner, "batzen-server", Validity::Current);
    system.start_part(Part::Server, None);
    let _ = till.resume().expect("checkout resume");
    assert_eq!(till.taken_minor(), 0);
    let paid = till.pay(&phone.code(till.label()), "1.00").expect("with a good certificate");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    system.expect_settled(Sums::settled(100));
}

/// Runs what follows as somebody whom permissions bind: root is bound by none.
fn as_nobody() -> Vec<&'static str> {
    if is_root() { vec!["runuser", "-u", "nobody", "--"] } else { Vec::new() }
}

/// Gives a folder and all that is in it to that somebody.
fn give(folder: &Path) {
    let nobody = is_root().then_some(65_534);
    for entry in fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("a file").path())
    {
        if entry.is_dir() { give(&entry) } else { chown(&entry, nobody, None).expect("root may") }
    }
    chown(folder, nobody, None).expect("root may");
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the folder is ours");
}

/// Lets anybody through to `folder`, which lies in a private temporary folder.
fn open_the_way(folder: &Path) {
    let mut at = folder.to_owned();
    while at.parent().is_some_and(|parent| parent != std::env::temp_dir()) && at.pop() {
        let mode = fs::metadata(&at).expect("it is there").permissions().mode();
        set_mode(&at, mode | 0o055);
    }
}

#[test]
fn a_folder_that_may_not_be_written_is_named_and_nothing_is_used_up() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let code = phone.code(till.label());
    system.stop_part(Part::Server);
    system.stop_part(Part::Bank);
    open_the_way(&system.dir().join("server/store"));
    let nobody = as_nobody();

    for part in [Part::Server, Part::Bank] {
        let store = system.dir().join(part.name()).join("store");
        give(&system.dir().join(part.name()));
        set_mode(&store, 0o555);
        for entry in fs::read_dir(&store).expect("the store is there") {
            set_mode(&entry.expect("a file").path(), 0o444);
        }
        system.run_services_within(&nobody);
        system.run_part(part).expect_failure(1, &["store", "may not", "read-only"]);
        system.run_services_within(&[]);
        set_mode(&store, 0o755);
        for entry in fs::read_dir(&store).expect("the store is there") {
            set_mode(&entry.expect("a file").path(), 0o644);
        }
    }
    system.start_part(Part::Bank, None);
    system.start_part(Part::Server, None);

    open_the_way(phone.state());
    open_the_way(till.state());
    give(phone.state());
    give(till.state());
    let picture = tempfile::tempdir().expect("a temporary folder");
    set_mode(picture.path(), 0o777);
    let out = picture.path().join("code.png");
    freeze(phone.state(), true);
    let making = phone.making(PIN, till.label(), &out);
    let ran = if nobody.is_empty() { making.run() } else { making.within(&nobody).run() };
    ran.expect_failure(1, &["cannot", &phone.state().display().to_string()]);
    assert!(!out.exists(), "a code was made, and its counter not stored");
    freeze(phone.state(), false);

    freeze(till.state(), true);
    let readable = picture.path().join("readable.png");
    fs::copy(&code, &readable).expect("the picture can be copied");
    set_mode(&readable, 0o644);
    let paying = till.paying(&readable, "1.00");
    let ran = if nobody.is_empty() { paying.run() } else { paying.within(&nobody).run() };
    ran.expect_failure(1, &["may not write", &till.state().display().to_string()]);
    freeze(till.state(), false);
    let paid = till.pay(&code, "1.00").expect("the same code, once the journal can be written");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    system.expect_settled(Sums::settled(100));
}

/// Takes the right to write from a folder and its files, or gives it back.
fn freeze(folder: &Path, is_frozen: bool) {
    for entry in fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("a file").path())
    {
        if !entry.is_dir() {
            set_mode(&entry, if is_frozen { 0o400 } else { 0o600 });
        }
    }
    set_mode(folder, if is_frozen { 0o500 } else { 0o700 });
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    fs::write(&file, "in the way").expect("it can be written");
    let ran = batzen(["init", "--realm", "e2e.batzen.example", "--dir"]).arg(file.join("system")).run();
    ran.expect_failure(1, &[&file.display().to_string(), "cannot be made"]);
}

/// Runs what follows with a clock that is off by this much.
pub(crate) fn with_clock(offset: &str) -> [&str; 5] {
    ["env", "FAKETIME_DONT_FAKE_MONOTONIC=1", "faketime", "-f", offset]
}

#[test]
fn a_phone_whose_clock_was_set_back_loses_nothing() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let out = phone.state().with_extension("old.png");
    let made = phone.making(PIN, till.label(), &out).within(&with_clock("-2h")).run();
    if made.is_success() {
        // The code is two hours old for the server: declined, with the way out.
        let declined = till.pay(&out, "1.00");
        declined.expect_failure(exit::DECLINED, &["declined"]);
    } else {
        made.expect_failure(1, &["clock"]);
    }
    let _ = phone.confirmations().expect("online, the phone learns the time");
    let paid = till.pay(&phone.code(till.label()), "1.00").expect("with the right clock");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    system.expect_settled(Sums::settled(100));
}

#[test]
fn a_phone_that_was_activated_with_a_wrong_clock_finds_back_when_it_is_set() {
    let system = System::start();
    let phone = system.blank_phone("late");
    let activate = phone.wallet(&["activate", "--code", &system.activation_code(), "--pin-stdin", "--realm"]);
    let activate = activate.arg(system.realm_file()).typing(&format!("{PIN}\n"));
    let _ = activate.within(&with_clock("-10m")).run().expect("activated ten minutes behind");
    // What the phone learned of its clock is wrong now: its first signature is ten minutes early.
    let _ = phone.wallet(&["methods", "list"]).run().expect("asked again with the server's time");
    let status = phone.wallet(&["status", "--online"]).run().expect("status --online");
    assert!(status["clock_offset_s"].as_i64().is_some_and(|offset_s| offset_s.abs() < 60), "{status}");
}

#[test]
fn a_server_whose_clock_was_set_back_loses_nothing() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let paid = till.pay(&phone.code(till.label()), "1.00").expect("before");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    system.stop_part(Part::Server);
    system.run_services_within(&with_clock("-10m"));
    system.start_part(Part::Server, None);
    // Codes seem to come from the future: declined, and the counter of the phone is used up, no more.
    let declined = till.pay(&phone.code(till.label()), "1.00");
    declined.expect_failure(exit::DECLINED, &["declined"]);
    system.stop_part(Part::Server);
    system.run_services_within(&[]);
    system.start_part(Part::Server, None);
    let paid = till.pay(&phone.code(till.label()), "1.00").expect("after");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    assert!(confirmations(&phone, 2).len() >= 2);
    system.expect_settled(Sums::settled(200));
}

#[test]
fn a_till_with_a_wrong_key_or_number_is_told_so() {
    let system = System::start();
    let till = system.till(7);
    let told = till.checkout(&["status"]).run().expect("checkout status");
    assert!(told.to_string().contains("Corner Shop"), "{told}");
    let stranger = till.at(&till.state().with_extension("stranger"));
    let _ = stranger.set_up(&system.server_url(), &system.roots(), "bzk_not-a-key").expect("checkout setup");
    let refused = stranger.checkout(&["status"]).run();
    refused.expect_failure(exit::FAILED, &["key"]);
    let code = system.dir().join("code.txt");
    fs::write(&code, "1234").expect("it can be written");
    assert_eq!(till.pay(&code, "1.00").code(), Some(4), "a cut-off code is to be scanned again");
    till.pay(&system.dir().join("nothing.png"), "1.00").expect_failure(1, &["nothing.png", "cannot be read"]);
    till.pay(&code, "1,00").expect_failure(2, &["amount"]);
}
