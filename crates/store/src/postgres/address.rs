//! Where a database is.

use crate::embedded::OpenError;
use crate::postgres::Database;
use crate::postgres::connection::{Connector, told as told_of};
use core::str::FromStr;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, NoTls, Socket};

/// A database's address in the form of libpq: `postgresql://USER@HOST:PORT,HOST:PORT/NAME`. Of several hosts the one is
/// used that may be written to. It holds no password: those stand in files.
#[derive(Clone)]
pub struct Address(Config);

impl FromStr for Address {
    type Err = OpenError;

    fn from_str(url: &str) -> Result<Self, OpenError> {
        // The parser's own words may repeat the address.
        let wrong = |what: &str| OpenError::Failed(what.to_owned());
        let config: Config = url.parse().map_err(|_| {
            wrong("the address makes no sense; one looks like postgresql://USER@HOST:PORT/NAME")
        })?;
        if config.get_password().is_some() {
            return Err(wrong("the address must hold no password; name the file with it as `password`"));
        }
        if config.get_hosts().is_empty() {
            return Err(wrong("the address names no host"));
        }
        Ok(Self(config))
    }
}

impl Address {
    /// The same, for a user with this password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.0.password(password);
        self
    }

    /// Another database of the same server, for the same user.
    #[must_use]
    pub fn of_database(&self, name: &str) -> Self {
        let mut config = self.0.clone();
        config.dbname(name);
        Self(config)
    }

    /// Makes a database of this name on a server on this machine: for measuring and tests.
    ///
    /// # Errors
    /// Says why it cannot be made.
    pub async fn create_database(&self, name: &str) -> Result<(), OpenError> {
        self.tell(&format!("CREATE DATABASE {name}")).await
    }

    /// Drops a database of this name, whoever is connected to it.
    ///
    /// # Errors
    /// Says why it cannot be dropped.
    pub async fn drop_database(&self, name: &str) -> Result<(), OpenError> {
        self.tell(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await
    }

    async fn tell(&self, statement: &str) -> Result<(), OpenError> {
        let connection = self.of_database("postgres").unprotected().connect().await?;
        let told = connection.client.batch_execute(statement).await;
        told.map_err(|error| OpenError::Failed(format!("PostgreSQL says: {}", told_of(&error))))
    }

    /// The address as a text, without a password.
    #[must_use]
    pub fn url(&self) -> String {
        let percent = |text: &str| text.replace('%', "%25").replace('/', "%2F").replace('@', "%40");
        let ports = self.0.get_ports();
        let host = |(place, host): (usize, &Host)| {
            let name = match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(path) => percent(&path.to_string_lossy()),
            };
            let port = ports.get(place).or(ports.first()).copied().unwrap_or(5432);
            format!("{name}:{port}")
        };
        let hosts: Vec<_> = self.0.get_hosts().iter().enumerate().map(host).collect();
        let user = self.0.get_user().map_or_else(String::new, |user| format!("{}@", percent(user)));
        let name = self.0.get_dbname().map_or_else(String::new, percent);
        format!("postgresql://{user}{}/{name}", hosts.join(","))
    }

    /// Whether every host is this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.0.get_hosts().iter().all(|host| match host {
            Host::Tcp(name) => {
                name.parse().map_or(name == "localhost", |ip: std::net::IpAddr| ip.is_loopback())
            }
            Host::Unix(_) => true,
        })
    }

    /// The database, reached without protection: on this machine, or through a network that is protected itself.
    #[must_use]
    pub fn unprotected(mut self) -> Database {
        self.0.ssl_mode(SslMode::Disable);
        Database(Connector::new(&self.0, NoTls))
    }

    /// The database, reached over TLS and not otherwise.
    #[must_use]
    pub fn protected<T>(mut self, tls: T) -> Database
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + 'static,
        T::TlsConnect: Send,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        self.0.ssl_mode(SslMode::Require);
        Database(Connector::new(&self.0, tls))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_hosts_and_no_secret() {
        let address = |url: &str| url.parse::<Address>();
        assert!(address("postgresql://batzen@127.0.0.1:5433/shop").unwrap().is_local());
        assert!(address("postgresql://batzen@%2Frun%2Fpostgresql/shop").unwrap().is_local());
        assert!(!address("postgresql://batzen@127.0.0.1,db.example/shop").unwrap().is_local());
        let several = address("postgresql://batzen@127.0.0.1:5433,127.0.0.2:5434/shop").unwrap();
        assert_eq!(several.url(), "postgresql://batzen@127.0.0.1:5433,127.0.0.2:5434/shop");
        let socket = address("postgresql://batzen@%2Frun%2Fpg:5433/shop").unwrap().of_database("other");
        assert_eq!(socket.url(), "postgresql://batzen@%2Frun%2Fpg:5433/other");
        for wrong in ["postgresql://a:secret@localhost/shop", "postgresql:///", "secret secret", "http://a/b"]
        {
            let told = address(wrong).err().unwrap().to_string();
            assert!(!told.contains("secret"), "{told}");
        }
    }
}
