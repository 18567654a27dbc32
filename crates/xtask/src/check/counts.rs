//! How many tests a command ran, read from what it prints while it is passed on.

use super::{Bench, show};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

/// Tests that passed and failed. A step without tests counts as one itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl Counts {
    pub(super) const ONE_PASSED: Self = Self { passed: 1, failed: 0 };
    pub(super) const ONE_FAILED: Self = Self { passed: 0, failed: 1 };

    pub(super) fn plus(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed }
    }
}

/// Runs a command that prints test results, and counts them.
///
/// # Errors
/// When it cannot be run, or fails without naming a failed test.
pub(super) fn run_counted(bench: &Bench, command: &mut Command) -> Result<Counts, String> {
    let shown = show(command);
    println!("$ {shown}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .env("CARGO_TERM_COLOR", "never")
        .current_dir(&bench.places.root)
        .spawn()
        .map_err(|error| format!("cannot run `{shown}`: {error}"))?;
    let output = child.stdout.take().map(|pipe| thread::spawn(move || pass_on(pipe, std::io::stdout())));
    let errors = child.stderr.take().map(|pipe| thread::spawn(move || pass_on(pipe, std::io::stderr())));
    let status = child.wait().map_err(|error| format!("`{shown}`: {error}"))?;
    let counts = [output, errors]
        .into_iter()
        .flatten()
        .filter_map(|reader| reader.join().ok())
        .fold(Counts::default(), Counts::plus);
    if status.success() || counts.failed > 0 {
        Ok(counts)
    } else {
        Err(format!("`{shown}` ended with {status}"))
    }
}

/// Copies line by line, and adds up what the lines say.
fn pass_on(pipe: impl Read, mut out: impl Write) -> Counts {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    let mut counts = Counts::default();
    while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        // A closed terminal must not stop the count.
        let _ = out.write_all(&line).and_then(|()| out.flush());
        counts = counts.plus(counts_in(&String::from_utf8_lossy(&line)));
        line.clear();
    }
    counts
}

/// What a summary line of nextest, cargo test or one of our own programs says; nothing for other lines.
fn counts_in(line: &str) -> Counts {
    let line = line.trim();
    let result = if let Some(rest) = line.strip_prefix("Summary [") {
        rest.split_once("run:").map(|(_, result)| result)
    } else if let Some(rest) = line.strip_prefix("test result:") {
        rest.split_once(". ").map(|(_, result)| result)
    } else {
        let is_own = line.split_once(" passed, ").is_some_and(|(first, second)| {
            first.parse::<u64>().is_ok()
                && second.strip_suffix(" failed").is_some_and(|n| n.parse::<u64>().is_ok())
        });
        is_own.then_some(line)
    };
    let mut counts = Counts::default();
    for part in result.unwrap_or_default().split([',', ';']) {
        let words: Vec<&str> = part.split_whitespace().collect();
        let [number, what, ..] = words[..] else { continue };
        let Ok(number) = number.parse::<u64>() else { continue };
        match what {
            "passed" => counts.passed += number,
            "failed" | "timed" | "exec" => counts.failed += number,
            _ => {}
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_each_runner_are_read() {
        let is = |line, passed, failed| assert_eq!(counts_in(line), Counts { passed, failed }, "{line}");
        is("     Summary [   1.234s] 12 tests run: 11 passed (2 slow), 1 failed, 3 skipped", 11, 1);
        is("     Summary [   1.2s] 3/9 tests run: 1 passed, 1 timed out, 1 exec failed, 0 skipped", 1, 2);
        is(
            "test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            4,
            0,
        );
        is("test result: FAILED. 4 passed; 2 failed; 0 ignored", 4, 2);
        is("57 passed, 0 failed", 57, 0);
    }

    #[test]
    fn other_lines_count_nothing() {
        for line in ["3 passed, all good", "running 5 tests", "a test passed, 7 failed", ""] {
            assert_eq!(counts_in(line), Counts::default(), "{line}");
        }
    }

    #[test]
    fn everything_is_passed_on() {
        let mut seen = Vec::new();
        let counts = pass_on(&b"x\n1 passed, 2 failed\nlast"[..], &mut seen);
        assert_eq!((counts.passed, counts.failed), (1, 2));
        assert_eq!(seen, b"x\n1 passed, 2 failed\nlast");
    }
}
