//! The device certificate: renewed online while less than a quarter of its time is left (`spec/device-life.md`). Only a
//! certificate that the server's device CA gave this phone's own key, for longer than the present one, takes its place.

use api::device::{CertificateRequest, CertificateView};
use crypto::{p256::Signature, x509};
use data_encoding::BASE64URL_NOPAD;
use model::Timestamp;
use protocol::{
    error::ProtocolError,
    key_bundle::{Der, KeyBundle},
};

use crate::{State, Vault, WalletError, state::Enrolled};

/// The request's subject. The server gives the real name.
const REQUEST_NAME: &str = "batzen-device";
const WHAT: &str = "certificate";
/// The longest certificate taken, bytes.
const CERTIFICATE_LEN_MAX: usize = 4_096;

/// A renewal's request that waits for the device key's signature.
pub struct RenewalDraft(x509::Request);

impl RenewalDraft {
    /// What the device key signs, ECDSA P-256 over SHA-256 of these bytes.
    #[must_use]
    pub fn to_sign(&self) -> &[u8] {
        self.0.to_be_signed()
    }

    /// Takes the device key's signature; gives what to send.
    ///
    /// # Errors
    /// [`WalletError::Vault`] if it does not fit.
    pub fn finish(&self, signature: &Signature) -> Result<CertificateRequest, WalletError> {
        let request = self.0.finish(signature).map_err(WalletError::Vault)?;
        Ok(CertificateRequest { certificate_request: BASE64URL_NOPAD.encode(&request) })
    }

    /// Has a vault sign it.
    ///
    /// # Errors
    /// [`WalletError::Vault`].
    pub fn sign(&self, vault: &dyn Vault) -> Result<CertificateRequest, WalletError> {
        let signature = vault.device_key().sign(&[self.to_sign()]).map_err(WalletError::Vault)?;
        self.finish(&signature)
    }
}

impl State {
    /// Whether less than a quarter of the certificate's time is left, and the server may still renew it, as it last said.
    #[must_use]
    pub fn is_renewal_due(&self, now: Timestamp) -> bool {
        self.enrolled().is_ok_and(|enrolled| enrolled.is_renewal_due(enrolled.server_time(now)))
    }

    /// Drafts a request to renew the certificate.
    ///
    /// # Errors
    /// [`WalletError::NotActivated`]; [`WalletError::Contradiction`] if the present one does not read.
    pub fn draft_renewal(&self) -> Result<RenewalDraft, WalletError> {
        let present = read(self.enrolled()?.certificate.as_bytes())?;
        x509::Request::new(present.public_key(), REQUEST_NAME).map(RenewalDraft).map_err(WalletError::Vault)
    }

    /// Takes the server's answer, asked for at `sent_at`: the certificate, and how the phone stands. Gives whether the
    /// certificate is new. Store the state afterwards.
    ///
    /// # Errors
    /// [`WalletError::Refused`] for a certificate that the device CA did not give this phone's key and enrolment for now, or
    /// as [`State::apply_enrolment`]: nothing is changed then.
    pub fn apply_renewal(
        &mut self,
        view: &CertificateView,
        sent_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, WalletError> {
        let mut next = self.clone();
        next.apply_enrolment(&view.enrolment, sent_at, now)?;
        let is_new = next.take_certificate(&view.certificate, view.enrolment.server_time_ms)?;
        *self = next;
        Ok(is_new)
    }

    fn take_certificate(&mut self, text: &str, server_time_ms: i64) -> Result<bool, WalletError> {
        let bad = || ProtocolError::CertificateBad(WHAT);
        if text.len() > CERTIFICATE_LEN_MAX * 2 {
            return Err(ProtocolError::Size(WHAT).into());
        }
        let der = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| ProtocolError::Malformed(WHAT))?;
        let (enrolled, realm) = self.enrolled_mut()?;
        if der == enrolled.certificate.as_bytes() {
            return Ok(false);
        }
        let bundle: KeyBundle = enrolled.bundle_as_accepted(realm)?;
        let authority = x509::Certificate::read(bundle.device_ca.as_bytes()).map_err(|_| bad())?;
        let given = x509::Certificate::read(&der).map_err(|_| bad())?;
        let present = read(enrolled.certificate.as_bytes())?;
        let at_s = u64::try_from(Timestamp::from_ms(server_time_ms).s()).map_err(|_| bad())?;
        let is_ours = given.public_key() == present.public_key()
            && given.subject_cn() == enrolled.enrolment.to_string()
            && given.allows(x509::Purpose::Device)
            && !given.is_ca()
            && given.not_after_s() > present.not_after_s();
        if !is_ours || given.verify_issued_by(&authority, at_s).is_err() {
            return Err(bad().into());
        }
        enrolled.certificate = Der::new(der)?;
        Ok(true)
    }
}

impl Enrolled {
    pub(crate) fn is_renewal_due(&self, server_now: Timestamp) -> bool {
        let Ok(present) = read(self.certificate.as_bytes()) else { return false };
        let (from_s, to_s) = (present.not_before_s(), present.not_after_s());
        let life_s = i64::try_from(to_s.saturating_sub(from_s)).unwrap_or(i64::MAX);
        let left_s = i64::try_from(to_s).unwrap_or(i64::MAX).saturating_sub(server_now.s());
        let is_possible = self.renewable_until.is_none_or(|until| server_now < until);
        is_possible && left_s < life_s / 4
    }
}

fn read(der: &[u8]) -> Result<x509::Certificate, WalletError> {
    x509::Certificate::read(der)
        .map_err(|_| WalletError::Contradiction("the present certificate does not read"))
}
