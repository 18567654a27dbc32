//! Identifiers, each its own type, each with one text form.

use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The text given is not an identifier of the kind wanted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a {kind} id; one looks like `{prefix}_` and 26 characters")]
pub struct IdError {
    kind: &'static str,
    prefix: &'static str,
}

/// Crockford's base32 alphabet in lower case: no i, l, o, u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn write_id(f: &mut fmt::Formatter<'_>, prefix: &str, value: u128) -> fmt::Result {
    let mut text = [0_u8; 26];
    for (place, slot) in text.iter_mut().rev().enumerate() {
        *slot = ALPHABET[usize::try_from((value >> (5 * place)) & 31).expect("five bits fit")];
    }
    write!(f, "{prefix}_{}", core::str::from_utf8(&text).expect("the alphabet is ASCII"))
}

fn read_id(text: &str, prefix: &str) -> Option<u128> {
    let digits = text.strip_prefix(prefix)?.strip_prefix('_')?.as_bytes();
    if digits.len() != 26 || digits[0] > b'7' {
        return None;
    }
    digits.iter().try_fold(0_u128, |value, digit| {
        let bits = ALPHABET.iter().position(|letter| letter == digit)?;
        Some(value << 5 | bits as u128)
    })
}

macro_rules! wide_ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal;)*) => {$(
        $(#[$doc])*
        ///
        /// 128 bits: shard (16), milliseconds since the epoch (48), random (64), so that rows made one after
        /// the other lie side by side. Text form: prefix, `_`, 26 characters of Crockford base32.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// The id with these bits.
            pub const fn from_u128(value: u128) -> Self {
                Self(value)
            }

            /// The id's bits.
            pub const fn to_u128(self) -> u128 {
                self.0
            }

            /// An id of `shard`, made at `at`, told apart from its neighbours by 64 `random` bits.
            pub const fn derive(shard: u16, at: crate::Timestamp, random: u64) -> Self {
                #[allow(clippy::cast_sign_loss, reason = "only the low 48 bits are kept")]
                let ms = at.ms() as u128 & 0xFFFF_FFFF_FFFF;
                Self((shard as u128) << 112 | ms << 64 | random as u128)
            }

            /// The shard that the id belongs to.
            pub const fn shard(self) -> u16 {
                (self.0 >> 112) as u16
            }

            /// The same id in another shard.
            #[must_use]
            pub const fn in_shard(self, shard: u16) -> Self {
                Self((shard as u128) << 112 | self.0 & (u128::MAX >> 16))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_id(f, $prefix, self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                read_id(text, $prefix).map(Self).ok_or(IdError { kind: $kind, prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() { serializer.collect_str(self) } else { self.0.serialize(serializer) }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    return String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom);
                }
                u128::deserialize(deserializer).map(Self)
            }
        }
    )*};
}

wide_ids! {
    /// A person who pays.
    CustomerId, "cus", "customer";
    /// One sale's payment, from authorisation to its last refund.
    PaymentId, "pay", "payment";
    /// A capture of a payment.
    CaptureId, "cap", "capture";
    /// A refund of a payment.
    RefundId, "ref", "refund";
    /// A dispute about a captured payment.
    DisputeId, "dsp", "dispute";
    /// A shop.
    MerchantId, "mer", "merchant";
    /// A till's software installation: who holds one API key.
    CheckoutId, "chk", "checkout";
    /// A request to prove a bank account, answered at the bank.
    LinkId, "lnk", "link";
    /// A question to a customer, answered on the phone.
    ApprovalId, "apr", "approval";
    /// Something to be told to a provider, kept until it is known to be done.
    EffectId, "eff", "effect";
    /// Where a merchant's own systems are told of payments.
    WebhookEndpointId, "whe", "webhook endpoint";
    /// One thing told, or to be told, to one webhook endpoint; its text form is the `webhook-id` header.
    WebhookId, "msg", "webhook";
}

