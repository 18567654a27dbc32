//! The folder of a system on one machine: what is where.

use super::certificates::{Pem, TlsAuthority};
use crate::failure::Failure;
use crate::service::{
    BankLink, KeyStoreConfig, PagesConfig, PemFiles, ServerConfig, StoreConfig, WebhooksConfig,
};
use bank::{BankConfig, IdentityFiles, Partner, PartnerPage};
use crypto::{Random, SystemRandom};
use data_encoding::BASE64URL_NOPAD;
use keystore::RealmKeys;
use model::{Clock, ProviderId};
use protocol::payment_code::Suite;
use protocol::realm::Realm;
use protocol::realm_file::AppIdentity;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The common name that the server shows to the bank.
const PARTNER_NAME: &str = "batzen-server";

/// Where the services listen on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ports {
    pub(crate) server: u16,
    pub(crate) bank_partner: u16,
    pub(crate) bank_customer: u16,
    /// The demo's gateway, for this machine.
    pub(crate) pages: u16,
    /// The demo's gateway, for phones on the same network.
    pub(crate) pages_lan: u16,
}

/// Who leads browsers to a folder's services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Browsing {
    /// Each service has its own address.
    Apart,
    /// The demo's gateway: all have one address, the bank's customers under `/bank/`.
    Gateway,
}

impl Ports {
    /// `first` and the four after it.
    pub(crate) fn from(first: u16) -> Result<Self, Failure> {
        if first == 0 || first > u16::MAX - 4 {
            return Err(Failure::usage("a port is 1 to 65531: the four after it are needed too"));
        }
        Ok(Self {
            server: first,
            bank_partner: first + 1,
            bank_customer: first + 2,
            pages: first + 3,
            pages_lan: first + 4,
        })
    }
}

/// The policy's file beside the server's configuration.
const POLICY: &str = "policy.json";
/// The demo has one customer, and whoever tries it out opens one wallet after the other.
const DEMO_POLICY: &str = "{\"devices_max\": 250}\n";

