//! Every vector of activation, approval, confirmation, HTTP signatures and lists of rules comes out as its file says.

use fixtures::vectors_other;

fn check(folder: &str, least: usize) {
    let files = vectors_other::read().unwrap();
    let found: Vec<_> = files.iter().filter(|(path, _)| path.starts_with(&format!("{folder}/"))).collect();
    assert!(found.len() >= least, "only {} vectors in {folder}", found.len());
    for (path, json) in found {
        vectors_other::check(path, json);
    }
}

#[test]
fn files_are_as_generated() {
    assert_eq!(vectors_other::stale().unwrap(), Vec::<String>::new());
}

#[test]
fn approval() {
    check("approval", 61);
}

#[test]
fn activation() {
    check("activation", 60);
}

#[test]
fn confirmation() {
    check("confirmation", 40);
}

#[test]
fn http_signature() {
    check("http-signature", 30);
}

#[test]
fn rule_lists() {
    check("rule-lists", 40);
}
