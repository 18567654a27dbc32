//! Secrets from a person: a prompt without echo, or the next line of standard input.

use crate::failure::Failure;
use crypto::SecretString;
use protocol::payment_code::Pin;
use std::io::{BufRead, IsTerminal};

/// The longest line taken.
const LINE_BYTES_MAX: usize = 1024;

/// Asks for a secret; with `from_stdin` takes the next line of standard input.
pub(super) fn ask(prompt: &str, from_stdin: bool) -> Result<SecretString, Failure> {
    if from_stdin {
        return next_line();
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(format!(
            "{prompt} must come from a terminal, or from standard input with the \
             option that says so"
        )));
    }
    let text = rpassword::prompt_password(format!("{prompt}: "))
        .map_err(|error| Failure::new(format!("nothing could be read: {error}")))?;
    Ok(SecretString::from_string(text))
}

/// Asks for a PIN that is to be set, twice where a person types it.
pub(super) fn ask_new_pin(prompt: &str, from_stdin: bool) -> Result<Pin, Failure> {
    let first = ask(prompt, from_stdin)?;
    let pin = Pin::parse_new(first.expose()).map_err(Failure::usage)?;
    if !from_stdin && ask("The same PIN again", false)?.expose() != first.expose() {
        return Err(Failure::usage("the two PINs differ; nothing was sent, try again"));
    }
    Ok(pin)
}

fn next_line() -> Result<SecretString, Failure> {
    let mut line = String::new();
    let mut stdin = std::io::stdin().lock();
    let mut limited = std::io::Read::take(&mut stdin, LINE_BYTES_MAX as u64);
    limited.read_line(&mut line).map_err(|_| Failure::usage("standard input is not text"))?;
    if line.is_empty() {
        return Err(Failure::usage("standard input ended before the secret came"));
    }
    Ok(SecretString::from_string(line.trim_end_matches(['\r', '\n']).to_owned()))
}
