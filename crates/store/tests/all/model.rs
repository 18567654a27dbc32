//! Any sequence of commands has the outcomes that a few maps in memory say, however it falls into batches and
//! wherever the power is cut between them.

use crate::disk::Fate;
use crate::machine::{FORMS, Machine};
use crate::steps::steps;
use proptest::prelude::*;
use store::conformance::maps::{Maps, Step, compare, send};

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
