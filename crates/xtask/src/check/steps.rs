//! The steps of `cargo xtask test`, cheapest first, so that a small mistake is told early.

use super::counts::{Counts, run_counted};
use super::{Bench, EVERYTHING, FEATURES, Step, install};
use crate::{fuzz, tidy};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The script of the implementation that was written from the spec alone.
const SECOND_IMPLEMENTATION: &str = "tests/second-implementation/run.py";
/// Gives each test a token of its own.
const TOKEN_RUNNER: &str = "tests/tokens/run.sh";
/// The second maker's token, which is no crate of ours.
const KRYOPTIC: &str = "tests/tokens/kryoptic/Cargo.toml";
/// Where the tests look for its library.
const KRYOPTIC_PLACE: &str = "BATZEN_TEST_KRYOPTIC";
/// What looks at the pages in a browser.
const PAGES: &str = "tests/pages/run.mjs";
/// What is type-checked together, beside the page tests themselves: pages, and the script that has no page.
const PAGE_TYPES: &[&str] = &["tests/pages/tsconfig.site.json", "tests/pages/tsconfig.worker.json"];
/// How the page tests are type-checked.
const PAGE_TEST_TYPES: &str = "tests/pages/tsconfig.json";

/// The bank's page judges by itself where it may send a customer: that rule runs in Node too.
const BANK_PAGE_RULE: &str = "crates/bank/tests/page/request.test.mjs";

pub(super) fn all() -> Vec<Step> {
    let step = |name, run| Step { name, is_slow: false, is_install: false, run };
    let slow = |name, run| Step { is_slow: true, ..step(name, run) };
    vec![
        Step { is_install: true, ..step("install", install::run) },
        step("format", format),
        step("tidy", tidy_tree),
        step("page types", page_types),
        step("clippy", clippy),
        step("build", build),
        step("vectors", vectors),
        step("tests", tests),
        step("keys in tokens", tests_in_tokens),
        step("WebAssembly", web_assembly),
        step("page gallery", page_gallery),
        slow("simulator", simulator),
        slow("documentation tests", documentation_tests),
        slow("second implementation", second_implementation),
        slow("demo", demo),
        slow("pages", pages),
        slow("bench", benches),
        slow("fuzz", fuzz_targets),
    ]
}

fn format(bench: &Bench) -> Result<Counts, String> {
    bench.run(&mut bench.cargo(&["fmt", "--all", "--check"]))?;
    Ok(Counts::ONE_PASSED)
}

fn tidy_tree(_: &Bench) -> Result<Counts, String> {
    if tidy::run()? { Ok(Counts::ONE_PASSED) } else { Err("see the findings above".to_owned()) }
}

fn clippy(bench: &Bench) -> Result<Counts, String> {
    let mut command = bench.cargo(&["clippy", "--all-targets", "--workspace"]);
    command.args(["--features", &format!("{FEATURES},{}", fuzz::FEATURE), "--", "-D", "warnings"]);
    bench.run(&mut command)?;
    Ok(Counts::ONE_PASSED)
}

/// Every program and every test, once, and the second token.
fn build(bench: &Bench) -> Result<Counts, String> {
    bench.run(bench.cargo(&["build", "--all-targets"]).args(EVERYTHING))?;
    let mut kryoptic = bench.cargo(&["build", "--locked", "--manifest-path", KRYOPTIC]);
    bench.run(kryoptic.arg("--target-dir").arg(bench.places.target.join("kryoptic")))?;
    Ok(Counts::ONE_PASSED)
}

