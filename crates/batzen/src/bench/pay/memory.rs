//! How much memory a server's customers take.

use super::process::resident_bytes;
use super::scene;
use crate::failure::Failure;
use crate::output::Output;
use crate::service::{AnyStore, ServerConfig, SystemClock, open_keys};
use crate::setup::{Browsing, Folder};
use model::Clock;
use protocol::payment_code::Suite;
use protocol::realm::Realm;
use records::{PAGE_LIMIT_MAX, Page};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::process::Command;

/// How many customers are enrolled before their phones' keys, which no server has, are dropped.
const LOT: u32 = 1_000;

/// What a process that only looks every enrolment up has in memory, and room on the disk.
#[derive(Serialize)]
struct Memory {
    enrolments: u32,
    cache_bytes_max: usize,
    #[serde(flatten)]
    resident: Resident,
    store_bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct Resident {
    /// With the store open.
    resident_before_bytes: u64,
    /// After every enrolment was looked up once.
    resident_after_bytes: u64,
}

pub(super) async fn measure(path: &Path, count: u32, output: &Output) -> Result<(), Failure> {
    let folder = Folder::at(path)?;
    folder.make(&Realm::new("bench")?, crate::demo::free_ports()?, Browsing::Apart, Suite::X25519)?;
    let config = ServerConfig::from_file(&folder.server_config())?;
    let keys = open_keys(&config)?;
    let store = AnyStore::open(&config.store).await?;
    let account_refs = ["instant".to_owned()];
    let mut left = count;
    while left > 0 {
        let lot = left.min(LOT);
        scene::enrol(&*store.port(), &keys, lot as usize, &account_refs, SystemClock.now()).await?;
        left -= lot;
    }
    store.close().await?;
    // In a process of its own: this one's memory holds what enrolling left behind.
    let looking = Command::new(std::env::current_exe()?)
        .args(["bench", "pay", "--look-up"])
        .arg(folder.server_config())
        .output()?;
    let measured = Memory {
        enrolments: count,
        cache_bytes_max: store::CACHE_BYTES_DEFAULT,
        resident: serde_json::from_slice(&looking.stdout)?,
        store_bytes: config.store.file_bytes()?,
    };
    output.result(|| measured.text(), &measured);
    Ok(())
}

/// Looks every enrolment of a store up once, with its method, and prints what that took.
pub(super) async fn look_up(config: &Path) -> Result<(), Failure> {
    let config = ServerConfig::from_file(config)?;
    let store = AnyStore::open(&config.store).await?;
    let resident_before_bytes = resident_bytes()?;
    let mut page = Page::first(PAGE_LIMIT_MAX);
    loop {
        let enrolments = store.queries().enrolments(page).await?;
        for enrolment in &enrolments {
            store.queries().method(enrolment.customer, scene::METHOD).await?;
        }
        let Some(last) = enrolments.last() else { break };
        page = Page::after(last.id, PAGE_LIMIT_MAX);
    }
    let resident = Resident { resident_before_bytes, resident_after_bytes: resident_bytes()? };
    Output::new(true).result(String::new, &resident);
    Ok(())
}

impl Memory {
    fn text(&self) -> String {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let grown = self.resident.resident_after_bytes.saturating_sub(self.resident.resident_before_bytes);
        format!(
            "{} enrolments, each looked up once: {:.0} MiB of memory ({:.0} before), {:.0} bytes each; \
             the store takes {:.0} MiB and keeps at most {:.0} MiB in memory",
            self.enrolments,
            mib(self.resident.resident_after_bytes),
            mib(self.resident.resident_before_bytes),
            grown as f64 / f64::from(self.enrolments),
            mib(self.store_bytes),
            mib(self.cache_bytes_max as u64),
        )
    }
}
