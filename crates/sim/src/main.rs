//! `cargo xtask sim`: runs histories and says what they showed.
#![forbid(unsafe_code)]

use clap::Parser;
use sim::{Fault, Plan, Tally, Template, Violation, run, shrink};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// Runs simulated histories of payments, one for each seed, and holds each against what must always be true.
#[derive(Parser)]
#[command(name = "cargo xtask sim", bin_name = "cargo xtask sim")]
struct Arguments {
    /// How many seeds.
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// This seed alone.
    #[arg(long, conflicts_with_all = ["seeds", "from"])]
    seed: Option<u64>,
    /// Break this rule on purpose: it must be noticed. `all` breaks one after the other.
    #[cfg(feature = "broken-rules")]
    #[arg(long, value_name = "RULE")]
    broken: Option<String>,
    /// Tell the story also of a history in which nothing is wrong.
    #[arg(long, requires = "seed")]
    story: bool,
    /// Threads, each with histories of its own; as many as there are processors if left out.
    #[arg(long)]
    threads: Option<usize>,
}

/// What many histories showed.
#[derive(Default)]
struct Sum {
    histories: u64,
    payments: BTreeMap<&'static str, u64>,
    tally: Tally,
    /// The failing history with the lowest seed among those that were run.
    first: Option<(u64, Violation)>,
    failing: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let template = match Template::make() {
        Ok(template) => Arc::new(template),
        Err(error) => {
            eprintln!("sim: the world cannot be made: {error}");
            return ExitCode::FAILURE;
        }
    };
    #[cfg(feature = "broken-rules")]
    if let Some(rule) = &arguments.broken {
        return broken::run(&arguments, &template, rule);
    }
    if arguments.story {
        let ended = run(&template, &Plan::of(arguments.seed.unwrap_or(1)), true);
        ended.story.iter().for_each(|line| println!("{line}"));
        return if ended.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let began = Instant::now();
    let sum = run_all(&arguments, &template, false, || {});
    print_sum(&sum, began);
    match sum.first {
        None => ExitCode::SUCCESS,
        Some((seed, violation)) => {
            tell(&template, seed, &violation);
            ExitCode::FAILURE
        }
    }
}

/// Runs all seeds on several threads; `until_first` ends at the first failing one. `prepare` is called on each thread.
fn run_all(
    arguments: &Arguments,
    template: &Arc<Template>,
    until_first: bool,
    prepare: impl Fn() + Clone + Send + 'static,
) -> Sum {
    let (from, count) = arguments.seed.map_or((arguments.from, arguments.seeds), |seed| (seed, 1));
    let threads =
        arguments.threads.or_else(|| thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    let next = Arc::new(AtomicU64::new(from));
    let is_over = Arc::new(AtomicBool::new(false));
    let sum = Arc::new(Mutex::new(Sum::default()));
    let workers: Vec<_> = (0..threads.max(1))
        .map(|_| {
            let (template, next, is_over, sum) =
                (template.clone(), next.clone(), is_over.clone(), sum.clone());
            let prepare = prepare.clone();
            thread::spawn(move || {
                prepare();
                while !is_over.load(Ordering::SeqCst) {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= from.saturating_add(count) {
                        return;
                    }
                    let ended = run(&template, &Plan::of(seed), false);
                    let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                    sum.histories += 1;
                    for (state, count) in ended.payments {
                        *sum.payments.entry(state).or_default() += count;
                    }
                    sum.tally.add(&ended.tally);
                    let Some(violation) = ended.violations.into_iter().next() else { continue };
                    sum.failing += 1;
                    is_over.store(until_first, Ordering::SeqCst);
                    println!("seed {seed}: {}: {}", violation.kind, violation.what);
                    if sum.first.as_ref().is_none_or(|(first, _)| seed < *first) {
                        sum.first = Some((seed, violation));
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        if worker.join().is_err() {
            eprintln!("sim: a thread panicked");
            std::process::exit(1);
        }
    }
    std::mem::take(&mut *sum.lock().unwrap_or_else(PoisonError::into_inner))
}

fn print_sum(sum: &Sum, began: Instant) {
    let s = began.elapsed().as_secs_f64();
    let rate = sum.histories as f64 / s.max(0.001);
    let payments: u64 = sum.payments.values().sum();
    println!("{} histories with {payments} payments in {s:.1} s: {rate:.1} histories/s", sum.histories);
    let ends = sum.payments.iter().map(|(state, count)| format!("{count} {state}"));
    println!("payments ended: {}", ends.collect::<Vec<_>>().join(", "));
    println!("{} faults caused:", sum.tally.sum());
    for fault in Fault::ALL {
        println!("  {:>9}  {}", sum.tally.of(fault), fault.words());
    }
    println!("{} histories with violations", sum.failing);
}

/// Shrinks a failing history and tells its story.
fn tell(template: &Template, seed: u64, violation: &Violation) {
    println!("\nThe shortest story found of seed {seed}, in which there is {}:\n", violation.kind);
    let (plan, ended) = shrink(template, &Plan::of(seed), violation.kind);
    for (number, line) in ended.story.iter().enumerate() {
        println!("{:>4}  {line}", number + 1);
    }
    println!("\n{} things happen in it. The whole story: cargo xtask sim --seed {seed} --story", plan.size());
}

#[cfg(feature = "broken-rules")]
mod broken {
    use super::{Arguments, Template, print_sum, run_all, tell};
    use model::BrokenRule;
    use std::process::ExitCode;
    use std::sync::Arc;
    use std::time::Instant;

    /// Breaks one rule, or one after the other, and demands that each is noticed.
    pub(super) fn run(arguments: &Arguments, template: &Arc<Template>, name: &str) -> ExitCode {
        let named: Vec<BrokenRule> =
            BrokenRule::ALL.into_iter().filter(|rule| name == "all" || rule.name() == name).collect();
        if named.is_empty() {
            let names = BrokenRule::ALL.map(BrokenRule::name).join(", ");
            eprintln!("sim: there is no rule `{name}`; the rules are {names}, and `all`");
            return ExitCode::FAILURE;
        }
        let mut are_noticed = true;
        for rule in named {
            println!("== broken on purpose: {}", rule.name());
            let began = Instant::now();
            let break_it = move || BrokenRule::break_on_this_thread(Some(rule));
            let sum = run_all(arguments, template, true, break_it);
            match &sum.first {
                Some((seed, violation)) => {
                    println!("noticed after {} histories", sum.histories);
                    break_it();
                    tell(template, *seed, violation);
                    BrokenRule::break_on_this_thread(None);
                }
                None => {
                    print_sum(&sum, began);
                    println!("NOT noticed");
                    are_noticed = false;
                }
            }
        }
        if are_noticed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
