//! Device certificates (`spec/device-life.md`): issued at activation, renewed before they end, and what a bank is told of
//! them. Nothing in one is about a person: its name is the enrolment's id.

use crypto::{
    Random,
    p256::VerifyingKey,
    x509::{self, Certificate, Issue, Profile},
};
use model::{EnrolmentId, Timestamp};
use protocol::{
    certificate_status::{
        CERTIFICATES_MAX, CertificateState, CertificateStatus, CertificateStatuses, SignedCertificateStatuses,
    },
    error::ProtocolError,
};
use records::{CertificateRow, Enrolment, EnrolmentStatus, NoticeKind};

use crate::{Asker, AuthenticatedDevice, Authority, Security, SecurityError, life::Turn};

const WHAT: &str = "certificate request";
const DAY_S: i64 = 86_400;

/// A certificate just issued.
pub(crate) struct Issued {
    pub(crate) der: Vec<u8>,
    pub(crate) row: CertificateRow,
}

impl Security {
    /// Renews a device's certificate for the same device key, if less than a quarter of its time is left; before that,
    /// and again after a renewal whose answer was lost, the present one is the answer and nothing is issued.
    /// `certificate_request` is PKCS#10, DER, signed by the device key.
    ///
    /// # Errors
    /// [`SecurityError::Request`] if the request is none, or for another key than this device's;
    /// [`SecurityError::WrongState`] if the device is locked, or its certificate ended too long ago;
    /// [`SecurityError::Contended`], [`SecurityError::Store`], [`SecurityError::Keys`].
    pub async fn renew_certificate(
        &self,
        device: &AuthenticatedDevice,
        certificate_request: &[u8],
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<Enrolment, SecurityError> {
        let asked_key =
            x509::read_request(certificate_request).map_err(|_| ProtocolError::CertificateBad(WHAT))?;
        let id = device.id();
        self.turn(id, &Asker::Device(id), now, |_, enrolment| {
            let device_key = VerifyingKey::from_sec1(&enrolment.device_key)
                .map_err(|_| SecurityError::Damaged("device key"))?;
            if device_key != asked_key {
                return Err(ProtocolError::CertificateBad(WHAT).into());
            }
            match enrolment.status {
                EnrolmentStatus::Active | EnrolmentStatus::Unsynchronised { .. } => {}
                EnrolmentStatus::Locked { .. } | EnrolmentStatus::Revoked { .. } => {
                    return Err(SecurityError::WrongState("a locked phone's certificate is not renewed"));
                }
            }
            if !is_due(enrolment, now)? {
                return Ok(None);
            }
            if self.renewable_until(enrolment) <= now {
                return Err(SecurityError::WrongState(
                    "the certificate ended too long ago; activate this phone anew",
                ));
            }
            let issued = self.issue_certificate(id, &device_key, now, random)?;
            // The authority's own end may leave nothing to give.
            if issued.row.not_after <= enrolment.certificate_not_after {
                return Ok(None);
            }
            enrolment.certificate = issued.der;
            enrolment.certificate_not_after = issued.row.not_after;
            let detail = format!("good until {}", issued.row.not_after);
            let turn = Turn::new(NoticeKind::CertificateRenewed, "certificate.renewed", detail);
            Ok(Some(Turn { certificate: Some(issued.row), ..turn }))
        })
        .await
    }

    /// Until when a device may still renew its certificate.
    #[must_use]
    pub fn renewable_until(&self, enrolment: &Enrolment) -> Timestamp {
        enrolment.certificate_not_after.plus_s(i64::from(self.policy().certificate_grace_days) * DAY_S)
    }

    /// What is known of these certificates, signed, for whoever has to know whether one is still good. `source` is whoever
    /// asks, as far as the caller can tell.
    ///
    /// # Errors
    /// [`SecurityError::WrongState`] for none or too many; [`SecurityError::TooManyRequests`]; [`SecurityError::Store`];
    /// [`SecurityError::Request`] if the key's holder fails.
    pub async fn certificate_statuses(
        &self,
        serials: &[[u8; 16]],
        nonce: Option<[u8; 16]>,
        source: &str,
        now: Timestamp,
    ) -> Result<SignedCertificateStatuses, SecurityError> {
        if !self.status_requests.take(source, now) {
            return Err(SecurityError::TooManyRequests);
        }
        if !(1..=CERTIFICATES_MAX).contains(&serials.len()) {
            return Err(SecurityError::WrongState("ask for 1 to 32 certificates at once"));
        }
        let mut certificates = Vec::with_capacity(serials.len());
        for serial in serials {
            certificates.push(self.certificate_status(*serial, now).await?);
        }
        let expires_at = now.plus_s(i64::from(self.policy().certificate_status_s));
        let said = CertificateStatuses::new(self.keys.realm().clone(), nonce, now, expires_at, certificates);
        Ok(said.sign(&*self.keys.statement_signer())?)
    }

    async fn certificate_status(
        &self,
        serial: [u8; 16],
        now: Timestamp,
    ) -> Result<CertificateStatus, SecurityError> {
        let unknown = CertificateStatus {
            serial,
            state: CertificateState::Unknown,
            since_ms: None,
            reason: None,
            not_after_ms: None,
        };
        let Some(row) = self.store.certificate(serial).await? else { return Ok(unknown) };
        let Some(enrolment) = self.store.enrolment(row.enrolment).await? else { return Ok(unknown) };
        let known = CertificateStatus { not_after_ms: Some(row.not_after), ..unknown };
        Ok(match enrolment.status {
            EnrolmentStatus::Revoked { reason, since } => CertificateStatus {
                state: CertificateState::Revoked,
                since_ms: Some(since),
                reason: Some(reason.name().to_owned()),
                ..known
            },
            _ if row.not_after <= now => {
                CertificateStatus { state: CertificateState::Expired, since_ms: Some(row.not_after), ..known }
            }
            EnrolmentStatus::Locked { since, .. } => {
                CertificateStatus { state: CertificateState::OnHold, since_ms: Some(since), ..known }
            }
            EnrolmentStatus::Active | EnrolmentStatus::Unsynchronised { .. } => {
                CertificateStatus { state: CertificateState::Good, ..known }
            }
        })
    }

    /// A device certificate for this key.
    pub(crate) fn issue_certificate(
        &self,
        id: EnrolmentId,
        key: &VerifyingKey,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Issued, SecurityError> {
        let Authority { certificate: ca, signer } = self.keys.device_ca();
        let mut serial = [0; 16];
        random.fill(&mut serial);
        // Positive, and 16 bytes long whatever was drawn.
        serial[0] = serial[0] & 0x7f | 0x40;
        let wanted_s = now.s() + i64::from(self.policy().certificate_days) * DAY_S;
        let not_after_s = u64::try_from(wanted_s).unwrap_or(0).min(ca.not_after_s());
        let not_before_s = u64::try_from(now.s()).unwrap_or(0);
        let issue = Issue {
            serial,
            subject: id.to_string(),
            issuer: ca.subject_cn().to_owned(),
            not_before_s,
            not_after_s,
            public_key: key.clone(),
            profile: Profile::Device,
        };
        let der = x509::issue(&issue, &*signer).map_err(SecurityError::Keys)?;
        let (not_before, not_after) = (timestamp(not_before_s), timestamp(not_after_s));
        Ok(Issued { der, row: CertificateRow { serial, enrolment: id, not_before, not_after } })
    }
}

/// Whether less than a quarter of the present certificate's time is left.
fn is_due(enrolment: &Enrolment, now: Timestamp) -> Result<bool, SecurityError> {
    let present = Certificate::read(&enrolment.certificate)
        .map_err(|_| SecurityError::Damaged("device certificate"))?;
    let life_ms = enrolment.certificate_not_after.ms_since(timestamp(present.not_before_s()));
    Ok(enrolment.certificate_not_after.ms_since(now) < life_ms / 4)
}

fn timestamp(s: u64) -> Timestamp {
    Timestamp::from_s(i64::try_from(s).unwrap_or(i64::MAX / 1_000))
}
