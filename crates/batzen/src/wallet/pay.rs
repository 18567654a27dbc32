//! `batzen wallet pay`: a payment code, made without a network.

use super::folder::{Folder, OpenWallet};
use super::online::now;
use super::secret_input::ask;
use crate::failure::Failure;
use crate::output::Output;
use crypto::SystemRandom;
use data_encoding::HEXLOWER_PERMISSIVE;
use model::{MethodSlot, Money, TerminalNumber};
use protocol::evidence::Evidence;
use protocol::payment_code::{EmvProfile, Pin};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use symbols::{EccLevel, Symbol, Symbology};
use wallet::{CodeRequest, ShownCode};

/// The side of one module in pictures, pixels.
const MODULE_PX: u8 = 8;

/// Arguments of `batzen wallet pay`.
#[derive(clap::Args)]
pub(super) struct PayArgs {
    /// The payment method, by its number in `methods list`; the only one if there is just one.
    #[arg(long, value_name = "N")]
    method: Option<u8>,
    /// The most that may be charged, such as 50 or 12.50, in the method's currency; 50 if absent.
    #[arg(long, value_name = "AMOUNT")]
    cap: Option<String>,
    /// The number on the till's label: the code is then good at that till only.
    #[arg(long, value_name = "NUMBER")]
    till: Option<TerminalNumber>,
    /// Write the code as a picture (PNG).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write the code as a drawing (SVG).
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Which kind of 2D code.
    #[arg(long, value_enum, default_value = "qr")]
    symbol: SymbolKind,
    /// Put the code into an EMV consumer-presented envelope with this registered application id (hex), for
    /// tills that read those; the realm says which one.
    #[arg(long, value_name = "HEX")]
    emv_application_id: Option<String>,
    /// The label in that envelope.
    #[arg(long, value_name = "TEXT", requires = "emv_application_id")]
    emv_label: Option<String>,
    /// Print the 365 digits.
    #[arg(long)]
    digits: bool,
    /// Do not draw the code in the terminal.
    #[arg(long)]
    quiet: bool,
    /// Take the PIN from the first line of standard input.
    #[arg(long)]
    pin_stdin: bool,
}

/// A kind of 2D code.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum SymbolKind {
    /// QR Code, the usual.
    Qr,
    /// Aztec.
    Aztec,
    /// Data Matrix.
    Datamatrix,
}

pub(super) fn pay(folder: &Folder, arguments: &PayArgs, output: &Output) -> Result<(), Failure> {
    // Closed again at once: while somebody types, the wallet is free for what listens.
    let request = request(&folder.open()?, arguments)?;
    let emv = emv_profile(arguments)?;
    let pin = ask("PIN", arguments.pin_stdin)?;
    let pin = Pin::parse(pin.expose()).map_err(Failure::usage)?;
    let mut wallet = folder.open()?;
    let (pending, session) =
        wallet.state.make_code(&pin, &request, Evidence::empty(), now(), &mut SystemRandom)?;
    // One code a command: no renewal, so the PIN's key goes at once.
    drop((session, pin));
    wallet.store()?;
    let shown = pending.stored().sign(&wallet.vault)?;
    let text = emv.map_or_else(|| shown.code.to_digits(), |profile| shown.code.to_emv_cpm(&profile));
    let symbol = symbol(text, arguments.symbol)?;
    if let Some(path) = &arguments.out {
        write(path, &symbol.to_png(MODULE_PX))?;
    }
    if let Some(path) = &arguments.svg {
        write(path, symbol.to_svg().as_bytes())?;
    }
    told(&shown, &symbol, arguments, output);
    Ok(())
}

fn request(wallet: &OpenWallet, arguments: &PayArgs) -> Result<CodeRequest, Failure> {
    let (method, currency) = wallet.state.method_to_pay(arguments.method.map(MethodSlot))?;
    let cap = match &arguments.cap {
        Some(text) => Some(Money::parse(text, currency).map_err(Failure::usage)?),
        None => None,
    };
    Ok(CodeRequest { method: Some(method), cap, terminal: arguments.till })
}

fn emv_profile(arguments: &PayArgs) -> Result<Option<EmvProfile>, Failure> {
    let Some(application_id) = &arguments.emv_application_id else { return Ok(None) };
    let bytes = HEXLOWER_PERMISSIVE
        .decode(application_id.as_bytes())
        .map_err(|_| Failure::usage("an application id is hex digits, such as a0000000555555"))?;
    EmvProfile::new(&bytes, arguments.emv_label.as_deref(), None).map(Some).map_err(Failure::usage)
}

fn symbol(text: String, kind: SymbolKind) -> Result<Symbol, Failure> {
    let symbology = match kind {
        SymbolKind::Qr => Symbology::QrCode,
        SymbolKind::Aztec => Symbology::Aztec,
        SymbolKind::Datamatrix => Symbology::DataMatrix,
    };
    Ok(Symbol::encode(text, symbology, EccLevel::default())?)
}

/// Writes a picture as a whole: a till that looks at it never sees half of one.
fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(content)?;
        file.persist(path).map_err(|error| error.error)?;
        // The temporary file's own mode would hide the picture from the till's user.
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o644))
    });
    written.map_err(|error| {
        let path = path.display();
        Failure::new(format!("{path} cannot be written: {error}; the code is used up, make a new one"))
    })
}

fn told(shown: &ShownCode, symbol: &Symbol, arguments: &PayArgs, output: &Output) {
    let document = serde_json::json!({
        "counter": shown.counter.0,
        "method": shown.method.0,
        "cap": shown.cap.to_string(),
        "till": shown.terminal.map(|till| till.to_string()),
        "expires_at_ms": shown.expires_at.ms(),
        "hints": shown.hints,
        "digits": arguments.digits.then(|| shown.code.to_digits()),
    });
    let text = || {
        let mut parts = Vec::new();
        if !arguments.quiet {
            parts.push(symbol.to_terminal());
        }
        if arguments.digits {
            parts.push(shown.code.to_digits());
        }
        let till = shown.terminal.map(|till| format!(", at till {till} only")).unwrap_or_default();
        let seconds = shown.remaining_s(now());
        parts.push(format!("Up to {}{till}. Show it within {seconds} s; it works once.", shown.cap));
        parts.extend(shown.hints.iter().map(ToString::to_string));
        parts.join("\n")
    };
    output.result(text, &document);
}
