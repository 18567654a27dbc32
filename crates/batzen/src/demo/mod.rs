//! `batzen demo`: the whole system on this machine, with a customer, an account, a shop and a till.
//!
//! The payment server and the bank run as processes of their own, from the same folder that `batzen init` makes.

mod children;
mod gateway;
mod once;
mod ports;
mod seed;

pub(crate) use ports::free as free_ports;

use crate::failure::Failure;
use crate::output::Output;
use crate::service::{ServerConfig, runtime, stop};
use crate::setup::{Browsing, Folder, Ports};
use children::Children;
use gateway::{Gateway, LanView, Reach};
use protocol::payment_code::Suite;
use protocol::realm::Realm;
use seed::Seeded;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::ExitCode;

/// Run the whole system on this machine: payment server, bank, a customer, a shop with a till.
///
/// Keeps everything in one folder, so that a restart goes on where the last one ended. Ctrl-C ends it cleanly.
#[derive(clap::Args)]
pub(crate) struct DemoArgs {
    /// Make one payment through all the parts, print each step with its time, and end. Uses a folder of its
    /// own, removed at the end, unless `--dir` names one.
    #[arg(long)]
    once: bool,
    /// The folder to keep everything in; `batzen-demo` in this folder if absent.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The payment server's port, when the folder is made; the bank takes the two after it, the pages the next.
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// Let phones on the same network join: opens one more port, with TLS, on all of this machine's networks. What is
    /// in this demo is then for everybody there.
    #[arg(long, conflicts_with = "once")]
    lan: bool,
    /// This machine's address in that network, where it cannot be told.
    #[arg(long, value_name = "ADDRESS", requires = "lan")]
    lan_address: Option<Ipv4Addr>,
}

/// The payment server's usual port.
const PORT: u16 = 7443;

impl DemoArgs {
    /// What `batzen` alone stands for.
    pub(crate) const fn by_default() -> Self {
        Self { once: false, dir: None, port: PORT, lan: false, lan_address: None }
    }
}

pub(crate) fn demo(arguments: DemoArgs, output: &Output) -> Result<ExitCode, Failure> {
    if arguments.once {
        return once::once(arguments.dir, output);
    }
    let reach = if arguments.lan { Reach::Network(arguments.lan_address) } else { Reach::ThisMachine };
    let folder = Folder::at(&arguments.dir.unwrap_or_else(|| PathBuf::from("batzen-demo")))?;
    if !folder.is_made() {
        folder.make(&demo_realm()?, Ports::from(arguments.port)?, Browsing::Gateway, Suite::X25519)?;
    }
    runtime()?.block_on(async {
        let stop = stop::stop(false)?;
        let port = ServerConfig::from_file(&folder.server_config())?.listen.port();
        let gateway = Gateway::open(&folder, Ports::from(port)?, reach).await?;
        let mut children = Children::start(&folder).await?;
        let seeded = seed::seed(&folder).await?;
        let opened = Opened { pages_url: gateway.url(), lan: gateway.lan(), seeded: &seeded };
        output.result(|| welcome(&folder, &opened), &opened);
        tokio::select! {
            served = gateway.serve(&folder, &seeded, stop) => served?,
            ended = children.ended() => return Err(ended),
        }
        output.note("ending: what was begun is finished first");
        children.stop().await?;
        Ok(ExitCode::SUCCESS)
    })
}

fn demo_realm() -> Result<Realm, Failure> {
    Ok(Realm::new("demo.batzen.example")?)
}

/// What the demo tells whoever runs it.
#[derive(serde::Serialize)]
struct Opened<'a> {
    /// Where a browser finds wallet and checkout.
    pages_url: String,
    /// How a phone joins, if one may.
    #[serde(skip_serializing_if = "Option::is_none")]
    lan: Option<LanView>,
    #[serde(flatten)]
    seeded: &'a Seeded,
}

fn welcome(folder: &Folder, opened: &Opened<'_>) -> String {
    let Opened { pages_url, lan, seeded } = opened;
    let phone = lan.as_ref().map(phone_words).unwrap_or_default();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (wallet, realm) = (path("wallet"), folder.realm_file().display().to_string());
    let (code, picture, till) = (&seeded.activation_code, path("code.png"), path("till"));
    let (number, label) = (&seeded.customer_number, &seeded.till);
    format!(
        "Open {pages_url} in a browser: the phone and the till side by side.\n{phone}\n\
         Batzen runs at {server}; everything is in {dir}. The same by commands:\n\n\
         Be the customer, in another terminal:\n\
         \x20 batzen wallet --state {wallet} activate --realm {realm} --code {code}\n\
         \x20     choose a PIN of six digits or more\n\
         \x20 batzen wallet --state {wallet} methods add --provider bank --customer-number {number}\n\
         \x20     the bank's password is {password}\n\
         \x20 batzen wallet --state {wallet} pay --cap 50 --till {label} --out {picture}\n\n\
         Be the shop, within two minutes:\n\
         \x20 batzen checkout --state {till} pay --code {picture} --amount 12.50\n\n\
         And the customer again:\n\
         \x20 batzen wallet --state {wallet} confirmations\n\n\
         Logs are in {logs}. Ctrl-C ends everything; the next start goes on from here.",
        server = seeded.server_url,
        dir = folder.path().display(),
        password = seed::BANK_PASSWORD,
        logs = path("logs"),
    )
}

fn phone_words(lan: &LanView) -> String {
    format!(
        "Or open {}/ on a phone on the same network; the certificate that it is given there has the fingerprint\n  \
         {}\nRemove that certificate from the phone when you have seen enough.\n",
        lan.url, lan.fingerprint
    )
}
