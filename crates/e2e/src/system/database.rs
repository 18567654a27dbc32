//! A system whose store is in PostgreSQL: two servers, its tables, its check.

use super::{OPENING, System, read_json, write_json};
use crate::binary::{Ran, batzen};
use crate::ports::Ports;
use crate::service::Part;
use serde_json::json;

impl System {
    /// The same as [`System::start`] with two payment servers, whose store is the empty PostgreSQL database at `url`.
    ///
    /// # Panics
    /// If anything of it fails.
    #[must_use]
    pub fn start_on(url: &str) -> Self {
        let mut system = Self::make();
        system.seed_bank(OPENING);
        system.use_database(url);
        let _ = system.migrate(&[]).expect("admin migrate");
        for part in Part::EVERY {
            system.start_part(part, None);
        }
        system.register();
        system
    }

    /// Lets the store be in the PostgreSQL database at `url`, and makes a second server's configuration. The tables
    /// must be made before a server starts.
    ///
    /// # Panics
    /// If a configuration cannot be written.
    pub fn use_database(&mut self, url: &str) {
        let path = self.config(Part::Server);
        let mut config = read_json(&path);
        config["store"] = json!({ "postgres": url });
        if !url.contains("127.0.0.1") {
            // The networks of tests are their own.
            config["store"]["unprotected"] = json!(true);
        }
        write_json(&path, &config);
        let ports = self.second_ports.take().unwrap_or_else(Ports::take);
        config["listen"] = json!(format!("127.0.0.1:{}", ports.first));
        self.second_ports = Some(ports);
        write_json(&self.config(Part::Second), &config);
        let mut realm = read_json(&self.realm_file());
        realm["server_url"] = json!(self.url_of(Part::Second));
        write_json(&self.realm_file_of(Part::Second), &realm);
    }

    /// `batzen admin migrate` with these arguments, in the services' environment.
    #[must_use]
    pub fn migrate(&self, arguments: &[&str]) -> Ran {
        let mut migrate = batzen(["--json", "admin", "migrate", "--config"]).arg(self.config(Part::Server));
        for (name, value) in &self.variables {
            migrate = migrate.env(name, value);
        }
        migrate.args(arguments).run()
    }

    /// `batzen check` with these arguments.
    #[must_use]
    pub fn check(&self, arguments: &[&str]) -> Ran {
        let check = batzen(["--json", "check", "--config"]).arg(self.config(Part::Server)).args(arguments);
        // It opens the keys as the server does.
        self.variables.iter().fold(check, |check, (name, value)| check.env(name, value)).run()
    }
}
