//! The server's keys, where they are: a token or a sealed file. Servers that run take up what is done here within
//! seconds.

use super::show;
use crate::failure::Failure;
use crate::output::Output;
use crate::service::{ServerConfig, SystemClock, open_keys, read_secret, read_text};
use clap::Subcommand;
use crypto::p256::{Sign, SigningKey};
use crypto::{SecretString, SystemRandom};
use data_encoding::HEXLOWER;
use keystore::{
    Algorithm, KeyEntry, KeyName, KeyState, Notice, RealmKeys, Role, RootShare, TokenAddress, join_root,
    split_root,
};
use model::{Clock, Timestamp};
use protocol::key_bundle::KeyId;
use protocol::payment_code::Suite;
use protocol::realm::Realm;
use protocol::realm_file::AppIdentity;
use serde_json::{Value, json};
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Subcommand)]
pub(super) enum KeysCommand {
    /// Make all keys of a realm in a PKCS#11 token, under a root that is split among people and kept nowhere.
    ///
    /// Do this on a machine without a network, with those present who take the shares. The root exists only in this
    /// command's memory while it runs. Everything else is made in the token and cannot be taken out.
    Ceremony {
        /// The realm: the name of this installation, 1 to 32 of a-z, 0-9, `.` and `-`.
        #[arg(long)]
        realm: Realm,
        /// The PKCS#11 library of the token's maker.
        #[arg(long, value_name = "FILE")]
        module: PathBuf,
        /// The token's label.
        #[arg(long)]
        token: String,
        /// The file with the token's PIN, readable by its owner only.
        #[arg(long, value_name = "FILE")]
        pin: PathBuf,
        /// How many people get a share of the root.
        #[arg(long, default_value_t = 5)]
        shares: u8,
        /// How many of them can act together.
        #[arg(long, default_value_t = 3)]
        needed: u8,
        /// The new folder to write the shares and the root's certificate to; a stick for each share is better.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// List the keys, where each is in its life, and what to do next.
    Status {
        #[command(flatten)]
        keys: At,
    },
    /// Make the next key of a role. It is known everywhere before it is used: `promote` lets it take over.
    Rotate {
        #[command(flatten)]
        keys: At,
        /// What the key is for; `status` lists the roles.
        role: Role,
        /// What others seal to it in, for the roles `payment` and `activation`; as before if absent. A token has suite 2
        /// alone.
        #[arg(long, value_name = "NUMBER", value_parser = suite_number)]
        suite: Option<Suite>,
        /// Files with shares of the root, for what the root certifies.
        #[arg(long = "share", value_name = "FILE")]
        shares: Vec<PathBuf>,
    },
    /// Let the next key of a role take over; the one before is still accepted.
    Promote {
        #[command(flatten)]
        keys: At,
        /// What the key is for.
        role: Role,
    },
    /// End a former key's life and destroy its private half. This cannot be undone.
    Retire {
        #[command(flatten)]
        keys: At,
        /// What the key is for.
        role: Role,
        /// Its id, as `status` shows it: 4 hex digits.
        #[arg(value_parser = key_id)]
        id: KeyId,
        /// Now, although it may still be needed: because others may have it.
        #[arg(long)]
        at_once: bool,
    },
    /// Use every key once, and put the root together from its shares if they are given. Changes nothing.
    ///
    /// Exits with 1 if a key does not do what it is for. Do this after a backup was restored, and once a year.
    Rehearse {
        #[command(flatten)]
        keys: At,
        /// Files with shares of the root.
        #[arg(long = "share", value_name = "FILE")]
        shares: Vec<PathBuf>,
    },
    /// Print the realm file that an app ships with.
    RealmFile {
        #[command(flatten)]
        keys: At,
        /// The payment server, as phones reach it, such as https://pay.example.
        #[arg(long, value_name = "URL")]
        server_url: String,
        /// PEM: the only roots for the server's certificate that the app trusts.
        #[arg(long, value_name = "FILE")]
        tls_roots: PathBuf,
        /// The app's id.
        #[arg(long, default_value = "batzen.wallet")]
        app: String,
        /// The app's version.
        #[arg(long, default_value = env!("CARGO_PKG_VERSION"))]
        app_version: String,
    },
}

/// Where the keys are.
#[derive(clap::Args)]
pub(super) struct At {
    /// The server's configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl At {
    fn open(&self, output: &Output) -> Result<RealmKeys, Failure> {
        let keys = open_keys(&ServerConfig::from_file(&self.config)?)?;
        if let Some(warning) = keys.warning() {
            output.note(format_args!("warning: {warning}"));
        }
        Ok(keys)
    }
}

pub(super) fn run(command: KeysCommand, output: &Output) -> Result<ExitCode, Failure> {
    let now = SystemClock.now();
    match command {
        KeysCommand::Ceremony { realm, module, token, pin, shares, needed, out } => {
            let pin = SecretString::from_string(read_secret(&pin)?);
            let address = TokenAddress { module, token, pin };
            ceremony(address, &realm, (needed, shares), &out, output)?;
        }
        KeysCommand::Status { keys } => status(&keys.open(output)?, now, output)?,
        KeysCommand::Rotate { keys, role, suite, shares } => {
            let keys = keys.open(output)?;
            let root = (!shares.is_empty()).then(|| read_root(&shares)).transpose()?;
            let root: Option<&dyn Sign> = root.as_ref().map(|root| root as &dyn Sign);
            let random = &mut SystemRandom;
            let entry = match suite {
                None => keys.rotate(role, root, now, random)?,
                Some(_) if !matches!(role, Role::Payment | Role::Activation) => {
                    return Err(Failure::usage("only the keys `payment` and `activation` have a suite"));
                }
                Some(suite) => keys.rotate_to(role, Algorithm::of(suite), root, now, random)?,
            };
            let text = format!("{} is made\n{}", entry.name(), advice(&entry));
            show(output, &document(&entry), text);
        }
        KeysCommand::Promote { keys, role } => {
            let keys = keys.open(output)?;
            let name = keys.promote(role, now, &mut SystemRandom)?;
            let text = format!("{name} is in use; the key before is still accepted until `retire` ends it");
            show(output, &json!({ "role": role, "id": hex(name.key_id) }), text);
        }
        KeysCommand::Retire { keys, role, id, at_once } => {
            let name = KeyName { role, key_id: id };
            keys.open(output)?.retire(name, at_once, now, &mut SystemRandom)?;
            show(output, &json!({ "role": role, "id": hex(id) }), format!("{name} is gone"));
        }
        KeysCommand::Rehearse { keys, shares } => return rehearse(&keys.open(output)?, &shares, output),
        KeysCommand::RealmFile { keys, server_url, tls_roots, app, app_version } => {
            let app = AppIdentity { id: app, version: app_version };
            let file = keys.open(output)?.realm_file(&server_url, &read_text(&tls_roots)?, app);
            let json = file.to_json()?;
            let document: Value = serde_json::from_str(&json)?;
            show(output, &document, json);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn ceremony(
    address: TokenAddress,
    realm: &Realm,
    (needed, count): (u8, u8),
    out: &Path,
    output: &Output,
) -> Result<(), Failure> {
    let root = SigningKey::make(&mut SystemRandom);
    // Shares first: keys under a root that nobody has would be of no use.
    let shares = split_root(&root, realm, needed, count, &mut SystemRandom).map_err(Failure::usage)?;
    std::fs::create_dir(out).map_err(|error| Failure::new(format!("{}: {error}", out.display())))?;
    let mut files = Vec::new();
    for (share, number) in shares.iter().zip(1..) {
        let path = out.join(format!("root-share-{number}.txt"));
        write_new(&path, share.expose(), 0o600)?;
        files.push(path);
    }
    read_root(&files[..usize::from(needed)])?;
    let (module, token) = (address.module.clone(), address.token.clone());
    let keys = RealmKeys::create_in_token(address, realm, &root, SystemClock.now(), &mut SystemRandom)?;
    write_new(&out.join("root.pem"), &keys.root_certificate().to_pem(), 0o644)?;
    let entries = keys.register().keys;
    let text = format!(
        "made {} keys of {realm} in the token `{token}`\n  {count} shares of the root are in {}: give each to one person, \
         and keep no copy; any {needed} can act\n  in the server's configuration: \"key_store\": {{\"module\": {:?}, \
         \"token\": {token:?}, \"realm\": \"{realm}\"}}, and \"key_store_passphrase\": the file with the PIN\n  then: \
         `batzen admin keys rehearse`, `batzen admin keys realm-file`, and a backup of the token",
        entries.len() - 1,
        out.display(),
        module.display().to_string(),
    );
    let document = json!({
        "realm": realm,
        "token": token,
        "shares": files,
        "needed": needed,
        "keys": entries.iter().map(document).collect::<Vec<_>>(),
    });
    show(output, &document, text);
    Ok(())
}

fn status(keys: &RealmKeys, now: Timestamp, output: &Output) -> Result<(), Failure> {
    let (register, strays) = (keys.register(), keys.strays()?);
    let mut lines = vec![format!("{:<17} {:<5} {:<8} {:<21} next step", "key", "id", "state", "since")];
    for entry in &register.keys {
        lines.push(format!(
            "{:<17} {:<5} {:<8} {:<21} {}",
            entry.role.name(),
            hex(entry.key_id),
            entry.state.to_string(),
            second(entry.since_ms),
            next_step(entry, now),
        ));
    }
    for stray in &strays {
        lines.push(format!(
            "{stray}: in the token and not in use: a change was cut off; remove it with the token's tools"
        ));
    }
    let document = json!({
        "realm": register.realm,
        "revision": register.revision,
        "keys": register.keys.iter().map(document).collect::<Vec<_>>(),
        "strays": strays,
    });
    show(output, &document, lines.join("\n"));
    Ok(())
}

fn rehearse(keys: &RealmKeys, shares: &[PathBuf], output: &Output) -> Result<ExitCode, Failure> {
    let mut results: Vec<(String, Option<String>)> = keys
        .rehearse(&mut SystemRandom)
        .into_iter()
        .map(|rehearsal| (format!("{} ({})", rehearsal.name, rehearsal.state), rehearsal.fault))
        .collect();
    if !shares.is_empty() {
        let fault = match read_root(shares) {
            Ok(root) if *root.verifying_key() == keys.root_public_key() => None,
            Ok(_) => Some("these shares make the root of another realm".to_owned()),
            Err(failure) => Some(failure.message),
        };
        results.push((format!("root, from {} shares", shares.len()), fault));
    }
    let is_good = results.iter().all(|(_, fault)| fault.is_none());
    let line = |(name, fault): &(String, Option<String>)| {
        format!("{name:<34} {}", fault.as_deref().unwrap_or("works"))
    };
    let text = results.iter().map(line).collect::<Vec<_>>().join("\n");
    let document: Vec<Value> = results
        .iter()
        .map(|(name, fault)| json!({ "key": name, "works": fault.is_none(), "fault": fault }))
        .collect();
    show(output, &document, text);
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The root, in memory, from its shares.
fn read_root(files: &[PathBuf]) -> Result<SigningKey, Failure> {
    let read = |path: &PathBuf| {
        let text = SecretString::from_string(read_secret(path)?);
        RootShare::read(text.expose()).map_err(|error| Failure::from(error).context(path.display()))
    };
    let shares = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(join_root(&shares)?)
}

fn write_new(path: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::new(format!("{} cannot be written: {error}", path.display()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)
}

/// What must happen before a next key is used.
fn advice(entry: &KeyEntry) -> String {
    let role = entry.role;
    let wait = match role.notice() {
        Notice::Servers => "in 10 seconds, when every server has read it".to_owned(),
        Notice::Phones => {
            "when phones have had time to fetch it: as many days as they may be offline".to_owned()
        }
        Notice::Apps => {
            "when the app's next version ships with it (`batzen admin keys realm-file` after)".to_owned()
        }
        Notice::Providers => {
            format!("when every provider knows it: {}", HEXLOWER.encode(&entry.public_key.0))
        }
    };
    format!("promote it {wait}: batzen admin keys promote {role}")
}

fn next_step(entry: &KeyEntry, now: Timestamp) -> String {
    match (entry.state, entry.times) {
        (KeyState::Next, _) => advice(entry),
        (KeyState::Present, Some(times)) => {
            format!("rotate before {}", second(Timestamp::from_s(times.not_after_s)))
        }
        (KeyState::Former, Some(times)) if now < times.open_until_ms => {
            format!("opens codes until {}", second(times.open_until_ms))
        }
        (KeyState::Former, _) => {
            format!("still accepted; batzen admin keys retire {} {}", entry.role, hex(entry.key_id))
        }
        (KeyState::Present | KeyState::Retired, _) => String::new(),
    }
}

fn document(entry: &KeyEntry) -> Value {
    json!({
        "role": entry.role,
        "id": hex(entry.key_id),
        "algorithm": entry.algorithm,
        "state": entry.state,
        "made_at_ms": entry.made_at_ms,
        "since_ms": entry.since_ms,
        "public_key": HEXLOWER.encode(&entry.public_key.0),
        "times": entry.times,
    })
}

fn second(at: Timestamp) -> String {
    Timestamp::from_s(at.s()).to_string()
}

fn hex(id: KeyId) -> String {
    format!("{:04x}", id.0)
}

fn suite_number(text: &str) -> Result<Suite, String> {
    let suite = text.parse().ok().and_then(Suite::from_number);
    suite.ok_or_else(|| "there are the suites 1 and 2".to_owned())
}

fn key_id(text: &str) -> Result<KeyId, String> {
    let id = (text.len() == 4).then(|| u16::from_str_radix(text, 16).ok()).flatten();
    id.map(KeyId).ok_or_else(|| "an id is 4 hex digits, as `batzen admin keys status` shows it".to_owned())
}
