//! `batzen iso8583`: a card host's message as people read it, and back.

use crate::failure::Failure;
use crate::output::Output;
use crate::service::read_text;
use clap::{Args, Subcommand};
use iso8583::{Message, Spec, Tolerance};
use serde_json::Value;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The longest input; a message has at most 64 KiB, in hexadecimal digits twice that.
const INPUT_BYTES_MAX: u64 = 1024 * 1024;

/// Arguments of `batzen iso8583`.
#[derive(Args)]
pub(crate) struct MessagesArgs {
    #[command(subcommand)]
    command: MessagesCommand,
}

#[derive(Subcommand)]
enum MessagesCommand {
    /// Show what a message says, field by field; exits with 1 at the first field that is wrong.
    Decode {
        #[command(flatten)]
        table: Table,
        /// The message in hexadecimal digits; `-` is standard input.
        #[arg(default_value = "-")]
        file: PathBuf,
        /// The message is bytes, not hexadecimal digits.
        #[arg(long)]
        raw: bool,
        /// Leave so many bytes out at the beginning, such as a length of 2.
        #[arg(long, value_name = "BYTES", default_value_t = 0)]
        skip: usize,
        /// Let pass whatever does not hide where a field ends.
        #[arg(long)]
        tolerant: bool,
        /// Show card numbers, tracks and PIN blocks, too.
        #[arg(long)]
        show_card_data: bool,
    },
    /// Write a message from the JSON that `decode --json` prints.
    Encode {
        #[command(flatten)]
        table: Table,
        /// The message as JSON; `-` is standard input.
        #[arg(default_value = "-")]
        file: PathBuf,
        /// Write bytes, not hexadecimal digits.
        #[arg(long)]
        raw: bool,
    },
    /// Print a table that comes with this program, to be changed; or the names of all.
    Spec {
        /// Its name.
        name: Option<String>,
    },
}

#[derive(Args)]
struct Table {
    /// The table: the name of one that comes with this program, or a JSON file.
    #[arg(long, value_name = "NAME|FILE", default_value = "iso8583-1987-ascii")]
    spec: String,
}

impl Table {
    fn read(&self) -> Result<Spec, Failure> {
        if Spec::names().any(|name| name == self.spec) {
            return Ok(Spec::named(&self.spec)?);
        }
        let path = Path::new(&self.spec);
        if !path.exists() {
            let names = Spec::names().collect::<Vec<_>>().join(", ");
            return Err(Failure::usage(format!("{} is no file, and no table: those are {names}", self.spec)));
        }
        Spec::from_json(&read_text(path)?).map_err(|error| Failure::new(error).context(&self.spec))
    }
}

pub(crate) fn run(arguments: MessagesArgs, output: &Output) -> Result<ExitCode, Failure> {
    match arguments.command {
        MessagesCommand::Decode { table, file, raw, skip, tolerant, show_card_data } => {
            let spec = table.read()?;
            let bytes = read(&file)?;
            let bytes = if raw { bytes } else { from_hex(&bytes)? };
            let message =
                bytes.get(skip..).ok_or_else(|| Failure::usage("the message ends before it begins"))?;
            let tolerance = if tolerant { Tolerance::ALL } else { Tolerance::default() };
            let mut document = spec.decode(message, tolerance)?.to_json();
            if !show_card_data {
                hide(&mut document);
            }
            output.result(|| lines(&spec, &document), &document);
        }
        MessagesCommand::Encode { table, file, raw } => {
            let spec = table.read()?;
            let document: Value = serde_json::from_slice(&read(&file)?)
                .map_err(|error| Failure::new(format!("{} is no JSON: {error}", file.display())))?;
            let bytes = spec.encode(&Message::from_json(&spec, &document)?)?;
            if raw {
                std::io::stdout().write_all(&bytes)?;
            } else {
                let hex = data_encoding::HEXUPPER.encode(&bytes);
                output.result(|| hex.clone(), &serde_json::json!({ "message": hex }));
            }
        }
        MessagesCommand::Spec { name: Some(name) } => {
            let spec = Table { spec: name }.read()?;
            output.result(|| spec.to_json(), &spec);
        }
        MessagesCommand::Spec { name: None } => {
            let names: Vec<_> = Spec::names().collect();
            output.result(|| names.join("\n"), &names);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(INPUT_BYTES_MAX).read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|file| file.take(INPUT_BYTES_MAX).read_to_end(&mut bytes))
    };
    read.map_err(|error| Failure::new(format!("{} cannot be read: {error}", file.display())))?;
    Ok(bytes)
}

