//! `batzen init`: makes a folder in which the whole system can run on one machine: keys, certificates,
//! configurations. `batzen demo` uses the same.

mod certificates;
mod folder;

pub(crate) use certificates::{Pem, TlsAuthority};
pub(crate) use folder::{Browsing, Folder, Ports};

use crate::failure::Failure;
use crate::output::Output;
use protocol::payment_code::Suite;
use protocol::realm::Realm;
use std::path::PathBuf;
use std::process::ExitCode;

/// Make keys, certificates and configurations for a server and a bank on this machine.
#[derive(clap::Args)]
pub(crate) struct InitArgs {
    /// The folder to make; it must not exist, or be empty.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The realm: the name of this installation, 1 to 32 of a-z, 0-9, `.` and `-`.
    #[arg(long)]
    realm: String,
    /// The payment server's port on this machine; the bank takes the two after it.
    #[arg(long, default_value_t = 7443)]
    port: u16,
    /// What phones seal codes, activations and new PINs with: 1 is HPKE over X25519; 2 over P-256, whose keys an HSM
    /// can hold. A phone must know the suite of the activation key.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    suite: u8,
}

pub(crate) fn init(arguments: InitArgs, output: &Output) -> Result<ExitCode, Failure> {
    let realm = Realm::new(&arguments.realm)?;
    let suite = Suite::from_number(arguments.suite).ok_or_else(|| Failure::new("--suite is 1 or 2"))?;
    let folder = Folder::at(&arguments.dir)?;
    folder.make(&realm, Ports::from(arguments.port)?, Browsing::Apart, suite)?;
    output.note(format_args!("warning: {}", keystore::WARNING));
    let document = serde_json::json!({
        "server_config": folder.server_config(),
        "bank_config": folder.bank_config(),
        "realm_file": folder.realm_file(),
        "operator_key_file": folder.operator_key(),
    });
    output.result(
        || {
            format!(
                "made {}\n  start the bank:   batzen bank run --config {}\n  start the server: batzen server --config {}\n  \
                 phones ship with: {}",
                folder.path().display(),
                folder.bank_config().display(),
                folder.server_config().display(),
                folder.realm_file().display(),
            )
        },
        &document,
    );
    Ok(ExitCode::SUCCESS)
}
