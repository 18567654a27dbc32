//! `cargo xtask tidy`: the rules of the house that no compiler checks, each a pure function of the tree.
//!
//! A rule gives findings: where, what is wrong, what to do about it. Every rule has a test with a bad example.

mod code;
mod docs;
mod floors;
mod manifests;
mod never;
mod sizes;
mod test_binaries;
mod words;

use crate::rust_text::RustText;
use crate::tree::{self, Crate, Tree};
use std::collections::BTreeSet;
use std::fmt;

/// One broken rule at one place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    /// From 1.
    line: usize,
    fails: bool,
    message: String,
    remedy: String,
}

impl Finding {
    /// A finding that fails the run; `line` is from 1.
    fn new(path: &str, line: usize, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, fails: true, message: message.into(), remedy: remedy.into() }
    }

    /// The same, but only worth knowing.
    fn into_warning(self) -> Self {
        Self { fails: false, ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let warning = if self.fails { "" } else { "warning: " };
        write!(f, "{}:{}: {warning}{}: {}", self.path, self.line, self.message, self.remedy)
    }
}

/// A Rust file with what tidy knows about it.
struct RustFile<'a> {
    path: &'a str,
    source: &'a str,
    text: RustText,
    /// The whole file is a test.
    is_test: bool,
}

impl RustFile<'_> {
    /// Whether it is source of a crate, and not only a test, bench or example.
    fn is_shipped(&self) -> bool {
        !self.is_test && in_source_folder(self.path)
    }
}

/// Checks the tree, prints a line per finding, and says whether nothing fails.
///
/// # Errors
/// When git or cargo cannot be asked.
pub(crate) fn run() -> Result<bool, String> {
    let (places, crates) = tree::read_workspace()?;
    let tree = Tree::read(&places.root)?;
    let findings = findings_in(&tree, &crates);
    for finding in &findings {
        println!("{finding}");
    }
    let failing = findings.iter().filter(|finding| finding.fails).count();
    println!("tidy: {failing} to mend, {} to consider", findings.len() - failing);
    Ok(failing == 0)
}

fn findings_in(tree: &Tree, crates: &[Crate]) -> Vec<Finding> {
    let files = rust_files(tree);
    let mut findings = [
        floors::findings(tree, crates),
        never::findings(crates),
        manifests::findings(tree, crates),
        sizes::findings(tree, &files),
        code::findings(&files),
        test_binaries::findings(&files),
        docs::findings(tree),
        words::findings(tree, &files),
    ]
    .concat();
    findings.sort();
    findings.dedup();
    findings
}

fn rust_files(tree: &Tree) -> Vec<RustFile<'_>> {
    let mut files: Vec<RustFile<'_>> = tree
        .texts_ending(".rs")
        .map(|(path, source)| {
            let is_test = is_test_path(path);
            RustFile { path, source, text: RustText::parse(source), is_test }
        })
        .collect();
    let test_files: BTreeSet<String> = files.iter().flat_map(declared_test_files).collect();
    for file in &mut files {
        file.is_test |= test_files.iter().any(|test| {
            // The module's own file, `mod.rs` in its folder, and everything in that folder.
            file.path == format!("{test}.rs") || file.path.starts_with(&format!("{test}/"))
        });
    }
    files
}

/// Where the modules live that this file declares as `#[cfg(test)] mod name;`, without `.rs`.
fn declared_test_files(file: &RustFile<'_>) -> Vec<String> {
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", file.path));
    let stem = name.trim_end_matches(".rs");
    let home = match stem {
        "lib" | "main" | "mod" => folder.to_owned(),
        _ => format!("{folder}/{stem}"),
    };
    file.text.test_modules.iter().map(|module| format!("{home}/{module}")).collect()
}

/// Test, bench and example folders, conformance suites that tests of several implementations share, the test
/// material's own crate and the end-to-end tests: nothing in them is shipped.
fn is_test_path(path: &str) -> bool {
    let slashed = format!("/{path}");
    let folders =
        ["/tests/", "/benches/", "/examples/", "/src/conformance", "/crates/fixtures/", "/crates/e2e/"];
    folders.iter().any(|folder| slashed.contains(folder))
}

fn in_source_folder(path: &str) -> bool {
    path.strip_prefix("crates/").and_then(|rest| rest.split('/').nth(1)) == Some("src")
}

/// The line (from 1) of a byte position.
fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

#[cfg(test)]
fn tree_of(files: &[(&str, &str)]) -> Tree {
    let mut tree = Tree::default();
    for (path, text) in files {
        tree.insert(path, Some((*text).to_owned()));
    }
    tree
}

#[cfg(test)]
fn crate_of(name: &str, imports: &[&str]) -> Crate {
    Crate {
        name: name.to_owned(),
        manifest: format!("crates/{name}/Cargo.toml"),
        roots: vec![format!("crates/{name}/src/lib.rs")],
        imports: imports.iter().map(|name| tree::Import { name: (*name).to_owned(), dev: false }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_with_place_message_and_remedy() {
        let finding = Finding::new("a/b.rs", 7, "too long", "split it");
        assert_eq!(finding.to_string(), "a/b.rs:7: too long: split it");
        assert_eq!(finding.into_warning().to_string(), "a/b.rs:7: warning: too long: split it");
    }

    #[test]
    fn files_of_test_modules_are_tests() {
        let tree = tree_of(&[
            ("crates/a/src/lib.rs", "mod b;\n#[cfg(test)]\nmod checks;\n"),
            ("crates/a/src/b.rs", "#[cfg(test)]\nmod cases;\n"),
            ("crates/a/src/b/cases.rs", ""),
            ("crates/a/src/checks/mod.rs", ""),
            ("crates/a/src/checks/deep.rs", ""),
            ("crates/a/tests/door.rs", ""),
        ]);
        let shipped: Vec<String> = rust_files(&tree)
            .iter()
            .filter(|file| file.is_shipped())
            .map(|file| file.path.to_owned())
            .collect();
        assert_eq!(shipped, ["crates/a/src/b.rs", "crates/a/src/lib.rs"]);
    }
}
