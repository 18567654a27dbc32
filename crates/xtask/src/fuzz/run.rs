//! Runs targets, two at a time, and tells how each ended.

use super::{Bench, Instrument, told};
use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How many run at once.
const AT_ONCE: usize = 2;
/// An input that takes longer is a finding, seconds.
const INPUT_S_MAX: u32 = 20;
/// A target that takes more memory is a finding, MiB.
const MEMORY_MIB_MAX: u32 = 2048;
/// The longest input tried, bytes.
const INPUT_BYTES_MAX: u32 = 16 * 1024;

/// How a target ended.
pub(super) struct End {
    pub(super) name: String,
    executions: u64,
    took: Duration,
    features: u64,
    corpus: u64,
    /// Where what it says of its finding lies, if it found something.
    pub(super) found: Option<PathBuf>,
}

/// Runs every chosen target for so long.
pub(super) fn all(bench: &Bench, seconds: u32) -> Result<Vec<End>, String> {
    let waiting = Mutex::new(bench.targets.clone());
    let next = || {
        let mut waiting = waiting.lock().expect("no run panics while it takes a name");
        (!waiting.is_empty()).then(|| waiting.remove(0))
    };
    println!("{:<26} {:>12} {:>10} {:>9} {:>7}", "target", "executions", "per s", "features", "corpus");
    let one_after_another = || -> Result<Vec<End>, String> {
        let mut ends = Vec::new();
        while let Some(name) = next() {
            let end = one(bench, &name, seconds)?;
            end.tell();
            ends.push(end);
        }
        Ok(ends)
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(one_after_another)).collect();
        let mut ends = Vec::new();
        for worker in workers {
            ends.extend(worker.join().map_err(|_| "a run of a target panicked".to_owned())??);
        }
        Ok(ends)
    })
}

fn one(bench: &Bench, name: &str, seconds: u32) -> Result<End, String> {
    let (own, committed, findings) = (bench.found_here(name), bench.committed(name), bench.folder("found"));
    for folder in [&own, &findings] {
        fs::create_dir_all(folder).map_err(|error| told(folder, &error))?;
    }
    let log = bench.folder("log").join(format!("{name}.log"));
    super::make_folder_of(&log)?;
    let output = File::create(&log).map_err(|error| told(&log, &error))?;
    let errors = output.try_clone().map_err(|error| told(&log, &error))?;
    let mut command = bench.command(Instrument::Branches, name)?;
    command.arg(format!("-max_total_time={seconds}")).arg(format!("-timeout={INPUT_S_MAX}"));
    command.arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}")).arg(format!("-max_len={INPUT_BYTES_MAX}"));
    command.arg("-print_final_stats=1").arg(format!("-artifact_prefix={}/{name}-", findings.display()));
    // New inputs go into the first folder. A target without a committed corpus begins with nothing.
    command.arg(&own).args(committed.exists().then_some(&committed));
    let started = Instant::now();
    let status = command.stdout(output).stderr(errors).status();
    let status = status.map_err(|error| format!("cannot run the target {name}: {error}"))?;
    let text = fs::read(&log).map_err(|error| told(&log, &error))?;
    let text = String::from_utf8_lossy(&text);
    Ok(End {
        name: name.to_owned(),
        executions: number_after(&text, "stat::number_of_executed_units:").unwrap_or(0),
        took: started.elapsed(),
        features: number_after(&text, " ft: ").unwrap_or(0),
        corpus: number_after(&text, " corp: ").unwrap_or(0),
        found: (!status.success()).then_some(log),
    })
}

/// The last number that follows these words.
fn number_after(text: &str, words: &str) -> Option<u64> {
    let rest = text[text.rfind(words)? + words.len()..].trim_start();
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

impl End {
    fn tell(&self) {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "for people")]
        let per_s = (self.executions as f64 / self.took.as_secs_f64().max(0.001)) as u64;
        let word = if self.found.is_some() { "  FOUND SOMETHING" } else { "" };
        println!(
            "{:<26} {:>12} {per_s:>10} {:>9} {:>7}{word}",
            self.name, self.executions, self.features, self.corpus
        );
    }
}

/// Tells what was found and the sums; true when nothing was.
pub(super) fn report(ends: &[End]) -> bool {
    for (end, log) in ends.iter().filter_map(|end| Some((end, end.found.as_ref()?))) {
        println!("\n{} found something; all of it is in {}:", end.name, log.display());
        let text = fs::read(log).unwrap_or_default();
        for line in essence(&String::from_utf8_lossy(&text)) {
            println!("    {line}");
        }
    }
    let executions: u64 = ends.iter().map(|end| end.executions).sum();
    let found = ends.iter().filter(|end| end.found.is_some()).count();
    println!("{executions} executions of {} targets; {found} targets found something", ends.len());
    found == 0
}

/// What a person looks for first: the panic with its words, and where the input lies.
fn essence(log: &str) -> Vec<&str> {
    let mut told = Vec::new();
    let mut words_follow = 0;
    for line in log.lines() {
        if line.contains("panicked at ") {
            words_follow = 4;
        }
        let is_end = line.contains("ERROR: libFuzzer") || line.contains("Test unit written to");
        if words_follow > 0 || is_end {
            told.push(line);
        }
        words_follow =
            if line == "stack backtrace:" { 0 } else { words_follow - i32::from(words_follow > 0) };
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_told_by_its_words_and_its_input() {
        let log = "#1 INITED\nthread '<unnamed>' (7) panicked at crates/fuzz/src/texts.rs:1:2:\nit is wrong\n\
                   stack backtrace:\n   0: x\n==7== ERROR: libFuzzer: deadly signal\nTest unit written to /t/x-1\n";
        let told = essence(log);
        assert_eq!(told.len(), 5, "{told:?}");
        assert_eq!((told[1], told[4]), ("it is wrong", "Test unit written to /t/x-1"));
    }

    #[test]
    fn the_last_numbers_of_a_log_are_read() {
        let log = "#2 INITED cov: 5 ft: 7 corp: 1/1b exec/s: 0\n#9 DONE   cov: 58 ft: 135 corp: 38/2105b lim: 4\n\
                   stat::number_of_executed_units: 6909003\n";
        assert_eq!(number_after(log, " ft: "), Some(135));
        assert_eq!(number_after(log, " corp: "), Some(38));
        assert_eq!(number_after(log, "stat::number_of_executed_units:"), Some(6_909_003));
        assert_eq!(number_after(log, "rss: "), None);
    }
}
