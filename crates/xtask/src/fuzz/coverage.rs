//! Which lines of each parser its target's committed corpus reaches, by LLVM's own tools.
//!
//! A target names the files it covers in its header, in backticks. The table goes into `docs/fuzzing.md`.

use super::{Bench, Instrument, TARGETS, files_in, told};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the table stands, between these two lines.
const PAGE: &str = "docs/fuzzing.md";
const BEGIN: &str = "<!-- begin: made by `cargo xtask fuzz --coverage` -->";
const END: &str = "<!-- end -->";
/// The least share of a parser's lines that its corpus must reach, percent.
const REACHED_PERCENT_MIN: usize = 90;

/// The lines of one file that hold code, and whether each was reached.
type Lines = BTreeMap<usize, bool>;

/// One row: a file that a target covers.
struct Row {
    target: String,
    file: String,
    lines: Lines,
}

/// Prints and writes the table; true when each file is reached well enough.
pub(super) fn run(bench: &Bench) -> Result<bool, String> {
    let tools = Tools::find()?;
    let mut rows = Vec::new();
    for target in &bench.targets {
        let files = covered_files(bench, target)?;
        let reached = tools.reached(bench, target)?;
        for file in files {
            let lines = reached.get(&file).cloned().unwrap_or_default();
            rows.push(Row { target: target.clone(), file, lines });
        }
    }
    let table = table(&rows);
    println!("{table}");
    let wanting: Vec<&Row> = rows.iter().filter(|row| row.percent() < REACHED_PERCENT_MIN).collect();
    for row in &rows {
        let missed = row.missed();
        if !missed.is_empty() {
            println!("{}: {} does not reach lines {}", row.file, row.target, missed.join(", "));
        }
    }
    for row in &wanting {
        println!("under {REACHED_PERCENT_MIN} %: {} by {}", row.file, row.target);
    }
    let is_all = bench.targets == super::target_names(&bench.places.root.join(TARGETS))?;
    if is_all {
        write_page(&bench.places.root.join(PAGE), &table)?;
    }
    Ok(wanting.is_empty())
}

impl Row {
    fn reached(&self) -> usize {
        self.lines.values().filter(|is_reached| **is_reached).count()
    }

    fn percent(&self) -> usize {
        self.reached() * 100 / self.lines.len().max(1)
    }

    /// Runs of lines that were not reached, as `12` or `12-15`.
    fn missed(&self) -> Vec<String> {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for line in self.lines.iter().filter(|(_, is_reached)| !**is_reached).map(|(line, _)| *line) {
            match runs.last_mut() {
                Some((_, last)) if line == *last + 1 => *last = line,
                _ => runs.push((line, line)),
            }
        }
        let shown = |(first, last): (usize, usize)| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        };
        runs.into_iter().map(shown).collect()
    }
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from("| target | file | lines | reached | % |\n| --- | --- | --- | --- | --- |\n");
    for row in rows {
        text.push_str(&format!(
            "| `{}` | `{}` | {} | {} | {} |\n",
            row.target,
            row.file,
            row.lines.len(),
            row.reached(),
            row.percent(),
        ));
    }
    text
}

/// The files that a target's header names, as paths from the root.
fn covered_files(bench: &Bench, target: &str) -> Result<Vec<String>, String> {
    let path = bench.places.root.join(TARGETS).join(format!("{target}.rs"));
    let source = fs::read_to_string(&path).map_err(|error| told(&path, &error))?;
    let header: String = source.lines().take_while(|line| line.starts_with("//!")).collect();
    let files: Vec<String> = header
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.ends_with(".rs"))
        .map(|word| format!("crates/{word}"))
        .collect();
    match files.iter().find(|file| !bench.places.root.join(file).exists()) {
        Some(missing) => Err(format!("{} names {missing}, which is not there", path.display())),
        None if files.is_empty() => Err(format!("{} names no file that it covers", path.display())),
        None => Ok(files),
    }
}

/// LLVM's tools, of the compiler's own version: the data's form is theirs.
struct Tools {
    profdata: PathBuf,
    cov: PathBuf,
}

