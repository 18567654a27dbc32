//! What the phone keeps between two uses. Private inside: it changes only by the steps of this crate.

use core::fmt;

use api::app::AppNotice;
use api::phone::{EnrolmentStatusName, MethodView};
use crypto::{Secret, x509};
use model::{Counter, EnrolmentId, MethodSlot, Timestamp};
use protocol::{
    error::ProtocolError,
    key_bundle::{Der, KeyBundle, SignedKeyBundle},
    payment_code::PinGeneration,
    realm_file::RealmFile,
    short_text::ShortText,
};
use serde::{Deserialize, Serialize};

use crate::{
    WalletError, clock::ClockKnowledge, confirmations::History, devices::Notices, pin_change::ChangingPin,
    secret_text,
};

/// The most methods that a wallet keeps: a slot is one byte.
pub const METHODS_MAX: usize = 255;

/// The whole wallet but for the vault's keys. Store it sealed ([`State::seal`]) after every step that says so.
#[derive(Clone)]
pub struct State {
    pub(crate) realm: RealmFile,
    pub(crate) stage: Stage,
}

/// How far the wallet has come.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// Nothing yet.
    New,
    /// A request was made and may have been sent; the same bytes are sent until they are answered.
    Activating(Activating),
    /// Ready.
    Enrolled(Box<Enrolled>),
}

/// An activation that waits for its reply.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Activating {
    #[serde(with = "secret_text::public")]
    pub(crate) request: Vec<u8>,
    #[serde(with = "secret_text")]
    pub(crate) reply_key: Secret<32>,
    #[serde(with = "secret_text")]
    pub(crate) pin_secret: Secret<32>,
    pub(crate) begun_at: Timestamp,
}

/// What an activated wallet keeps.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrolled {
    pub(crate) enrolment: EnrolmentId,
    pub(crate) certificate: Der,
    pub(crate) customer_name: Option<ShortText>,
    pub(crate) key_bundle: SignedKeyBundle,
    /// The server's time when the bundle was accepted: confirmations are read with its keys even after it expired.
    pub(crate) key_bundle_at: Timestamp,
    pub(crate) key_bundle_sequence: u64,
    /// The highest counter used; the next code has a higher one.
    pub(crate) counter: Counter,
    #[serde(with = "secret_text")]
    pub(crate) pin_secret: Secret<32>,
    pub(crate) pin_generation: PinGeneration,
    /// A PIN change whose end is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) changing_pin: Option<ChangingPin>,
    /// Whether the server said that the PIN was changed with another copy of this wallet.
    #[serde(default)]
    pub(crate) has_other_pin: bool,
    pub(crate) methods: Vec<MethodView>,
    pub(crate) confirmations: History,
    pub(crate) clock: ClockKnowledge,
    /// How the server said that the enrolment stands.
    pub(crate) standing: EnrolmentStatusName,
    /// The server's time of that word: an older confirmation does not overrule it.
    pub(crate) standing_at: Timestamp,
    pub(crate) pin_tries_left: Option<u8>,
    /// Until when no PIN is looked at, as the server last said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pin_blocked_until: Option<Timestamp>,
    /// Until when the certificate can be renewed, as the server last said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) renewable_until: Option<Timestamp>,
    /// What was told of the customer's devices.
    #[serde(default)]
    pub(crate) notices: Notices,
    /// What the server said of the app that this phone runs; none if it does not judge it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) app: Option<AppNotice>,
    /// The version of the latest list of rules for sensors, as the server said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) rules_announced: Option<u32>,
    /// The version of the list that was taken last; 0 if none was. None that is older is taken.
    #[serde(default)]
    pub(crate) rules_taken: u32,
    /// The phone's time of the last exchange with the server.
    pub(crate) last_online_at: Timestamp,
    pub(crate) activated_at: Timestamp,
    /// The phone's time of the last code.
    pub(crate) last_code_at: Option<Timestamp>,
}

impl State {
    /// A wallet that is not activated, for the installation that its app ships with.
    #[must_use]
    pub fn new(realm: RealmFile) -> Self {
        Self { realm, stage: Stage::New }
    }

    /// The installation that the wallet belongs to.
    #[must_use]
    pub fn realm_file(&self) -> &RealmFile {
        &self.realm
    }

    /// Takes the file that an updated app ships with: its version, the server's address and roots. Store the state
    /// afterwards, and ask how the wallet stands: the server learns the app's version by that.
    ///
    /// # Errors
    /// [`WalletError::Contradiction`] for another installation's file, or one that trusts another root key: nothing is
    /// changed then.
    pub fn update_app(&mut self, realm: RealmFile) -> Result<(), WalletError> {
        if realm.realm != self.realm.realm || realm.root_public_key != self.realm.root_public_key {
            return Err(WalletError::Contradiction("the new app belongs to another installation"));
        }
        if realm.app.id != self.realm.app.id {
            return Err(WalletError::Contradiction(
                "that is another app; activate it with a code of its own",
            ));
        }
        self.realm = realm;
        Ok(())
    }

