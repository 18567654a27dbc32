//! Enrolled devices online: who asks, when they were last there, how their clocks run.

use crypto::{hash::sha256, p256::VerifyingKey};
use data_encoding::HEXLOWER;
use model::{AppVersion, Counter, CustomerId, EnrolmentId, Timestamp};
use protocol::{error::ProtocolError, http_signature::UnverifiedRequest};
use records::{
    Actor, AuditEntry, ChangeEnrolment, Command, Enrolment, EnrolmentChange, EnrolmentStatus, InstalledApp,
    NewNotice, Outcome,
};

use crate::{AuthenticationRefusal, Policy, Security, SecurityError, nonces::Shown, security::TRIES_MAX};

/// A device is written down as online at most this often, unless something else is learned.
const ONLINE_WRITE_MS: i64 = 3_600_000;
/// A clock's drift below this is not worth a write.
const DRIFT_WRITE_MS: i64 = 2_000;

/// An enrolled device whose request was verified. It may be locked: locked devices may still ask.
#[derive(Clone, Debug)]
pub struct AuthenticatedDevice {
    enrolment: Enrolment,
}

impl AuthenticatedDevice {
    /// The enrolment as it stands.
    #[must_use]
    pub fn enrolment(&self) -> &Enrolment {
        &self.enrolment
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> EnrolmentId {
        self.enrolment.id
    }

    /// Whose it is.
    #[must_use]
    pub fn customer(&self) -> CustomerId {
        self.enrolment.customer
    }
}

/// What a device tells of itself in a signed request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PhoneTold<'a> {
    /// Its own time, uncorrected. (`created` will not do: phones correct it.)
    pub device_time: Option<Timestamp>,
    /// The version of its app.
    pub app_version: Option<&'a str>,
    /// SHA-256 of that app's package.
    pub app_digest: Option<[u8; 32]>,
}

/// The highest counter consumed; the device goes on above it and above its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HighestCounter(pub Counter);

impl Security {
    /// Authenticates a device's signed request, once each, and remembers that the device was online.
    ///
    /// Limits on strangers are the caller's: nothing is counted here before the signature is good.
    ///
    /// # Errors
    /// [`SecurityError::Unauthenticated`]; [`SecurityError::TooManyRequests`]; [`SecurityError::Store`].
    pub async fn authenticate(
        &self,
        request: &UnverifiedRequest,
        now: Timestamp,
    ) -> Result<AuthenticatedDevice, SecurityError> {
        let refused = SecurityError::Unauthenticated;
        let enrolment = self
            .store
            .enrolment(request.enrolment())
            .await?
            .ok_or(refused(AuthenticationRefusal::UnknownEnrolment))?;
        let online_key = VerifyingKey::from_sec1(&enrolment.online_key)
            .map_err(|_| SecurityError::Damaged("online key"))?;
        let window_s = i64::from(self.policy().request_age_s_max);
        let verified = request.verify(&online_key, now.s(), window_s).map_err(|error| {
            refused(match error {
                ProtocolError::Expired(_) => AuthenticationRefusal::Time,
                _ => AuthenticationRefusal::Signature,
            })
        })?;
        if matches!(enrolment.status, EnrolmentStatus::Revoked { .. }) {
            return Err(refused(AuthenticationRefusal::Revoked));
        }
        if !self.device_requests.take(&enrolment.id.to_string(), now) {
            return Err(SecurityError::TooManyRequests);
        }
        let nonce = sha256(&[&enrolment.id.to_bytes(), &verified.nonce]);
        // From then on its time alone refuses it.
        let forget_at = Timestamp::from_s(verified.created_s).plus_s(window_s + 1);
        match self.nonces.show(nonce, nonce, now, forget_at) {
            Shown::First => {}
            Shown::Again { .. } => return Err(refused(AuthenticationRefusal::Replayed)),
            Shown::Full => return Err(SecurityError::TooManyRequests),
        }
        let enrolment = self.hear_of(enrolment, &PhoneTold::default(), now).await?;
        Ok(AuthenticatedDevice { enrolment })
    }

