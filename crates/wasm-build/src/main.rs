//! `cargo xtask wasm`: makes the WebAssembly that the pages load, or proves that what is committed matches its source.
//!
//! It knows two kinds of machine: one with a rustup target for WebAssembly, and one with Debian's `rustc-web`, which
//! brings the standard library as source. It must not know what the doors do.

#![forbid(unsafe_code)]

mod compile;
mod record;
mod toolchain;
mod wrapper;

use clap::Parser;
use record::Record;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use toolchain::Toolchain;

/// Where the pages load it from.
const SITE: &str = "crates/pages/site/wasm";

/// A crate with a door to JavaScript, and what its files are called.
struct Door {
    package: &'static str,
    out_name: &'static str,
}

/// Checks the vectors; for tests, and never shipped.
const VECTORS: Door = Door { package: "vectors-wasm", out_name: "vectors" };

const DOORS: &[Door] = &[
    Door { package: "wallet-wasm", out_name: "wallet" },
    Door { package: "checkout-wasm", out_name: "checkout" },
    Door { package: "symbols-wasm", out_name: "scan" },
];

/// Make the pages' WebAssembly under `crates/pages/site/wasm`.
#[derive(Parser)]
#[command(name = "wasm-build")]
struct Arguments {
    /// Write nothing: compare what is committed with what its source gives.
    #[arg(long)]
    check: bool,
    /// Make the module that checks the vectors, in this folder, and nothing else.
    #[arg(long, value_name = "DIR", conflicts_with = "check")]
    vectors: Option<PathBuf>,
}

/// What is wrong, in words.
type Problem = String;

fn main() -> ExitCode {
    if wrapper::is_asked() {
        return wrapper::run();
    }
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("wasm-build: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Problem> {
    let metadata = record::read_metadata()?;
    let root = metadata.workspace_root.clone().into_std_path_buf();
    let target = metadata.target_directory.clone().into_std_path_buf().join("wasm");
    if let Some(folder) = &arguments.vectors {
        fresh_folder(folder)?;
        return bind(&root, &target, &Toolchain::find(&target)?, &VECTORS, folder);
    }
    let packages: Vec<&str> = DOORS.iter().map(|door| door.package).collect();
    let sources = record::derive_sources_hash(&metadata, &packages)?;
    let toolchain = Toolchain::find(&target)?;
    let committed = Record::read(&root);
    if arguments.check && committed.as_ref().is_ok_and(|record| record.toolchain != toolchain.name) {
        // Another compiler gives other bytes: what can be said is that nothing was changed since.
        return committed?.compare_sources(&sources, &read_site(&root)?);
    }
    let made = make(&root, &target, &toolchain)?;
    let record = Record::of(&toolchain.name, sources, &made);
    if arguments.check {
        return committed?.compare_all(&record, &read_site(&root)?);
    }
    write(&root, &made)?;
    record.write(&root)?;
    for (name, bytes) in &made {
        println!("{name}: {} bytes", bytes.len());
    }
    Ok(())
}

/// Compiles every door and makes its JavaScript: name and content of each file.
fn make(root: &Path, target: &Path, toolchain: &Toolchain) -> Result<BTreeMap<String, Vec<u8>>, Problem> {
    let out = target.join("bindings");
    fresh_folder(&out)?;
    for door in DOORS {
        bind(root, target, toolchain, door, &out)?;
    }
    read_folder(&out, |name| !name.ends_with("_bg.wasm.d.ts"))
}

/// Compiles one door and makes its JavaScript in `out`.
fn bind(root: &Path, target: &Path, toolchain: &Toolchain, door: &Door, out: &Path) -> Result<(), Problem> {
    let module = compile::compile(root, target, toolchain, door.package)?;
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    let made = bindgen
        .input_path(&module)
        .out_name(door.out_name)
        .remove_name_section(true)
        .remove_producers_section(true)
        .omit_default_module_path(false)
        .web(true)
        .and_then(|bindgen| bindgen.typescript(true).generate(out));
    made.map_err(|error| format!("{}: {error:#}", door.package))
}

fn write(root: &Path, made: &BTreeMap<String, Vec<u8>>) -> Result<(), Problem> {
    let site = root.join(SITE);
    fresh_folder(&site)?;
    for (name, bytes) in made {
        let path = site.join(name);
        fs::write(&path, bytes).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(())
}

fn read_site(root: &Path) -> Result<BTreeMap<String, Vec<u8>>, Problem> {
    read_folder(&root.join(SITE), |_| true)
}

fn read_folder(folder: &Path, is_wanted: fn(&str) -> bool) -> Result<BTreeMap<String, Vec<u8>>, Problem> {
    let failed = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, error))? {
        let path: PathBuf = entry.map_err(|error| failed(folder, error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if is_wanted(&name) {
            files.insert(name, fs::read(&path).map_err(|error| failed(&path, error))?);
        }
    }
    Ok(files)
}

fn fresh_folder(folder: &Path) -> Result<(), Problem> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    fs::create_dir_all(folder).map_err(failed)
}
