//! Making payment codes, offline. The counter is in the state before a code exists: [`PendingCode`] is not signed,
//! and only the caller's word that the state is durable leads on to the signature.

use core::fmt;

use api::phone::{EnrolmentStatusName, MethodStateName, MethodView};
use crypto::{Random, p256::Signature};
use model::{Counter, Currency, MethodSlot, Money, TerminalNumber, Timestamp};
use protocol::{
    error::ProtocolError,
    evidence::Evidence,
    key_bundle::{DisplayLimits, KeyBundle},
    payment_code::{
        Cap, CustomerVerification, Draft, Fields, Flags, MakeError, PaymentCode, Pin, PinKey, PinSecret,
        Unsigned,
    },
    realm_file::RealmFile,
};

use crate::{Hint, PinSession, State, Vault, WalletError, pin_session::Choice, state::Enrolled, status};

/// The cap when none is chosen, in minor units of the method's currency: 50.00 francs or euros.
pub const DEFAULT_CAP_MINOR: i64 = 5_000;
/// No code is shown longer than the server could take it, whatever the server's limits say.
const DISPLAY_S_MAX: u16 = 120;

/// What the customer chose for a code.
#[derive(Clone, Copy, Debug, Default)]
pub struct CodeRequest {
    /// The method to pay with; may be left out where only one can pay.
    pub method: Option<MethodSlot>,
    /// The most that may be charged, in the method's currency; [`DEFAULT_CAP_MINOR`] if left out. An amount that a
    /// code cannot hold exactly becomes the next one below.
    pub cap: Option<Money>,
    /// The till that the code is bound to, if the customer read or typed its number.
    pub terminal: Option<TerminalNumber>,
}

/// A code whose counter is used up in the [`State`], and which does not exist yet: store the state, then go on.
#[must_use = "store the state, then say so to get the code"]
pub struct PendingCode {
    unsigned: Unsigned,
    outline: Outline,
}

/// A code that waits for the device key's signature.
pub struct SignableCode {
    unsigned: Unsigned,
    outline: Outline,
}

/// What holds at the moment when a code is made.
struct Moment {
    /// The phone's clock.
    now: Timestamp,
    evidence: Evidence,
    /// Verified for now.
    bundle: KeyBundle,
}

/// What is known of a code beside its bytes.
#[derive(Clone)]
struct Outline {
    counter: Counter,
    method: MethodSlot,
    cap: Money,
    terminal: Option<TerminalNumber>,
    made_at: Timestamp,
    expires_at: Timestamp,
    hints: Vec<Hint>,
}

/// A code to be shown.
#[derive(Clone, Debug)]
pub struct ShownCode {
    /// The code.
    pub code: PaymentCode,
    /// Its number: confirmations name it.
    pub counter: Counter,
    /// The method that pays.
    pub method: MethodSlot,
    /// The most that may be charged.
    pub cap: Money,
    /// The till that it is bound to.
    pub terminal: Option<TerminalNumber>,
    /// When it was made, by the phone's clock.
    pub made_at: Timestamp,
    /// When to take it off the screen, by the phone's clock.
    pub expires_at: Timestamp,
    /// What the customer should know.
    pub hints: Vec<Hint>,
}

impl ShownCode {
    /// Whole seconds for which to go on showing it; 0 once it is over, or if the clock went back.
    #[must_use]
    pub fn remaining_s(&self, now: Timestamp) -> u32 {
        if now < self.made_at {
            return 0;
        }
        u32::try_from(self.expires_at.ms_since(now).max(0).div_euclid(1_000)).unwrap_or(0)
    }
}

impl PendingCode {
    /// The number that the code will have.
    #[must_use]
    pub fn counter(&self) -> Counter {
        self.outline.counter
    }

    /// The caller's word that the state, with this counter in it, is durable.
    #[must_use]
    pub fn stored(self) -> SignableCode {
        SignableCode { unsigned: self.unsigned, outline: self.outline }
    }
}

impl SignableCode {
    /// What the device key signs: ECDSA P-256 over SHA-256 of these bytes.
    #[must_use]
    pub fn to_sign(&self) -> &[u8] {
        self.unsigned.to_sign()
    }

    /// Takes the device key's signature.
    #[must_use]
    pub fn finish(self, signature: &Signature) -> ShownCode {
        let Outline { counter, method, cap, terminal, made_at, expires_at, hints } = self.outline;
        let code = self.unsigned.finish(signature);
        ShownCode { code, counter, method, cap, terminal, made_at, expires_at, hints }
    }

