//! `batzen demo --once`: one payment through all the parts, each step with its time, each sum checked.

use super::children::Children;
use super::{demo_realm, ports, seed};
use crate::failure::Failure;
use crate::output::Output;
use crate::service::runtime;
use crate::setup::{Browsing, Folder};
use client::bank_customer::BankCustomer;
use model::{Currency, Money};
use protocol::payment_code::Suite;
use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

/// The demo customer's PIN: typed by the demo instead of a person.
const PIN: &str = "493817";
/// What is paid.
const AMOUNT: &str = "12.50";
/// How long a confirmation may take to reach the phone, and a booking the bank.
const SETTLE_WITHIN: Duration = Duration::from_secs(15);

pub(super) fn once(dir: Option<PathBuf>, output: &Output) -> Result<ExitCode, Failure> {
    // Kept until the end: dropping it removes the folder.
    let (_temporary, path) = match dir {
        Some(dir) => (None, dir),
        None => {
            let temporary = tempfile::Builder::new().prefix("batzen-demo-").tempdir()?;
            let path = temporary.path().to_owned();
            (Some(temporary), path)
        }
    };
    let folder = Folder::at(&path)?;
    let mut steps = Steps::new(output);
    if !folder.is_made() {
        folder.make(&demo_realm()?, ports::free()?, Browsing::Gateway, Suite::X25519)?;
        steps.done("keys, certificates and configurations made", "");
    }
    runtime()?.block_on(async {
        let children = Children::start(&folder).await?;
        steps.done("bank and payment server started", "two processes of their own");
        let seeded = seed::seed(&folder).await?;
        steps.done("customer, account, shop and till registered", &format!("till {}", seeded.till));
        let books = Books { folder: &folder, bank: seed::bank_customer(&folder).await? };
        let before = books.sums().await?;
        let paid = tokio::task::block_in_place(|| pay(&folder, &seeded, &mut steps));
        let sums = match paid {
            Ok(()) => books.settled(before, &mut steps).await,
            Err(failure) => Err(failure),
        };
        let stopped = children.stop().await;
        let sums = sums?;
        stopped?;
        steps.done("server and bank ended", "");
        tokio::task::block_in_place(|| check(&folder, &mut steps))?;
        let document = serde_json::json!({ "steps": steps.taken, "sums": sums });
        output.result(|| sums_text(&sums, &before), &document);
        Ok(ExitCode::SUCCESS)
    })
}

/// The customer's phone.
struct Phone {
    state: PathBuf,
}

impl Phone {
    fn run(&self, arguments: &[&OsStr], stdin: &str) -> Result<Value, Failure> {
        let before = [OsStr::new("wallet"), OsStr::new("--state"), self.state.as_os_str()];
        batzen(before.iter().chain(arguments), stdin)
    }
}

/// Activates the phone and adds the account, unless an earlier payment in this folder did.
fn enrol(
    phone: &Phone,
    folder: &Folder,
    seeded: &seed::Seeded,
    steps: &mut Steps<'_>,
) -> Result<(), Failure> {
    let text = OsStr::new;
    // There is nothing to tell of a phone that is not there yet.
    let standing = phone.run(&[text("status")], "").unwrap_or_default();
    if standing["phase"] != "enrolled" {
        let realm = folder.realm_file();
        let activate = [
            text("activate"),
            text("--realm"),
            realm.as_os_str(),
            text("--code"),
            text(&seeded.activation_code),
            text("--pin-stdin"),
        ];
        let activated = phone.run(&activate, PIN)?;
        steps.done("phone activated", &format!("enrolment {}", field(&activated, "enrolment")));
    }
    if standing["methods"].as_array().is_none_or(Vec::is_empty) {
        let add = [
            text("methods"),
            text("add"),
            text("--provider"),
            text("bank"),
            text("--customer-number"),
            text(&seeded.customer_number),
            text("--password-stdin"),
        ];
        let added = phone.run(&add, seed::BANK_PASSWORD)?;
        steps.done("bank account proved at the bank", &field(&added, "label"));
    }
    Ok(())
}

/// Everything that the customer and the cashier do, with the very commands that they would type.
fn pay(folder: &Folder, seeded: &seed::Seeded, steps: &mut Steps<'_>) -> Result<(), Failure> {
    let phone = Phone { state: folder.path().join("wallet") };
    let till = folder.path().join("till");
    let picture = folder.path().join("code.png");
    let text = OsStr::new;
    enrol(&phone, folder, seeded, steps)?;
    let make = [
        text("pay"),
        text("--cap"),
        text("50"),
        text("--till"),
        text(&seeded.till),
        text("--out"),
        picture.as_os_str(),
        text("--pin-stdin"),
        text("--quiet"),
    ];
    phone.run(&make, PIN)?;
    steps.done("payment code made, offline", &picture.display().to_string());
    let sale = [
        text("checkout"),
        text("--state"),
        till.as_os_str(),
        text("pay"),
        text("--code"),
        picture.as_os_str(),
        text("--amount"),
        text(AMOUNT),
    ];
    let sale = batzen(sale.iter(), "")?;
    steps.done("code read from the picture, verified, authorised, captured", &field(&sale, "payment"));
    let confirmation = wait_for("a confirmation", || {
        let all = phone.run(&[text("confirmations")], "")?;
        let mut all = all["confirmations"].as_array().cloned().unwrap_or_default().into_iter();
        Ok(all.find(|confirmation| confirmation["payment"] == sale["payment"]))
    })?;
    steps.done("signed confirmation on the phone", &confirmation_words(&confirmation));
    Ok(())
}

