//! The committed corpus: few inputs, so that everybody can have them and CI can run them all. libFuzzer names its
//! inputs by a hash; one that a person named, after the mistake in it, always stays.

use super::{Bench, Instrument, files_in, told};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The most inputs of one target that are committed beside those that a person named.
const INPUTS_MAX: usize = 12;
/// Longer inputs stay out of the repository, bytes.
const INPUT_BYTES_MAX: u64 = 10 * 1024;

/// Makes each chosen target's committed corpus anew, from itself and what runs on this machine found.
pub(super) fn minimise(bench: &Bench) -> Result<bool, String> {
    for name in &bench.targets {
        let (committed, found) = (bench.committed(name), bench.found_here(name));
        for folder in [&committed, &found] {
            fs::create_dir_all(folder).map_err(|error| told(folder, &error))?;
        }
        let before = files_in(&committed)?.len();
        let kept = choose(&edges_by_input(bench, name, &[&committed, &found])?);
        let mut contents = Vec::new();
        for path in kept {
            let bytes = fs::read(&path).map_err(|error| told(&path, &error))?;
            contents.push((path.file_name().unwrap_or_default().to_owned(), bytes));
        }
        for file in files_in(&committed)? {
            fs::remove_file(&file).map_err(|error| told(&file, &error))?;
        }
        for (file_name, bytes) in &contents {
            let path = committed.join(file_name);
            fs::write(&path, bytes).map_err(|error| told(&path, &error))?;
        }
        println!("{name:<26} {before:>4} inputs before, {:>4} after", contents.len());
    }
    Ok(true)
}

/// Which edges each input takes, as libFuzzer's merge writes them down.
fn edges_by_input(
    bench: &Bench,
    name: &str,
    folders: &[&PathBuf],
) -> Result<BTreeMap<PathBuf, BTreeSet<u64>>, String> {
    let (merged, notes) =
        (bench.folder("merged").join(name), bench.folder("merged").join(format!("{name}.txt")));
    if merged.exists() {
        fs::remove_dir_all(&merged).map_err(|error| told(&merged, &error))?;
    }
    fs::create_dir_all(&merged).map_err(|error| told(&merged, &error))?;
    let _ = fs::remove_file(&notes);
    let mut command = bench.command(Instrument::Branches, name)?;
    // How often each edge is taken does not matter here.
    command.args(["-merge=1", "-use_counters=0"]).arg(format!("-merge_control_file={}", notes.display()));
    let output = command.arg(&merged).args(folders).output();
    let output = output.map_err(|error| format!("cannot run the target {name}: {error}"))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("the target {name} could not look through its corpus:\n{words}"));
    }
    let notes = fs::read_to_string(&notes).map_err(|error| told(&notes, &error))?;
    Ok(read_notes(&notes))
}

/// The notes begin with two numbers and the inputs' paths; then `FT` lines have an input's number and its edges.
fn read_notes(notes: &str) -> BTreeMap<PathBuf, BTreeSet<u64>> {
    let count = notes.lines().next().and_then(|line| line.trim().parse().ok()).unwrap_or(0);
    let paths: Vec<&str> = notes.lines().skip(2).take(count).collect();
    let mut edges: BTreeMap<PathBuf, BTreeSet<u64>> = BTreeMap::new();
    for line in notes.lines().skip(2 + count).filter_map(|line| line.strip_prefix("FT ")) {
        let mut numbers = line.split_whitespace().map(str::parse::<u64>);
        let input = numbers.next().and_then(Result::ok).and_then(|number| usize::try_from(number).ok());
        let Some(path) = input.and_then(|input| paths.get(input)) else { continue };
        edges.entry(PathBuf::from(path)).or_default().extend(numbers.filter_map(Result::ok));
    }
    edges
}

/// The input that adds most, again and again, until nothing is added or enough are kept; of two that add the same,
/// the shorter one.
fn choose(edges: &BTreeMap<PathBuf, BTreeSet<u64>>) -> Vec<PathBuf> {
    let length = |path: &Path| fs::metadata(path).map_or(u64::MAX, |facts| facts.len());
    let mut left: Vec<(&PathBuf, u64, &BTreeSet<u64>)> = edges
        .iter()
        .map(|(path, edges)| (path, length(path), edges))
        .filter(|(_, length, _)| *length <= INPUT_BYTES_MAX)
        .collect();
    let mut reached = BTreeSet::new();
    let mut kept: Vec<PathBuf> =
        left.iter().map(|(path, ..)| *path).filter(|path| is_named(path)).cloned().collect();
    reached.extend(kept.iter().flat_map(|path| edges[path].iter().copied()));
    for _ in 0..INPUTS_MAX {
        let added = |edges: &BTreeSet<u64>| edges.difference(&reached).count();
        left.retain(|(_, _, edges)| added(edges) > 0);
        let best = left.iter().max_by_key(|(_, length, edges)| (added(edges), u64::MAX - length));
        let Some((path, _, edges)) = best.copied() else { break };
        reached.extend(edges.iter().copied());
        kept.push(path.clone());
    }
    kept
}

/// Whether a person named the input: its name is no hash.
fn is_named(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    !(name.len() == 40 && name.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fewest_inputs_that_reach_everything_are_kept() {
        let folder = std::env::temp_dir().join(format!("batzen-fuzz-corpus-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        let paths = ["a", "b", "c", "d"].map(|name| folder.join(name.repeat(40)));
        for (path, content) in paths.iter().zip(["long", "x", "xy", "xyz"]) {
            fs::write(path, content).expect("the folder was just made");
        }
        let named = folder.join("too_long");
        fs::write(&named, "x").expect("the folder was just made");
        let [a, b, c, d] = paths.each_ref().map(|path| path.display());
        let files = format!("5\n0\n{a}\n{b}\n{c}\n{d}\n{}\n", named.display());
        let notes = format!("{files}STARTED 0 4\nFT 0 1 2\nCOV 0 1\nFT 1 1 2\nFT 2 2 3 4\nFT 3 9\nFT 4 9\n");
        let kept = choose(&read_notes(&notes));
        fs::remove_dir_all(&folder).expect("the folder is ours");
        assert_eq!(kept, [named, paths[2].clone(), paths[1].clone()]);
    }
}
