//! Disks that are full: a small file system of its own under the store, the wallet, the journal.

use e2e::{PIN, Part, Phone, SmallDisk, Sums, System, Till, exit};
use std::fs;

/// A shop that sold something, with `part`'s store on a small disk that is full.
fn shop_with_full_disk(part: Part) -> (System, Phone, Till, SmallDisk) {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let _ = till.pay(&phone.code(till.label()), "1.00").expect("before");
    system.expect_sums(Sums::settled(100));
    system.stop_part(part);
    let disk = SmallDisk::over(&system.dir().join(part.name()).join("store"), 32);
    system.run_services_within(&disk.wrapper());
    system.start_part(part, None);
    disk.fill();
    (system, phone, till, disk)
}

fn has_told(system: &System, part: Part) -> bool {
    let log = fs::read_to_string(system.log(part)).expect("there is a log").to_lowercase();
    ["disk is full", "no space left", "store is full"].iter().any(|words| log.contains(words))
}

/// Moves the store back to where `check` finds it, and settles.
fn settle(mut system: System, part: Part, disk: SmallDisk, taken_minor: i64) {
    system.expect_sums(Sums::settled(taken_minor));
    system.stop_part(part);
    disk.give_back();
    system.run_services_within(&[]);
    system.start_part(part, None);
    system.expect_settled(Sums::settled(taken_minor));
}

#[test]
fn a_server_whose_disk_is_full_takes_nothing_on_and_goes_on_when_there_is_room() {
    let (system, phone, till, disk) = shop_with_full_disk(Part::Server);
    // An engine may have room inside its file for a while.
    let refused = (0..60).find_map(|_| {
        let ran = till.pay(&phone.code(till.label()), "0.15");
        (!ran.is_success()).then_some(ran)
    });
    let refused = refused.expect("the disk is full, and everything is paid");
    let code = refused.code().unwrap_or_default();
    assert!([exit::FAILED, exit::UNKNOWN, exit::UNREACHABLE].contains(&code), "{refused}");
    assert!(has_told(&system, Part::Server), "the server's log does not say why");
    disk.make_room();
    let _ = till.resume().expect("checkout resume");
    let paid = till.pay(&phone.code(till.label()), "1.00").expect("once there is room, without a restart");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    settle(system, Part::Server, disk, till.taken_minor());
}

#[test]
fn a_bank_whose_disk_is_full_ends_and_says_why_and_the_payment_goes_on_when_it_is_back() {
    let (mut system, phone, till, disk) = shop_with_full_disk(Part::Bank);
    let mut is_full = true;
    for _ in 0..60 {
        let code = phone.code(till.label());
        let ran = system.during(
            || till.pay(&code, "0.15"),
            |system| {
                if is_full && system.has_ended(Part::Bank) {
                    disk.make_room();
                    is_full = false;
                    system.revive();
                }
            },
        );
        let _ = ran.expect("the bank was back in time");
        if !is_full {
            break;
        }
    }
    assert!(has_told(&system, Part::Bank), "the bank's log does not say why");
    settle(system, Part::Bank, disk, till.taken_minor());
}

#[test]
fn a_phone_whose_disk_is_full_shows_no_code() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let disk = SmallDisk::over(phone.state(), 1);
    disk.fill();
    let out = phone.state().with_extension("png");
    let full = phone.making(PIN, till.label(), &out).within(&disk.wrapper()).run();
    full.expect_failure(1, &["no space left", "free some room", "nothing was changed"]);
    assert!(!out.exists(), "a code was made, and its counter not stored");
    disk.make_room();
    let _ = phone.making(PIN, till.label(), &out).within(&disk.wrapper()).run().expect("once there is room");
    let paid = till.pay(&out, "1.00").expect("checkout pay");
    assert_eq!(paid["outcome"], "paid", "{paid}");
    system.expect_settled(Sums::settled(100));
}

#[test]
fn a_till_whose_disk_is_full_sends_nothing_that_it_has_not_written_down() {
    let mut system = System::start();
    let (phone, till) = (system.phone("robin"), system.till(7));
    let _ = till.pay(&phone.code(till.label()), "1.00").expect("before");
    let disk = SmallDisk::over(till.state(), 1);
    disk.fill();
    // The last page of the journal has room for a few more lines.
    let full = (0..20).find_map(|_| {
        let ran = till.paying(&phone.code(till.label()), "0.35").within(&disk.wrapper()).run();
        (!ran.is_success()).then_some(ran)
    });
    let full = full.expect("the disk is full, and everything is paid");
    // Before the first line of a sale nothing was sent; after it, what happened is to be found out.
    let code = full.code().unwrap_or_default();
    assert!([exit::FAILED, exit::UNKNOWN].contains(&code), "{full}");
    full.expect_failure(code, &["journal", "full"]);
    disk.make_room();
    let _ = till.checkout(&["resume"]).within(&disk.wrapper()).run().expect("checkout resume");
    let paid = till.paying(&phone.code(till.label()), "1.00").within(&disk.wrapper()).run();
    let _ = paid.expect("once there is room");
    let kept = till.at(&disk.path());
    let taken = kept.taken_minor();
    assert!(taken >= 200, "{taken}");
    system.expect_settled(Sums::settled(taken));
}
