//! Words that belong to one machine or one way of working, and so not in the repository.
//!
//! The words are spelt apart here, so that this file does not find itself.

use super::{Finding, RustFile};
use crate::tree::Tree;

/// Paths of one machine. A match counts where it begins a path, not inside one.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/root", "/."), concat!(".libr", "ary/")];

/// Where packages come from is cargo's and pip's business; lock files may say it.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("crates.io", "-index"),
    concat!("pythonhosted", ".org"),
    concat!("registry.npmjs", ".org"),
];

/// How deep `payments` may look into `security`: the types that prove what it found.
const ALLOWED_OF_SECURITY: [&str; 2] = ["VerifiedCode", "AnsweredApproval"];

pub(super) fn findings(tree: &Tree, files: &[RustFile<'_>]) -> Vec<Finding> {
    let mut found = Vec::new();
    for (path, text) in tree.texts() {
        let is_lock = path.ends_with(".lock") || path.ends_with("package-lock.json");
        for (index, line) in text.lines().enumerate() {
            if let Some(word) = MACHINE_PATHS.iter().find(|word| begins_path(line, word)) {
                let message = format!("the machine path {word} is mentioned");
                found.push(Finding::new(path, index + 1, message, "use a path relative to the repository"));
            }
            if let Some(host) = REGISTRY_HOSTS.iter().find(|host| !is_lock && line.contains(**host)) {
                let message = format!("the registry host {host} is mentioned");
                found.push(Finding::new(path, index + 1, message, "leave registries to the package tools"));
            }
        }
    }
    for file in files.iter().filter(|file| file.is_shipped() && file.path.starts_with("crates/payments/")) {
        found.extend(looks_into_security(file));
    }
    found
}

fn begins_path(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        !line[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '}' | ')'))
    })
}

fn looks_into_security(file: &RustFile<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (index, line) in file.text.code.lines().enumerate() {
        let mut uses = line.match_indices("security::");
        let deeper = |(at, word): (usize, &str)| {
            let is_longer_word =
                line[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':'));
            let name = line[at + word.len()..].split(|c: char| !c.is_alphanumeric() && c != '_').next();
            !is_longer_word && !name.is_some_and(|name| ALLOWED_OF_SECURITY.contains(&name))
        };
        if uses.any(deeper) && !file.text.is_test_line(index) {
            let message = "payments looks deeper into `security` than what it proves";
            found.push(Finding::new(
                file.path,
                index + 1,
                message,
                "ask VerifiedCode or AnsweredApproval, or move the type to `model`",
            ));
        }
    }
    found
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
    fn machine_paths_are_found_where_a_path_begins() {
        for word in MACHINE_PATHS {
            assert_eq!(check("docs/a.md", &format!("x\nsee {word}main")).len(), 1, "{word}");
            assert_eq!(check("docs/a.md", &format!("see target{word}main")), []);
        }
    }

    #[test]
    fn registry_hosts_are_found_outside_lock_files() {
        for host in REGISTRY_HOSTS {
            assert_eq!(check("docs/a.md", &format!("https://{host}/x")).len(), 1, "{host}");
            assert_eq!(check("Cargo.lock", &format!("https://{host}/x")), []);
        }
    }

    #[test]
    fn payments_may_name_what_is_proved_only() {
        let path = "crates/payments/src/lib.rs";
        assert_eq!(check(path, "use security::VerifiedCode;\nuse security::AnsweredApproval;\n"), []);
        assert_eq!(check(path, "use security::{VerifiedCode, Policy};\n").len(), 1);
        assert_eq!(check(path, "fn f(p: &security::Policy) {}\n").len(), 1);
        assert_eq!(check("crates/server/src/lib.rs", "use security::Policy;\n"), []);
    }
}
