//! Which lines of each parser its target's committed corpus reaches, by LLVM's own tools.
//!
//! A target names the files it covers in its header, in backticks, and after each file the functions in it that do
//! not read: those do not count, nor does `fmt`. A target that drives what is no parser says so in the header, and
//! has no share to reach. The table goes into `docs/fuzzing.md`.

use super::{Bench, Instrument, TARGETS, files_in, told};
use crate::rust_text::RustText;
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

/// A file that a target covers, as its header says.
#[derive(Debug, PartialEq, Eq)]
struct Covered {
    /// Path from the root.
    file: String,
    /// Functions that do not count.
    left_out: Vec<String>,
}

/// One row: a file, and what the targets that cover it reach together.
struct Row {
    targets: Vec<String>,
    file: String,
    lines: Lines,
    is_parser: bool,
}

/// Prints and writes the table; true when each file is reached well enough.
pub(super) fn run(bench: &Bench) -> Result<bool, String> {
    let tools = Tools::find()?;
    let mut rows: Vec<Row> = Vec::new();
    for target in &bench.targets {
        let (files, is_parser) = covered_files(bench, target)?;
        let reached = tools.reached(bench, target)?;
        for covered in files {
            let path = bench.places.root.join(&covered.file);
            let source = fs::read_to_string(&path).map_err(|error| told(&path, &error))?;
            let lines = counted(reached.get(&covered.file).cloned().unwrap_or_default(), &source, &covered);
            add(&mut rows, Row { targets: vec![target.clone()], file: covered.file, lines, is_parser });
        }
    }
    let table = table(&rows);
    println!("{table}");
    for row in &rows {
        let missed = row.missed();
        if !missed.is_empty() {
            println!("{}: not reached: lines {}", row.file, missed.join(", "));
        }
    }
    let is_wanting = |row: &&Row| row.is_parser && row.percent() < REACHED_PERCENT_MIN;
    let wanting: Vec<&Row> = rows.iter().filter(is_wanting).collect();
    for row in &wanting {
        println!("under {REACHED_PERCENT_MIN} %: {} by {}", row.file, row.targets.join(", "));
    }
    let is_all = bench.targets == super::target_names(&bench.places.root.join(TARGETS))?;
    if is_all {
        write_page(&bench.places.root.join(PAGE), &table)?;
    }
    Ok(wanting.is_empty())
}

/// Adds a row, or what it reaches to the row of the same file. A line counts if it does for every target.
fn add(rows: &mut Vec<Row>, row: Row) {
    match rows.iter_mut().find(|earlier| earlier.file == row.file) {
        Some(earlier) => {
            earlier.targets.extend(row.targets);
            earlier.lines.retain(|line, _| row.lines.contains_key(line));
            for (line, is_reached) in &mut earlier.lines {
                *is_reached |= row.lines[line];
            }
        }
        None => rows.push(row),
    }
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
    let mut text = String::from("| file | target | lines | reached | % |\n| --- | --- | --- | --- | --- |\n");
    for row in rows {
        text.push_str(&format!(
            "| `{}` | `{}` | {} | {} | {} |\n",
            row.file.trim_start_matches("crates/"),
            row.targets.join("`, `"),
            row.lines.len(),
            row.reached(),
            row.percent(),
        ));
    }
    text
}

/// The files that a target's header names, and whether they are parsers.
fn covered_files(bench: &Bench, target: &str) -> Result<(Vec<Covered>, bool), String> {
    let path = bench.places.root.join(TARGETS).join(format!("{target}.rs"));
    let source = fs::read_to_string(&path).map_err(|error| told(&path, &error))?;
    let files = read_header(&source);
    match files.iter().find(|covered| !bench.places.root.join(&covered.file).exists()) {
        Some(missing) => Err(format!("{} names {}, which is not there", path.display(), missing.file)),
        None if files.is_empty() => Err(format!("{} names no file that it covers", path.display())),
        None => Ok((files, source.contains("//! Covers"))),
    }
}

/// The words in backticks: a file, then the functions in it that do not count.
fn read_header(source: &str) -> Vec<Covered> {
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let header = lines.collect::<Vec<_>>().join(" ");
    let mut files: Vec<Covered> = Vec::new();
    for word in header.split('`').skip(1).step_by(2) {
        match files.last_mut() {
            Some(covered) if !word.ends_with(".rs") => covered.left_out.push(word.to_owned()),
            _ => files.push(Covered { file: format!("crates/{word}"), left_out: Vec::new() }),
        }
    }
    files
}

/// The lines without those of functions that do not count.
fn counted(mut lines: Lines, source: &str, covered: &Covered) -> Lines {
    let is_left_out = |name: &str| name == "fmt" || covered.left_out.iter().any(|one| one == name);
    for function in RustText::parse(source).functions().iter().filter(|one| is_left_out(&one.name)) {
        // Lines are counted from 0 there, from 1 here.
        lines.retain(|line, _| !function.lines.contains(&(line - 1)));
    }
    lines
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
        let row = |targets: &str, lines: &Lines| Row {
            targets: vec![targets.to_owned()],
            file: "crates/f".to_owned(),
            lines: lines.clone(),
            is_parser: true,
        };
        let mut rows = Vec::new();
        add(&mut rows, row("t", &files["crates/a/src/lib.rs"]));
        let row_of_t = &rows[0];
        assert_eq!(row_of_t.missed(), ["4-5", "9"]);
        add(&mut rows, row("u", &Lines::from([(3, false), (4, true), (5, false), (9, false), (10, false)])));
        let row = &rows[0];
        assert_eq!((row.reached(), row.lines.len(), row.percent()), (3, 5, 60));
        assert_eq!(row.missed(), ["5", "9"]);
        assert!(table(&rows).contains("| `f` | `t`, `u` | 5 | 3 | 60 |"));
    }

    #[test]
    fn functions_that_do_not_read_do_not_count() {
        let header = "//! Things.\n//!\n//! Covers `a/src/b.rs` (not `write`,\n//! `make`), `a/src/c.rs`.\nfn x() {}\n";
        let files = read_header(header);
        assert_eq!(files.len(), 2);
        assert_eq!((files[0].file.as_str(), files[0].left_out.len()), ("crates/a/src/b.rs", 2));
        let source = "fn read() {\n    a();\n}\n\nfn write() {\n    b();\n}\n";
        let lines = Lines::from([(2, true), (6, false)]);
        assert_eq!(counted(lines, source, &files[0]), Lines::from([(2, true)]));
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