/// A device's enrolment: 48 bits, given by the server, never reused: shard (16) and random (32). Text form: 12 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnrolmentId([u8; 6]);

impl EnrolmentId {
    /// The enrolment with these bytes, as they stand in a payment code.
    pub const fn from_bytes(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }

    /// The bytes as they stand in a payment code.
    pub const fn to_bytes(self) -> [u8; 6] {
        self.0
    }

    /// An enrolment of `shard`, its customer's, told apart from its neighbours by 32 `random` bits.
    pub const fn derive(shard: u16, random: u32) -> Self {
        let ([a, b], [c, d, e, f]) = (shard.to_be_bytes(), random.to_be_bytes());
        Self([a, b, c, d, e, f])
    }

    /// The shard that the enrolment belongs to.
    pub const fn shard(self) -> u16 {
        u16::from_be_bytes([self.0[0], self.0[1]])
    }
}

impl fmt::Display for EnrolmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EnrolmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EnrolmentId {
    type Err = EnrolmentIdError;

    fn from_str(text: &str) -> Result<Self, EnrolmentIdError> {
        let bytes = data_encoding::HEXLOWER.decode(text.as_bytes()).map_err(|_| EnrolmentIdError)?;
        bytes.try_into().map(Self).map_err(|_| EnrolmentIdError)
    }
}

/// The text is not an enrolment id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not an enrolment id; one is 12 lower-case hex digits")]
pub struct EnrolmentIdError;

impl Serialize for EnrolmentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for EnrolmentId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom);
        }
        <[u8; 6]>::deserialize(deserializer).map(Self)
    }
}

/// Names a provider in configuration, ledger and methods: 1 to 32 of `a-z`, `0-9`, `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct ProviderId(String);

impl ProviderId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ProviderId {
    type Err = ProviderIdError;

    fn from_str(text: &str) -> Result<Self, ProviderIdError> {
        let fits = (1..=32).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(text.to_owned())) } else { Err(ProviderIdError) }
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ProviderId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The text is not a provider's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a provider's name is 1 to 32 of a-z, 0-9 and -")]
pub struct ProviderIdError;

/// What a checkout made up before it sent a request, so that sending twice acts once: 1 to 255 printable
/// ASCII characters. Scoped by checkout.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for IdempotencyKey {
    type Err = IdempotencyKeyError;

    fn from_str(text: &str) -> Result<Self, IdempotencyKeyError> {
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(IdempotencyKeyError) }
    }
}

impl<'de> Deserialize<'de> for IdempotencyKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// The text is not an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an idempotency key is 1 to 255 printable ASCII characters without spaces")]
pub struct IdempotencyKeyError;

/// Which of a customer's payment methods: 1 to 255, given by the server, never reused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MethodSlot(pub u8);

/// The number of a payment code, rising with each code that a device makes; the first is 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Counter(pub u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_back_what_they_show_and_refuse_their_cousins() {
        let id = PaymentId::derive(7, crate::Timestamp::from_ms(1_700_000_000_000), u64::MAX);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.shard(), 7);
        assert_eq!(id.in_shard(9).shard(), 9);
        assert_eq!(id.in_shard(9).in_shard(7), id);
        assert!(id.to_string().replace("pay", "cus").parse::<PaymentId>().is_err());
        assert!("pay_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<PaymentId>().is_err());
        assert_eq!(PaymentId::from_u128(u128::MAX).to_string().parse(), Ok(PaymentId::from_u128(u128::MAX)));
    }

    #[test]
    fn json_uses_the_text_form() {
        let id = EnrolmentId::from_bytes([0, 1, 2, 0xFD, 0xFE, 0xFF]);
        assert_eq!(id.to_string(), "000102fdfeff");
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("000102FDFEFF".parse::<EnrolmentId>().is_err());
        assert_eq!(EnrolmentId::derive(1, 0x02FD_FEFF), id);
        assert_eq!(id.shard(), 1);
    }
}