fn from_hex(text: &[u8]) -> Result<Vec<u8>, Failure> {
    let digits: Vec<u8> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let bytes = data_encoding::HEXLOWER_PERMISSIVE.decode(&digits);
    bytes.map_err(|_| {
        Failure::new("the message is not in hexadecimal digits, two for each byte; if it is bytes, say --raw")
    })
}

/// What people may see of a field.
#[derive(Clone, Copy)]
enum Shown {
    /// The first six digits and the last four.
    Ends,
    /// Nothing.
    Nothing,
}

/// Fields with card data: the card's number, its extended form, tracks, the PIN block.
const SECRET_FIELDS: [(&str, Shown); 6] = [
    ("2", Shown::Ends),
    ("34", Shown::Nothing),
    ("35", Shown::Nothing),
    ("36", Shown::Nothing),
    ("45", Shown::Nothing),
    ("52", Shown::Nothing),
];
/// Tags with the same: the card's number, tracks, and what issuers put beside them.
const SECRET_TAGS: [(&str, Shown); 7] = [
    ("5A", Shown::Ends),
    ("56", Shown::Nothing),
    ("57", Shown::Nothing),
    ("58", Shown::Nothing),
    ("9F1F", Shown::Nothing),
    ("9F20", Shown::Nothing),
    ("9F6B", Shown::Nothing),
];

/// Puts stars in the place of card data.
fn hide(document: &mut Value) {
    for (number, value) in document["fields"].as_object_mut().into_iter().flatten() {
        match SECRET_FIELDS.iter().find(|(secret, _)| secret == number) {
            Some((_, shown)) => hide_all(value, *shown),
            None => hide_tags(value),
        }
    }
}

/// In lists of tags, however deep.
fn hide_tags(value: &mut Value) {
    for one in value.as_array_mut().into_iter().flatten() {
        let tag = one["tag"].as_str().unwrap_or_default().to_owned();
        match SECRET_TAGS.iter().find(|(secret, _)| *secret == tag) {
            Some((_, shown)) => hide_all(&mut one["value"], *shown),
            None => hide_tags(&mut one["value"]),
        }
    }
}

fn hide_all(value: &mut Value, shown: Shown) {
    match value {
        Value::String(text) => *text = starred(text, shown),
        Value::Array(all) => all.iter_mut().for_each(|one| hide_all(&mut one["value"], shown)),
        _ => {}
    }
}

fn starred(text: &str, shown: Shown) -> String {
    let count = text.chars().count();
    let (first, last) = match shown {
        Shown::Ends if count >= 13 => (6, 4),
        _ => (0, 0),
    };
    let star = |(place, character)| if place < first || place + last >= count { character } else { '*' };
    text.chars().enumerate().map(star).collect()
}

/// The message for people: one field to a line.
fn lines(spec: &Spec, document: &Value) -> String {
    let mut lines = vec![format!("message type {}", document["mti"].as_str().unwrap_or_default())];
    if let Some(header) = document.get("header") {
        lines.push(format!("header {}", words(header)));
    }
    let fields = document["fields"].as_object().into_iter().flatten();
    let mut fields: Vec<(u8, &Value)> =
        fields.filter_map(|(number, value)| Some((number.parse().ok()?, value))).collect();
    fields.sort_by_key(|(number, _)| *number);
    for (number, value) in fields {
        let name = spec.fields.get(&number).map_or("", |field| &field.name);
        match value.as_array() {
            None => lines.push(format!("{number:>4}  {name:<40}  {}", words(value))),
            Some(all) => {
                lines.push(format!("{number:>4}  {name}"));
                part_lines(all, 1, &mut lines);
            }
        }
    }
    lines.join("\n")
}

fn part_lines(all: &[Value], depth: usize, lines: &mut Vec<String>) {
    for one in all {
        let id = one["tag"].as_str().or(one["part"].as_str()).unwrap_or_default();
        let indent = " ".repeat(4 + 2 * depth);
        match one["value"].as_array() {
            None => lines.push(format!("{indent}{id:<8}  {}", words(&one["value"]))),
            Some(nested) => {
                lines.push(format!("{indent}{id}"));
                part_lines(nested, depth + 1, lines);
            }
        }
    }
}

/// A text, without what would steer a terminal.
fn words(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}
