//! Sequences of commands, in groups that are sent at once.

use proptest::prelude::*;
use store::conformance::maps::{Move, Step};

pub(crate) fn steps() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let lag = || prop_oneof![6 => Just(0_u32), 1 => Just(1_u32)];
    let moved = (1..4_u8, lag(), prop::option::weighted(0.3, 1..6_u8), prop::option::weighted(0.3, 6..9_u8));
    let moved =
        (moved, prop::option::weighted(0.3, (1..6_u8, 1..3_u8)), prop::option::weighted(0.3, 1..6_u8));
    let moved = (moved, prop_oneof![8 => 1..99_i64, 1 => Just(0_i64)]);
    let step = prop_oneof![
        1 => (1..3_u8).prop_map(Step::Issue),
        2 => (1..3_u8).prop_map(Step::Enrol),
        1 => (1..3_u8, lag()).prop_map(|(device, lag)| Step::Touch { device, lag }),
        1 => (1..3_u8, lag()).prop_map(|(device, lag)| Step::Lock { device, lag }),
        6 => (1..4_u8, 1..6_u8, 1..3_u8, 1..3_u8, lag(), 1..9_u32, any::<bool>()).prop_map(
            |(n, key, asks, device, lag, counter, confirm)| Step::Begin { n, key, asks, device, lag, counter, confirm }
        ),
        6 => moved.prop_map(|(((n, lag, done, new), asks, answers), amount)| {
            Step::Move(Move { n, lag, done, new, asks, answers, amount })
        }),
        2 => (1..6_u8, 1..3_u8).prop_map(|(key, asks)| Step::Cancel { key, asks }),
        1 => (1..9_u8).prop_map(Step::Delay),
        1 => (1..3_u8, lag()).prop_map(|(n, lag)| Step::PutApp { n, lag }),
        1 => Just(Step::Record),
        1 => Just(Step::PowerLoss),
    ];
    prop::collection::vec(prop::collection::vec(step, 1..6), 1..20)
}
