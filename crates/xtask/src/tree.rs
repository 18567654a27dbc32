//! The repository as the checks see it: its files by path, and its crates with what they import.
//!
//! Files come from git (tracked, or new and not ignored), crates from `cargo metadata`. The checks take these
//! as plain values, so their tests build small bad trees without a disk.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, TargetKind};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Text files by path relative to the root, with `/` between the parts. Other files have no text.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, Option<String>>,
}

/// One crate of the workspace, with its direct dependencies.
#[derive(Debug, Clone, Default)]
pub(crate) struct Crate {
    pub(crate) name: String,
    /// Path of its `Cargo.toml`, relative to the root.
    pub(crate) manifest: String,
    /// Paths of library and binary roots, relative to the root.
    pub(crate) roots: Vec<String>,
    pub(crate) imports: Vec<Import>,
}

/// One direct dependency, named as in its own package.
#[derive(Debug, Clone)]
pub(crate) struct Import {
    pub(crate) name: String,
    /// Only its tests use it.
    pub(crate) dev: bool,
}

/// Where things are on this machine.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

impl Tree {
    /// Reads every file that git tracks, or would track.
    ///
    /// # Errors
    /// When git is missing, the folder is no clone, or a file cannot be read.
    pub(crate) fn read(root: &Path) -> Result<Self, String> {
        let listed = Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(root)
            .output()
            .map_err(|error| format!("cannot run git ls-files: {error}"))?;
        if !listed.status.success() {
            return Err(format!("git ls-files: {}", String::from_utf8_lossy(&listed.stderr).trim()));
        }
        let mut tree = Self::default();
        for path in String::from_utf8_lossy(&listed.stdout).split('\0').filter(|path| !path.is_empty()) {
            match std::fs::read(root.join(path)) {
                Ok(bytes) => tree.insert(path, String::from_utf8(bytes).ok()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {} // deleted, not yet committed
                Err(error) if error.kind() == std::io::ErrorKind::IsADirectory => {} // a nested clone or link
                Err(error) => return Err(format!("{path}: {error}")),
            }
        }
        Ok(tree)
    }

    /// Adds a file; one without text is only known to exist.
    pub(crate) fn insert(&mut self, path: &str, text: Option<String>) {
        self.files.insert(path.to_owned(), text);
    }

    /// The text files.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// The text files whose name ends so.
    pub(crate) fn texts_ending<'a>(&'a self, end: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts().filter(move |(path, _)| path.ends_with(end))
    }

    /// One file's text.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// Whether a file or a folder with files has this path.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        path.is_empty()
            || self.files.contains_key(path)
            || self.files.range(folder.clone()..).next().is_some_and(|(found, _)| found.starts_with(&folder))
    }
}

/// Asks cargo for the workspace: where it is and which crates it has.
///
/// # Errors
/// When cargo cannot read a manifest.
pub(crate) fn read_workspace() -> Result<(Places, Vec<Crate>), String> {
    let metadata =
        MetadataCommand::new().no_deps().exec().map_err(|error| format!("cargo metadata: {error}"))?;
    let places = Places {
        root: metadata.workspace_root.clone().into_std_path_buf(),
        target: metadata.target_directory.clone().into_std_path_buf(),
    };
    Ok((places, crates_of(&metadata)))
}

fn crates_of(metadata: &Metadata) -> Vec<Crate> {
    let relative = |path: &cargo_metadata::camino::Utf8Path| {
        path.strip_prefix(&metadata.workspace_root).unwrap_or(path).as_str().replace('\\', "/")
    };
    let mut crates: Vec<Crate> = metadata
        .packages
        .iter()
        .map(|package| Crate {
            name: package.name.to_string(),
            manifest: relative(&package.manifest_path),
            roots: package
                .targets
                .iter()
                .filter(|target| is_shipped(&target.kind))
                .map(|target| relative(&target.src_path))
                .collect(),
            imports: package
                .dependencies
                .iter()
                .map(|dependency| Import {
                    name: dependency.name.clone(),
                    dev: dependency.kind == DependencyKind::Development,
                })
                .collect(),
        })
        .collect();
    crates.sort_by(|a, b| a.name.cmp(&b.name));
    crates
}

/// Libraries, binaries and procedural macros; not tests, benches, examples or build scripts.
fn is_shipped(kinds: &[TargetKind]) -> bool {
    !kinds.iter().any(|kind| {
        matches!(kind, TargetKind::Test | TargetKind::Bench | TargetKind::Example | TargetKind::CustomBuild)
    })
}