/// Its library.
fn kryoptic(bench: &Bench) -> PathBuf {
    let name = format!("{}kryoptic_token{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    bench.places.target.join("kryoptic/debug").join(name)
}

/// The pages' scripts and their tests, with the types that their comments state.
fn page_types(bench: &Bench) -> Result<Counts, String> {
    let packages = bench.node_packages();
    // The compiler looks for packages beside its configuration, so a small one lies there.
    let beside = packages.join("tsconfig.json");
    let extended = bench.places.root.join(PAGE_TEST_TYPES).display().to_string();
    fs::write(&beside, format!("{{ \"extends\": {extended:?} }}\n"))
        .map_err(|error| format!("{}: {error}", beside.display()))?;
    let compiler = packages.join("node_modules/typescript/bin/tsc");
    let check =
        |project: &Path| bench.run(bench.command("node").arg(&compiler).arg("--project").arg(project));
    for project in PAGE_TYPES {
        check(Path::new(project))?;
    }
    check(&beside)?;
    bench.run(bench.command("node").arg("--test").arg(BANK_PAGE_RULE))?;
    Ok(Counts::ONE_PASSED)
}

/// The vectors in Node and in Chromium; every screen in every language, from sample values: no server is needed.
fn page_gallery(bench: &Bench) -> Result<Counts, String> {
    run_counted(bench, &mut page_tests(bench, &["vectors", "gallery"]))
}

/// Wallet, checkout and front page as people use them, against the whole system.
fn pages(bench: &Bench) -> Result<Counts, String> {
    run_counted(
        bench,
        &mut page_tests(
            bench,
            &[
                "payment",
                "wallet",
                "pin-change",
                "devices",
                "approval",
                "checkout",
                "front",
                "device",
                "others",
                "webkit",
            ],
        ),
    )
}

fn page_tests(bench: &Bench, suites: &[&str]) -> Command {
    let mut command = bench.command("node");
    command.arg(PAGES).args(suites.iter().flat_map(|suite| ["--suite", suite]));
    command.env("BATZEN_BIN", bench.built("batzen")).env("BATZEN_TARGET", &bench.places.target);
    command
}

fn vectors(bench: &Bench) -> Result<Counts, String> {
    bench.run(bench.program("vectors")?.arg("--check"))?;
    Ok(Counts::ONE_PASSED)
}

/// Proves that the committed WebAssembly matches its source, and makes the module in which Node and Chromium check
/// the vectors.
fn web_assembly(bench: &Bench) -> Result<Counts, String> {
    bench.run(bench.program("wasm-build")?.arg("--check"))?;
    bench.run(bench.program("wasm-build")?.arg("--vectors").arg(bench.vectors_module()))?;
    Ok(Counts::ONE_PASSED)
}

fn has_nextest(bench: &Bench) -> bool {
    bench.cargo(&["nextest", "--version"]).output().is_ok_and(|output| output.status.success())
}

/// All tests, in nextest (a process per test) or, where it is not installed, in cargo's own runner.
fn tests(bench: &Bench) -> Result<Counts, String> {
    let mut command = if has_nextest(bench) {
        bench.cargo(&["nextest", "run", "--no-fail-fast", "--config-file", ".ci/nextest.toml"])
    } else {
        println!("cargo-nextest is not installed; cargo test does as well, only slower");
        bench.cargo(&["test", "--all-targets", "--no-fail-fast"])
    };
    command.args(EVERYTHING);
    command.env("BATZEN_BIN", bench.built("batzen")).env("BATZEN_TEST_VENV", bench.venv());
    command.env(KRYOPTIC_PLACE, kryoptic(bench));
    run_counted(bench, &mut command)
}

/// Activation, payments and all else that comes through the server's door, with the server's keys in a token: a fresh
/// SoftHSM for each test, and then a fresh kryoptic. Nextest alone runs each test as a process of its own.
fn tests_in_tokens(bench: &Bench) -> Result<Counts, String> {
    if !has_nextest(bench) {
        println!("cargo-nextest is not installed: left out");
        return Ok(Counts::default());
    }
    let run = |library: Option<PathBuf>| {
        let mut command =
            bench.cargo(&["nextest", "run", "--no-fail-fast", "--config-file", ".ci/nextest.toml"]);
        command.args(EVERYTHING).args(["--test", "door"]);
        let runner =
            format!("CARGO_TARGET_{}_UNKNOWN_LINUX_GNU_RUNNER", std::env::consts::ARCH.to_uppercase());
        command.env(runner, bench.places.root.join(TOKEN_RUNNER));
        match library {
            Some(library) => command.env(KRYOPTIC_PLACE, library),
            None => command.env_remove(KRYOPTIC_PLACE),
        };
        run_counted(bench, &mut command)
    };
    let softhsm = run(None)?;
    let kryoptic = run(Some(kryoptic(bench)))?;
    Ok(softhsm.plus(kryoptic))
}

/// Histories under every fault, none of which may break a rule; then six rules broken on purpose, each of which must be
/// noticed.
fn simulator(bench: &Bench) -> Result<Counts, String> {
    bench.run(bench.program("sim")?.args(["--seeds", "10000"]))?;
    bench.run(bench.program("sim")?.args(["--broken", "all", "--seeds", "1000"]))?;
    Ok(Counts { passed: 10_006, failed: 0 })
}

/// Every fuzz target for a few seconds; long runs are `cargo xtask fuzz`.
fn fuzz_targets(bench: &Bench) -> Result<Counts, String> {
    let (passed, failed) = fuzz::short_run(&bench.places)?;
    Ok(Counts { passed, failed })
}

fn documentation_tests(bench: &Bench) -> Result<Counts, String> {
    run_counted(bench, bench.cargo(&["test", "--doc"]).args(EVERYTHING))
}

fn second_implementation(bench: &Bench) -> Result<Counts, String> {
    let mut command = bench.command(bench.python());
    command.arg(SECOND_IMPLEMENTATION).env("BATZEN_BIN", bench.built("batzen"));
    let counts = run_counted(bench, &mut command)?;
    Ok(if counts == Counts::default() { Counts::ONE_PASSED } else { counts })
}

/// README's first command, in a folder where nothing is yet.
fn demo(bench: &Bench) -> Result<Counts, String> {
    run_batzen(bench, &["demo", "--once"])
}

/// That it runs: a shared machine's speed is no test, and a build for tests is slow.
fn benches(bench: &Bench) -> Result<Counts, String> {
    let code = run_batzen(bench, &["bench", "code"])?;
    let pay = run_batzen(
        bench,
        &["bench", "pay", "--connections", "1,16", "--seconds", "1", "--enrolments", "64"],
    )?;
    Ok(code.plus(pay))
}

/// Runs the binary in a fresh folder, which is kept when it fails.
fn run_batzen(bench: &Bench, arguments: &[&str]) -> Result<Counts, String> {
    let folder = fresh_folder(bench, &arguments.join("-"))?;
    let mut command = bench.command(bench.built("batzen"));
    bench.run(command.args(arguments).current_dir(&folder))?;
    // What is left behind does no harm: the next run clears it first.
    let _ = fs::remove_dir_all(&folder);
    Ok(Counts::ONE_PASSED)
}

fn fresh_folder(bench: &Bench, name: &str) -> Result<PathBuf, String> {
    let folder = bench.places.target.join("smoke").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Places;

    #[test]
    fn a_fresh_folder_is_empty_even_when_it_was_left_full() {
        let target = std::env::temp_dir().join(format!("batzen-xtask-{}", std::process::id()));
        let bench = Bench { places: Places { root: target.clone(), target: target.clone() } };
        let folder = fresh_folder(&bench, "x").expect("the system's temporary folder can be written");
        fs::write(folder.join("left"), "over").expect("the folder was just made");
        let again = fresh_folder(&bench, "x").expect("the folder can be cleared");
        let left = fs::read_dir(&again).expect("the folder was just made").count();
        fs::remove_dir_all(&target).expect("the folder is ours");
        assert_eq!(left, 0);
    }
}
