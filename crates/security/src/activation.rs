//! Activation: from a code that a customer got out of band to an enrolled device (`spec/activation.md`).

use crypto::{Random, hash::sha256, mac::constant_time_eq};
use data_encoding::HEXLOWER;
use model::{Counter, CustomerId, EnrolmentId, Timestamp};
use protocol::{
    activation::Challenge,
    activation_code::ActivationCode,
    activation_reply::{ActivationReply, ReplySealer},
    activation_request::{ActivationRequest, Platform, SealedActivation},
    error::ProtocolError,
    key_bundle::Der,
    payment_code::PinGeneration,
    short_text::ShortText,
};
use records::{
    ActivationCodeRow, ActivationPurpose, ActivationUse, Actor, AuditEntry, CertificateRow, Command,
    Customer, DEVICES_EVER_MAX, Device, DevicesChange, Enrol, Enrolment, EnrolmentChange, EnrolmentStatus,
    NoticeKind, Outcome, PAGE_LIMIT_MAX, Page, PinState, RevocationReason,
};

use crate::{
    ActivationRefusal, Asker, Security, SecurityError, apps::installed, attesting::Attested,
    devices::clamped_offset_ms, life, nonces::Shown, security::TRIES_MAX,
};

const CHALLENGE_LABEL: &str = "batzen/activation-challenge/v1";
/// Bytes of a challenge that its MAC covers: when it was issued (8), random (16).
const CHALLENGE_BODY_LEN: usize = 24;
const CHALLENGE_MAC_LEN: usize = Challenge::LEN - CHALLENGE_BODY_LEN;

/// An activation code, to be shown to the customer once; only its hash is kept.
#[derive(Debug)]
pub struct IssuedCode {
    /// The code.
    pub code: ActivationCode,
    /// Until when it may be used.
    pub expires_at: Timestamp,
}

