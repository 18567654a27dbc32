//! `cargo xtask test`: everything that CI checks, as steps in a fixed order, with one summary at the end.
//!
//! The first step that fails ends the run; the summary still names what was not run. This room knows which
//! commands there are, not what they test.

mod counts;
mod install;
mod steps;

use crate::tree::{self, Places};
use clap::Args;
use counts::Counts;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The one selection that all is built with, so that nothing is compiled twice: cargo chooses the features of others'
/// crates by what is built beside them. Failpoints do nothing and the simulator's rules hold until somebody asks.
const EVERYTHING: &[&str] = &["--workspace", "--features", FEATURES];
/// See [`EVERYTHING`].
pub(crate) const FEATURES: &str = "batzen/failpoints,sim/broken-rules";

/// What to leave out.
#[derive(Args)]
pub(crate) struct Options {
    /// Leave out the slow last steps: simulator, fuzz targets, documentation tests, second implementation, demo, pages
    /// in the browsers, bench.
    #[arg(long)]
    quick: bool,
    /// Install nothing; what is missing makes its step fail.
    #[arg(long)]
    no_install: bool,
}

impl Options {
    fn leave_out(&self, step: &Step) -> bool {
        (self.quick && step.is_slow) || (self.no_install && step.is_install)
    }
}

/// What every step may use.
struct Bench {
    places: Places,
}

/// One step: what it is called, and what it does.
struct Step {
    name: &'static str,
    is_slow: bool,
    is_install: bool,
    run: fn(&Bench) -> Result<Counts, String>,
}

/// How a step ended.
enum End {
    /// With the counts of its tests, or one for itself.
    Passed(Counts, Duration),
    Failed(Counts, Duration),
    NotRun,
}

/// Runs all steps; true when all of them pass.
///
/// # Errors
/// When cargo cannot say where the workspace is.
pub(crate) fn run(options: &Options) -> Result<bool, String> {
    let (places, _) = tree::read_workspace()?;
    let bench = Bench { places };
    let chosen: Vec<Step> = steps::all().into_iter().filter(|step| !options.leave_out(step)).collect();
    let started = Instant::now();
    let mut ends: Vec<(&str, End)> = Vec::new();
    for (index, step) in chosen.iter().enumerate() {
        let has_failed = ends.iter().any(|(_, end)| matches!(end, End::Failed(..)));
        let end = if has_failed {
            End::NotRun
        } else {
            println!(
                "\n== {}/{} {} (after {})",
                index + 1,
                chosen.len(),
                step.name,
                seconds(started.elapsed())
            );
            run_step(step, &bench)
        };
        ends.push((step.name, end));
    }
    Ok(summarise(&ends, started.elapsed()))
}

/// Writes the test vectors anew.
///
/// # Errors
/// When cargo cannot say where the workspace is, or cannot be run.
pub(crate) fn make_vectors() -> Result<bool, String> {
    let (places, _) = tree::read_workspace()?;
    let bench = Bench { places };
    Ok(bench.run(&mut bench.program("vectors")?).is_ok())
}

/// Builds `batzen` and lets a storm come over it, with so many kills or with a database that loses its primary; true
/// when nothing was lost or made.
///
/// # Errors
/// When cargo cannot say where the workspace is.
pub(crate) fn storm(kills: Option<u32>, seed: u64, history: Option<&Path>) -> Result<bool, String> {
    let (places, _) = tree::read_workspace()?;
    let bench = Bench { places };
    bench.program("batzen")?;
    let mut command = bench.program("storm")?;
    match kills {
        Some(kills) => command.args(["--kills", &kills.to_string()]),
        None => command.arg("--failover"),
    };
    command.args(["--seed", &seed.to_string()]).env("BATZEN_BIN", bench.built("batzen"));
    if let Some(history) = history {
        // The chore runs at the root, whoever called it from wherever.
        let history =
            std::path::absolute(history).map_err(|error| format!("{}: {error}", history.display()))?;
        command.arg("--history").arg(history);
    }
    Ok(bench.run(&mut command).is_ok())
}

/// Makes the pages' WebAssembly anew, or compares it with its source.
///
/// # Errors
/// When cargo cannot say where the workspace is, or cannot be run.
pub(crate) fn make_wasm(is_check: bool) -> Result<bool, String> {
    let (places, _) = tree::read_workspace()?;
    let bench = Bench { places };
    let mut command = bench.program("wasm-build")?;
    if is_check {
        command.arg("--check");
    }
    Ok(bench.run(&mut command).is_ok())
}

