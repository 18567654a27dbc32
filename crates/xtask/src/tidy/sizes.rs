//! Sizes: files of one concept, functions of one screen. Tests are not counted.

use super::{Finding, RustFile, is_test_path};
use crate::tree::Tree;

/// Files above this are to be explained.
const FILE_LINES_WARN: usize = 500;
/// Files above this are to be split.
const FILE_LINES_MAX: usize = 800;
/// From the line with `fn` to the closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// Made by programs, and marked so in `.gitattributes`.
const GENERATED: &[&str] = &["crates/pages/site/wasm/"];

/// What else is written by hand, beside Rust.
const OTHER_CODE: &[&str] = &[".js", ".mjs", ".ts", ".css", ".py", ".sh"];

pub(super) fn findings(tree: &Tree, files: &[RustFile<'_>]) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !file.is_test) {
        found.extend(too_long(file.path, file.text.lines_outside_tests()));
        found.extend(long_functions(file));
    }
    for end in OTHER_CODE {
        let is_generated = |path: &str| GENERATED.iter().any(|folder| path.starts_with(folder));
        let hand_written =
            tree.texts_ending(end).filter(|(path, _)| !is_test_path(path) && !is_generated(path));
        found.extend(hand_written.filter_map(|(path, text)| too_long(path, text.lines().count())));
    }
    found
}

fn too_long(path: &str, lines: usize) -> Option<Finding> {
    let message = format!("{lines} lines outside tests");
    if lines > FILE_LINES_MAX {
        Some(Finding::new(path, 1, message, format!("split it; {FILE_LINES_MAX} is the limit")))
    } else if lines > FILE_LINES_WARN {
        Some(Finding::new(path, 1, message, "is it still one concept?").into_warning())
    } else {
        None
    }
}

fn long_functions(file: &RustFile<'_>) -> Vec<Finding> {
    let functions = file.text.functions();
    let long = functions
        .iter()
        .filter(|one| one.lines.len() > FUNCTION_LINES_MAX && !file.text.is_test_line(one.lines.start));
    long.map(|one| {
        Finding::new(
            file.path,
            one.lines.start + 1,
            format!("the function `{}` has {} lines", one.name, one.lines.len()),
            format!("keep the branches, move the leaves out; {FUNCTION_LINES_MAX} is the limit"),
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::{rust_files, tree_of};
    use super::*;

    fn check(path: &str, text: &str) -> Vec<Finding> {
        let tree = tree_of(&[(path, text)]);
        findings(&tree, &rust_files(&tree))
    }

    #[test]
    fn long_files_warn_and_longer_ones_fail() {
        let path = "crates/a/src/lib.rs";
        assert_eq!(check(path, &"// x\n".repeat(500)), []);
        assert!(!check(path, &"// x\n".repeat(501))[0].fails);
        assert!(check(path, &"// x\n".repeat(801))[0].fails);
        assert!(check("pages/a.mjs", &"x\n".repeat(801))[0].fails);
    }

    #[test]
    fn tests_are_not_counted() {
        let tests = format!("#[cfg(test)]\nmod tests {{\nfn t() {{\n{}}}\n}}\n", "    x();\n".repeat(900));
        assert_eq!(check("crates/a/src/lib.rs", &tests), []);
        assert_eq!(check("crates/a/tests/door.rs", &tests.replace("#[cfg(test)]", "")), []);
    }

    #[test]
    fn long_functions_are_found_at_their_line() {
        let body = |lines: usize| format!("//! A.\n\npub fn long() {{\n{}}}\n", "    x();\n".repeat(lines));
        assert_eq!(check("crates/a/src/lib.rs", &body(68)), []);
        let found = check("crates/a/src/lib.rs", &body(69));
        assert_eq!((found[0].line, found[0].fails), (3, true));
        assert_eq!(found[0].message, "the function `long` has 71 lines");
    }
}
