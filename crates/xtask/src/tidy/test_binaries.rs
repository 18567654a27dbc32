//! A crate's tests from outside: one binary, since each is compiled and linked anew, and no file in it forgotten.

use super::{Finding, RustFile};
use std::collections::BTreeMap;

/// The root of a binary in a folder of its own.
const MAIN: &str = "main.rs";

pub(super) fn findings(files: &[RustFile<'_>]) -> Vec<Finding> {
    let tests: Vec<&RustFile<'_>> = files.iter().filter(|file| in_tests(file.path).is_some()).collect();
    let mut found = second_binaries(&tests);
    found.extend(tests.iter().filter_map(|file| undeclared(file, &tests)));
    found
}

/// A file's crate and its path in the crate's folder of tests.
fn in_tests(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("crates/")?.split_once("/tests/").filter(|(room, _)| !room.contains('/'))
}

fn second_binaries(tests: &[&RustFile<'_>]) -> Vec<Finding> {
    let mut first = BTreeMap::new();
    let mut found = Vec::new();
    for path in tests.iter().map(|file| file.path) {
        let Some((room, _)) = in_tests(path).filter(|(_, inner)| is_root(inner)) else { continue };
        let one = *first.entry(room).or_insert(path);
        if one != path {
            let message = format!("`{room}` has another binary of tests, {one}");
            found.push(Finding::new(
                path,
                1,
                message,
                format!("make it a module of crates/{room}/tests/all"),
            ));
        }
    }
    found
}

/// Whether cargo makes a binary of the file: `name.rs` or `name/main.rs`.
fn is_root(inner: &str) -> bool {
    inner.split_once('/').is_none_or(|(_, name)| name == MAIN)
}

/// A file in a binary's folder that no module above it names: it is not even compiled.
fn undeclared(file: &RustFile<'_>, tests: &[&RustFile<'_>]) -> Option<Finding> {
    let (room, inner) = in_tests(file.path)?;
    let (binary, _) = inner.split_once('/').filter(|_| !is_root(inner))?;
    let beside = format!("crates/{room}/tests/{binary}/{MAIN}");
    tests.iter().find(|one| one.path == beside)?;
    let module = file.path.strip_suffix("/mod.rs").or_else(|| file.path.strip_suffix(".rs"))?;
    let (folder, name) = module.rsplit_once('/')?;
    let above = [format!("{folder}/{MAIN}"), format!("{folder}/mod.rs"), format!("{folder}.rs")];
    let is_declared =
        tests.iter().filter(|one| above.iter().any(|path| path == one.path)).any(|one| declares(one, name));
    (!is_declared).then(|| {
        let message = format!("no `mod {name};` names the file, so its tests never run");
        Finding::new(
            file.path,
            1,
            message,
            format!("name it in {beside}, or in the module that it belongs to"),
        )
    })
}

fn declares(file: &RustFile<'_>, name: &str) -> bool {
    let words: Vec<&str> = file.text.code.split_whitespace().collect();
    words.windows(2).any(|pair| pair[0] == "mod" && pair[1].strip_suffix(';') == Some(name))
}

#[cfg(test)]
mod tests {
    use super::super::{rust_files, tree_of};
    use super::*;

    fn check(files: &[(&str, &str)]) -> Vec<String> {
        let tree = tree_of(files);
        findings(&rust_files(&tree)).iter().map(ToString::to_string).collect()
    }

    const ROOT: (&str, &str) = ("crates/a/tests/all/main.rs", "mod door;\npub(crate) mod support;\n");

    #[test]
    fn one_binary_with_all_its_modules_is_fine() {
        let found = check(&[
            ROOT,
            ("crates/a/tests/all/door.rs", "mod deep;\n"),
            ("crates/a/tests/all/door/deep.rs", ""),
            ("crates/a/tests/all/support/mod.rs", "mod bank;\n"),
            ("crates/a/tests/all/support/bank.rs", ""),
            ("crates/b/tests/door.rs", "mod support;\n"),
            ("crates/b/tests/support/mod.rs", ""),
            ("crates/b/src/tests/codes.rs", ""),
            ("crates/b/src/tests/online.rs", ""),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_second_binary_is_found() {
        for second in ["crates/a/tests/door.rs", "crates/a/tests/door/main.rs"] {
            let found = check(&[("crates/a/tests/all/main.rs", ""), (second, "")]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(&format!("{second}:1: `a` has another binary of tests")));
        }
    }

    #[test]
    fn a_file_that_no_module_names_is_found() {
        for (path, name) in [
            ("crates/a/tests/all/lost.rs", "lost"),
            ("crates/a/tests/all/lost/mod.rs", "lost"),
            ("crates/a/tests/all/door/deep.rs", "deep"),
        ] {
            let found =
                check(&[ROOT, ("crates/a/tests/all/door.rs", "// mod deep;\nuse deep;\n"), (path, "")]);
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with(&format!("{path}:1: no `mod {name};` names the file")), "{found:?}");
        }
    }
}
