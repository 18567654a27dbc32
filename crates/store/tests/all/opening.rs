//! What an operator is told when a store cannot be opened.

use redb::{Database, TableDefinition};
use std::path::Path;
use store::{EmbeddedStore, OpenError, Options};

const META: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("meta");

fn refused(path: &Path) -> OpenError {
    EmbeddedStore::open(path).err().expect("it was opened")
}

#[test]
fn a_missing_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("not here");
    let error = refused(&missing.join("store"));
    assert!(matches!(&error, OpenError::FolderMissing(path) if *path == missing), "{error}");
}

#[test]
fn a_store_in_use_is_not_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = EmbeddedStore::open(&path).unwrap();
    assert!(matches!(refused(&path), OpenError::InUse));
    store.close().unwrap();
    EmbeddedStore::open(&path).unwrap();
}

#[test]
fn other_files_are_no_store_and_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letter");
    std::fs::write(&path, "Dear Ada, ".repeat(1_000)).unwrap();
    assert!(matches!(refused(&path), OpenError::NotAStore(_)));
    assert_eq!(std::fs::read(&path).unwrap(), "Dear Ada, ".repeat(1_000).into_bytes());
    assert!(matches!(refused(folder.path()), OpenError::NotAStore(_)));
}

#[test]
fn a_store_of_a_newer_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    EmbeddedStore::open(&path).unwrap().close().unwrap();
    let database = Database::create(&path).unwrap();
    let txn = database.begin_write().unwrap();
    txn.open_table(META).unwrap().insert(b"schema".as_slice(), 10_u32.to_be_bytes().as_slice()).unwrap();
    txn.commit().unwrap();
    drop(database);
    let error = refused(&path);
    assert!(matches!(error, OpenError::Newer { found: 10, .. }), "{error}");
}

#[test]
fn changed_bytes_are_found_when_pages_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    EmbeddedStore::open(&path).unwrap().close().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let place = bytes.windows(12).rposition(|window| window == b"batzen store").unwrap();
    bytes[place] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let checked = EmbeddedStore::open_with(&path, Options { check_pages: true, ..Options::default() });
    assert!(matches!(checked.err(), Some(OpenError::Damaged(_))));
}

#[test]
fn a_closed_store_leaves_nothing_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("taken")).unwrap();
    EmbeddedStore::open(&folder.path().join("store")).unwrap().close().unwrap();
    assert!(EmbeddedStore::open(&folder.path().join("taken")).is_err());
    let mut names: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["store", "taken"]);
}

#[cfg(unix)]
#[test]
fn only_its_owner_can_read_a_new_store() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let _store = EmbeddedStore::open(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
