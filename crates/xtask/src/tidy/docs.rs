//! Written pages: links that lead somewhere, decisions that are listed, a changelog that is kept.

use super::Finding;
use crate::tree::Tree;

const CHANGELOG: &str = "CHANGELOG.md";
const DECISIONS: &str = "docs/adr/";

pub(super) fn findings(tree: &Tree) -> Vec<Finding> {
    let mut found = changelog(tree);
    found.extend(decisions(tree));
    for (path, text) in tree.texts_ending(".md") {
        found.extend(dead_links(tree, path, text));
    }
    found
}

fn changelog(tree: &Tree) -> Vec<Finding> {
    let remedy = "add a section `## Unreleased` and say there what a user notices";
    let has_section = |text: &str| {
        text.lines().any(|line| line.starts_with("## ") && line.to_lowercase().contains("unreleased"))
    };
    match tree.text(CHANGELOG) {
        Some(text) if has_section(text) => Vec::new(),
        Some(_) => vec![Finding::new(CHANGELOG, 1, "nothing is unreleased", remedy)],
        None => vec![Finding::new(CHANGELOG, 1, "the changelog is missing", remedy)],
    }
}

fn decisions(tree: &Tree) -> Vec<Finding> {
    if !tree.has(DECISIONS) {
        return Vec::new();
    }
    let list_path = format!("{DECISIONS}README.md");
    let Some(list) = tree.text(&list_path) else {
        return vec![Finding::new(&list_path, 1, "the list of decisions is missing", "list every ADR there")];
    };
    let listed: Vec<&str> =
        links(list).into_iter().map(|(_, target)| target.trim_start_matches("./")).collect();
    let records =
        tree.texts_ending(".md").filter_map(|(path, _)| Some((path, path.strip_prefix(DECISIONS)?)));
    records
        .filter(|(_, name)| *name != "README.md" && !listed.contains(name))
        .map(|(path, _)| {
            Finding::new(path, 1, "the decision is not listed", format!("link it in {list_path}"))
        })
        .collect()
}

fn dead_links(tree: &Tree, path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for (line, target) in links(text) {
        let is_elsewhere = target.contains("://") || target.starts_with("mailto:");
        if is_elsewhere || target.is_empty() {
            continue;
        }
        let (file, anchor) =
            target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
        let aim = if file.is_empty() { Some(path.to_owned()) } else { resolve(path, file) };
        let Some(aim) = aim.filter(|aim| tree.has(aim)) else {
            let message = format!("the link to {target} leads nowhere");
            found.push(Finding::new(path, line, message, "mend the path, or write the page"));
            continue;
        };
        if let Some(anchor) = anchor
            && aim.ends_with(".md")
            && !tree.text(&aim).is_some_and(|page| anchors(page).iter().any(|one| one == anchor))
        {
            let message = format!("the link to {target} names no heading of {aim}");
            found.push(Finding::new(path, line, message, "mend the part after #"));
        }
    }
    found
}

/// The path from the root that a link means; none if it leaves the repository.
fn resolve(from: &str, link: &str) -> Option<String> {
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = if link.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.retain(|part| !part.is_empty());
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    parts.retain(|part| !part.is_empty());
    Some(parts.join("/"))
}

/// Every link's line (from 1) and target: `[text](target)` and `[name]: target`, outside code.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        if let Some(target) = reference(line) {
            found.push((number, target));
        }
        for (at, _) in line.match_indices("](") {
            let is_code = line[..at].matches('`').count() % 2 == 1;
            let rest = &line[at + 2..];
            if let Some(end) = rest.find(')').filter(|_| !is_code) {
                found.push((number, first_word(&rest[..end])));
            }
        }
    }
    found
}

/// `[name]: target`
fn reference(line: &str) -> Option<&str> {
    let (name, target) = line.strip_prefix('[')?.split_once("]:")?;
    (!name.contains(']') && !name.starts_with('^')).then(|| first_word(target))
}

/// The target without its title and angle brackets.
fn first_word(target: &str) -> &str {
    target.split_whitespace().next().unwrap_or("").trim_start_matches('<').trim_end_matches('>')
}

/// The lines outside fenced code, numbered from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let is_fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        fenced ^= is_fence;
        (!fenced && !is_fence).then_some((index + 1, line))
    })
}

/// The anchors that a page's headings get where it is shown, and those it sets itself.
fn anchors(page: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (_, line) in prose(page) {
        let title = line.trim_start_matches('#');
        if line.starts_with('#') && title.starts_with(' ') {
            let anchor = anchor_of(title.trim());
            let twins = found
                .iter()
                .filter(|one| one.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-') == anchor);
            let count = twins.count();
            found.push(if count == 0 { anchor } else { format!("{anchor}-{count}") });
        }
        for mark in ["id=\"", "name=\""] {
            let set = line.split(mark).skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(set.map(str::to_owned));
        }
    }
    found
}

/// Lower case, spaces to hyphens, punctuation gone.
fn anchor_of(title: &str) -> String {
    title
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree_of;
    use super::*;

    const LOG: (&str, &str) = (CHANGELOG, "# Changes\n\n## Unreleased\n");

    fn check(files: &[(&str, &str)]) -> Vec<String> {
        findings(&tree_of(files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_changelog_without_an_open_section_is_found() {
        assert_eq!(check(&[LOG]), [""; 0]);
        assert!(check(&[(CHANGELOG, "# Changes\n\n## 0.1.0\n")])[0].contains("nothing is unreleased"));
        assert!(check(&[])[0].contains("the changelog is missing"));
    }

    #[test]
    fn a_decision_that_is_not_listed_is_found() {
        let record = ("docs/adr/0002-b.md", "# B\n");
        assert!(check(&[LOG, record])[0].contains("the list of decisions is missing"));
        let found =
            check(&[LOG, record, ("docs/adr/README.md", "[A](0001-a.md)\n"), ("docs/adr/0001-a.md", "")]);
        assert_eq!(
            found,
            ["docs/adr/0002-b.md:1: the decision is not listed: link it in docs/adr/README.md"]
        );
    }

    #[test]
    fn links_that_lead_nowhere_are_found_at_their_line() {
        let page =
            "# A\n[x](b.md) ![p](../pic.png \"t\")\n[y](gone.md)\n[z]: ../../out.md\n[w](https://a.b/c)\n";
        let found = check(&[LOG, ("docs/a.md", page), ("docs/b.md", ""), ("pic.png", "")]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("docs/a.md:3: the link to gone.md leads nowhere"));
        assert!(found[1].starts_with("docs/a.md:4: the link to ../../out.md leads nowhere"));
    }

    #[test]
    fn links_in_code_are_no_links() {
        let page = "`[x](gone.md)`\n```\n[y](gone.md)\n```\n[f](./) [g](/docs/a.md)\n";
        assert_eq!(check(&[LOG, ("docs/a.md", page)]), [""; 0]);
    }

    #[test]
    fn a_link_to_a_missing_heading_is_found() {
        let page = "# The code, version 1: `147` bytes\n## Same\n## Same\n[a](#the-code-version-1-147-bytes) [b](#same-1)\n[c](#other)\n";
        let found = check(&[LOG, ("a.md", page)]);
        assert_eq!(found, ["a.md:5: the link to #other names no heading of a.md: mend the part after #"]);
    }
}
