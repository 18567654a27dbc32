//! Any sequence of commands has the outcomes that a few maps in memory say, however it falls into batches and
//! wherever the power is cut between them.

mod disk;
mod machine;

use disk::Fate;
use machine::{FORMS, Machine};
use proptest::prelude::*;
use store::conformance::maps::{Maps, Move, Step, compare, send};

fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let lag = || prop_oneof![6 => Just(0_u32), 1 => Just(1_u32)];
    let moved = (1..4_u8, lag(), prop::option::weighted(0.3, 1..6_u8), prop::option::weighted(0.3, 6..9_u8));
    let moved =
        (moved, prop::option::weighted(0.3, (1..6_u8, 1..3_u8)), prop::option::weighted(0.3, 1..6_u8));
    let moved = (moved, prop_oneof![8 => 1..99_i64, 1 => Just(0_i64)]);
    let step = prop_oneof![
        1 => (1..3_u8).prop_map(Step::Issue),
        2 => (1..3_u8).prop_map(Step::Enrol),
        1 => (1..3_u8, lag()).prop_map(|(device, lag)| Step::Touch { device, lag }),
        6 => (1..4_u8, 1..6_u8, 1..3_u8, 1..3_u8, lag(), 1..9_u32, any::<bool>()).prop_map(
            |(n, key, asks, device, lag, counter, confirm)| Step::Begin { n, key, asks, device, lag, counter, confirm }
        ),
        6 => moved.prop_map(|(((n, lag, done, new), asks, answers), amount)| {
            Step::Move(Move { n, lag, done, new, asks, answers, amount })
        }),
        2 => (1..6_u8, 1..3_u8).prop_map(|(key, asks)| Step::Cancel { key, asks }),
        1 => (1..9_u8).prop_map(Step::Delay),
        1 => Just(Step::Record),
        1 => Just(Step::PowerLoss),
    ];
    prop::collection::vec(prop::collection::vec(step, 1..6), 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn outcomes_are_those_of_a_few_maps(groups in steps(), form in prop::sample::select(&FORMS[..])) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut machine = Machine::new(form);
        let mut store = machine.open().unwrap();
        let mut maps = Maps::default();
        // Begin with both devices more often than chance would.
        let start = vec![Step::Issue(1), Step::Enrol(1), Step::Issue(2), Step::Enrol(2)];
        for group in std::iter::once(start).chain(groups) {
            let dark = group.iter().any(|step| matches!(step, Step::PowerLoss));
            runtime.block_on(send(&store, group.iter().map(|step| maps.take(step)).collect()));
            if dark {
                machine = Machine::holding(form, machine.after_power_loss(Fate::Lost));
                store = machine.open().unwrap();
            }
        }
        runtime.block_on(compare(&store, &maps));
    }
}
