//! Rows as older programs wrote them, read as what they are today.

use model::{Counter, CustomerId, EnrolmentId, Timestamp};
use records::{
    ActivationCodeRow, ActivationPurpose, ActivationUse, Enrolment, EnrolmentStatus, LockReason, PinState,
    ReplacedPinKey, RevocationReason, TrustLevel,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// An enrolment of version 2.
pub(crate) fn enrolment(version: u8, bytes: &[u8]) -> Option<Enrolment> {
    let old: Enrolment2 = if version == 2 { whole(bytes)? } else { return None };
    let status = match old.status {
        Status2::Active => EnrolmentStatus::Active,
        Status2::Unsynchronised { since } => EnrolmentStatus::Unsynchronised { since },
        Status2::Locked { reason, since } => EnrolmentStatus::Locked { reason, since },
        Status2::Revoked { since } => {
            EnrolmentStatus::Revoked { reason: RevocationReason::Unspecified, since }
        }
    };
    let Pin2 { generation, wrapped_key, previous, failures } = old.pin;
    Some(Enrolment {
        id: old.id,
        version: old.version,
        customer: old.customer,
        device_key: old.device_key,
        online_key: old.online_key,
        confirmation_key: old.confirmation_key,
        certificate: old.certificate,
        certificate_not_after: old.certificate_not_after,
        pin: PinState { generation, wrapped_key, previous, failures, blocked_until: None },
        status,
        counter: old.counter,
        forks: old.forks,
        last_fork_at: old.last_fork_at,
        clock_offset_ms: old.clock_offset_ms,
        level: old.level,
        platform: old.platform,
        activated_at: old.activated_at,
        last_online_at: old.last_online_at,
        app: None,
    })
}

/// An activation code of version 1.
pub(crate) fn activation_code(version: u8, bytes: &[u8]) -> Option<ActivationCodeRow> {
    let old: Code1 = if version == 1 { whole(bytes)? } else { return None };
    let Code1 { code_hash, customer, issued_at, expires_at, used } = old;
    let purpose = ActivationPurpose::NewDevice;
    Some(ActivationCodeRow { code_hash, customer, issued_at, expires_at, purpose, used })
}

fn whole<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    postcard::take_from_bytes(bytes).ok().filter(|(_, rest)| rest.is_empty()).map(|(row, _)| row)
}

#[derive(Deserialize)]
struct Enrolment2 {
    id: EnrolmentId,
    version: u32,
    customer: CustomerId,
    #[serde(with = "serde_bytes")]
    device_key: Vec<u8>,
    #[serde(with = "serde_bytes")]
    online_key: Vec<u8>,
    confirmation_key: [u8; 32],
    #[serde(with = "serde_bytes")]
    certificate: Vec<u8>,
    certificate_not_after: Timestamp,
    pin: Pin2,
    status: Status2,
    counter: Counter,
    forks: u8,
    last_fork_at: Option<Timestamp>,
    clock_offset_ms: i64,
    level: TrustLevel,
    platform: String,
    activated_at: Timestamp,
    last_online_at: Timestamp,
}

#[derive(Deserialize)]
struct Pin2 {
    generation: u32,
    #[serde(with = "serde_bytes")]
    wrapped_key: Vec<u8>,
    previous: Option<ReplacedPinKey>,
    failures: u8,
}

#[derive(Deserialize)]
enum Status2 {
    Active,
    Unsynchronised { since: Timestamp },
    Locked { reason: LockReason, since: Timestamp },
    Revoked { since: Timestamp },
}

#[derive(Deserialize)]
struct Code1 {
    code_hash: [u8; 32],
    customer: CustomerId,
    issued_at: Timestamp,
    expires_at: Timestamp,
    used: Option<ActivationUse>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::read;
    use serde::Serialize;

    /// The fields of an enrolment of version 2, in their order, up to what changed since; and what follows.
    fn enrolment_2(status: &impl Serialize) -> Vec<u8> {
        let id = EnrolmentId::from_bytes([1; 6]);
        let customer = CustomerId::from_u128(7);
        let key = serde_bytes::ByteBuf::from(vec![2; 33]);
        let at = Timestamp::from_s(1_800_000_000);
        let first = (id, 4_u32, customer, &key, &key, [4_u8; 32], &key, at);
        let pin = (1_u32, &key, None::<ReplacedPinKey>, 2_u8);
        let last = (Counter(9), 0_u8, None::<Timestamp>, 5_i64, TrustLevel::Software, "phone", at, at);
        let mut bytes = vec![2];
        for part in [
            postcard::to_stdvec(&first),
            postcard::to_stdvec(&pin),
            postcard::to_stdvec(status),
            postcard::to_stdvec(&last),
        ] {
            bytes.extend(part.unwrap());
        }
        bytes
    }

    #[test]
    fn rows_of_before_are_read_as_what_they_are_today() {
        let at = Timestamp::from_s(1_800_000_000);
        let active: Enrolment = read("enrolments", &enrolment_2(&0_u8)).unwrap();
        assert_eq!(
            (active.status, active.pin.failures, active.counter),
            (EnrolmentStatus::Active, 2, Counter(9))
        );
        let revoked: Enrolment = read("enrolments", &enrolment_2(&(3_u8, at))).unwrap();
        let reason = RevocationReason::Unspecified;
        assert_eq!(revoked.status, EnrolmentStatus::Revoked { reason, since: at });
        assert!(
            read::<Enrolment>("enrolments", &enrolment_2(&(3_u8, at, 0_u8))).is_err(),
            "one byte too many"
        );

        let code = (1_u8, [3_u8; 32], CustomerId::from_u128(7), at, at, None::<ActivationUse>);
        let code: ActivationCodeRow = read("activation_codes", &postcard::to_stdvec(&code).unwrap()).unwrap();
        assert_eq!((code.code_hash, code.purpose), ([3; 32], ActivationPurpose::NewDevice));
    }
}