impl Security {
    /// Issues an activation code for a customer and commits its hash.
    ///
    /// # Errors
    /// [`SecurityError::NotFound`] if there is no such customer; [`SecurityError::Store`].
    pub async fn issue_activation_code(
        &self,
        customer: CustomerId,
        actor: Actor,
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<IssuedCode, SecurityError> {
        let life_s = self.policy().activation_code_s;
        self.issue_code(customer, ActivationPurpose::NewDevice, life_s, actor, now, random).await
    }

    /// Issues a code for this purpose and commits its hash.
    pub(crate) async fn issue_code(
        &self,
        customer: CustomerId,
        purpose: ActivationPurpose,
        life_s: u32,
        actor: Actor,
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<IssuedCode, SecurityError> {
        self.customer(customer).await?;
        if self.devices_of(customer).await?.erased_at.is_some() {
            return Err(SecurityError::WrongState("the customer was erased"));
        }
        let expires_at = now.plus_s(i64::from(life_s));
        let (action, for_whom) = match purpose {
            ActivationPurpose::NewDevice => ("activation_code.issued", String::new()),
            ActivationPurpose::Replace(id) => ("replacement_code.issued", format!(" in place of {id}")),
            ActivationPurpose::ResetPin(id) => ("pin_reset_code.issued", format!(" for the PIN of {id}")),
        };
        for _ in 0..TRIES_MAX {
            let code = ActivationCode::make(random);
            let row = ActivationCodeRow {
                code_hash: code.hash(self.keys.realm()),
                customer,
                issued_at: now,
                expires_at,
                purpose,
                used: None,
            };
            let audit = AuditEntry {
                at: now,
                actor: actor.clone(),
                action: action.to_owned(),
                subject: customer.to_string(),
                detail: format!("good until {expires_at}{for_whom}"),
            };
            match self.store.commit(Command::IssueActivationCode(row, audit)).await? {
                Outcome::Done => return Ok(IssuedCode { code, expires_at }),
                Outcome::Missing => return Err(SecurityError::NotFound("customer")),
                _ => {}
            }
        }
        Err(SecurityError::Contended)
    }

    /// A challenge for one activation, and until when it may be used. `source` is whoever asks, as far as the
    /// caller can tell, such as an address.
    ///
    /// # Errors
    /// [`SecurityError::TooManyRequests`]; [`SecurityError::Keys`].
    pub fn make_challenge(
        &self,
        source: &str,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<(Challenge, Timestamp), SecurityError> {
        if !self.activations.take(source, now) {
            return Err(SecurityError::TooManyRequests);
        }
        let mut bytes = [0; Challenge::LEN];
        bytes[..8].copy_from_slice(&now.ms().to_be_bytes());
        random.fill(&mut bytes[8..CHALLENGE_BODY_LEN]);
        let parts = [&self.challenge_label()[..], &bytes[..CHALLENGE_BODY_LEN]];
        let mac = self.keys.challenge_mac(&parts).map_err(SecurityError::Keys)?;
        bytes[CHALLENGE_BODY_LEN..].copy_from_slice(&mac[..CHALLENGE_MAC_LEN]);
        Ok((Challenge::from_bytes(bytes), now.plus_s(i64::from(self.policy().challenge_s))))
    }

    /// Activates a device: the sealed request in, the sealed reply out. The same bytes again get the same reply,
    /// whenever they come. `source` as in [`Security::make_challenge`].
    ///
    /// # Errors
    /// [`SecurityError::Request`] for a request that is not as specified; [`SecurityError::ChallengeExpired`];
    /// [`SecurityError::ActivationRefused`], one answer for every cause; [`SecurityError::TooManyRequests`];
    /// [`SecurityError::Contended`], [`SecurityError::Store`], [`SecurityError::Keys`].
    pub async fn activate(
        &self,
        request: &[u8],
        source: &str,
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<Vec<u8>, SecurityError> {
        if !self.activations.take(source, now) {
            return Err(SecurityError::TooManyRequests);
        }
        let sealed = SealedActivation::parse(request)?;
        let holder = self
            .keys
            .activation_recipient(sealed.key_id())
            .ok_or(ProtocolError::KeyUnknown("activation request"))?;
        let (opened, sealer) = sealed.open(self.keys.realm(), &*holder)?;
        let asked =
            Asked { code_hash: opened.activation_code.hash(self.keys.realm()), hash: sealed.request_hash() };
        if let Usable::Replied(reply) = self.look_up(&asked, now).await? {
            return Ok(reply);
        }
        // Before the code is looked at, so that what is said of the app tells nothing of the code.
        let apps = self.apps(now).await?;
        apps.check_claimed(&opened.platform, now).map_err(SecurityError::ActivationRefused)?;
        let code = match self.usable_code(&asked, now).await? {
            Usable::Replied(reply) => return Ok(reply),
            Usable::Unused(code) => code,
            Usable::Refused(refusal) => return Err(SecurityError::ActivationRefused(refusal)),
        };
        self.check_challenge(&opened.challenge, asked.hash, now)?;
        if opened.evidence.intersects(self.policy().evidence_refused) {
            return Err(SecurityError::ActivationRefused(ActivationRefusal::Evidence));
        }
        let attested = self.attested(&opened, now).map_err(SecurityError::ActivationRefused)?;
        apps.check_attested(&opened.platform, attested.app.as_ref())
            .map_err(SecurityError::ActivationRefused)?;
        let customer = self.customer(code.customer).await?;
        let purpose = code.purpose;
        let applicant = Applicant { opened: &opened, attested: &attested, customer: &customer, purpose };
        self.enrol(&asked, &applicant, &sealer, now, random).await
    }

    async fn customer(&self, id: CustomerId) -> Result<Customer, SecurityError> {
        self.store.customer(id).await?.ok_or(SecurityError::NotFound("customer"))
    }

    /// What the code in a request is good for. One code can be tried only so often, whoever tries it.
    async fn usable_code(&self, asked: &Asked, now: Timestamp) -> Result<Usable, SecurityError> {
        let usable = self.look_up(asked, now).await?;
        let is_known = matches!(usable, Usable::Replied(_));
        if !is_known && !self.activation_codes.take(&HEXLOWER.encode(&asked.code_hash), now) {
            return Err(SecurityError::TooManyRequests);
        }
        Ok(usable)
    }

    async fn look_up(&self, asked: &Asked, now: Timestamp) -> Result<Usable, SecurityError> {
        let row = self.store.activation_code(asked.code_hash).await?;
        Ok(match row {
            None => Usable::Refused(ActivationRefusal::UnknownCode),
            Some(ActivationCodeRow { used: Some(used), .. }) if used.request_hash == asked.hash => {
                Usable::Replied(used.reply)
            }
            Some(row) if row.used.is_some() => Usable::Refused(ActivationRefusal::UsedCode),
            Some(row) if row.expires_at <= now => Usable::Refused(ActivationRefusal::ExpiredCode),
            Some(row) if matches!(row.purpose, ActivationPurpose::ResetPin(_)) => {
                Usable::Refused(ActivationRefusal::OtherPurpose)
            }
            Some(row) => Usable::Unused(row),
        })
    }

    /// Ours, fresh, and not used by another request. The same request may bring it again: its sender may not
    /// have heard our answer.
    fn check_challenge(
        &self,
        challenge: &Challenge,
        request_hash: [u8; 32],
        now: Timestamp,
    ) -> Result<(), SecurityError> {
        let (body, mac) = challenge.as_bytes().split_at(CHALLENGE_BODY_LEN);
        let issued_ms = body.first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes));
        let age_ms = now.ms_since(Timestamp::from_ms(issued_ms));
        let lifetime_ms = i64::from(self.policy().challenge_s) * 1000;
        let macs = self.keys.challenge_macs(&[&self.challenge_label(), body]).map_err(SecurityError::Keys)?;
        let is_ours = macs.iter().any(|ours| constant_time_eq(&ours[..CHALLENGE_MAC_LEN], mac));
        // Another node's clock may be a little ahead of ours.
        if !is_ours || age_ms < -5_000 || age_ms >= lifetime_ms {
            return Err(SecurityError::ChallengeExpired);
        }
        let forget_at = now.plus_ms(lifetime_ms + 5_000);
        match self.challenges.show(sha256(&[challenge.as_bytes()]), request_hash, now, forget_at) {
            Shown::First => Ok(()),
            Shown::Again { by_same: true } => Ok(()),
            Shown::Again { by_same: false } => Err(SecurityError::ChallengeExpired),
            Shown::Full => Err(SecurityError::TooManyRequests),
        }
    }

    fn challenge_label(&self) -> Vec<u8> {
        self.keys.realm().context(CHALLENGE_LABEL)
    }

    async fn enrol(
        &self,
        asked: &Asked,
        applicant: &Applicant<'_>,
        sealer: &ReplySealer,
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<Vec<u8>, SecurityError> {
        let Applicant { customer, attested, .. } = applicant;
        for _ in 0..TRIES_MAX {
            let mut drawn = [0; 4];
            random.fill(&mut drawn);
            let id = EnrolmentId::derive(customer.id.shard(), u32::from_be_bytes(drawn));
            if self.store.enrolment(id).await?.is_some() {
                continue;
            }
            let keys_of = self.keys.changed_at();
            let (enrolment, certificate) = self.make_enrolment(id, applicant, now, random)?;
            let Place { devices, replaced } = self.place(&enrolment, applicant.purpose, now).await?;
            let notice =
                life::notice(&devices.devices, &enrolment, NoticeKind::Activated, &Asker::Device(id), now);
            let reply = sealer.seal(&self.reply(&enrolment, customer, now)?, random)?;
            if self.keys.changed_at() != keys_of {
                // The certificate and the bundle may name different authorities, which no phone takes.
                continue;
            }
            let audit = AuditEntry {
                at: now,
                actor: Actor::Device(id.to_string()),
                action: "enrolment.activated".to_owned(),
                subject: customer.id.to_string(),
                detail: format!("{}; {}", enrolment.platform, attested.why),
            };
            let used =
                ActivationUse { request_hash: asked.hash, enrolment: id, reply: reply.clone(), at: now };
            let code_hash = asked.code_hash;
            let enrol = Enrol { code_hash, used, enrolment, devices, certificate, replaced, notice, audit };
            match self.store.commit(Command::Enrol(Box::new(enrol))).await? {
                Outcome::Done => return Ok(reply),
                // The id was taken, or the code was used in between: by another request, or by this very one
                // in another thread.
                _ => match self.look_up(asked, now).await? {
                    Usable::Replied(reply) => return Ok(reply),
                    Usable::Refused(refusal) => return Err(SecurityError::ActivationRefused(refusal)),
                    Usable::Unused(_) => {}
                },
            }
        }
        Err(SecurityError::Contended)
    }

    fn make_enrolment(
        &self,
        id: EnrolmentId,
        applicant: &Applicant<'_>,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<(Enrolment, CertificateRow), SecurityError> {
        let Applicant { opened, attested, customer, .. } = applicant;
        let issued = self.issue_certificate(id, &opened.device_key, now, random)?;
        let wrapped_key = self
            .keys
            .wrap_pin_key(id, PinGeneration::FIRST, &opened.pin_key, random)
            .map_err(SecurityError::Keys)?;
        let device_time = Timestamp::from_s(i64::from(opened.device_time_s));
        let enrolment = Enrolment {
            id,
            version: 1,
            customer: customer.id,
            device_key: opened.device_key.to_sec1_uncompressed().to_vec(),
            online_key: opened.online_key.to_sec1_compressed().to_vec(),
            confirmation_key: *opened.confirmation_key.as_bytes(),
            certificate: issued.der,
            certificate_not_after: issued.row.not_after,
            pin: PinState { generation: 1, wrapped_key, previous: None, failures: 0, blocked_until: None },
            status: EnrolmentStatus::Active,
            counter: Counter(0),
            forks: 0,
            last_fork_at: None,
            clock_offset_ms: clamped_offset_ms(device_time.ms_since(now), &self.policy()),
            level: attested.level,
            platform: describe(&opened.platform),
            activated_at: now,
            last_online_at: now,
            app: installed(&opened.platform),
        };
        Ok((enrolment, issued.row))
    }

    /// Where a new enrolment stands among its customer's devices, and which one goes for it.
    async fn place(
        &self,
        enrolment: &Enrolment,
        purpose: ActivationPurpose,
        now: Timestamp,
    ) -> Result<Place, SecurityError> {
        let refused = |why| Err(SecurityError::ActivationRefused(why));
        let mut devices = self.devices_of(enrolment.customer).await?;
        let expected_version = devices.version;
        if devices.erased_at.is_some() {
            return refused(ActivationRefusal::Erased);
        }
        let replaced = match purpose {
            ActivationPurpose::Replace(old) => {
                let seen =
                    self.store.enrolment(old).await?.filter(|seen| seen.customer == enrolment.customer);
                let Some(seen) = seen else { return refused(ActivationRefusal::NothingToReplace) };
                let mut ended = seen.clone();
                if life::revoked(&mut ended, RevocationReason::Replaced, now).is_none() {
                    return refused(ActivationRefusal::NothingToReplace);
                }
                ended.version = seen.version.saturating_add(1);
                life::end(&mut devices, &ended);
                let asker = Asker::Device(enrolment.id);
                let notice = Some(life::notice(&devices, &ended, NoticeKind::Revoked, &asker, now));
                Some(EnrolmentChange { expected_version: seen.version, enrolment: ended, notice })
            }
            ActivationPurpose::NewDevice | ActivationPurpose::ResetPin(_) => None,
        };
        if devices.living().count() >= usize::from(self.policy().devices_max)
            || devices.devices.len() >= DEVICES_EVER_MAX
        {
            return Err(SecurityError::TooManyDevices);
        }
        let page = Page::first(PAGE_LIMIT_MAX);
        let notices_after =
            self.store.notices(enrolment.customer, page).await?.last().map_or(0, |row| row.sequence);
        let device = Device { enrolment: enrolment.id, name: String::new(), notices_after, ended_at: None };
        devices.devices.push(device);
        devices.version = expected_version.saturating_add(1);
        Ok(Place { devices: DevicesChange { expected_version, devices }, replaced })
    }

    fn reply(
        &self,
        enrolment: &Enrolment,
        customer: &Customer,
        now: Timestamp,
    ) -> Result<ActivationReply, SecurityError> {
        Ok(ActivationReply {
            enrolment_id: enrolment.id,
            certificate: Der::new(enrolment.certificate.clone())?,
            certificate_chain: vec![Der::new(self.keys.device_ca().certificate.as_der().to_vec())?],
            key_bundle: self.key_bundle(now)?,
            counter_start: Counter(1),
            server_time: now,
            customer_name: ShortText::new(&customer.name).ok(),
        })
    }
}

/// Who asks to be enrolled, as far as that was proved.
struct Applicant<'a> {
    opened: &'a ActivationRequest,
    attested: &'a Attested,
    customer: &'a Customer,
    purpose: ActivationPurpose,
}

/// Where a new enrolment stands.
struct Place {
    devices: DevicesChange,
    replaced: Option<EnrolmentChange>,
}

/// One request, by the code in it and by its bytes.
struct Asked {
    code_hash: [u8; 32],
    hash: [u8; 32],
}

enum Usable {
    /// This very request used it before.
    Replied(Vec<u8>),
    Unused(ActivationCodeRow),
    Refused(ActivationRefusal),
}

fn describe(platform: &Platform) -> String {
    let Platform { os, os_version, model, app_id, app_version, app_digest: _ } = platform;
    format!("{model}, {os} {os_version}, {app_id} {app_version}")
}
