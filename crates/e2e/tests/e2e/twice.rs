//! One code at two tills at once.

use e2e::{Ran, Sums, System, exit};

#[test]
fn of_two_tills_that_scan_the_same_code_at_once_exactly_one_is_paid() {
    const ROUNDS: i64 = 10;
    let mut system = System::start();
    let phone = system.phone("robin");
    let tills = [system.till(7), system.till(8)];
    for round in 0..ROUNDS {
        let picture = phone.code_for_any_till(e2e::PIN);
        let ran: Vec<Ran> = std::thread::scope(|scope| {
            let picture = &picture;
            let paying = tills.each_ref().map(|till| scope.spawn(move || till.pay(picture, "3.35")));
            paying.map(|one| one.join().expect("paying does not panic")).to_vec()
        });
        let mut codes: Vec<_> = ran.iter().map(Ran::code).collect();
        codes.sort_unstable();
        assert_eq!(codes, [Some(0), Some(exit::DECLINED)], "round {round}: {} {}", ran[0], ran[1]);
    }
    let taken: i64 = tills.iter().map(e2e::Till::taken_minor).sum();
    assert_eq!(taken, ROUNDS * 335);
    system.expect_settled(Sums::settled(ROUNDS * 335));
}
