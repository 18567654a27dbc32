//! Short texts that become types: ids, names, amounts, addresses, what people type.

use crate::support::text;
use bank_api::{AccountRef, CustomerNumber, HoldId, LinkId, PartnerName, ReturnAddress};
use checkout::{SaleNumber, SaleRef};
use client::checkout::{ApiKey, ServerAddress};
use core::fmt::{Debug, Display};
use core::str::FromStr;
use crypto::SecretString;
use model::{
    CaptureId, CheckoutId, Currency, CustomerId, DisputeId, EffectId, EnrolmentId, IdempotencyKey,
    MerchantId, Money, PaymentId, ProviderId, RefundId, TerminalNumber, WebhookEndpointId, WebhookId,
};
use protocol::activation::Challenge;
use protocol::activation_code::ActivationCode;
use protocol::confirmation::MerchantName;
use protocol::payment_code::Pin;
use protocol::realm::Realm;
use protocol::short_text::ShortText;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Every type that is read from a short text.
pub fn texts(data: &[u8]) {
    let Some(text) = text(data) else { return };
    ids(text);
    is_written_as_read::<EnrolmentId>(text);
    is_written_as_read::<ProviderId>(text);
    is_written_as_read::<Currency>(text);
    is_written_as_read::<Realm>(text);
    is_written_as_read::<Challenge>(text);
    is_written_as_read::<PartnerName>(text);
    is_written_as_read::<HoldId>(text);
    is_written_as_read::<bank_api::CaptureId>(text);
    is_written_as_read::<bank_api::RefundId>(text);
    is_written_as_read::<LinkId>(text);
    is_written_as_read::<AccountRef>(text);
    is_written_as_read::<CustomerNumber>(text);
    let key = text.parse::<IdempotencyKey>().ok();
    assert!(key.as_ref().is_none_or(|key| key.as_str() == text));
    assert_eq!(serde_json::from_value(text.into()).ok(), key);
    money(text);
    typed(text);
    return_address(text);
    shown(text);
    server(text);
}

fn ids(text: &str) {
    let readings = [
        is_written_as_read::<CustomerId>(text),
        is_written_as_read::<PaymentId>(text),
        is_written_as_read::<CaptureId>(text),
        is_written_as_read::<RefundId>(text),
        is_written_as_read::<DisputeId>(text),
        is_written_as_read::<MerchantId>(text),
        is_written_as_read::<CheckoutId>(text),
        is_written_as_read::<model::LinkId>(text),
        is_written_as_read::<EffectId>(text),
        is_written_as_read::<WebhookEndpointId>(text),
        is_written_as_read::<WebhookId>(text),
    ];
    assert!(readings.iter().filter(|is_read| **is_read).count() <= 1, "{text} names two things");
    if let Ok(id) = text.parse::<PaymentId>() {
        assert_eq!(PaymentId::from_u128(id.to_u128()), id);
        assert_eq!(u128::from(id.shard()), id.to_u128() >> 112);
    }
    if let Ok(id) = text.parse::<EnrolmentId>() {
        assert_eq!(EnrolmentId::from_bytes(id.to_bytes()), id);
    }
}

/// There is one text for a value, and it is the one that was read; JSON has the same text, and the store's form the
/// same value. Says whether there is one.
fn is_written_as_read<T>(text: &str) -> bool
where
    T: FromStr<Err: Display> + Display + Debug + PartialEq + Serialize + DeserializeOwned,
{
    let in_json = serde_json::from_value::<T>(text.into());
    let value = match text.parse::<T>() {
        Ok(value) => value,
        Err(error) => {
            assert!(in_json.is_err() && !error.to_string().is_empty());
            return false;
        }
    };
    assert_eq!(value.to_string(), text);
    assert_eq!(serde_json::to_value(&value).ok(), Some(text.into()));
    assert_eq!(in_json.ok().as_ref(), Some(&value));
    let stored = postcard::to_stdvec(&value).expect("a short text can be stored");
    assert_eq!(postcard::from_bytes::<T>(&stored).ok().as_ref(), Some(&value));
    assert!(!format!("{value:?}").is_empty());
    true
}

