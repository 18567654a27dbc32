//! The server's store, whichever the configuration names.

use super::config::{PostgresConfig, StoreConfig, read_named, read_secret};
use crate::failure::Failure;
use https::{DatabaseTls, Roots};
use records::{Queries, Store};
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;
use store::postgres::{Address, Database, PostgresOptions};
use store::{EmbeddedStore, Options, PostgresStore};

/// An open store.
#[derive(Clone)]
pub(crate) enum AnyStore {
    Embedded(Arc<EmbeddedStore>),
    Postgres(Arc<PostgresStore>),
}

impl AnyStore {
    /// Opens the store that the configuration names; makes a file and its folder if they are not there.
    pub(crate) async fn open(config: &StoreConfig) -> Result<Self, Failure> {
        match config {
            StoreConfig::File(path) => Ok(Self::Embedded(Arc::new(open_file(path, Options::default())?))),
            StoreConfig::Postgres(config) => Self::open_postgres(config).await,
        }
    }

    /// Opens a store that is there, comparing its pages with their checksums.
    pub(crate) async fn open_to_check(config: &StoreConfig) -> Result<Self, Failure> {
        match config {
            StoreConfig::File(path) => {
                if !path.is_file() {
                    return Err(Failure::new(format!("there is no store at {}", path.display())));
                }
                let options = Options { check_pages: true, ..Options::default() };
                Ok(Self::Embedded(Arc::new(open_file(path, options)?)))
            }
            StoreConfig::Postgres(config) => Self::open_postgres(config).await,
        }
    }

    async fn open_postgres(config: &PostgresConfig) -> Result<Self, Failure> {
        let options = PostgresOptions { writers: config.writers.into(), readers: config.readers.into() };
        let opened = database(config)?.open(options).await;
        let store = opened.map_err(|error| Failure::new(format!("the store in PostgreSQL: {error}")))?;
        Ok(Self::Postgres(Arc::new(store)))
    }

    pub(crate) fn port(&self) -> Arc<dyn Store> {
        match self {
            Self::Embedded(store) => store.clone(),
            Self::Postgres(store) => store.clone(),
        }
    }

    pub(crate) fn queries(&self) -> &dyn Queries {
        match self {
            Self::Embedded(store) => &**store,
            Self::Postgres(store) => &**store,
        }
    }

    /// Closes it, if nobody else holds it any more.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        match self {
            Self::Embedded(store) => Arc::into_inner(store).map_or(Ok(()), EmbeddedStore::close)?,
            Self::Postgres(store) => {
                if let Some(store) = Arc::into_inner(store) {
                    store.close().await;
                }
            }
        }
        Ok(())
    }
}

fn open_file(path: &Path, options: Options) -> Result<EmbeddedStore, Failure> {
    if let Some(folder) = path.parent() {
        // Customers' names and payments are nobody else's business on this machine.
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
            Failure::new(format!("the folder {} cannot be made: {error}", folder.display()))
        })?;
    }
    EmbeddedStore::open_with(path, options)
        .map_err(|error| Failure::new(format!("the store {}: {error}", path.display())))
}

/// The database that the configuration names.
pub(crate) fn database(config: &PostgresConfig) -> Result<Database, Failure> {
    let address: Address =
        config.postgres.parse().map_err(|error| Failure::new(format!("the store in PostgreSQL: {error}")))?;
    let address = match &config.password {
        Some(path) => address.with_password(&read_secret(path)?),
        None => address,
    };
    let Some(roots) = &config.roots else {
        if !address.is_local() && !config.unprotected {
            return Err(Failure::new(
                "the store in PostgreSQL: it is not on this machine; name the file with the roots of its \
                 certificates as `roots`, or say `\"unprotected\": true` if the network between protects it",
            ));
        }
        return Ok(address.unprotected());
    };
    if config.unprotected {
        return Err(Failure::new("the store in PostgreSQL: with `roots` it cannot be `unprotected`"));
    }
    let roots = Roots::from_pem(&read_named(roots)?)
        .map_err(|error| Failure::new(format!("{} is not usable: {error}", roots.display())))?;
    Ok(address.protected(DatabaseTls::new(&roots, None)))
}
