//! Aborts at the store's failpoints: before the commit nothing is there, after it everything.

use bank::{Bank, Settings};
use bank_api::{HoldId, PartnerName};
use std::path::Path;
use std::process::Command;

const FOLDER: &str = "BANK_CRASH_FOLDER";

fn names() -> (PartnerName, HoldId) {
    ("shop-payments".parse().unwrap(), "h1".parse().unwrap())
}

/// Run by the test below in a process of its own, which dies.
#[tokio::test]
#[ignore = "a part of the other test"]
async fn release_and_die() {
    let folder = std::env::var(FOLDER).unwrap();
    // The store is made before the points are armed.
    let bank = Bank::open(Path::new(&folder), Settings::default()).unwrap();
    let scenario = fail::FailScenario::setup();
    let (partner, hold) = names();
    drop(bank.release_hold(&partner, hold).await);
    scenario.teardown();
}

fn crash_at(point: &str, folder: &Path) {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::release_and_die", "--ignored"])
        .env(FOLDER, folder)
        .env("FAILPOINTS", format!("{point}=return"))
        .status()
        .unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(6), "{point}: {status}");
}

#[test]
fn a_commit_is_there_as_a_whole_or_not_at_all() {
    let (partner, hold) = names();
    for (point, is_there) in [("bank-before-commit", false), ("bank-after-commit", true)] {
        let folder = tempfile::tempdir().unwrap();
        crash_at(point, folder.path());
        let bank = Bank::open(folder.path(), Settings::default()).unwrap();
        assert_eq!(bank.hold_status(&partner, &hold).is_ok(), is_there, "{point}");
        assert!(bank.check().unwrap().is_clean());
    }
}