    /// Has a vault sign it.
    ///
    /// # Errors
    /// [`WalletError::Vault`]. The counter stays used up.
    pub fn sign(self, vault: &dyn Vault) -> Result<ShownCode, WalletError> {
        let signature = vault.device_key().sign(&[self.to_sign()]).map_err(WalletError::Vault)?;
        Ok(self.finish(&signature))
    }
}

impl fmt::Debug for PendingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PendingCode({}, redacted)", self.outline.counter.0)
    }
}

impl fmt::Debug for SignableCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignableCode({}, redacted)", self.outline.counter.0)
    }
}

impl State {
    /// Makes the next code. Whatever PIN is given, a code comes out: only the server can tell a right one.
    ///
    /// `now` is the phone's clock, `evidence` what the sensors say (empty where there are none). The state has
    /// the new counter: store it before [`PendingCode::stored`]. The [`PinSession`] stays in memory, for renewals.
    ///
    /// # Errors
    /// [`WalletError`]: not activated, no usable method, cap, key or clock. No counter is used up then.
    pub fn make_code(
        &mut self,
        pin: &Pin,
        request: &CodeRequest,
        evidence: Evidence,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<(PendingCode, PinSession), WalletError> {
        let choice = self.choose(request)?;
        let enrolled = self.enrolled()?;
        let pin_key = PinKey::derive(&PinSecret::from_secret(enrolled.pin_secret.clone()), pin);
        let bundle = bundle_now(enrolled, &self.realm, now)?;
        let DisplayLimits { renewals_max, display_total_s_max, .. } = bundle.limits;
        let session = PinSession::new(pin_key.clone(), choice, now, renewals_max, display_total_s_max);
        let moment = Moment { now, evidence, bundle };
        let mut pending = self.next_code(&pin_key, &session, CustomerVerification::Pin, &moment, random)?;
        if let Some(asked) = request.cap
            && asked.amount_minor != pending.outline.cap.amount_minor
        {
            pending.outline.hints.push(Hint::CapRounded { asked });
        }
        Ok((pending, session))
    }

    /// Makes another code on the PIN that was entered for an earlier one: a new counter and a new time, else the
    /// same choice. Store the state as for [`State::make_code`].
    ///
    /// # Errors
    /// [`WalletError::EnterPinAgain`] when renewals or time are used up; else as [`State::make_code`].
    pub fn renew_code(
        &mut self,
        session: &mut PinSession,
        evidence: Evidence,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<PendingCode, WalletError> {
        let pin_key = session.key_for_renewal(now).ok_or(WalletError::EnterPinAgain)?;
        let bundle = bundle_now(self.enrolled()?, &self.realm, now)?;
        let moment = Moment { now, evidence, bundle };
        let pending = self.next_code(&pin_key, session, CustomerVerification::PinRenewed, &moment, random)?;
        session.count_renewal();
        Ok(pending)
    }

    /// The method that a request means, to show before the PIN is asked for.
    ///
    /// # Errors
    /// [`WalletError`]: not activated, or no such method that can pay.
    pub fn method_to_pay(&self, slot: Option<MethodSlot>) -> Result<(MethodSlot, Currency), WalletError> {
        let enrolled = self.enrolled()?;
        let method = match slot {
            Some(slot) => enrolled.method(slot).ok_or(WalletError::MethodUnknown(slot))?,
            None => only_active(&enrolled.methods)?,
        };
        match (method.state, method.currency) {
            (MethodStateName::Active, Some(currency)) => Ok((method.slot, currency)),
            (MethodStateName::Removed, _) => Err(WalletError::MethodUnknown(method.slot)),
            _ => Err(WalletError::MethodUnproved(method.slot)),
        }
    }

    fn choose(&self, request: &CodeRequest) -> Result<Choice, WalletError> {
        let (method, currency) = self.method_to_pay(request.method)?;
        let asked = request.cap.unwrap_or(Money::new(DEFAULT_CAP_MINOR, currency));
        if asked.currency != currency {
            return Err(WalletError::CapCurrency { cap: asked.currency, method: currency });
        }
        let cap = Cap::at_most(asked.amount_minor).ok_or(WalletError::CapTooSmall)?;
        let pin_generation = self.enrolled()?.pin_generation;
        Ok(Choice { method, cap, terminal: request.terminal, pin_generation })
    }

    fn next_code(
        &mut self,
        pin_key: &PinKey,
        session: &PinSession,
        customer_verification: CustomerVerification,
        moment: &Moment,
        random: &mut dyn Random,
    ) -> Result<PendingCode, WalletError> {
        let Moment { now, evidence, ref bundle } = *moment;
        let (_, currency) = self.method_to_pay(Some(session.choice.method))?;
        let (enrolled, _) = self.enrolled_mut()?;
        check_standing(enrolled)?;
        let server_now = enrolled.server_time(now);
        let recipient = bundle.payment_key_at(server_now).ok_or(WalletError::NoPaymentKey)?;
        match enrolled.certificate_ends_at() {
            Some(end) if server_now < end => {}
            end => return Err(expired(enrolled, end.unwrap_or_default(), server_now)),
        }
        let mut clock = enrolled.clock.clone();
        clock.observe(now);
        let seen = if clock.is_set_back() { Evidence::CLOCK_CHANGED } else { Evidence::empty() };
        let Choice { method, cap, terminal, pin_generation } = session.choice;
        let counter = enrolled.counter.0.checked_add(1).map(Counter).ok_or(WalletError::CounterExhausted)?;
        let fields = Fields {
            enrolment: enrolled.enrolment,
            counter,
            device_time_s: u32::try_from(now.s()).map_err(|_| WalletError::ClockUnusable(now))?,
            method,
            flags: Flags {
                pin_generation: pin_generation.bits(),
                clock_confidence: clock.confidence(now),
                customer_verification,
            },
            claimed_evidence: evidence | seen,
            cap,
            terminal,
        };
        let draft = Draft::start(&recipient, &fields, random).map_err(|error| match error {
            MakeError::BadRecipientKey => WalletError::NoPaymentKey,
            _ => WalletError::Contradiction("a method or a counter is 0"),
        })?;
        let unsigned = draft.with_pin(pin_key);
        let display_s = bundle.limits.display_s.min(DISPLAY_S_MAX);
        let mut hints = status::hints(enrolled, bundle, now);
        if !(evidence | seen).contains(Evidence::SENSORS_RAN) {
            hints.push(Hint::SensorsNotRun);
        }
        // From here on nothing fails: the counter is used up.
        enrolled.clock = clock;
        enrolled.counter = counter;
        enrolled.last_code_at = Some(now);
        let outline = Outline {
            counter,
            method,
            cap: Money::new(cap.amount_minor(), currency),
            terminal,
            made_at: now,
            expires_at: now.plus_s(i64::from(display_s)).min(session.until()),
            hints,
        };
        Ok(PendingCode { unsigned, outline })
    }
}

/// The bundle, if it is valid by what the phone knows of the time.
fn bundle_now(enrolled: &Enrolled, realm: &RealmFile, now: Timestamp) -> Result<KeyBundle, WalletError> {
    let at = enrolled.server_time(now);
    let verified = KeyBundle::verify(
        &enrolled.key_bundle,
        &realm.root_public_key,
        &realm.realm,
        at,
        enrolled.key_bundle_sequence,
    );
    verified.map_err(|error| match error {
        ProtocolError::Expired(_) => WalletError::KeysExpired,
        other => WalletError::Refused(other),
    })
}

/// Whether going online still helps.
fn expired(enrolled: &Enrolled, end: Timestamp, server_now: Timestamp) -> WalletError {
    if enrolled.renewable_until.is_none_or(|until| server_now < until) {
        WalletError::CertificateExpired(end)
    } else {
        WalletError::CertificateEnded(end)
    }
}

/// Refuses only where this phone itself has to act before a code can be any good. A lock may have been lifted
/// without the phone knowing: that is a hint.
fn check_standing(enrolled: &Enrolled) -> Result<(), WalletError> {
    match enrolled.standing {
        EnrolmentStatusName::Revoked => Err(WalletError::Revoked),
        EnrolmentStatusName::Unsynchronised => Err(WalletError::Unsynchronised),
        _ => Ok(()),
    }
}

fn only_active(methods: &[MethodView]) -> Result<&MethodView, WalletError> {
    let mut active = methods.iter().filter(|method| method.state == MethodStateName::Active);
    match (active.next(), active.next()) {
        (Some(method), None) => Ok(method),
        (None, _) => Err(WalletError::NoMethod),
        (Some(_), Some(_)) => {
            let all = methods.iter().filter(|method| method.state == MethodStateName::Active);
            Err(WalletError::MethodNotChosen(all.map(|method| method.slot).collect()))
        }
    }
}
