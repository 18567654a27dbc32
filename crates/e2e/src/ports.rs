//! Three ports in a row that are free, and stay ours among tests that run at the same time.

use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt;
use std::time::{SystemTime, UNIX_EPOCH};

/// Below the ports that systems give to clients, so that no connection takes one by chance.
const FIRST: u32 = 20_000;
const TRIPLES: u32 = 4_000;

/// Ports `first`, `first + 1` and `first + 2`.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) first: u16,
    /// Other tests leave the three alone while it is held.
    _lock: File,
}

impl Ports {
    pub(crate) fn take() -> Self {
        let folder = std::env::temp_dir().join(format!("batzen-e2e-ports-{}", user()));
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let start = since.subsec_micros().wrapping_add(std::process::id().wrapping_mul(7_919));
        for step in 0..TRIPLES {
            let triple = start.wrapping_add(step) % TRIPLES;
            let first = u16::try_from(FIRST + 3 * triple).expect("the last one is below 32,768");
            let name = folder.join(first.to_string());
            let opened = OpenOptions::new().create(true).truncate(false).write(true).open(name);
            let Ok(lock) = opened else { continue };
            if lock.try_lock().is_ok() && is_free(first) {
                return Self { first, _lock: lock };
            }
        }
        panic!("no three ports in a row are free");
    }
}

/// Each user has a folder of their own, since others may not write to it.
fn user() -> u32 {
    std::fs::metadata("/proc/self").map_or(0, |facts| facts.uid())
}

fn is_free(first: u16) -> bool {
    // All are held at once, as the services will.
    let held: Vec<_> =
        (first..first + 3).map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port))).collect();
    held.iter().all(Result::is_ok)
}
