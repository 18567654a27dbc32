//! What the committed files were made from: `made.json` names the compiler, and hashes of the sources and the files.
//!
//! The same compiler gives the same bytes in any folder, so there the proof is to make them again. Another compiler
//! gives others; there the proof is that neither sources nor files were changed since.

use crate::{Problem, read_folder};
use cargo_metadata::{Metadata, MetadataCommand, PackageId};
use crypto::hash::sha256;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const PATH: &str = "crates/wasm-build/made.json";
const REMEDY: &str = "run `cargo xtask wasm` and commit what it writes";

/// See the module.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub(crate) toolchain: String,
    sources_sha256: String,
    files_sha256: BTreeMap<String, String>,
}

impl Record {
    pub(crate) fn of(toolchain: &str, sources_sha256: String, made: &BTreeMap<String, Vec<u8>>) -> Self {
        Self { toolchain: toolchain.to_owned(), sources_sha256, files_sha256: hashes(made) }
    }

    pub(crate) fn read(root: &Path) -> Result<Self, Problem> {
        let text =
            fs::read_to_string(root.join(PATH)).map_err(|error| format!("{PATH}: {error}; {REMEDY}"))?;
        serde_json::from_str(&text).map_err(|error| format!("{PATH}: {error}; {REMEDY}"))
    }

    pub(crate) fn write(&self, root: &Path) -> Result<(), Problem> {
        let mut json = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        json.push('\n');
        fs::write(root.join(PATH), json).map_err(|error| format!("{PATH}: {error}"))
    }

    /// Whether the committed files are, byte by byte, what was made now.
    pub(crate) fn compare_all(&self, made: &Self, site: &BTreeMap<String, Vec<u8>>) -> Result<(), Problem> {
        let committed = hashes(site);
        let names: BTreeSet<&String> = committed.keys().chain(made.files_sha256.keys()).collect();
        let differ = |name: &&&String| committed.get(**name) != made.files_sha256.get(**name);
        let stale: Vec<&str> = names.iter().filter(differ).map(|name| name.as_str()).collect();
        if !stale.is_empty() {
            return Err(format!("not what the source gives: {}; {REMEDY}", stale.join(", ")));
        }
        if self != made {
            return Err(format!("{PATH} does not match its files; {REMEDY}"));
        }
        println!("{} files are, byte by byte, what their source gives", committed.len());
        Ok(())
    }

    /// Whether sources and files are those that the record names.
    pub(crate) fn compare_sources(
        &self,
        sources_sha256: &str,
        site: &BTreeMap<String, Vec<u8>>,
    ) -> Result<(), Problem> {
        if self.sources_sha256 != sources_sha256 {
            return Err(format!("the sources have changed since the WebAssembly was made; {REMEDY}"));
        }
        if self.files_sha256 != hashes(site) {
            return Err(format!("the WebAssembly is not what was made from its source; {REMEDY}"));
        }
        println!("made by {}, from these sources; this compiler's bytes would differ", self.toolchain);
        Ok(())
    }
}

fn hashes(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, String> {
    files.iter().map(|(name, bytes)| (name.clone(), HEXLOWER.encode(&sha256(&[bytes])))).collect()
}

pub(crate) fn read_metadata() -> Result<Metadata, Problem> {
    let mut command = MetadataCommand::new();
    command.other_options(vec![
        "--locked".to_owned(),
        format!("--filter-platform={}", crate::toolchain::TARGET),
    ]);
    command.exec().map_err(|error| error.to_string())
}

/// A hash over all that goes into `packages`: our own files, and names and versions of what others wrote.
pub(crate) fn derive_sources_hash(metadata: &Metadata, packages: &[&str]) -> Result<String, Problem> {
    let mut parts: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for id in closure(metadata, packages)? {
        let package = &metadata[&id];
        let name = format!("{} {}", package.name, package.version);
        if package.source.is_some() {
            parts.insert(name, Vec::new());
            continue;
        }
        let folder = package.manifest_path.parent().ok_or("a manifest without a folder")?;
        parts.insert(format!("{name}/Cargo.toml"), read(package.manifest_path.as_std_path())?);
        collect(folder.join("src").as_std_path(), &format!("{name}/src"), &mut parts)?;
    }
    let mut all = Vec::new();
    for (name, content) in &parts {
        all.extend_from_slice(&sha256(&[name.as_bytes()]));
        all.extend_from_slice(&sha256(&[content]));
    }
    Ok(HEXLOWER.encode(&sha256(&[&all])))
}

/// The packages and all that they import, tests aside.
fn closure(metadata: &Metadata, packages: &[&str]) -> Result<BTreeSet<PackageId>, Problem> {
    let resolve = metadata.resolve.as_ref().ok_or("cargo metadata resolved nothing")?;
    let named = |id: &PackageId| packages.contains(&metadata[id].name.as_str());
    let mut waiting: Vec<PackageId> =
        metadata.workspace_members.iter().filter(|id| named(id)).cloned().collect();
    let mut found = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if !found.insert(id.clone()) {
            continue;
        }
        let Some(node) = resolve.nodes.iter().find(|node| node.id == id) else { continue };
        let shipped = node.deps.iter().filter(|dependency| {
            dependency.dep_kinds.iter().any(|kind| kind.kind == cargo_metadata::DependencyKind::Normal)
        });
        waiting.extend(shipped.map(|dependency| dependency.pkg.clone()));
    }
    Ok(found)
}

fn collect(folder: &Path, name: &str, parts: &mut BTreeMap<String, Vec<u8>>) -> Result<(), Problem> {
    for (file, bytes) in read_folder(folder, |name| name.ends_with(".rs"))? {
        parts.insert(format!("{name}/{file}"), bytes);
    }
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for path in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        let inner = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        collect(&path, &format!("{name}/{inner}"), parts)?;
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, Problem> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}
