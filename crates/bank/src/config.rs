//! The bank's configuration file: JSON, every mistake told with its field and the file's name.

use crate::BankError;
use crate::bank::HOLD_LIFETIME_S;
use crate::partner::Partner;
use https::{Identity, Roots};
use serde::{Deserialize, Serialize};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Largest configuration or PEM file, bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// All that the bank must be told.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankConfig {
    /// The folder of the store; made if it is not there.
    pub data_dir: PathBuf,
    /// Where partners connect, with client certificates.
    pub partner_listen: SocketAddr,
    /// Where customers connect.
    pub customer_listen: SocketAddr,
    /// The bank's own certificate, shown at both doors.
    pub identity: IdentityFiles,
    /// PEM: who issues the partners' certificates.
    pub partner_roots: PathBuf,
    /// Who may ask at the partners' door.
    pub partners: Vec<Partner>,
    /// Seconds after which a hold that was not captured is given back: 1 second to 90 days.
    #[serde(default = "default_hold_lifetime_s")]
    pub hold_lifetime_s: u32,
    /// Seconds between two looks for holds that expire: 1 to 3600.
    #[serde(default = "default_expiry_interval_s")]
    pub expiry_interval_s: u32,
    /// Seconds for requests underway when the bank ends: 0 to 300.
    #[serde(default = "default_drain_s")]
    pub drain_s: u32,
    /// Logins a minute from one address: 1 to 10 000.
    #[serde(default = "default_logins_per_minute")]
    pub logins_per_minute: u32,
}

/// Where the bank's certificate and key are.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityFiles {
    /// PEM: the bank's certificate, then those between it and a root.
    pub certificate_chain: PathBuf,
    /// PEM: the private key.
    pub private_key: PathBuf,
}

fn default_hold_lifetime_s() -> u32 {
    u32::try_from(HOLD_LIFETIME_S).expect("seven days fit")
}

fn default_expiry_interval_s() -> u32 {
    5
}

fn default_drain_s() -> u32 {
    10
}

fn default_logins_per_minute() -> u32 {
    30
}

impl BankConfig {
    /// Reads the file; paths in it are relative to its folder.
    ///
    /// # Errors
    /// [`BankError::Config`].
    pub fn from_file(path: &Path) -> Result<Self, BankError> {
        let wrong = |cause: String| BankError::Config { path: path.to_owned(), cause };
        let text = read_limited(path).map_err(|error| wrong(error.to_string()))?;
        let mut config: Self = serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))?;
        config.check_ranges().map_err(wrong)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let IdentityFiles { certificate_chain, private_key } = &mut config.identity;
        for path in [&mut config.data_dir, &mut config.partner_roots, certificate_chain, private_key] {
            *path = folder.join(&*path);
        }
        for path in config.partners.iter_mut().flat_map(Partner::files) {
            *path = folder.join(&*path);
        }
        Ok(config)
    }

    /// What the types cannot say.
    pub(crate) fn check_ranges(&self) -> Result<(), String> {
        let in_range = |field: &str, value: u32, range: core::ops::RangeInclusive<u32>| {
            if range.contains(&value) {
                return Ok(());
            }
            Err(format!("{field} is {value}; it may be {} to {}", range.start(), range.end()))
        };
        in_range("hold_lifetime_s", self.hold_lifetime_s, 1..=90 * 24 * 3600)?;
        in_range("expiry_interval_s", self.expiry_interval_s, 1..=3600)?;
        in_range("drain_s", self.drain_s, 0..=300)?;
        in_range("logins_per_minute", self.logins_per_minute, 1..=10_000)?;
        let mut names: Vec<_> = self.partners.iter().map(Partner::name).collect();
        names.sort();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(format!("partners has {} twice", pair[0])),
            None => Ok(()),
        }
    }

    pub(crate) fn read_identity(&self) -> Result<Identity, BankError> {
        let IdentityFiles { certificate_chain, private_key } = &self.identity;
        let (chain, key) = (read_named(certificate_chain)?, read_named(private_key)?);
        Identity::from_pem(&chain, &key).map_err(|error| {
            let path = if error == https::PemError::NoPrivateKey { private_key } else { certificate_chain };
            BankError::Credentials { path: path.clone(), cause: error.to_string() }
        })
    }

    pub(crate) fn read_partner_roots(&self) -> Result<Roots, BankError> {
        read_roots(&self.partner_roots)
    }
}

/// Whom a PEM file says to believe.
pub(crate) fn read_roots(path: &Path) -> Result<Roots, BankError> {
    Roots::from_pem(&read_named(path)?)
        .map_err(|error| BankError::Credentials { path: path.to_owned(), cause: error.to_string() })
}

fn read_named(path: &Path) -> Result<Vec<u8>, BankError> {
    read_limited(path)
        .map_err(|error| BankError::Credentials { path: path.to_owned(), cause: error.to_string() })
}

fn read_limited(path: &Path) -> std::io::Result<Vec<u8>> {
    if fs::metadata(path)?.len() > FILE_BYTES_MAX {
        return Err(std::io::Error::other("the file is too large"));
    }
    fs::read(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: &str = "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";

    fn config(change: impl FnOnce(&mut serde_json::Value)) -> Result<BankConfig, String> {
        let mut value = serde_json::json!({
            "data_dir": "data", "partner_listen": "127.0.0.1:0", "customer_listen": "127.0.0.1:0",
            "identity": {"certificate_chain": "c.pem", "private_key": "k.pem"}, "partner_roots": "r.pem",
            "partners": [{"name": "shop-payments", "statement_public_key": POINT}],
        });
        change(&mut value);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bank.json");
        fs::write(&path, value.to_string()).unwrap();
        BankConfig::from_file(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn reads_with_defaults_and_paths_beside_the_file() {
        let config = config(|_| {}).unwrap();
        assert_eq!(config.hold_lifetime_s, 604_800);
        assert!(config.data_dir.is_absolute() && config.data_dir.ends_with("data"));
    }

    #[test]
    fn says_which_field_is_wrong() {
        let wrong = |change: &dyn Fn(&mut serde_json::Value)| config(|value| change(value)).unwrap_err();
        assert!(wrong(&|v| v["holdlifetime"] = 1.into()).contains("unknown field `holdlifetime`"));
        assert!(wrong(&|v| v["hold_lifetime_s"] = 0.into()).contains("hold_lifetime_s is 0"));
        assert!(wrong(&|v| v["partners"][0]["statement_public_key"] = "00".into()).contains("shop-payments"));
        assert!(wrong(&|v| v["partners"] = vec![v["partners"][0].clone(); 2].into()).contains("twice"));
        assert!(wrong(&|v| v["partner_listen"] = "nowhere".into()).contains("socket address"));
    }
}
