//! Makes a failing history small: leaves out what is not needed for it to fail the same way.

use crate::history::{Ended, run};
use crate::plan::{Network, Plan};
use crate::template::Template;

/// How many shorter histories are tried at most.
const TRIES_MAX: usize = 600;

/// A smaller plan whose history breaks the same rule, with that history's story.
#[must_use]
pub fn shrink(template: &Template, plan: &Plan, kind: &str) -> (Plan, Ended) {
    let mut shrinking = Shrinking { template, kind, tries: 0 };
    let mut plan = plan.clone();
    let calmer = Plan { network: Network::CALM, ..plan.clone() };
    if shrinking.fails(&calmer) {
        plan = calmer;
    }
    loop {
        let before = (plan.size(), plan.spared.len());
        plan = shrinking.with_fewer(
            plan,
            |plan| plan.mishaps.len(),
            |plan, place, many| {
                plan.mishaps.drain(place..place + many);
            },
        );
        plan = shrinking.with_fewer(
            plan,
            |plan| plan.acts.len(),
            |plan, place, many| {
                plan.acts.drain(place..place + many);
            },
        );
        plan = shrinking.with_fewer_messages_hit(plan);
        if (plan.size(), plan.spared.len()) == before || shrinking.tries >= TRIES_MAX {
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
    /// Whether the history of this plan fails the same way.
    fn fails(&mut self, plan: &Plan) -> bool {
        self.tries += 1;
        let ended = run(self.template, plan, false);
        ended.violations.iter().any(|violation| violation.kind == self.kind)
    }

    /// Leaves out as many things of a list as can be: half of them at once first, then fewer.
    fn with_fewer(
        &mut self,
        mut plan: Plan,
        count: impl Fn(&Plan) -> usize,
        leave_out: impl Fn(&mut Plan, usize, usize),
    ) -> Plan {
        let mut many = count(&plan).div_ceil(2);
        while many > 0 {
            let mut end = count(&plan);
            while end > 0 && self.tries < TRIES_MAX {
                let place = end.saturating_sub(many);
                let mut shorter = plan.clone();
                leave_out(&mut shorter, place, end - place);
                if self.fails(&shorter) {
                    plan = shorter;
                }
                end = place.min(count(&plan));
            }
            many /= 2;
        }
        plan
    }

    /// Spares as many messages as can be, of those to which something happens.
    fn with_fewer_messages_hit(&mut self, mut plan: Plan) -> Plan {
        let hit: Vec<u64> = run(self.template, &plan, false).hit.into_iter().collect();
        let mut many = hit.len().div_ceil(2);
        while many > 0 {
            for chunk in hit.chunks(many) {
                if self.tries >= TRIES_MAX {
                    return plan;
                }
                if chunk.iter().all(|message| plan.spared.contains(message)) {
                    continue;
                }
                let mut calmer = plan.clone();
                calmer.spared.extend(chunk);
                if self.fails(&calmer) {
                    plan = calmer;
                }
            }
            many /= 2;
        }
        plan
    }
}
