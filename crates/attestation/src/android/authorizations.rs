//! `AuthorizationList`: what the key may do and what the phone says of itself, each part under a number of KeyMint's.

use super::{application_id::ApplicationId, root_of_trust::RootOfTrust};
use crate::{
    Refusal,
    strict_der::{Cursor, number},
    text::{hex_if_any, misleads},
};
use der::{Class, Tag};
use serde::Serialize;

/// The most values in one set.
const SET_MAX: usize = 32;
/// The longest text or bytes of an identity, bytes.
const TEXT_LEN_MAX: usize = 256;

/// What stands in one of the two lists. What is absent was not said; numbers are KeyMint's.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[allow(missing_docs, reason = "the names are those of the published schema")]
pub struct AuthorizationList {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purposes: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block_modes: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digests: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paddings: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ec_curve: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rsa_public_exponent: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mgf_digests: Option<Vec<u64>>,
    #[serde(skip_serializing_if = "is_false")]
    pub rollback_resistance: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub early_boot_only: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_at_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origination_expires_at_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_expires_at_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage_count_limit: Option<u64>,
    #[serde(skip_serializing_if = "is_false")]
    pub no_auth_required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_auth_type: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_timeout_s: Option<u64>,
    #[serde(skip_serializing_if = "is_false")]
    pub allow_while_on_body: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub trusted_user_presence_required: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub trusted_confirmation_required: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub unlocked_device_required: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub all_applications: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<u64>,
    #[serde(skip_serializing_if = "is_false")]
    pub rollback_resistant: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root_of_trust: Option<RootOfTrust>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_patch_level: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub application_id: Option<ApplicationId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub imei: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manufacturer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor_patch_level: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_patch_level: Option<u64>,
    #[serde(skip_serializing_if = "is_false")]
    pub device_unique_attestation: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_imei: Option<String>,
    #[serde(serialize_with = "hex_if_any", skip_serializing_if = "Option::is_none")]
    pub module_hash: Option<Vec<u8>>,
    /// Numbers that this room does not know; what stands there was not looked at.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<u32>,
}

impl AuthorizationList {
    /// Reads a list whose parts must stand in the order of their numbers, each once.
    pub(super) fn read(outer: &mut Cursor<'_>) -> Result<Self, Refusal> {
        let mut inner = outer.sequence()?;
        let mut list = Self::default();
        let mut last = None;
        while !inner.is_at_end() {
            let (tag, content) = inner.any()?;
            if tag.class() != Class::ContextSpecific || !tag.is_constructed() {
                return Err(inner.malformed("a part of a list without its number"));
            }
            let number = tag.number().value();
            if last.is_some_and(|last| last >= number) {
                return Err(inner.malformed("the parts of a list are not in order, or one stands twice"));
            }
            last = Some(number);
            let mut value = Cursor::new(content, inner.part())?;
            if !list.take_of_key(number, &mut value)? && !list.take_of_phone(number, &mut value)? {
                value.any()?;
                list.unknown.push(number);
            }
            value.end()?;
        }
        Ok(list)
    }

    /// Takes what is said of the key. Gives whether the number is one of those.
    fn take_of_key(&mut self, number: u32, value: &mut Cursor<'_>) -> Result<bool, Refusal> {
        match number {
            1 => self.purposes = Some(numbers(value)?),
            2 => self.algorithm = Some(value.integer()?),
            3 => self.key_size = Some(value.integer()?),
            4 => self.block_modes = Some(numbers(value)?),
            5 => self.digests = Some(numbers(value)?),
            6 => self.paddings = Some(numbers(value)?),
            10 => self.ec_curve = Some(value.integer()?),
            200 => self.rsa_public_exponent = Some(value.integer()?),
            203 => self.mgf_digests = Some(numbers(value)?),
            303 => self.rollback_resistance = is_there(value)?,
            305 => self.early_boot_only = is_there(value)?,
            400 => self.active_at_ms = Some(value.integer()?),
            401 => self.origination_expires_at_ms = Some(value.integer()?),
            402 => self.usage_expires_at_ms = Some(value.integer()?),
            405 => self.usage_count_limit = Some(value.integer()?),
            503 => self.no_auth_required = is_there(value)?,
            504 => self.user_auth_type = Some(value.integer()?),
            505 => self.auth_timeout_s = Some(value.integer()?),
            506 => self.allow_while_on_body = is_there(value)?,
            507 => self.trusted_user_presence_required = is_there(value)?,
            508 => self.trusted_confirmation_required = is_there(value)?,
            509 => self.unlocked_device_required = is_there(value)?,
            600 => self.all_applications = is_there(value)?,
            701 => self.created_at_ms = Some(value.integer()?),
            702 => self.origin = Some(value.integer()?),
            703 => self.rollback_resistant = is_there(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Takes what is said of the phone and its app. Gives whether the number is one of those.
    fn take_of_phone(&mut self, number: u32, value: &mut Cursor<'_>) -> Result<bool, Refusal> {
        match number {
            704 => self.root_of_trust = Some(RootOfTrust::read(value)?),
            705 => self.os_version = Some(value.integer()?),
            706 => self.os_patch_level = Some(value.integer()?),
            709 => self.application_id = Some(ApplicationId::read(value.octets()?)?),
            710 => self.brand = Some(identity(value)?),
            711 => self.device = Some(identity(value)?),
            712 => self.product = Some(identity(value)?),
            713 => self.serial = Some(identity(value)?),
            714 => self.imei = Some(identity(value)?),
            715 => self.meid = Some(identity(value)?),
            716 => self.manufacturer = Some(identity(value)?),
            717 => self.model = Some(identity(value)?),
            718 => self.vendor_patch_level = Some(value.integer()?),
            719 => self.boot_patch_level = Some(value.integer()?),
            720 => self.device_unique_attestation = is_there(value)?,
            723 => self.second_imei = Some(identity(value)?),
            724 => self.module_hash = Some(value.octets()?.to_vec()),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// A text that people may see: UTF-8 without anything that moves a terminal's cursor or reorders a line.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(bytes).ok()?;
    (!text.is_empty() && text.len() <= TEXT_LEN_MAX && !text.contains(misleads)).then(|| text.to_owned())
}

fn identity(value: &mut Cursor<'_>) -> Result<String, Refusal> {
    text(value.octets()?).ok_or_else(|| value.malformed("an identity that is no proper text"))
}

fn numbers(value: &mut Cursor<'_>) -> Result<Vec<u64>, Refusal> {
    let values = value.set(SET_MAX)?.into_iter();
    let numbers = values.map(|(tag, content)| number(content).filter(|_| tag == Tag::Integer));
    numbers.collect::<Option<_>>().ok_or_else(|| value.malformed("a set of something else than numbers"))
}

fn is_there(value: &mut Cursor<'_>) -> Result<bool, Refusal> {
    value.null().map(|()| true)
}

fn is_false(value: &bool) -> bool {
    !value
}