/// Runs the simulator with these arguments.
///
/// # Errors
/// When cargo cannot say where the workspace is, or cannot be run.
pub(crate) fn simulate(arguments: &[String]) -> Result<bool, String> {
    let (places, _) = tree::read_workspace()?;
    let bench = Bench { places };
    Ok(bench.run(bench.program("sim")?.args(arguments)).is_ok())
}

fn run_step(step: &Step, bench: &Bench) -> End {
    let started = Instant::now();
    let outcome = (step.run)(bench);
    let took = started.elapsed();
    match outcome {
        Ok(counts) if counts.failed == 0 => {
            println!("== {}: passed in {}", step.name, seconds(took));
            End::Passed(counts, took)
        }
        Ok(counts) => {
            println!("== {}: FAILED after {}: {} failed", step.name, seconds(took), counts.failed);
            End::Failed(counts, took)
        }
        Err(problem) => {
            println!("== {}: FAILED after {}: {problem}", step.name, seconds(took));
            End::Failed(Counts::ONE_FAILED, took)
        }
    }
}

/// Prints the table and, last and alone on its line, the sum.
fn summarise(ends: &[(&str, End)], took: Duration) -> bool {
    let mut sum = Counts::default();
    println!("\n{:<24} {:<8} {:>9} {:>8} {:>8}", "step", "result", "time", "passed", "failed");
    for (name, end) in ends {
        let (word, counts, time) = match end {
            End::Passed(counts, time) => ("passed", *counts, seconds(*time)),
            End::Failed(counts, time) => ("FAILED", *counts, seconds(*time)),
            End::NotRun => ("not run", Counts::default(), String::from("-")),
        };
        println!("{name:<24} {word:<8} {time:>9} {:>8} {:>8}", counts.passed, counts.failed);
        sum = sum.plus(counts);
    }
    println!("{:<24} {:<8} {:>9}\n", "all", "", seconds(took));
    println!("{} passed, {} failed", sum.passed, sum.failed);
    sum.failed == 0
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

impl Bench {
    /// The tests' own Python environment.
    fn venv(&self) -> PathBuf {
        self.places.target.join("test-venv")
    }

    /// The Python in it.
    fn python(&self) -> PathBuf {
        self.venv().join("bin/python")
    }

    /// The Node packages that look at the pages.
    fn node_packages(&self) -> PathBuf {
        self.places.target.join("test-node")
    }

    /// The folder of the module that checks the vectors in WebAssembly.
    fn vectors_module(&self) -> PathBuf {
        self.places.target.join("wasm/vectors")
    }

    /// Where cargo leaves one of our programs.
    fn built(&self, name: &str) -> PathBuf {
        self.places.target.join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// One of our programs, built and ready for its arguments.
    fn program(&self, name: &str) -> Result<Command, String> {
        self.run(self.cargo(&["build", "--quiet"]).args(EVERYTHING).args(["--bin", name]))?;
        Ok(self.command(self.built(name)))
    }

    /// The same cargo that runs us.
    fn cargo(&self, arguments: &[&str]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = self.command(cargo);
        command.args(arguments);
        command
    }

    /// A command at the root, without input: nothing here may wait for a person.
    fn command(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.current_dir(&self.places.root).stdin(Stdio::null());
        command
    }

    /// Runs to the end with its output on ours.
    fn run(&self, command: &mut Command) -> Result<(), String> {
        let shown = show(command);
        println!("$ {shown}");
        let status = command.status().map_err(|error| format!("cannot run `{shown}`: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("`{shown}` ended with {status}")) }
    }
}

/// The command as a person would type it.
fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bench() -> Bench {
        Bench { places: Places { root: PathBuf::from("."), target: PathBuf::from("target") } }
    }

    #[test]
    fn a_failing_command_says_what_failed() {
        let bench = bench();
        let problem =
            bench.run(&mut bench.cargo(&["no-such-command"])).expect_err("cargo has no such command");
        assert!(problem.contains("no-such-command"), "{problem}");
    }

    #[test]
    fn a_failed_step_fails_the_whole_and_unrun_steps_count_nothing() {
        let time = Duration::from_secs(1);
        let passed = || End::Passed(Counts { passed: 3, failed: 0 }, time);
        assert!(summarise(&[("a", passed())], time));
        assert!(!summarise(
            &[("a", passed()), ("b", End::Failed(Counts::ONE_FAILED, time)), ("c", End::NotRun)],
            time
        ));
    }

    #[test]
    fn steps_have_different_names_and_some_can_be_left_out() {
        let steps = steps::all();
        let mut names: Vec<&str> = steps.iter().map(|step| step.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), steps.len());
        assert!(steps.iter().any(|step| step.is_slow) && steps.iter().any(|step| step.is_install));
    }
}