    /// Whether a device may ask for more on a request that was authenticated before: it counts as another one.
    #[must_use]
    pub fn may_ask_more(&self, id: EnrolmentId, now: Timestamp) -> bool {
        self.device_requests.take(&id.to_string(), now)
    }

    /// Learns what a device told of itself in the signed part of a request that was just authenticated: how its clock
    /// runs, followed within policy's bounds, and which version and build of its app it runs.
    ///
    /// # Errors
    /// [`SecurityError::Store`].
    pub async fn learn(
        &self,
        device: &AuthenticatedDevice,
        told: &PhoneTold<'_>,
        now: Timestamp,
    ) -> Result<AuthenticatedDevice, SecurityError> {
        let enrolment = self.hear_of(device.enrolment.clone(), told, now).await?;
        Ok(AuthenticatedDevice { enrolment })
    }

    /// The tries that are left before wrong PINs lock an enrolment.
    #[must_use]
    pub fn pin_tries_left(&self, enrolment: &Enrolment) -> u8 {
        self.policy().pin_failures_to_lock().saturating_sub(enrolment.pin.failures)
    }

    /// Ends a device's waiting for a resynchronisation, and tells it the highest counter consumed. How often it
    /// forked is remembered for a while: a second time is a clone.
    ///
    /// # Errors
    /// [`SecurityError::WrongState`] if it is locked; [`SecurityError::Contended`], [`SecurityError::Store`].
    pub async fn resync(
        &self,
        device: &AuthenticatedDevice,
        now: Timestamp,
    ) -> Result<HighestCounter, SecurityError> {
        let audit =
            entry(Actor::Device(device.id().to_string()), "enrolment.resynchronised", device.id(), now);
        let enrolment = self
            .change_enrolment(device.id(), audit, |enrolment| match enrolment.status {
                EnrolmentStatus::Active => Ok(None),
                EnrolmentStatus::Unsynchronised { .. } => Ok(Some(EnrolmentStatus::Active)),
                EnrolmentStatus::Locked { .. } | EnrolmentStatus::Revoked { .. } => {
                    Err(SecurityError::WrongState("the enrolment is locked"))
                }
            })
            .await?;
        Ok(HighestCounter(enrolment.counter))
    }

    /// Looks, decides and commits, again if others were faster. `decide` may change the enrolment and gives its
    /// new status; none leaves everything as it is.
    async fn change_enrolment(
        &self,
        id: EnrolmentId,
        audit: AuditEntry,
        mut decide: impl FnMut(&mut Enrolment) -> Result<Option<EnrolmentStatus>, SecurityError>,
    ) -> Result<Enrolment, SecurityError> {
        for _ in 0..TRIES_MAX {
            let seen = self.store.enrolment(id).await?.ok_or(SecurityError::NotFound("enrolment"))?;
            let mut enrolment = seen.clone();
            let Some(status) = decide(&mut enrolment)? else { return Ok(seen) };
            enrolment.status = status;
            if self.commit_change(&seen, &mut enrolment, None, vec![audit.clone()]).await? {
                return Ok(enrolment);
            }
        }
        Err(SecurityError::Contended)
    }

    /// Commits the enrolment as it shall be; false if it has changed since it was seen.
    pub(crate) async fn commit_change(
        &self,
        seen: &Enrolment,
        enrolment: &mut Enrolment,
        notice: Option<NewNotice>,
        audit: Vec<AuditEntry>,
    ) -> Result<bool, SecurityError> {
        enrolment.version = seen.version.saturating_add(1);
        let change = EnrolmentChange { expected_version: seen.version, enrolment: enrolment.clone(), notice };
        match self.store.commit(Command::ChangeEnrolment(Box::new(ChangeEnrolment { change, audit }))).await?
        {
            Outcome::Done => Ok(true),
            Outcome::Missing => Err(SecurityError::NotFound("enrolment")),
            _ => Ok(false),
        }
    }

