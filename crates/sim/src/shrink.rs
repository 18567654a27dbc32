//! Makes a failing history small: leaves out what is not needed for it to fail the same way.

use crate::history::{Ended, run};
use crate::plan::{Network, Plan};
use crate::template::Template;

/// How many shorter histories are tried at most.
const TRIES_MAX: usize = 400;

/// A smaller plan whose history breaks the same rule, with that history's story.
#[must_use]
pub fn shrink(template: &Template, plan: &Plan, kind: &str) -> (Plan, Ended) {
    let mut shrinking = Shrinking { template, kind, tries: 0 };
    let mut plan = plan.clone();
    if let Some(calmer) = shrinking.still_fails(Plan { network: Network::CALM, ..plan.clone() }) {
        plan = calmer;
    }
    loop {
        let before = plan.size();
        plan = shrinking.without_mishaps(plan);
        plan = shrinking.without_acts(plan);
        if plan.size() == before || shrinking.tries >= TRIES_MAX {
            break;
        }
    }
    let ended = run(template, &plan, true);
    (plan, ended)
}

struct Shrinking<'a> {
    template: &'a Template,
    kind: &'a str,
    tries: usize,
}

impl Shrinking<'_> {
    fn still_fails(&mut self, plan: Plan) -> Option<Plan> {
        if self.tries >= TRIES_MAX {
            return None;
        }
        self.tries += 1;
        let ended = run(self.template, &plan, false);
        ended.violations.iter().any(|violation| violation.kind == self.kind).then_some(plan)
    }

    fn without_mishaps(&mut self, mut plan: Plan) -> Plan {
        for place in (0..plan.mishaps.len()).rev() {
            let mut shorter = plan.clone();
            shorter.mishaps.remove(place);
            plan = self.still_fails(shorter).unwrap_or(plan);
        }
        plan
    }

    /// Half of them at once first, then fewer.
    fn without_acts(&mut self, mut plan: Plan) -> Plan {
        let mut many = plan.acts.len().div_ceil(2);
        while many > 0 {
            let mut place = plan.acts.len();
            while place > 0 {
                let from = place.saturating_sub(many);
                let mut shorter = plan.clone();
                shorter.acts.drain(from..place);
                plan = self.still_fails(shorter).unwrap_or(plan);
                place = from.min(plan.acts.len());
            }
            many /= 2;
        }
        plan
    }
}
