//! Keys as bytes that sort as the keys do: numbers big-endian, texts last or preceded by their length.

use model::{
    AccountKey, AppId, ApprovalId, CheckoutId, Counter, Currency, CustomerId, EffectId, EnrolmentId,
    IdempotencyKey, MerchantId, MethodSlot, PaymentId, TerminalNumber, Timestamp, WebhookEndpointId,
    WebhookId,
};

/// The longest key: a checkout's id and an idempotency key of 255 bytes.
const KEY_BYTES_MAX: usize = 16 + 255;

/// A key's bytes, on the stack: a payment needs some twenty of them.
pub(crate) struct KeyBytes {
    bytes: [u8; KEY_BYTES_MAX],
    len: usize,
}

impl KeyBytes {
    /// The bytes of `key`.
    pub(crate) fn of(key: &impl Key) -> Self {
        let mut bytes = Self { bytes: [0; KEY_BYTES_MAX], len: 0 };
        key.write(&mut bytes);
        bytes
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn push(&mut self, part: &[u8]) {
        let end = self.len + part.len();
        self.bytes
            .get_mut(self.len..end)
            .expect("texts in keys are limited by their types, so that no key is longer than the limit")
            .copy_from_slice(part);
        self.len = end;
    }
}

/// What a row is found by.
pub(crate) trait Key: Send + Sync {
    /// Appends the key's bytes.
    fn write(&self, bytes: &mut KeyBytes);
}

macro_rules! wide_id_keys {
    ($($id:ty),*) => {$(
        impl Key for $id {
            fn write(&self, bytes: &mut KeyBytes) {
                bytes.push(&self.to_u128().to_be_bytes());
            }
        }
    )*};
}

wide_id_keys!(
    ApprovalId,
    CustomerId,
    PaymentId,
    MerchantId,
    CheckoutId,
    EffectId,
    WebhookEndpointId,
    WebhookId
);

/// A payment among a merchant's: by time first, whatever its shard, so that the latest stand at the end.
#[derive(Clone, Copy)]
pub(crate) struct ByTime(pub(crate) PaymentId);

impl ByTime {
    /// Before every payment.
    pub(crate) const FIRST: Self = Self(PaymentId::from_u128(0));
    /// After every payment.
    pub(crate) const LAST: Self = Self(PaymentId::from_u128(u128::MAX));
}

impl Key for ByTime {
    fn write(&self, bytes: &mut KeyBytes) {
        // The shard is the top 16 bits; time and randomness follow.
        bytes.push(&self.0.to_u128().rotate_left(16).to_be_bytes());
    }
}

impl Key for EnrolmentId {
    fn write(&self, bytes: &mut KeyBytes) {
        bytes.push(&self.to_bytes());
    }
}

impl Key for [u8; 32] {
    fn write(&self, bytes: &mut KeyBytes) {
        bytes.push(self);
    }
}

impl Key for [u8; 16] {
    fn write(&self, bytes: &mut KeyBytes) {
        bytes.push(self);
    }
}

/// The key of a table's only row.
impl Key for () {
    fn write(&self, _: &mut KeyBytes) {}
}

impl Key for u8 {
    fn write(&self, bytes: &mut KeyBytes) {
        bytes.push(&[*self]);
    }
}

impl Key for u32 {
    fn write(&self, bytes: &mut KeyBytes) {
        bytes.push(&self.to_be_bytes());
    }
}

impl Key for u64 {
    fn write(&self, bytes: &mut KeyBytes) {
        bytes.push(&self.to_be_bytes());
    }
}

impl Key for MethodSlot {
    fn write(&self, bytes: &mut KeyBytes) {
        self.0.write(bytes);
    }
}

impl Key for Counter {
    fn write(&self, bytes: &mut KeyBytes) {
        self.0.write(bytes);
    }
}

impl Key for TerminalNumber {
    fn write(&self, bytes: &mut KeyBytes) {
        self.get().write(bytes);
    }
}

impl Key for Timestamp {
    fn write(&self, bytes: &mut KeyBytes) {
        // With the sign bit turned, moments before the epoch sort before those after it.
        bytes.push(&(self.ms() ^ i64::MIN).to_be_bytes());
    }
}

impl Key for IdempotencyKey {
    fn write(&self, bytes: &mut KeyBytes) {
        bytes.push(self.as_str().as_bytes());
    }
}

impl Key for AppId {
    fn write(&self, bytes: &mut KeyBytes) {
        bytes.push(self.as_str().as_bytes());
    }
}

impl Key for Currency {
    fn write(&self, bytes: &mut KeyBytes) {
        bytes.push(self.code().as_bytes());
    }
}

impl Key for AccountKey {
    fn write(&self, bytes: &mut KeyBytes) {
        let (kind, provider) = match self {
            Self::ProviderClearing(provider) => (1, provider),
            Self::Suspense(provider) => (3, provider),
            Self::CustomerClearing(provider) => (4, provider),
            Self::Merchant(merchant) => {
                bytes.push(&[2]);
                return merchant.write(bytes);
            }
            Self::Fees => return bytes.push(&[5]),
            Self::Incentives(merchant) => {
                bytes.push(&[6]);
                return merchant.write(bytes);
            }
        };
        let name = provider.as_str().as_bytes();
        bytes.push(&[kind, u8::try_from(name.len()).expect("a provider's name has at most 32 bytes")]);
        bytes.push(name);
    }
}

impl Key for &'static str {
    fn write(&self, bytes: &mut KeyBytes) {
        bytes.push(self.as_bytes());
    }
}

impl<A: Key, B: Key> Key for (A, B) {
    fn write(&self, bytes: &mut KeyBytes) {
        self.0.write(bytes);
        self.1.write(bytes);
    }
}

impl<A: Key, B: Key, C: Key> Key for (A, B, C) {
    fn write(&self, bytes: &mut KeyBytes) {
        self.0.write(bytes);
        self.1.write(bytes);
        self.2.write(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted_alike<K: Key>(a: &K, b: &K, order: std::cmp::Ordering) {
        assert_eq!(KeyBytes::of(a).as_slice().cmp(KeyBytes::of(b).as_slice()), order);
    }

    proptest! {
        #[test]
        fn bytes_sort_as_the_keys_do(a: (i64, u128, u32, u8), b: (i64, u128, u32, u8)) {
            let key = |k: (i64, u128, u32, u8)| (Timestamp::from_ms(k.0), PaymentId::from_u128(k.1), k.2);
            sorted_alike(&key(a), &key(b), (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)));
            sorted_alike(&(a.2, a.3), &(b.2, b.3), (a.2, a.3).cmp(&(b.2, b.3)));
        }
    }

    #[test]
    fn the_longest_key_fits() {
        let key: IdempotencyKey = "k".repeat(255).parse().unwrap();
        assert_eq!(KeyBytes::of(&(CheckoutId::from_u128(1), key)).as_slice().len(), KEY_BYTES_MAX);
    }

    #[test]
    fn a_merchants_payments_sort_by_time_across_shards() {
        let (early, late) = (Timestamp::from_ms(1_000), Timestamp::from_ms(2_000));
        sorted_alike(
            &ByTime(PaymentId::derive(9, early, u64::MAX)),
            &ByTime(PaymentId::derive(1, late, 0)),
            std::cmp::Ordering::Less,
        );
    }
}