    /// Writes down that the device was online, how its clock runs and which version and build of its app it runs, if that
    /// is news.
    /// Where another change was faster it is left to the next request.
    async fn hear_of(
        &self,
        seen: Enrolment,
        told: &PhoneTold<'_>,
        now: Timestamp,
    ) -> Result<Enrolment, SecurityError> {
        let offset_ms = told.device_time.map_or(seen.clock_offset_ms, |device_time| {
            learned_offset_ms(seen.clock_offset_ms, device_time.ms_since(now), &self.policy())
        });
        let other_app = seen.app.as_ref().and_then(|known| other_app(known, told));
        let drifted = offset_ms.abs_diff(seen.clock_offset_ms) >= DRIFT_WRITE_MS.unsigned_abs();
        let since_ms = now.ms_since(seen.last_online_at);
        if !drifted && other_app.is_none() && (-ONLINE_WRITE_MS..ONLINE_WRITE_MS).contains(&since_ms) {
            return Ok(seen);
        }
        let mut heard = seen.clone();
        heard.clock_offset_ms = offset_ms;
        let mut audit = Vec::new();
        if let (Some(other), Some(known)) = (&other_app, &seen.app) {
            let actor = Actor::Device(seen.id.to_string());
            let detail = changed_words(known, other);
            audit.push(AuditEntry { detail, ..entry(actor, "enrolment.app_changed", seen.id, now) });
            heard.app = other_app;
        }
        // Another node's clock may be a little ahead. One that was far ahead was wrong, and must not leave a mark that
        // keeps the offline limit from ever being reached.
        let was_wrong = since_ms < -ONLINE_WRITE_MS;
        heard.last_online_at = if was_wrong { now } else { heard.last_online_at.max(now) };
        let done = self.commit_change(&seen, &mut heard, None, audit).await?;
        Ok(if done { heard } else { seen })
    }
}

/// The app that a device tells now, if that is another than is known of it. Who tells a version tells its build with it; who
/// leaves the build out of the version that is known goes on with the one that was told.
fn other_app(known: &InstalledApp, told: &PhoneTold<'_>) -> Option<InstalledApp> {
    let version =
        told.app_version.map_or(known.version, |text| AppVersion::of_phone(text).unwrap_or(AppVersion::NONE));
    let kept = known.digest.filter(|_| version == known.version);
    let other = InstalledApp { id: known.id.clone(), version, digest: told.app_digest.or(kept) };
    (other != *known).then_some(other)
}

fn changed_words(known: &InstalledApp, other: &InstalledApp) -> String {
    let InstalledApp { id, version, digest } = other;
    match digest.filter(|_| *digest != known.digest) {
        Some(digest) => {
            format!("{id} from {} to {version}, build {}", known.version, HEXLOWER.encode(&digest))
        }
        None => format!("{id} from {} to {version}", known.version),
    }
}

/// An offset within policy's bounds.
pub(crate) fn clamped_offset_ms(offset_ms: i64, policy: &Policy) -> i64 {
    let bound_ms = i64::from(policy.clock_offset_s_max) * 1000;
    offset_ms.clamp(-bound_ms, bound_ms)
}

/// The offset after an exchange that showed `shown_ms`: no further from the last one than a step.
fn learned_offset_ms(last_ms: i64, shown_ms: i64, policy: &Policy) -> i64 {
    let step_ms = i64::from(policy.clock_step_s_max) * 1000;
    let wanted_ms = clamped_offset_ms(shown_ms, policy);
    clamped_offset_ms(
        wanted_ms.clamp(last_ms.saturating_sub(step_ms), last_ms.saturating_add(step_ms)),
        policy,
    )
}

pub(crate) fn entry(actor: Actor, action: &str, id: EnrolmentId, now: Timestamp) -> AuditEntry {
    AuditEntry { at: now, actor, action: action.to_owned(), subject: id.to_string(), detail: String::new() }
}