fn confirmation_words(confirmation: &Value) -> String {
    let [kind, amount, merchant] = ["kind", "amount", "merchant"].map(|name| field(confirmation, name));
    format!("{kind} {amount} at {merchant}")
}

/// Who is asked for sums: the bank, as its customer, and the server's ledger.
struct Books<'a> {
    folder: &'a Folder,
    bank: BankCustomer,
}

impl Books<'_> {
    async fn sums(&self) -> Result<Sums, Failure> {
        Ok(Sums {
            account_minor: seed::balance_minor(&self.bank).await?,
            merchant_minor: seed::merchant_minor(self.folder).await?,
        })
    }

    /// The sums once every booking is known.
    async fn settled(&self, before: Sums, steps: &mut Steps<'_>) -> Result<Sums, Failure> {
        let give_up_at = Instant::now() + SETTLE_WITHIN;
        let expected = before.after_payment()?;
        loop {
            let sums = self.sums().await?;
            if sums == expected {
                steps.done("account debited at the bank, shop credited in the ledger", "");
                return Ok(sums);
            }
            if Instant::now() >= give_up_at {
                return Err(Failure::new(format!("the sums are wrong: {sums:?}, expected {expected:?}")));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
struct Sums {
    /// What is on the customer's account.
    account_minor: i64,
    /// What the shop is owed.
    merchant_minor: i64,
}

impl Sums {
    fn after_payment(self) -> Result<Self, Failure> {
        let paid = Money::parse(AMOUNT, Currency::CHF)?;
        let francs = |minor| Money::new(minor, Currency::CHF);
        Ok(Self {
            account_minor: francs(self.account_minor).checked_sub(paid)?.amount_minor,
            merchant_minor: francs(self.merchant_minor).checked_add(paid)?.amount_minor,
        })
    }
}

fn sums_text(sums: &Sums, before: &Sums) -> String {
    let francs = |minor| Money::new(minor, Currency::CHF).to_string();
    format!(
        "\n  Alex Muster's account at the bank  {:>12}  (was {})\n  Corner Shop is owed                {:>12}\n\n\
         Both stores are sound: every sum was made anew, every payment replayed, the audit chain followed.",
        francs(sums.account_minor),
        francs(before.account_minor),
        francs(sums.merchant_minor),
    )
}

fn check(folder: &Folder, steps: &mut Steps<'_>) -> Result<(), Failure> {
    let text = OsStr::new;
    let server = folder.server_config();
    let report = batzen([text("check"), text("--settled"), text("--config"), server.as_os_str()].iter(), "")?;
    let bank = folder.bank_config();
    batzen([text("bank"), text("check"), text("--config"), bank.as_os_str()].iter(), "")?;
    steps.done("both stores checked", &format!("{} rows at the server", field(&report, "rows")));
    Ok(())
}

fn wait_for(what: &str, mut look: impl FnMut() -> Result<Option<Value>, Failure>) -> Result<Value, Failure> {
    let give_up_at = Instant::now() + SETTLE_WITHIN;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() >= give_up_at {
            return Err(Failure::new(format!("{what} did not come in time")));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Runs this very program with `arguments` and reads what it prints for programs.
fn batzen<'a>(arguments: impl Iterator<Item = &'a &'a OsStr>, stdin: &str) -> Result<Value, Failure> {
    let arguments: Vec<OsString> = arguments.map(|argument| (*argument).to_owned()).collect();
    let mut child = Command::new(std::env::current_exe()?)
        .arg("--json")
        .args(&arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut pipe) = child.stdin.take() {
        // A command that needs no input may end before it is written.
        let _ = writeln!(pipe, "{stdin}");
    }
    let ended = child.wait_with_output()?;
    let printed: Value = serde_json::from_slice(&ended.stdout).unwrap_or_default();
    if ended.status.success() {
        return Ok(printed);
    }
    let command: Vec<_> =
        arguments.iter().take(1).map(|word| Path::new(word).display().to_string()).collect();
    let why = printed["error"].as_str().map(str::to_owned).unwrap_or_else(|| {
        format!("{} {}", String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr))
    });
    Err(Failure::new(format!("`batzen {}` failed with {}: {why}", command.join(" "), ended.status)))
}

fn field(document: &Value, name: &str) -> String {
    match &document[name] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Prints each step with the time it took.
struct Steps<'a> {
    output: &'a Output,
    last: Instant,
    taken: Vec<Step>,
}

#[derive(serde::Serialize)]
struct Step {
    what: String,
    detail: String,
    ms: u128,
}

impl<'a> Steps<'a> {
    fn new(output: &'a Output) -> Self {
        Self { output, last: Instant::now(), taken: Vec::new() }
    }

    fn done(&mut self, what: &str, detail: &str) {
        let ms = self.last.elapsed().as_millis();
        self.output
            .note(format_args!("{ms:>6} ms  {what}{}{detail}", if detail.is_empty() { "" } else { ": " }));
        self.taken.push(Step { what: what.to_owned(), detail: detail.to_owned(), ms });
        self.last = Instant::now();
    }
}
