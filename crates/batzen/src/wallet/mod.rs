//! `batzen wallet`: a phone on the command line. Its folder holds the vault and the sealed state; what is decided
//! there is the `wallet` room's.

mod activate;
mod approvals;
mod confirmations;
mod devices;
mod folder;
mod methods;
mod online;
mod pay;
mod pin;
mod program;
mod rules;
mod secret_input;
mod status;
mod vault;

use crate::failure::Failure;
use crate::output::Output;
use crate::service::runtime;
use clap::Subcommand;
use folder::Folder;
use model::{ApprovalId, EnrolmentId};
use std::path::PathBuf;
use std::process::ExitCode;

// One paragraph a line: the terminal's width wraps them.
const NOTES: &str = concat!(
    "The PIN and the bank's password come from a prompt, or with --pin-stdin and --password-stdin from the first ",
    "line of standard input: never from an argument. Nothing on this machine can tell a right PIN from a wrong ",
    "one; the server counts wrong ones.\n\n",
    "The vault of this wallet is a file that only you can read (vault.key). A phone keeps these keys in its ",
    "hardware.\n\n",
    "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 the server or the bank refused, 4 nobody can be reached ",
    "now, 5 another command uses the wallet.",
);

/// Arguments of `batzen wallet`.
#[derive(clap::Args)]
#[command(after_help = NOTES)]
pub(crate) struct WalletArgs {
    /// The wallet's folder; `.batzen/wallet` in your home if absent.
    #[arg(long, global = true, env = "BATZEN_WALLET", value_name = "DIR")]
    state: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Activate this wallet with the code that you were given, and choose a PIN.
    Activate(activate::ActivateArgs),
    /// Payment methods: list, add, remove.
    #[command(subcommand)]
    Methods(methods::MethodsCommand),
    /// Make a payment code. Needs no network and uses none.
    Pay(pay::PayArgs),
    /// What became of your payments, signed by the server.
    Confirmations(confirmations::ConfirmationsArgs),
    /// What you are asked to approve.
    Approvals,
    /// Approve a payment, a transfer or a login, with the PIN.
    Approve(approvals::ApproveArgs),
    /// Refuse what you are asked to approve.
    Refuse {
        /// Which, as `approvals` lists it; the only one that waits if absent.
        approval: Option<ApprovalId>,
    },
    /// How this wallet stands.
    Status(status::StatusArgs),
    /// Ask the server where to go on counting, after a restored backup.
    Resync,
    /// Change the PIN. If the network fails meanwhile, run it again: the PIN so far stays good until the new one is.
    ChangePin(pin::ChangePinArgs),
    /// Take the realm file of an updated app, and tell the server which version runs now.
    UpdateApp(status::UpdateAppArgs),
    /// Set a new PIN with a code that your bank gave you, for one that is forgotten or locked. Methods stay.
    ResetPin(devices::ResetPinArgs),
    /// Lock this wallet, or another of your devices, at the server. Only an operator unlocks it.
    Lock {
        /// Another device, as `devices` lists it.
        device: Option<EnrolmentId>,
    },
    /// Your devices: which there are, and how they stand.
    Devices,
    /// Give one of your devices a name.
    Rename(devices::RenameArgs),
    /// Revoke one of your devices for good, with this wallet's PIN.
    Revoke(devices::RevokeArgs),
    /// Get a code for the phone that takes this wallet's place.
    Move(devices::MoveArgs),
    /// What became of your devices, signed by the server.
    Notices,
}

/// Runs the command.
pub(crate) fn run(arguments: WalletArgs, output: &Output) -> Result<ExitCode, Failure> {
    let path = arguments.state.or_else(default_folder).ok_or_else(|| {
        Failure::usage("name the wallet's folder with --state DIR, or in the variable BATZEN_WALLET")
    })?;
    let folder = Folder::at(path);
    match arguments.command {
        Command::Activate(arguments) => {
            runtime()?.block_on(activate::activate(&folder, arguments, output))?
        }
        Command::Methods(command) => runtime()?.block_on(methods::methods(&folder, command, output))?,
        // No runtime: this one must not even be able to reach for a network.
        Command::Pay(arguments) => pay::pay(&folder, &arguments, output)?,
        Command::Confirmations(arguments) => {
            runtime()?.block_on(confirmations::confirmations(&folder, &arguments, output))?;
        }
        Command::Approvals => runtime()?.block_on(approvals::approvals(&folder, output))?,
        Command::Approve(arguments) => {
            runtime()?.block_on(approvals::approve(&folder, &arguments, output))?;
        }
        Command::Refuse { approval } => runtime()?.block_on(approvals::refuse(&folder, approval, output))?,
        Command::Status(arguments) => status::status(&folder, &arguments, output)?,
        Command::Resync => runtime()?.block_on(status::resync(&folder, output))?,
        Command::ChangePin(arguments) => {
            runtime()?.block_on(pin::change_pin(&folder, &arguments, output))?;
        }
        Command::UpdateApp(arguments) => {
            runtime()?.block_on(status::update_app(&folder, &arguments, output))?;
        }
        Command::ResetPin(arguments) => {
            runtime()?.block_on(devices::reset_pin(&folder, arguments, output))?;
        }
        Command::Lock { device: None } => runtime()?.block_on(status::lock(&folder, output))?,
        Command::Lock { device: Some(device) } => {
            runtime()?.block_on(devices::lock(&folder, device, output))?;
        }
        Command::Devices => runtime()?.block_on(devices::devices(&folder, output))?,
        Command::Rename(arguments) => runtime()?.block_on(devices::rename(&folder, arguments, output))?,
        Command::Revoke(arguments) => runtime()?.block_on(devices::revoke(&folder, &arguments, output))?,
        Command::Move(arguments) => runtime()?.block_on(devices::begin_move(&folder, &arguments, output))?,
        Command::Notices => runtime()?.block_on(devices::notices(&folder, output))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn default_folder() -> Option<PathBuf> {
    std::env::home_dir().map(|home| home.join(".batzen/wallet"))
}
