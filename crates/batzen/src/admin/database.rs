//! What is done to the database itself, on the server's own machine: its tables, and moving into it.

use crate::failure::Failure;
use crate::output::Output;
use crate::service::{
    AnyStore, PostgresConfig, ServerConfig, StoreConfig, database, open_keys, runtime, signed_by,
};
use clap::Subcommand;
use payments::check::{Report, check};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use store::postgres::Database;

#[derive(Subcommand)]
pub(super) enum DatabaseCommand {
    /// Bring the tables of the store in PostgreSQL up to what this program knows; servers may go on meanwhile.
    ///
    /// Upgrade so: migrate with the new program, then replace one server after the other.
    Migrate {
        /// The server's configuration file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// Only say what would be done.
        #[arg(long)]
        dry_run: bool,
    },
    /// Move the store from its file into PostgreSQL, compare both sides row by row, and check both; the server must not
    /// be running.
    ///
    /// The file stays as it is. Afterwards let the configuration's `store` be what the `--to` file says.
    Move {
        /// The server's configuration file, whose `store` is a file.
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
        /// A configuration whose `store` is the empty PostgreSQL database to move into.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
}

pub(super) fn run(command: &DatabaseCommand, output: &Output) -> Result<ExitCode, Failure> {
    match command {
        DatabaseCommand::Migrate { config, dry_run } => {
            let database = named(&ServerConfig::from_file(config)?, config)?;
            runtime()?.block_on(migrate(&database, *dry_run, output))?;
        }
        DatabaseCommand::Move { config, to } => {
            let (from, into) = (ServerConfig::from_file(config)?, ServerConfig::from_file(to)?);
            runtime()?.block_on(move_house(&from, config, &named(&into, to)?, &into, output))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The database that a configuration names.
fn named(config: &ServerConfig, path: &Path) -> Result<Database, Failure> {
    database(postgres_of(config, path)?)
}

fn postgres_of<'a>(config: &'a ServerConfig, path: &Path) -> Result<&'a PostgresConfig, Failure> {
    match &config.store {
        StoreConfig::Postgres(postgres) => Ok(postgres),
        StoreConfig::File(_) => {
            let path = path.display();
            Err(Failure::new(format!(
                "the store of {path} is a file; its tables come up to date by themselves"
            )))
        }
    }
}

async fn migrate(database: &Database, is_dry: bool, output: &Output) -> Result<(), Failure> {
    let found = database.migrate(is_dry).await?;
    let text = || match (found.waiting.as_slice(), is_dry) {
        ([], _) => format!("the tables are at step {}; nothing is to be done", found.applied),
        (waiting, true) => format!("at step {}; would be done: {}", found.applied, waiting.join(", ")),
        (waiting, false) => format!("was at step {}; done: {}", found.applied, waiting.join(", ")),
    };
    let document = json!({ "was_at_step": found.applied, "steps": found.waiting, "dry_run": is_dry });
    output.result(text, &document);
    Ok(())
}

async fn move_house(
    from: &ServerConfig,
    path: &Path,
    into: &Database,
    into_config: &ServerConfig,
    output: &Output,
) -> Result<(), Failure> {
    let store = AnyStore::open_to_check(&from.store).await?;
    let AnyStore::Embedded(embedded) = &store else {
        return Err(Failure::new(format!("the store of {} is in PostgreSQL already", path.display())));
    };
    output.note("checking the file");
    let signed_by = signed_by(&open_keys(from)?);
    let before = check(store.queries(), &signed_by).await?;
    if !before.is_sound() {
        return Err(Failure::new("the store in the file is wrong; see `batzen check`"));
    }
    let moved =
        into.take_over(embedded, |table, rows| output.note(format_args!("{rows:>12} {table}"))).await?;
    output.note("checking the database");
    let moved_in = AnyStore::open(&into_config.store).await?;
    let after = check(moved_in.queries(), &signed_by).await?;
    let is_same = |one: &Report, other: &Report| {
        (one.rows, one.payments, one.unsettled) == (other.rows, other.payments, other.unsettled)
    };
    if !after.is_sound() || !is_same(&before, &after) {
        return Err(Failure::new("the database does not check as the file does; drop it, and keep the file"));
    }
    moved_in.close().await?;
    store.close().await?;
    let (rows, payments) = (moved.rows(), after.payments);
    output.result(
        || format!("{rows} rows moved, {payments} payments; both sides are the same, and sound"),
        &json!({ "rows": rows, "payments": payments }),
    );
    Ok(())
}
