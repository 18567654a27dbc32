//! The same seed gives the same history, and none of a few breaks a rule. `cargo xtask sim` runs many.

use sim::{Fault, Plan, Tally, Template, run};

#[test]
fn one_seed_is_one_history_told_or_not() {
    let template = Template::make().unwrap();
    for seed in 1..=12 {
        let plan = Plan::of(seed);
        let (first, again, untold) =
            (run(&template, &plan, true), run(&template, &plan, true), run(&template, &plan, false));
        assert_eq!(first.story, again.story, "seed {seed}");
        assert_eq!(first.tally, untold.tally, "seed {seed}");
        assert!(first.story.len() > 10 && untold.story.is_empty(), "seed {seed}");
    }
}

/// Two worlds have other keys, and yet the same history.
#[test]
fn a_history_does_not_depend_on_the_keys_of_its_world() {
    let (one, other) = (Template::make().unwrap(), Template::make().unwrap());
    for seed in 21..=26 {
        let plan = Plan::of(seed);
        assert_eq!(run(&one, &plan, true).story, run(&other, &plan, true).story, "seed {seed}");
    }
}

#[test]
fn histories_are_rough_and_break_no_rule() {
    let template = Template::make().unwrap();
    let mut tally = Tally::default();
    for seed in 1_000_001..=1_000_040 {
        let ended = run(&template, &Plan::of(seed), false);
        assert_eq!(ended.violations, [], "seed {seed}");
        tally.add(&ended.tally);
    }
    for fault in [Fault::RequestLost, Fault::AnswerLost, Fault::RequestDoubled, Fault::WrongPin] {
        assert!(tally.of(fault) > 0, "no {} in 40 histories", fault.words());
    }
}

#[cfg(feature = "broken-rules")]
#[test]
fn a_broken_rule_is_noticed_and_its_history_shrinks() {
    use model::BrokenRule;
    let template = Template::make().unwrap();
    for rule in BrokenRule::ALL {
        BrokenRule::break_on_this_thread(Some(rule));
        let found = (1..=200).find_map(|seed| {
            let plan = Plan::of(seed);
            let violation = run(&template, &plan, false).violations.into_iter().next()?;
            Some((plan, violation))
        });
        let (plan, violation) = found.unwrap_or_else(|| panic!("{rule:?} is not noticed"));
        let (shorter, ended) = sim::shrink(&template, &plan, violation.kind);
        assert!(shorter.size() <= plan.size(), "{rule:?}");
        assert!(ended.violations.iter().any(|other| other.kind == violation.kind), "{rule:?}");
        assert!(ended.story.iter().any(|line| line.contains("WRONG")), "{rule:?}");
    }
    BrokenRule::break_on_this_thread(None);
}
