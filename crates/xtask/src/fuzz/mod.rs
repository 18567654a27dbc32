//! `cargo xtask fuzz`: builds the fuzz targets, runs them two at a time, keeps what they found, says what they reach.
//!
//! The targets are those of `crates/fuzz`. Only our own crates are instrumented, by a wrapper around the compiler,
//! so everything that others wrote is shared with the build of the tests. No nightly compiler is needed.

mod corpus;
mod coverage;
mod run;

use crate::check::FEATURES;
use crate::tree::{self, Places};
use clap::Args;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The crate of the targets.
const ROOM: &str = "crates/fuzz";
/// Where its targets are.
const TARGETS: &str = "crates/fuzz/fuzz_targets";
/// Brings libFuzzer in.
pub(crate) const FEATURE: &str = "fuzz/libfuzzer";
/// Seconds for each target in `cargo xtask test`.
pub(crate) const SHORT_RUN_S: u32 = 4;

/// What to fuzz, and for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// Only these targets; all if none is named.
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
    /// How long each target runs.
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: u32,
    /// Run nothing: take what earlier runs found into the committed corpus, as few inputs as reach the same.
    #[arg(long, conflicts_with = "coverage")]
    minimise: bool,
    /// Run nothing: say which lines of each parser the committed corpus reaches, and write docs/fuzzing.md's table.
    #[arg(long)]
    coverage: bool,
}

/// How our crates are compiled for a purpose: the wrapper around the compiler that adds the flags.
#[derive(Clone, Copy)]
enum Instrument {
    /// Branches and comparisons, for libFuzzer to steer by.
    Branches,
    /// Lines, for LLVM's coverage tools.
    Lines,
}

impl Instrument {
    const fn wrapper(self) -> &'static str {
        match self {
            Self::Branches => "crates/fuzz/instrument/branches.sh",
            Self::Lines => "crates/fuzz/instrument/lines.sh",
        }
    }

    const fn folder(self) -> &'static str {
        match self {
            Self::Branches => "branches",
            Self::Lines => "lines",
        }
    }
}

/// What all of `cargo xtask fuzz` works with.
struct Bench {
    places: Places,
    /// The chosen targets, by name.
    targets: Vec<String>,
}

/// Does what the options ask; true when nothing was found.
///
/// # Errors
/// When a target is not known, or something cannot be built or run.
pub(crate) fn run(options: &Options) -> Result<bool, String> {
    let (places, _) = tree::read_workspace()?;
    let bench = Bench::new(places, &options.targets)?;
    if options.minimise {
        bench.build(Instrument::Branches)?;
        return corpus::minimise(&bench);
    }
    if options.coverage {
        bench.build(Instrument::Lines)?;
        return coverage::run(&bench);
    }
    bench.build(Instrument::Branches)?;
    let ends = run::all(&bench, options.seconds)?;
    Ok(run::report(&ends))
}

/// Runs every target for a few seconds, beginning with the committed corpus: how many found nothing, how many did.
///
/// # Errors
/// As [`run`].
pub(crate) fn short_run(places: &Places) -> Result<(u64, u64), String> {
    let places = Places { root: places.root.clone(), target: places.target.clone() };
    let bench = Bench::new(places, &[])?;
    bench.build(Instrument::Branches)?;
    let ends = run::all(&bench, SHORT_RUN_S)?;
    run::report(&ends);
    let found = ends.iter().filter(|end| end.found.is_some()).count() as u64;
    Ok((ends.len() as u64 - found, found))
}

impl Bench {
    fn new(places: Places, chosen: &[String]) -> Result<Self, String> {
        let all = target_names(&places.root.join(TARGETS))?;
        if let Some(unknown) = chosen.iter().find(|name| !all.contains(name)) {
            return Err(format!("there is no target `{unknown}`; there are {}", all.join(", ")));
        }
        let targets = if chosen.is_empty() { all } else { chosen.to_vec() };
        Ok(Self { places, targets })
    }

    /// Compiles the chosen targets, and puts them where the other instrument does not replace them.
    fn build(&self, instrument: Instrument) -> Result<(), String> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        // With the features of the tests' build, so that others' crates are not compiled again.
        command.args(["build", "--quiet", "--workspace"]);
        command.args(["--features", &format!("{FEATURES},{FEATURE}")]);
        command.args(self.targets.iter().flat_map(|name| ["--bin", name]));
        command.env("RUSTC_WORKSPACE_WRAPPER", self.places.root.join(instrument.wrapper()));
        command.current_dir(&self.places.root).stdin(Stdio::null());
        println!("building {} targets", self.targets.len());
        let status = command.status().map_err(|error| format!("cannot run cargo: {error}"))?;
        if !status.success() {
            return Err("the targets could not be built".to_owned());
        }
        for name in &self.targets {
            let built = self.places.target.join("debug").join(name);
            let kept = self.program(instrument, name);
            make_folder_of(&kept)?;
            let _ = fs::remove_file(&kept);
            fs::hard_link(&built, &kept)
                .or_else(|_| fs::copy(&built, &kept).map(drop))
                .map_err(|error| told(&built, &error))?;
        }
        Ok(())
    }

    /// A target as it was built.
    fn program(&self, instrument: Instrument, name: &str) -> PathBuf {
        self.folder(instrument.folder()).join(name)
    }

    /// Our own part of the target folder.
    fn folder(&self, name: &str) -> PathBuf {
        self.places.target.join("fuzz").join(name)
    }

    /// The committed inputs of a target.
    fn committed(&self, name: &str) -> PathBuf {
        self.places.root.join(ROOM).join("corpus").join(name)
    }

    /// The inputs that runs on this machine found.
    fn found_here(&self, name: &str) -> PathBuf {
        self.folder("corpus").join(name)
    }

    /// A target's program, ready for libFuzzer's flags, with a temporary folder of its own.
    fn command(&self, instrument: Instrument, name: &str) -> Result<Command, String> {
        let temporary = self.folder("tmp").join(name);
        fs::create_dir_all(&temporary).map_err(|error| told(&temporary, &error))?;
        let mut command = Command::new(self.program(instrument, name));
        command.env("TMPDIR", temporary).current_dir(&self.places.root).stdin(Stdio::null());
        Ok(command)
    }
}

/// The targets that there are, sorted.
fn target_names(folder: &Path) -> Result<Vec<String>, String> {
    let mut names: Vec<String> = files_in(folder)?
        .iter()
        .filter_map(|path| Some(path.file_name()?.to_str()?.strip_suffix(".rs")?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

/// The files in a folder, sorted; none if it is not there.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>, String> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(|error| told(folder, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        files.push(entry.map_err(|error| told(folder, &error))?.path());
    }
    files.sort();
    Ok(files)
}

fn make_folder_of(path: &Path) -> Result<(), String> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).map_err(|error| told(folder, &error))
}

fn told(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
