//! Words and shapes that shipped Rust code must not have.

use super::{Finding, RustFile, in_source_folder, line_of};

/// Unfinished or debugging code, with what to do instead.
const FORBIDDEN_CALLS: &[(&str, &str)] = &[
    (".unwrap()", "return an error, or expect(\"why it holds\")"),
    ("todo!", "write it"),
    ("unimplemented!", "write it, or make the case impossible"),
    ("dbg!", "take it out"),
];

/// Marks of unfinished work; spelt apart so that this file passes.
const FORBIDDEN_MARKS: &[&str] = &[concat!("FIX", "ME"), concat!("TO", "DO"), concat!("XX", "X")];

/// Two words that only SQL has in this order.
const SQL_PHRASES: &[(&str, &str)] = &[
    ("SELECT", "FROM"),
    ("INSERT", "INTO"),
    ("DELETE", "FROM"),
    ("CREATE", "TABLE"),
    ("CREATE", "INDEX"),
    ("ALTER", "TABLE"),
    ("DROP", "TABLE"),
    ("UPDATE", "SET"),
];

/// Rooms that may speak SQL: the store, the strangers' own stores, and this list of words.
const SQL_ROOMS: &[&str] = &["crates/store/", "crates/bank/", "crates/cardhost/", "crates/xtask/"];

pub(super) fn findings(files: &[RustFile<'_>]) -> Vec<Finding> {
    files
        .iter()
        .flat_map(|file| {
            [without_header(file), calls(file), marks(file), undocumented(file), sql(file)].concat()
        })
        .collect()
}

fn without_header(file: &RustFile<'_>) -> Vec<Finding> {
    if !in_source_folder(file.path) || file.source.starts_with("//!") {
        return Vec::new();
    }
    let remedy = "begin it with //! saying what the room is for and what it must not know";
    vec![Finding::new(file.path, 1, "the file has no header", remedy)]
}

fn calls(file: &RustFile<'_>) -> Vec<Finding> {
    if !file.is_shipped() {
        return Vec::new();
    }
    let code = &file.text.code;
    let mut found = Vec::new();
    for (call, remedy) in FORBIDDEN_CALLS {
        for (at, _) in code.match_indices(call) {
            let line = line_of(code, at);
            let glued = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let is_longer_word = glued && !call.starts_with('.');
            if !is_longer_word && !file.text.is_test_line(line - 1) {
                found.push(Finding::new(file.path, line, format!("{call} outside tests"), *remedy));
            }
        }
    }
    found
}

/// Marks count in tests too: a test with a hole is no test.
fn marks(file: &RustFile<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, line) in file.text.comments.lines().enumerate() {
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
        if let Some(mark) = words.find(|word| FORBIDDEN_MARKS.contains(word)) {
            let message = format!("the comment says {mark}");
            found.push(Finding::new(
                file.path,
                index + 1,
                message,
                "do it, or open an issue and say why here",
            ));
        }
    }
    found
}

fn undocumented(file: &RustFile<'_>) -> Vec<Finding> {
    let code = &file.text.code;
    let mut found = Vec::new();
    for (at, _) in code.match_indices("#![allow(") {
        let attribute = &code[at..code[at..].find(']').map_or(code.len(), |n| at + n)];
        if attribute.contains("missing_docs") {
            let message = "the file allows missing docs";
            found.push(Finding::new(file.path, line_of(code, at), message, "write them"));
        }
    }
    found
}

fn sql(file: &RustFile<'_>) -> Vec<Finding> {
    if !file.is_shipped() || SQL_ROOMS.iter().any(|room| file.path.starts_with(room)) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, line) in file.text.strings.lines().enumerate() {
        let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let has = |(first, second): &(&str, &str)| {
            let start = words.iter().position(|word| word == first);
            start.is_some_and(|at| words[at..].contains(second))
        };
        if SQL_PHRASES.iter().any(has) && !file.text.is_test_line(index) {
            found.push(Finding::new(
                file.path,
                index + 1,
                "SQL outside `store`",
                "bring a command to the Store port",
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{rust_files, tree_of};
    use super::*;

    const PATH: &str = "crates/a/src/lib.rs";

    fn check(path: &str, text: &str) -> Vec<(usize, String)> {
        let tree = tree_of(&[(path, text)]);
        findings(&rust_files(&tree)).into_iter().map(|finding| (finding.line, finding.message)).collect()
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        assert_eq!(check(PATH, "// A.\n"), [(1, "the file has no header".to_owned())]);
        assert_eq!(check(PATH, "//! A.\n"), []);
        assert_eq!(check("crates/a/tests/door.rs", "fn t() {}\n"), []);
    }

    #[test]
    fn each_forbidden_call_is_found_outside_tests_only() {
        for (call, _) in FORBIDDEN_CALLS {
            let line = if call.starts_with('.') { format!("x{call};") } else { format!("{call}();") };
            assert_eq!(check(PATH, &format!("//! A.\n{line}\n")), [(2, format!("{call} outside tests"))]);
            assert_eq!(
                check(PATH, &format!("//! A.\n#[cfg(test)]\nmod tests {{ fn t() {{ {line} }} }}\n")),
                []
            );
            assert_eq!(check(PATH, &format!("//! A: {line}\nfn a() {{ b(\"{call}\") }}\n")), []);
            assert_eq!(check("crates/a/tests/door.rs", &line), []);
        }
        assert_eq!(check(PATH, "//! A.\nmy_dbg!(1); x.unwrap_or(2);\n"), []);
    }

    #[test]
    fn each_mark_is_found_in_comments_only() {
        for mark in FORBIDDEN_MARKS {
            assert_eq!(
                check(PATH, &format!("//! A.\n// {mark}: later\n")),
                [(2, format!("the comment says {mark}"))]
            );
            assert_eq!(check(PATH, &format!("//! A.\nconst NO_CURRENCY: &str = \"{mark}\";\n")), []);
        }
    }

    #[test]
    fn allowing_missing_docs_is_found() {
        let found = check(PATH, "//! A.\n#![allow(dead_code, missing_docs)]\n");
        assert_eq!(found, [(2, "the file allows missing docs".to_owned())]);
    }

    #[test]
    fn sql_is_found_outside_the_store_only() {
        for (first, second) in SQL_PHRASES {
            let text = format!("//! A.\nconst Q: &str = \"{first} a {second} b\";\n");
            assert_eq!(check("crates/payments/src/q.rs", &text), [(2, "SQL outside `store`".to_owned())]);
            assert_eq!(check("crates/store/src/q.rs", &text), []);
        }
        assert_eq!(check(PATH, "//! A.\nconst TEXT: &str = \"Select a card from the list\";\n"), []);
    }
}