impl Tools {
    fn find() -> Result<Self, String> {
        let rustc = |arguments: &[&str]| -> Result<String, String> {
            let output = Command::new("rustc").args(arguments).output();
            let output = output.map_err(|error| format!("cannot run rustc: {error}"))?;
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let about = rustc(&["-vV"])?;
        let version = about.lines().find_map(|line| line.strip_prefix("LLVM version: ")).unwrap_or_default();
        let major = version.split('.').next().unwrap_or_default();
        let beside = PathBuf::from(rustc(&["--print", "target-libdir"])?.trim()).join("../bin");
        let find = |name: &str| {
            let own = beside.join(name);
            let debian = PathBuf::from(format!("/usr/bin/{name}-{major}"));
            [own, debian].into_iter().find(|path| path.exists()).ok_or_else(|| {
                format!(
                    "{name} of LLVM {major} is not installed: `rustup component add llvm-tools`, or on Debian \
                     `apt-get install llvm-{major}`"
                )
            })
        };
        Ok(Self { profdata: find("llvm-profdata")?, cov: find("llvm-cov")? })
    }

    /// Runs a target over its committed corpus once; the lines of each of our files, by path from the root.
    fn reached(&self, bench: &Bench, target: &str) -> Result<BTreeMap<String, Lines>, String> {
        let raw = bench.folder("profiles").join(format!("{target}.profraw"));
        super::make_folder_of(&raw)?;
        let _ = fs::remove_file(&raw);
        let corpus = bench.committed(target);
        if files_in(&corpus)?.is_empty() {
            return Err(format!("{target} has no committed corpus; `cargo xtask fuzz --minimise` makes it"));
        }
        let mut command = bench.command(Instrument::Lines, target)?;
        command.arg("-runs=0").arg(&corpus).env("LLVM_PROFILE_FILE", &raw);
        output_of(&mut command)?;
        let merged = raw.with_extension("profdata");
        output_of(Command::new(&self.profdata).args(["merge", "--sparse", "-o"]).arg(&merged).arg(&raw))?;
        let mut export = Command::new(&self.cov);
        export.args(["export", "--format=lcov", "--skip-functions", "--instr-profile"]).arg(&merged);
        let lcov = output_of(export.arg(bench.program(Instrument::Lines, target)))?;
        Ok(lines_of(&lcov, &bench.places.root))
    }
}

fn output_of(command: &mut Command) -> Result<String, String> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(|error| format!("cannot run {shown}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{shown} ended with {}:\n{}", output.status, String::from_utf8_lossy(&output.stderr)))
    }
}

/// Reads lcov's records: `SF:` a file, `DA:` a line and how often it ran.
fn lines_of(lcov: &str, root: &Path) -> BTreeMap<String, Lines> {
    let mut files: BTreeMap<String, Lines> = BTreeMap::new();
    let mut current = None;
    for record in lcov.lines() {
        if let Some(path) = record.strip_prefix("SF:") {
            let path = Path::new(path);
            current = path.strip_prefix(root).ok().or(path.is_relative().then_some(path));
        } else if let (Some(file), Some(line)) = (current, record.strip_prefix("DA:")) {
            let mut numbers = line.split(',').map(str::parse::<u64>);
            let (Some(Ok(number)), Some(Ok(count))) = (numbers.next(), numbers.next()) else { continue };
            let lines = files.entry(file.display().to_string()).or_default();
            *lines.entry(usize::try_from(number).unwrap_or(usize::MAX)).or_default() |= count > 0;
        }
    }
    files
}

/// Puts the table between its two marks.
fn write_page(page: &Path, table: &str) -> Result<(), String> {
    let text = fs::read_to_string(page).map_err(|error| told(page, &error))?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let (before, after) =
        parts.ok_or_else(|| format!("{} has no lines `{BEGIN}` and `{END}`", page.display()))?;
    let written = format!("{before}{BEGIN}\n\n{table}\n{END}{after}");
    if written != text {
        fs::write(page, written).map_err(|error| told(page, &error))?;
        println!("{} is written anew", page.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_and_missed_ones_are_told_in_runs() {
        let lcov = "SF:/r/crates/a/src/lib.rs\nDA:3,1\nDA:4,0\nDA:5,0\nDA:9,0\nDA:10,2\nend_of_record\n\
                    SF:/elsewhere/x.rs\nDA:1,0\n";
        let files = lines_of(lcov, Path::new("/r"));
        assert_eq!(files.keys().collect::<Vec<_>>(), ["crates/a/src/lib.rs"]);
        let row = Row { target: "t".into(), file: "f".into(), lines: files["crates/a/src/lib.rs"].clone() };
        assert_eq!((row.reached(), row.lines.len(), row.percent()), (2, 5, 40));
        assert_eq!(row.missed(), ["4-5", "9"]);
        assert!(table(&[row]).contains("| `t` | `f` | 5 | 2 | 40 |"));
    }

    #[test]
    fn the_table_is_put_between_its_marks() {
        let page = std::env::temp_dir().join(format!("batzen-fuzz-page-{}.md", std::process::id()));
        fs::write(&page, format!("a\n{BEGIN}\nold\n{END}\nb\n"))
            .expect("the temporary folder can be written");
        let outcome = write_page(&page, "| new |\n");
        let text = fs::read_to_string(&page).expect("it was just written");
        fs::remove_file(&page).expect("it is ours");
        assert_eq!(outcome, Ok(()));
        assert_eq!(text, format!("a\n{BEGIN}\n\n| new |\n\n{END}\nb\n"));
    }
}