fn money(text: &str) {
    for currency in [Currency::CHF, "JPY".parse().expect("yen"), "BHD".parse().expect("dinar")] {
        match Money::parse(text, currency) {
            Ok(money) => {
                assert!(money.amount_minor >= 0);
                let shown = format!("{money:?}");
                assert_eq!(shown, money.to_string());
                let amount =
                    shown.strip_suffix(currency.code()).expect("the currency stands last").trim_end();
                assert_eq!(Money::parse(amount, currency), Ok(money));
                let one = Money::new(1, currency);
                if let Ok(more) = money.checked_add(one) {
                    assert_eq!(more.checked_sub(one), Ok(money));
                }
                assert!(money.checked_sub(Money::new(0, Currency::EUR)).is_err());
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        assert_eq!(Currency::from_number(currency.number()), Some(currency));
    }
}

/// What people type may stand in several forms; each means one thing.
fn typed(text: &str) {
    if let Ok(till) = text.parse::<TerminalNumber>() {
        assert_eq!(till.to_string().parse(), Ok(till));
        assert_eq!(TerminalNumber::new(till.get()), Some(till));
        let json = serde_json::to_value(till).expect("a number is JSON");
        assert_eq!(serde_json::from_value(json).ok(), Some(till));
    }
    if let Ok(code) = text.parse::<ActivationCode>() {
        assert_eq!(code.to_grouped().parse(), Ok(code.clone()));
        let machine = code.to_grouped().replace('-', "");
        assert_eq!(serde_json::from_value::<ActivationCode>(machine.into()).ok(), Some(code));
    }
    if let Ok(sale) = text.parse::<SaleNumber>() {
        assert_eq!(sale.to_string().parse(), Ok(sale));
        assert!(sale.next() >= sale);
    }
    if let Ok(SaleRef::Payment(payment)) = text.parse() {
        assert_eq!(payment.to_string(), text);
    }
    pin(text);
}

fn pin(text: &str) {
    let Ok(pin) = Pin::parse(text) else {
        assert!(Pin::parse_new(text).is_err());
        return;
    };
    assert!((6..=12).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()));
    assert_eq!(Pin::parse_new(text).is_err(), pin.is_obvious());
    assert!(!format!("{pin:?}").contains(text));
}

/// One spelling, and none that a browser would take for another place.
fn return_address(text: &str) {
    if let Ok(address) = text.parse::<ReturnAddress>() {
        assert_eq!((address.as_str(), address.to_string().as_str()), (text, text));
        assert_eq!(serde_json::from_value(text.into()).ok().as_ref(), Some(&address));
        assert!(text.bytes().all(|b| b.is_ascii_graphic() && !b"\\@%?#\"'<>".contains(&b)));
        let path = match text.split_once("://") {
            Some((_, rest)) => &rest[rest.find('/').expect("a path follows the host")..],
            None => text,
        };
        assert!(path.starts_with('/') && !path.contains("//"));
        assert!(!path.split('/').any(|part| part == "." || part == ".."));
        assert_eq!(address.is_own_path(), text.starts_with('/'));
    }
}

/// What people will see holds nothing that reorders or breaks a line.
fn shown(text: &str) {
    let harmless =
        |text: &str| !text.chars().any(|c| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
    if let Ok(name) = ShortText::new(text) {
        assert!(name.to_string() == text && name.as_str() == text && harmless(text));
        assert!(text.chars().count() <= ShortText::CHARS_MAX);
        let json = serde_json::to_value(&name).expect("a text is JSON");
        assert_eq!(serde_json::from_value(json).ok(), Some(name));
    }
    match (ShortText::shortened(text), ShortText::new(text)) {
        (Some(short), Ok(whole)) => assert_eq!(short, whole, "what fits stays whole"),
        (short, whole) => assert!(whole.is_err() && short.is_none_or(|short| harmless(short.as_str()))),
    }
    if let Ok(name) = MerchantName::new(text) {
        assert!(name.as_str() == text && harmless(text));
    }
    let name = MerchantName::shortened(text);
    assert_eq!(MerchantName::new(name.as_str()).as_ref(), Ok(&name));
}

fn server(text: &str) {
    if let Ok(server) = ServerAddress::from_text(text) {
        assert_eq!(ServerAddress::from_text(server.as_str()).as_ref(), Ok(&server));
        let lower = server.as_str().to_ascii_lowercase();
        assert!(lower.starts_with("https://") || lower.starts_with("http://"));
    }
    let key = |text: &str| ApiKey::from_text(SecretString::from_string(text.to_owned()));
    if let (Ok(one), Ok(other)) = (key(text), key("another")) {
        assert_eq!(format!("{one:?}"), format!("{other:?}"), "a key is shown");
    }
}
