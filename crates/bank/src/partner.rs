//! Partners as the configuration names them: who they are, which key signs their statements, and where the
//! customers' page may send people back to.

use crate::device_status::{DeviceStatusSource, RELIED_ON_S_MAX};
use bank_api::{PartnerName, ReturnAddress};
use core::fmt;
use crypto::p256::VerifyingKey;
use data_encoding::{BASE64_MIME_PERMISSIVE, HEXLOWER_PERMISSIVE};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// Longest name that customers are shown, characters.
const DISPLAY_NAME_CHARS_MAX: usize = 70;
/// Most return addresses of one partner.
const RETURN_ADDRESSES_MAX: usize = 20;

/// A partner: the common name of its client certificate, the keys that sign its statements, its part of the page.
#[derive(Clone, PartialEq, Eq)]
pub struct Partner {
    name: PartnerName,
    statement_key: VerifyingKey,
    next_statement_key: Option<VerifyingKey>,
    page: PartnerPage,
    device_status: Option<DeviceStatusSource>,
}

/// What the customers' page does for a partner.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PartnerPage {
    /// What customers know the partner as; its name if nothing is said.
    pub display_name: Option<String>,
    /// Where customers may be sent back to, besides paths on the page's own origin.
    pub return_addresses: Vec<ReturnAddress>,
    /// Whether pages of the page's own origin may show it in a frame when this partner sends the customer. Only for
    /// a bank that shares its origin with a page that does, as on one machine for trying out.
    pub page_may_be_framed: bool,
}

impl Partner {
    /// A partner of this name, whose statements this key signs, and who sends customers to no page.
    pub fn new(name: PartnerName, statement_key: VerifyingKey) -> Self {
        let page = PartnerPage::default();
        Self { name, statement_key, next_statement_key: None, page, device_status: None }
    }

    /// The same partner, of whose devices is asked how they stand.
    #[must_use]
    pub fn with_device_status(self, source: DeviceStatusSource) -> Self {
        Self { device_status: Some(source), ..self }
    }

    /// The same partner with its part of the page.
    #[must_use]
    pub fn with_page(self, page: PartnerPage) -> Self {
        Self { page, ..self }
    }

    /// The common name of its client certificate.
    pub fn name(&self) -> &PartnerName {
        &self.name
    }

    /// The keys that sign its statements: the present one and, while it changes it, the next.
    pub fn statement_keys(&self) -> impl Iterator<Item = &VerifyingKey> {
        [Some(&self.statement_key), self.next_statement_key.as_ref()].into_iter().flatten()
    }

    /// Where to ask how its devices stand; nobody asks if absent.
    pub fn device_status(&self) -> Option<&DeviceStatusSource> {
        self.device_status.as_ref()
    }

    /// The files that it names.
    pub(crate) fn files(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        self.device_status.as_mut().map(|source| &mut source.roots).into_iter()
    }

    /// Its part of the page.
    pub fn page(&self) -> &PartnerPage {
        &self.page
    }
}

impl fmt::Debug for Partner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Partner({})", self.name)
    }
}

impl PartnerPage {
    /// What the types cannot say.
    fn check(&self) -> Result<(), String> {
        if let Some(shown) = &self.display_name {
            let length = shown.chars().count();
            if !(1..=DISPLAY_NAME_CHARS_MAX).contains(&length) || shown.chars().any(char::is_control) {
                let rule =
                    format!("1 to {DISPLAY_NAME_CHARS_MAX} characters, none of them a control character");
                return Err(format!("display_name has {rule}"));
            }
        }
        if self.return_addresses.len() > RETURN_ADDRESSES_MAX {
            return Err(format!("return_addresses has more than {RETURN_ADDRESSES_MAX}"));
        }
        match self.return_addresses.iter().find(|address| address.is_own_path()) {
            Some(path) => Err(format!(
                "return_addresses has {path}; write https://host/path, paths on the page's own origin need no entry"
            )),
            None => Ok(()),
        }
    }
}

/// A partner as the file has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartnerText {
    name: PartnerName,
    /// SEC 1 point in hex, or a PEM `PUBLIC KEY`.
    statement_public_key: String,
    /// The same of the key that it is going to change to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_statement_public_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    return_addresses: Vec<ReturnAddress>,
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    page_may_be_framed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device_status: Option<DeviceStatusSource>,
}