/// A system's folder.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at `path`, which need not be there yet.
    pub(crate) fn at(path: &Path) -> Result<Self, Failure> {
        let path = std::path::absolute(path)
            .map_err(|error| Failure::new(format!("{} is no usable path: {error}", path.display())))?;
        Ok(Self { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether [`Folder::make`] was finished here: the realm file is written last.
    pub(crate) fn is_made(&self) -> bool {
        self.realm_file().is_file()
    }

    pub(crate) fn server_config(&self) -> PathBuf {
        self.path.join("server/server.json")
    }

    pub(crate) fn bank_config(&self) -> PathBuf {
        self.path.join("bank/bank.json")
    }

    pub(crate) fn bank_accounts(&self) -> PathBuf {
        self.path.join("bank/accounts.json")
    }

    pub(crate) fn realm_file(&self) -> PathBuf {
        self.path.join("phone/realm.json")
    }

    pub(crate) fn operator_key(&self) -> PathBuf {
        self.path.join("server/operator.key")
    }

    pub(crate) fn roots(&self) -> PathBuf {
        self.path.join("tls/roots.pem")
    }

    /// Makes keys, certificates and configurations; what phones seal to is of this suite. What is left of an interrupted try is made anew.
    pub(crate) fn make(
        &self,
        realm: &Realm,
        ports: Ports,
        browsing: Browsing,
        suite: Suite,
    ) -> Result<(), Failure> {
        if self.is_made() {
            let path = self.path.display();
            return Err(Failure::new(format!("{path} is made already; choose another folder or remove it")));
        }
        self.refuse_foreign_content()?;
        for part in ["server", "bank", "phone", "tls"] {
            make_folder(&self.path.join(part))?;
        }
        let authority = TlsAuthority::make(realm.as_str())?;
        self.write("tls/roots.pem", &authority.root_pem())?;
        self.write_pem("server/server", &authority.server("payment server")?)?;
        self.write_pem("server/partner", &authority.client(PARTNER_NAME)?)?;
        self.write_pem("bank/bank", &authority.server("reference bank")?)?;
        self.write_secret("server/operator.key", &format!("bzo_{}", random_text()))?;
        let passphrase = random_text();
        self.write_secret("server/key-store.passphrase", &passphrase)?;
        let key_store = self.path.join("server/key-store.json");
        remove_rest(&key_store)?;
        let now = crate::service::SystemClock.now();
        let keys =
            RealmKeys::create_file_in_suite(&key_store, &passphrase, realm, suite, now, &mut SystemRandom)?;
        if let Browsing::Gateway = browsing {
            self.write(&format!("server/{POLICY}"), DEMO_POLICY)?;
        }
        self.write("server/server.json", &to_json(&server_config(ports, browsing)?)?)?;
        self.write("bank/bank.json", &to_json(&bank_config(ports, browsing, &keys)?)?)?;
        let app =
            AppIdentity { id: "batzen.wallet".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let server_url = format!("https://localhost:{}", ports.server);
        let realm_file = keys.realm_file(&server_url, &authority.root_pem(), app);
        self.write("phone/realm.json", &realm_file.to_json()?)
    }

    fn refuse_foreign_content(&self) -> Result<(), Failure> {
        let Ok(entries) = fs::read_dir(&self.path) else { return Ok(()) };
        let ours = ["server", "bank", "phone", "tls"];
        for entry in entries.flatten() {
            if !ours.iter().any(|name| entry.file_name() == *name) {
                let path = self.path.display();
                return Err(Failure::new(format!("{path} holds other files; choose an empty or new folder")));
            }
        }
        Ok(())
    }

    fn write_pem(&self, stem: &str, pem: &Pem) -> Result<(), Failure> {
        self.write(&format!("{stem}.pem"), &pem.chain)?;
        self.write_secret(&format!("{stem}.key"), &pem.key)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        self.write_mode(name, text, 0o644)
    }

    pub(crate) fn write_secret(&self, name: &str, text: &str) -> Result<(), Failure> {
        self.write_mode(name, text, 0o600)
    }

    fn write_mode(&self, name: &str, text: &str, mode: u32) -> Result<(), Failure> {
        let path = self.path.join(name);
        let failed =
            |error: std::io::Error| Failure::new(format!("{} cannot be written: {error}", path.display()));
        remove_rest(&path)?;
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(mode).open(&path).map_err(failed)?;
        file.write_all(text.as_bytes()).map_err(failed)?;
        file.sync_all().map_err(failed)
    }
}

fn make_folder(path: &Path) -> Result<(), Failure> {
    fs::create_dir_all(path)
        .map_err(|error| Failure::new(format!("the folder {} cannot be made: {error}", path.display())))
}

fn remove_rest(path: &Path) -> Result<(), Failure> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Failure::new(format!("{} cannot be replaced: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

fn random_text() -> String {
    let mut bytes = [0; 32];
    SystemRandom.fill(&mut bytes);
    BASE64URL_NOPAD.encode(&bytes)
}

fn to_json(value: &impl serde::Serialize) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value)?)
}

fn on_this_machine(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn server_config(ports: Ports, browsing: Browsing) -> Result<ServerConfig, Failure> {
    let bank_for_customers = format!("https://localhost:{}", ports.bank_customer);
    let files = |stem: &str| PemFiles {
        certificate_chain: format!("{stem}.pem").into(),
        private_key: format!("{stem}.key").into(),
    };
    Ok(ServerConfig {
        check_every_s: 60,
        listen: on_this_machine(ports.server),
        identity: files("server"),
        store: StoreConfig::File("store/payments.redb".into()),
        key_store: KeyStoreConfig::File("key-store.json".into()),
        key_store_passphrase: "key-store.passphrase".into(),
        operator_key: "operator.key".into(),
        attestation: None,
        policy: matches!(browsing, Browsing::Gateway).then(|| POLICY.into()),
        capture_window_s: 3_600,
        emv_profile: None,
        pages: Some(PagesConfig { realm_file: "../phone/realm.json".into() }),
        webhooks: Some(WebhooksConfig {
            roots: "../tls/roots.pem".into(),
            may_reach_private_addresses: false,
        }),
        banks: vec![BankLink {
            id: "bank".parse::<ProviderId>()?,
            partner_url: format!("https://localhost:{}", ports.bank_partner),
            customer_page_url: Some(match browsing {
                Browsing::Apart => format!("{bank_for_customers}/"),
                Browsing::Gateway => "/bank/".to_owned(),
            }),
            customer_url: bank_for_customers,
            partner_name: PARTNER_NAME.to_owned(),
            roots: "../tls/roots.pem".into(),
            identity: files("partner"),
        }],
    })
}

fn bank_config(ports: Ports, browsing: Browsing, keys: &RealmKeys) -> Result<BankConfig, Failure> {
    let identity = IdentityFiles { certificate_chain: "bank.pem".into(), private_key: "bank.key".into() };
    let partner = Partner::new(PARTNER_NAME.parse()?, keys.statement_public_key());
    // Behind the gateway the wallet is at the bank's own address, and the front page shows both in frames.
    let page = match browsing {
        Browsing::Apart => PartnerPage {
            return_addresses: vec![format!("https://localhost:{}/wallet/", ports.server).parse()?],
            ..PartnerPage::default()
        },
        Browsing::Gateway => PartnerPage { page_may_be_framed: true, ..PartnerPage::default() },
    };
    let page = PartnerPage { display_name: Some("Batzen".to_owned()), ..page };
    Ok(BankConfig {
        data_dir: "store".into(),
        partner_listen: on_this_machine(ports.bank_partner),
        customer_listen: on_this_machine(ports.bank_customer),
        identity,
        partner_roots: "../tls/roots.pem".into(),
        partners: vec![partner.with_page(page)],
        hold_lifetime_s: 7 * 24 * 3_600,
        expiry_interval_s: 5,
        drain_s: 10,
        logins_per_minute: 30,
    })
}