    /// The enrolment, once activated.
    #[must_use]
    pub fn enrolment(&self) -> Option<EnrolmentId> {
        self.enrolled().ok().map(|enrolled| enrolled.enrolment)
    }

    /// The highest counter used; 0 before the first code and before activation.
    #[must_use]
    pub fn counter(&self) -> Counter {
        self.enrolled().map_or(Counter(0), |enrolled| enrolled.counter)
    }

    /// The payment methods as the server last gave them.
    #[must_use]
    pub fn methods(&self) -> &[MethodView] {
        self.enrolled().map_or(&[], |enrolled| &enrolled.methods)
    }

    /// The server's time at the phone's time `now`, as well as the phone can know it: for signing requests.
    #[must_use]
    pub fn server_time(&self, now: Timestamp) -> Timestamp {
        self.enrolled().map_or(now, |enrolled| enrolled.server_time(now))
    }

    /// Milliseconds by which the phone's clock was ahead of the server's when they were compared.
    #[must_use]
    pub fn clock_offset_ms(&self) -> i64 {
        self.enrolled().map_or(0, |enrolled| enrolled.clock.offset_ms())
    }

    pub(crate) fn enrolled(&self) -> Result<&Enrolled, WalletError> {
        match &self.stage {
            Stage::Enrolled(enrolled) => Ok(enrolled),
            Stage::New => Err(WalletError::NotActivated),
            Stage::Activating(_) => Err(WalletError::ActivationUnderWay),
        }
    }

    /// The enrolment's part to be changed, and the installation to judge by.
    pub(crate) fn enrolled_mut(&mut self) -> Result<(&mut Enrolled, &RealmFile), WalletError> {
        match &mut self.stage {
            Stage::Enrolled(enrolled) => Ok((enrolled, &self.realm)),
            Stage::New => Err(WalletError::NotActivated),
            Stage::Activating(_) => Err(WalletError::ActivationUnderWay),
        }
    }
}

impl State {
    /// The server's keys as they were accepted, whatever the time is now.
    pub(crate) fn keys_as_accepted(&self) -> Result<KeyBundle, WalletError> {
        Ok(self.enrolled()?.bundle_as_accepted(&self.realm)?)
    }
}

impl Enrolled {
    /// The bundle's content as it was accepted, whatever the time is now.
    pub(crate) fn bundle_as_accepted(&self, realm: &RealmFile) -> Result<KeyBundle, ProtocolError> {
        KeyBundle::verify(&self.key_bundle, &realm.root_public_key, &realm.realm, self.key_bundle_at, 0)
    }

    /// The server's time at the phone's time `now`: whatever the phone's clock shows, it is not before the last
    /// exchange.
    pub(crate) fn server_time(&self, now: Timestamp) -> Timestamp {
        self.clock.server_time(now).max(self.key_bundle_at)
    }

    /// The end of the device certificate.
    pub(crate) fn certificate_ends_at(&self) -> Option<Timestamp> {
        let certificate = x509::Certificate::read(self.certificate.as_bytes()).ok()?;
        i64::try_from(certificate.not_after_s()).ok().map(Timestamp::from_s)
    }

    pub(crate) fn method(&self, slot: MethodSlot) -> Option<&MethodView> {
        self.methods.iter().find(|method| method.slot == slot)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match &self.stage {
            Stage::New => "new".to_owned(),
            Stage::Activating(_) => "activating".to_owned(),
            Stage::Enrolled(enrolled) => format!("{}, counter {}", enrolled.enrolment, enrolled.counter.0),
        };
        write!(f, "State({}, {stage}, redacted)", self.realm.realm)
    }
}

/// The state's form in JSON, before sealing.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stored {
    realm_file: String,
    stage: Stage,
}

impl Stored {
    pub(crate) fn from_state(state: &State) -> Self {
        let realm_file = state.realm.to_json().expect("a realm file that was read can be written");
        Self { realm_file, stage: state.stage.clone() }
    }

    /// None if it cannot be one that this program wrote.
    pub(crate) fn into_state(self) -> Option<State> {
        let realm = RealmFile::parse(self.realm_file.as_bytes()).ok()?;
        if let Stage::Enrolled(enrolled) = &self.stage
            && enrolled.bundle_as_accepted(&realm).is_err()
        {
            return None;
        }
        Some(State { realm, stage: self.stage })
    }
}