impl Serialize for Partner {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let PartnerPage { display_name, return_addresses, page_may_be_framed } = self.page.clone();
        let text = PartnerText {
            name: self.name.clone(),
            statement_public_key: HEXLOWER_PERMISSIVE.encode(&self.statement_key.to_sec1_compressed()),
            next_statement_public_key: self
                .next_statement_key
                .as_ref()
                .map(|key| HEXLOWER_PERMISSIVE.encode(&key.to_sec1_compressed())),
            display_name,
            return_addresses,
            page_may_be_framed,
            device_status: self.device_status.clone(),
        };
        text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Partner {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = PartnerText::deserialize(deserializer)?;
        let wrong = |cause: String| serde::de::Error::custom(format!("partner {}: {cause}", text.name));
        let read = |name: &str, key: &str| {
            read_public_key(key).ok_or_else(|| {
                wrong(format!(
                    "{name} is no P-256 public key; write the SEC 1 point in hex, or PEM with a BEGIN PUBLIC KEY line"
                ))
            })
        };
        let key = read("statement_public_key", &text.statement_public_key)?;
        let next = text.next_statement_public_key.as_deref();
        let next = next.map(|key| read("next_statement_public_key", key)).transpose()?;
        let page = PartnerPage {
            display_name: text.display_name.clone(),
            return_addresses: text.return_addresses.clone(),
            page_may_be_framed: text.page_may_be_framed,
        };
        page.check().map_err(wrong)?;
        if let Some(source) = &text.device_status
            && (source.relied_on_s > RELIED_ON_S_MAX || source.from_minor < 0)
        {
            return Err(wrong(format!(
                "device_status has a relied_on_s above {RELIED_ON_S_MAX} or a negative from_minor"
            )));
        }
        let device_status = text.device_status;
        Ok(Self { name: text.name, statement_key: key, next_statement_key: next, page, device_status })
    }
}

/// What stands before an uncompressed P-256 point in a `SubjectPublicKeyInfo` (RFC 5480).
const SPKI_P256: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86,
    0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

fn read_public_key(text: &str) -> Option<VerifyingKey> {
    let text = text.trim();
    let Some(body) = text.strip_prefix("-----BEGIN PUBLIC KEY-----") else {
        return VerifyingKey::from_sec1(&HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?).ok();
    };
    let body = body.strip_suffix("-----END PUBLIC KEY-----")?.trim();
    let der = BASE64_MIME_PERMISSIVE.decode(body.as_bytes()).ok()?;
    VerifyingKey::from_sec1(der.strip_prefix(SPKI_P256)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const POINT: &str = "036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296";

    fn read(change: impl FnOnce(&mut Value)) -> Result<Partner, String> {
        let mut value = json!({"name": "shop-payments", "statement_public_key": POINT});
        change(&mut value);
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn nobody_is_sent_back_or_framed_unless_the_file_says_so() {
        let silent = read(|_| {}).unwrap();
        assert_eq!(silent.page(), &PartnerPage::default());
        let page = PartnerPage {
            display_name: Some("The shop's payments".to_owned()),
            return_addresses: vec!["https://pay.example/wallet/".parse().unwrap()],
            page_may_be_framed: true,
        };
        let told = silent.clone().with_page(page);
        for partner in [silent, told] {
            let text = serde_json::to_string(&partner).unwrap();
            assert!(serde_json::from_str::<Partner>(&text).unwrap() == partner, "{text}");
        }
    }

    #[test]
    fn what_the_page_could_not_use_is_refused_by_name() {
        let wrong = |field: &str, value: Value| read(|partner| partner[field] = value).unwrap_err();
        for address in ["/wallet/", "https://pay.example", "http://pay.example/", "https://pay.example/?a"] {
            let told = wrong("return_addresses", json!([address]));
            assert!(told.contains("return_addresses") || told.contains("not a return address"), "{told}");
        }
        for name in ["", "a\nb", &"x".repeat(71)] {
            assert!(wrong("display_name", name.into()).contains("display_name"));
        }
        assert!(wrong("page_may_be_framed", "yes".into()).contains("boolean"));
        assert!(wrong("return_adresses", json!([])).contains("unknown field"));
    }

    #[test]
    fn public_keys_come_in_hex_or_pem() {
        let key = read_public_key(POINT).unwrap();
        let der = [SPKI_P256, key.to_sec1_uncompressed().as_slice()].concat();
        let body = data_encoding::BASE64.encode(&der);
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n{}\n-----END PUBLIC KEY-----\n",
            &body[..64],
            &body[64..]
        );
        assert_eq!(read_public_key(&pem), Some(key));
        assert_eq!(read_public_key(&pem.replace("PUBLIC", "PRIVATE")), None);
    }
}
