//! Manifests: every dependency once, with its reason; every crate under the workspace's lints; names that match.

use super::Finding;
use crate::rust_text::RustText;
use crate::tree::{Crate, Tree};

const ROOT: &str = "Cargo.toml";

/// Crates whose roots may do without `#![forbid(unsafe_code)]`; each needs its reason here.
const MAY_BE_UNSAFE: &[&str] = &[];

/// Shorter comments are no reasons.
const REASON_CHARS_MIN: usize = 3;

pub(super) fn findings(tree: &Tree, crates: &[Crate]) -> Vec<Finding> {
    let mut found = tree.text(ROOT).map(without_reason).unwrap_or_default();
    for one in crates {
        if one.manifest != format!("crates/{}/Cargo.toml", one.name) {
            found.push(Finding::new(
                &one.manifest,
                1,
                format!("the crate `{}` lives in another folder", one.name),
                format!("move it to crates/{}", one.name),
            ));
        }
        if let Some(text) = tree.text(&one.manifest) {
            found.extend(own_manifest(one, text));
        }
        if !MAY_BE_UNSAFE.contains(&one.name.as_str()) {
            let roots = one.roots.iter().filter_map(|root| Some((root, tree.text(root)?)));
            found.extend(roots.filter_map(|(root, text)| allows_unsafe(root, text)));
        }
    }
    found
}

fn allows_unsafe(root: &str, source: &str) -> Option<Finding> {
    let code: String = RustText::parse(source).code.split_whitespace().collect();
    (!code.contains("#![forbid(unsafe_code)]")).then(|| {
        Finding::new(
            root,
            1,
            "the root does not forbid unsafe code",
            "add #![forbid(unsafe_code)] under its header",
        )
    })
}

/// The lines of a section: number from 1 and text.
fn section(text: &str, is_wanted: impl Fn(&str) -> bool) -> Vec<(usize, &str)> {
    let mut inside = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            inside = is_wanted(line.split('#').next().unwrap_or(line).trim());
        } else if inside {
            lines.push((index + 1, line));
        }
    }
    lines
}

/// Dependencies and allowed lints of the root manifest that do not say why.
fn without_reason(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut above = "";
    for (number, line) in section(text, |name| name == "[workspace.dependencies]") {
        if begins_entry(line) && !has_reason(line) && !is_reason(above) {
            let name = line.split(['=', '.', ' ']).next().unwrap_or(line);
            let message = format!("the dependency `{name}` has no reason");
            found.push(Finding::new(ROOT, number, message, "end the line with # and why it is here"));
        }
        above = line;
    }
    for (number, line) in section(text, |name| name.starts_with("[workspace.lints")) {
        if begins_entry(line) && line.contains("\"allow\"") && !has_reason(line) {
            let message = "an allowed lint has no reason";
            found.push(Finding::new(ROOT, number, message, "end the line with # and why it is allowed"));
        }
    }
    found
}

fn begins_entry(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether a comment follows the line's value.
fn has_reason(line: &str) -> bool {
    let mut quoted = false;
    let hash = line.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == '#' && !quoted
    });
    hash.is_some_and(|(at, _)| line[at + 1..].trim().len() >= REASON_CHARS_MIN)
}

/// Whether the line above an entry is a comment about it; `# --` begins a group and is none.
fn is_reason(above: &str) -> bool {
    above.starts_with('#') && !above.starts_with("# --") && has_reason(above)
}

/// A crate's own manifest: workspace lints, and dependencies from the one table only.
/// Only a crate that turns on a feature of its own for its tests names itself by path.
fn own_manifest(one: &Crate, text: &str) -> Vec<Finding> {
    let path = &one.manifest;
    let mut found = Vec::new();
    let lints = section(text, |name| name == "[lints]");
    if !lints.iter().any(|(_, line)| line.replace(' ', "") == "workspace=true") {
        found.push(Finding::new(
            path,
            1,
            "the crate does not use the workspace's lints",
            "add [lints] with workspace = true",
        ));
    }
    let tables = section(text, |name| name.trim_end_matches(']').ends_with("dependencies"));
    for (number, line) in tables {
        let name = line.split(['=', '.', ' ']).next().unwrap_or(line);
        let is_shared = name == one.name || line.replace(' ', "").contains("workspace=true");
        if begins_entry(line) && !is_shared {
            let message = format!("`{name}` is not taken from the workspace's table");
            found.push(Finding::new(
                path,
                number,
                message,
                "name it there with its reason, and workspace = true here",
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{crate_of, tree_of};
    use super::*;

    const GOOD: &str = "[package]\nname = \"a\"\n\n[lints]\nworkspace = true\n\n[dependencies]\nserde.workspace = true\n\n[features]\nx = []\n";
    const SAFE: &str = "//! A.\n\n#![forbid(unsafe_code)]\n";

    fn check(files: &[(&str, &str)], one: Crate) -> Vec<String> {
        findings(&tree_of(files), &[one]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_good_crate_has_no_findings() {
        let files = [("crates/a/Cargo.toml", GOOD), ("crates/a/src/lib.rs", SAFE)];
        assert_eq!(check(&files, crate_of("a", &[])), [""; 0]);
    }

    #[test]
    fn dependencies_without_a_reason_are_found() {
        let root = "[workspace.dependencies]\n# -- group\nserde = \"1\"\nhex = { version = \"0.4#\" }\npng = \"0.18\" # pictures\n# long reason\nimage = { version = \"1\", features = [\n    \"png\",\n] }\n[profile.dev]\nopt-level = 1\n";
        let found =
            check(&[(ROOT, root)], Crate { manifest: "crates//Cargo.toml".to_owned(), ..Crate::default() });
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("Cargo.toml:3: the dependency `serde` has no reason"));
        assert!(found[1].starts_with("Cargo.toml:4: the dependency `hex` has no reason"));
    }

    #[test]
    fn allowed_lints_without_a_reason_are_found() {
        let found = without_reason(
            "[workspace.lints.clippy]\na = \"allow\"\nb = \"allow\" # because\nc = \"warn\"\n",
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, 2);
    }

    #[test]
    fn a_crate_with_lints_of_its_own_is_found() {
        let own = "[package]\nname = \"a\"\n\n[lints.rust]\nworkspace = true\n";
        assert!(check(&[("crates/a/Cargo.toml", own)], crate_of("a", &[]))[0].contains("workspace's lints"));
    }

    #[test]
    fn a_dependency_outside_the_table_is_found() {
        let own = format!(
            "{GOOD}\n[dev-dependencies]\nhex = \"0.4\"\npng = {{ workspace = true, optional = true }}\na = {{ path = \".\", features = [\"x\"] }}\n"
        );
        let found = check(&[("crates/a/Cargo.toml", &own)], crate_of("a", &[]));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("`hex` is not taken from the workspace's table"));
    }

    #[test]
    fn a_folder_with_another_name_is_found() {
        let one = Crate { manifest: "crates/b/Cargo.toml".to_owned(), ..crate_of("a", &[]) };
        assert!(check(&[], one)[0].contains("lives in another folder"));
    }

    #[test]
    fn a_root_that_allows_unsafe_code_is_found() {
        let root = "//! A.\n// #![forbid(unsafe_code)]\n";
        let found =
            check(&[("crates/a/Cargo.toml", GOOD), ("crates/a/src/lib.rs", root)], crate_of("a", &[]));
        assert!(found[0].contains("does not forbid unsafe code"), "{found:?}");
    }
}
