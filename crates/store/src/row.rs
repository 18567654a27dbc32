//! Rows as bytes: one byte for the row's version, then postcard. A changed row type gets the next version and
//! says how to read the one before, so that nothing has to be rewritten at once.

use crate::fault::Fault;
use crate::older;
use crate::stored::{Series, StoredEvent, StoredPayment};
use model::{CheckoutId, EffectId, PaymentId, WebhookEndpointId, WebhookId};
use records::{
    ActivationCodeRow, App, Approval, AuditEntry, AuditHead, AuditRow, Balance, CertificateRow, CheckMark,
    Checkout, CodeUse, ConfirmationRow, Customer, Devices, Enrolment, IdempotencyRow, Merchant, Method,
    NoticeRow, OperatorTask, PolicyRow, RuleListRow, StoreError, Velocity, Webhook, WebhookEndpoint,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The most bytes that one row may have. What comes in through the doors is limited far below this.
pub(crate) const ROW_BYTES_MAX: usize = 1024 * 1024;

/// What a table holds.
pub(crate) trait Row: Serialize + DeserializeOwned + Send + 'static {
    /// The version written now; rises when the type's fields change.
    const VERSION: u8 = 1;

    /// Reads what an older `version` wrote; none if there is no such version.
    fn read_older(_version: u8, _bytes: &[u8]) -> Option<Self> {
        None
    }
}

/// Version 1, before there was any release, had verdict and events in rows of their own; version 2 knew no decision, version 3 no
/// approval.
const PAYMENT_VERSION: u8 = 4;
/// Version 1, before there was any release, had verdict and events in rows of their own.
const EVENTS_VERSION: u8 = 2;
/// Version 1 knew no category.
const MERCHANT_VERSION: u8 = 2;
/// Version 1, before there was any release, knew no PIN but the first; version 2 neither rounds of wrong PINs nor why an
/// enrolment was revoked nor which app the phone runs; version 3 knew no build of that app.
const ENROLMENT_VERSION: u8 = 4;
/// Version 1 asked no phone for its app's digest.
const APP_VERSION: u8 = 2;
/// Version 1 knew codes for one more device only.
const ACTIVATION_CODE_VERSION: u8 = 2;

macro_rules! rows {
    ($($row:ty $(= $version:expr $(, older $read_older:path)?)?);* $(;)?) => {
        $(impl Row for $row {
            $(
                const VERSION: u8 = $version;

                $(fn read_older(version: u8, bytes: &[u8]) -> Option<Self> {
                    $read_older(version, bytes)
                })?
            )?
        })*

        /// Reads `bytes` as each kind of row there is, and writes again what was read: for whoever looks for bytes
        /// that break a row's form.
        #[cfg(feature = "conformance")]
        pub fn rewrite_each(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
            [$((stringify!($row), rewrite::<$row>(bytes)),)*]
                .into_iter()
                .filter_map(|(row, rewritten)| Some((row, rewritten?)))
                .collect()
        }
    };
}

#[cfg(feature = "conformance")]
fn rewrite<R: Row>(bytes: &[u8]) -> Option<Vec<u8>> {
    let row: R = read("rows", bytes).ok()?;
    self::bytes("rows", &row).ok()
}

rows!(
    Customer;
    ActivationCodeRow = ACTIVATION_CODE_VERSION, older older::activation_code;
    Enrolment = ENROLMENT_VERSION, older older::enrolment;
    Method;
    Merchant = MERCHANT_VERSION, older older::merchant;
    Checkout;
    CodeUse;
    StoredPayment = PAYMENT_VERSION, older older::payment;
    Series<StoredEvent> = EVENTS_VERSION;
    IdempotencyRow;
    OperatorTask;
    ConfirmationRow;
    Balance;
    AuditRow;
    AuditHead;
    CheckMark;
    WebhookEndpoint;
    Webhook;
    Devices;
    NoticeRow;
    CertificateRow;
    PolicyRow;
    Velocity;
    App = APP_VERSION, older older::app;
    RuleListRow;
    Approval;
    // What batches put aside to be rolled up.
    Vec<AuditEntry>;
    Vec<Balance>;
    // What indexes point to.
    CheckoutId;
    PaymentId;
    (PaymentId, EffectId);
    WebhookEndpointId;
    WebhookId;
    (PaymentId, u32);
    [u8; 32];
);

/// Appends `row` to `bytes`.
pub(crate) fn write<R: Row>(table: &str, row: &R, bytes: &mut Vec<u8>) -> Result<(), Fault> {
    let start = bytes.len();
    bytes.push(R::VERSION);
    postcard::to_io(row, &mut *bytes)
        .map_err(|error| Fault::wrong(format!("a row of `{table}` cannot be written: {error}")))?;
    if bytes.len() - start > ROW_BYTES_MAX {
        return Err(Fault::wrong(format!("a row of `{table}` has more than {ROW_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// A row's bytes by themselves.
pub(crate) fn bytes<R: Row>(table: &str, row: &R) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    write(table, row, &mut bytes)?;
    Ok(bytes)
}

/// Reads a row back, to its last byte.
pub(crate) fn read<R: Row>(table: &str, bytes: &[u8]) -> Result<R, Fault> {
    let damaged = |what: &str| Fault::Refused(StoreError::Damaged(format!("`{table}`: {what}")));
    let (version, bytes) = bytes.split_first().ok_or_else(|| damaged("an empty row"))?;
    if *version != R::VERSION {
        return R::read_older(*version, bytes)
            .ok_or_else(|| damaged(&format!("row version {version} is not known to this program")));
    }
    match postcard::take_from_bytes(bytes) {
        Ok((row, [])) => Ok(row),
        Ok(_) => Err(damaged("a row goes on after its end")),
        Err(error) => Err(damaged(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{CustomerId, Timestamp};
    use proptest::prelude::*;

    fn customer() -> Customer {
        Customer { id: CustomerId::from_u128(7), name: "Ada".into(), created_at: Timestamp::from_ms(1) }
    }

    #[test]
    fn damage_is_an_error() {
        let mut bytes = Vec::new();
        write("customers", &customer(), &mut bytes).unwrap();
        assert_eq!(read::<Customer>("customers", &bytes).unwrap(), customer());
        for len in 0..bytes.len() {
            assert!(matches!(
                read::<Customer>("customers", &bytes[..len]),
                Err(Fault::Refused(StoreError::Damaged(_)))
            ));
        }
        bytes.push(0);
        assert!(read::<Customer>("customers", &bytes).is_err(), "a longer row was read");
        bytes.pop();
        bytes[0] = 2;
        assert!(read::<Customer>("customers", &bytes).is_err(), "a later version was read as this one");
    }

    #[test]
    fn rows_have_a_limit() {
        let row = Customer { name: "x".repeat(ROW_BYTES_MAX), ..customer() };
        assert!(write("customers", &row, &mut Vec::new()).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = read::<StoredPayment>("payments", &bytes);
            let _ = read::<Enrolment>("enrolments", &bytes);
            let _ = read::<AuditRow>("audit", &bytes);
        }
    }
}
