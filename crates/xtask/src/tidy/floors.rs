//! Floors: a crate imports only crates of lower floors, as the table in `ARCHITECTURE.md` says.
//!
//! The table's rows are `| floor | crates |`. In the second column each part between ` · ` begins with the
//! names of its crates in backticks; what follows is prose. A floor that is no number (`–`) is the
//! scaffolding: it may import everything, and no room with a floor may import it except in its tests.

use super::Finding;
use crate::tree::{Crate, Tree};
use std::collections::BTreeMap;

const MAP: &str = "ARCHITECTURE.md";
const HEADING: &str = "## Floors";

/// Where a crate stands in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    /// None for scaffolding.
    floor: Option<u8>,
    line: usize,
}

pub(super) fn findings(tree: &Tree, crates: &[Crate]) -> Vec<Finding> {
    let Some(text) = tree.text(MAP) else {
        return vec![Finding::new(MAP, 1, "the map is missing", "write it, with a table under `## Floors`")];
    };
    let (places, mut found) = read_table(text);
    if places.is_empty() {
        found.push(Finding::new(
            MAP,
            1,
            "no table under `## Floors`",
            "add rows like | 0 | `model` what · `crypto` what |",
        ));
        return found;
    }
    for (name, place) in &places {
        if !crates.iter().any(|one| one.name == *name) {
            let message = format!("`{name}` stands on a floor but is no crate of the workspace");
            found.push(Finding::new(MAP, place.line, message, "take it out until it exists"));
        }
    }
    for one in crates {
        match places.get(&one.name) {
            Some(place) => found.extend(imports_upward(one, *place, &places)),
            None => {
                let message = format!("`{}` stands on no floor", one.name);
                found.push(Finding::new(&one.manifest, 1, message, "add it to the table in ARCHITECTURE.md"));
            }
        }
    }
    found
}

fn read_table(text: &str) -> (BTreeMap<String, Place>, Vec<Finding>) {
    let mut places = BTreeMap::new();
    let mut found = Vec::new();
    let section = text
        .lines()
        .enumerate()
        .skip_while(|(_, line)| line.trim_end() != HEADING)
        .skip(1)
        .take_while(|(_, line)| !line.starts_with("## ") && !line.starts_with("# "));
    for (index, row) in section {
        let cells: Vec<&str> = row.trim().trim_matches('|').split('|').map(str::trim).collect();
        let [floor, rooms, ..] = cells[..] else { continue };
        for name in rooms.split('·').flat_map(leading_names) {
            let place = Place { floor: floor.parse().ok(), line: index + 1 };
            if places.insert(name.to_owned(), place).is_some() {
                let message = format!("`{name}` stands on two floors");
                found.push(Finding::new(MAP, index + 1, message, "keep one"));
            }
        }
    }
    (places, found)
}

/// The names in backticks that a part begins with, divided by commas.
fn leading_names(part: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = part.trim_start();
    while let Some((name, after)) = rest.strip_prefix('`').and_then(|inner| inner.split_once('`')) {
        names.push(name);
        match after.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => break,
        }
    }
    names
}

fn imports_upward(one: &Crate, place: Place, places: &BTreeMap<String, Place>) -> Vec<Finding> {
    let Some(own) = place.floor else { return Vec::new() };
    let mut found = Vec::new();
    for import in one.imports.iter().filter(|import| !import.dev) {
        let Some(target) = places.get(&import.name) else { continue };
        match target.floor {
            Some(floor) if floor < own => {}
            Some(floor) => found.push(Finding::new(
                &one.manifest,
                1,
                format!("`{}` (floor {own}) imports `{}` (floor {floor})", one.name, import.name),
                "import lower floors only; move the shared part down",
            )),
            None => found.push(Finding::new(
                &one.manifest,
                1,
                format!("`{}` imports `{}`, which is scaffolding", one.name, import.name),
                "use it as a dev-dependency, or not at all",
            )),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::{crate_of, tree_of};
    use super::*;
    use crate::tree::Import;

    const TABLE: &str = "# Map\n\n## Floors\n\n| floor | rooms |\n| --- | --- |\n| 0 | `model` money, see `Money` · `crypto` primitives |\n| 1 | `protocol`, `api` bytes |\n| – | `fixtures`, `xtask` |\n\n## Next\n\n| 9 | `ghost` |\n";

    fn check(crates: &[Crate]) -> Vec<String> {
        let all = ["model", "crypto", "protocol", "api", "fixtures", "xtask"];
        let missing = all.iter().filter(|name| !crates.iter().any(|one| one.name == **name));
        let mut crates = crates.to_vec();
        crates.extend(missing.map(|name| crate_of(name, &[])));
        let tree = tree_of(&[(MAP, TABLE)]);
        findings(&tree, &crates).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn lower_floors_and_tests_are_fine() {
        let mut api = crate_of("api", &["model", "serde"]);
        api.imports.push(Import { name: "fixtures".to_owned(), dev: true });
        let xtask = crate_of("xtask", &["protocol"]);
        assert_eq!(check(&[api, xtask]), [""; 0]);
    }

    #[test]
    fn upward_sideways_and_scaffolding_imports_are_found() {
        let found = check(&[
            crate_of("model", &["protocol"]),
            crate_of("api", &["protocol"]),
            crate_of("crypto", &["fixtures"]),
        ]);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[0].starts_with("crates/model/Cargo.toml:1: `model` (floor 0) imports `protocol` (floor 1)")
        );
        assert!(found[1].contains("`api` (floor 1) imports `protocol` (floor 1)"));
        assert!(found[2].contains("`crypto` imports `fixtures`, which is scaffolding"));
    }

    #[test]
    fn crates_outside_the_table_and_names_without_a_crate_are_found() {
        assert!(check(&[crate_of("stray", &[])])[0].contains("`stray` stands on no floor"));
        let tree = tree_of(&[(MAP, TABLE)]);
        let found = findings(&tree, &[crate_of("model", &[])]);
        assert_eq!(found.iter().filter(|one| one.message.contains("is no crate")).count(), 5);
    }

    #[test]
    fn a_missing_or_empty_table_is_found() {
        assert!(findings(&tree_of(&[]), &[])[0].message.contains("missing"));
        assert!(findings(&tree_of(&[(MAP, "## Floors\n")]), &[])[0].message.contains("no table"));
    }
}
