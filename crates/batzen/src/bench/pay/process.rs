//! What the system says of this process.

use crate::failure::Failure;
use std::time::Duration;

/// The system counts a process's time in hundredths of a second, whatever its clock.
const TICKS_PER_S: u64 = 100;

/// What this process has in memory.
pub(super) fn resident_bytes() -> Result<u64, Failure> {
    let line =
        |text: &str| Some(text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().to_owned());
    let kib = |text: &str| line(text)?.trim_end_matches("kB").trim().parse::<u64>().ok();
    ask("/proc/self/status", kib).map(|kib| kib * 1_024)
}

/// Processor time that this process took, all threads together.
pub(super) fn cpu_time() -> Result<Duration, Failure> {
    // After the name, which stands in brackets, the 12th and 13th fields: user's and system's time.
    let ticks = |text: &str| {
        let mut fields = text.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut next = || fields.next()?.parse::<u64>().ok();
        Some(next()? + next()?)
    };
    ask("/proc/self/stat", ticks).map(|ticks| Duration::from_millis(ticks * 1_000 / TICKS_PER_S))
}

fn ask(file: &str, read: impl Fn(&str) -> Option<u64>) -> Result<u64, Failure> {
    let text = std::fs::read_to_string(file).ok();
    let found = text.as_deref().and_then(read);
    found.ok_or_else(|| {
        Failure::new(format!("{file} does not say what this process takes; this bench needs Linux"))
    })
}
