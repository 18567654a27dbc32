//! How the wallet stands, to be shown; and what the customer should know before a payment fails for it.

use core::fmt;

use api::app::{AppNotice, AppStateName};
use api::phone::{EnrolmentStatusName, MethodStateName, MethodView};
use model::{EnrolmentId, Money, Timestamp};
use protocol::{key_bundle::KeyBundle, payment_code::ClockConfidence};
use serde::Serialize;

use crate::{
    State,
    state::{Enrolled, Stage},
};

const DAY_MS: i64 = 86_400_000;

/// How far the wallet has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Not activated.
    New,
    /// An activation request waits for its reply.
    Activating,
    /// Activated.
    Enrolled,
}

/// Something that the customer should know; none of it stops a code from being made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "hint")]
#[non_exhaustive]
pub enum Hint {
    /// The server said that the wallet is locked; it may have been unlocked since.
    Locked {
        /// How it is locked.
        status: EnrolmentStatusName,
    },
    /// Too many wrong PINs: none is looked at for a while.
    PinBlocked {
        /// Until when, by the server's clock.
        until: Timestamp,
    },
    /// The device certificate ends soon, or has ended: going online renews it.
    CertificateEndsSoon {
        /// When it ends.
        at: Timestamp,
    },
    /// Whether the last PIN change was done is not known yet; the PIN before it is the one to use until then.
    PinChangeUnderWay,
    /// The PIN was changed with another copy of this wallet: this one must be activated anew.
    PinChangedElsewhere,
    /// The app may not pay any longer: it must be updated.
    AppBlocked,
    /// The app must be updated before this moment.
    AppUpdateNeeded {
        /// From when on it is blocked, by the server's clock.
        before: Timestamp,
    },
    /// There is a newer version of the app.
    AppUpdateAvailable,
    /// So long without a network that payments may be limited or refused.
    OfflineTooLong {
        /// Whole days since the last exchange.
        days: i64,
    },
    /// The server's keys expire within a day: then no more codes can be made without a network.
    KeysExpireSoon,
    /// The clock went back, or was never compared.
    ClockUnsure,
    /// The clock is off by more than is corrected for: payments will be refused until it is set.
    ClockFarOff {
        /// Seconds by which it is ahead.
        offset_s: i64,
    },
    /// The cap is lower than what was asked for: a code cannot hold that amount exactly.
    CapRounded {
        /// What was asked for.
        asked: Money,
    },
    /// No security sensors ran, and the code says so: the server may allow less.
    SensorsNotRun,
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked { status: EnrolmentStatusName::LockedPin } => {
                f.write_str("The server has locked this wallet after wrong PINs; ask for it to be unlocked.")
            }
            Self::Locked { .. } => {
                f.write_str("The server has locked this wallet; ask for it to be unlocked.")
            }
            Self::PinBlocked { until } => {
                write!(f, "After too many wrong PINs none is looked at until {until}.")
            }
            Self::CertificateEndsSoon { at } => {
                write!(f, "This wallet's certificate ends at {at}; go online, and it is renewed.")
            }
            Self::PinChangeUnderWay => f.write_str(
                "The new PIN is not confirmed yet; use the one before it, and open the wallet where there is a network.",
            ),
            Self::PinChangedElsewhere => f.write_str(
                "The PIN was changed with another copy of this wallet; activate this one anew.",
            ),
            Self::AppBlocked => {
                f.write_str("This version of the app may not pay any longer; install the latest one.")
            }
            Self::AppUpdateNeeded { before } => {
                write!(f, "This version of the app may pay until {before} only; install the latest one.")
            }
            Self::AppUpdateAvailable => f.write_str("There is a newer version of the app."),
            Self::OfflineTooLong { days } => {
                write!(
                    f,
                    "This wallet has been offline for {days} days; payments may be limited until it is online."
                )
            }
            Self::KeysExpireSoon => f.write_str("The server's keys expire soon; go online within a day."),
            Self::ClockUnsure => {
                f.write_str("The clock was not compared with the server's since it was changed.")
            }
            Self::ClockFarOff { offset_s } => {
                write!(f, "The clock is off by {} hours; set it.", offset_s / 3_600)
            }
            Self::CapRounded { asked } => {
                write!(f, "A code cannot hold a cap of exactly {asked}; the cap is the next one below.")
            }
            Self::SensorsNotRun => f.write_str(
                "No security sensors ran on this device, and the code says so; the server may allow less.",
            ),
        }
    }
}

/// How the wallet stands, as it knows itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// How far it has come.
    pub phase: Phase,
    /// The installation that it belongs to.
    pub realm: String,
    /// The server.
    pub server_url: String,
    /// The enrolment.
    pub enrolment: Option<EnrolmentId>,
    /// The customer's name, if the server gave it.
    pub customer_name: Option<String>,
    /// How the server last said that the enrolment stands.
    pub standing: Option<EnrolmentStatusName>,
    /// PIN tries left, as the server last said.
    pub pin_tries_left: Option<u8>,
    /// The app's version, as it was shipped.
    pub app_version: String,
    /// What the server last said of the app, if it judges it.
    pub app: Option<AppNotice>,
    /// The version of the list of rules for sensors; none if there is none.
    pub rules_version: Option<u32>,
    /// The highest counter used.
    pub counter: u32,
    /// Methods that can pay.
    pub methods: Vec<MethodView>,
    /// Place up to which all confirmations have come.
    pub confirmed_through: u32,
    /// The last exchange with the server, by the phone's clock.
    pub last_online_at: Option<Timestamp>,
    /// When the wallet was activated, by the phone's clock.
    pub activated_at: Option<Timestamp>,
    /// When the device certificate ends.
    pub certificate_ends_at: Option<Timestamp>,
    /// When the server's keys expire.
    pub keys_expire_at: Option<Timestamp>,
    /// The number of the server's key bundle.
    pub keys_sequence: Option<u64>,
    /// Seconds by which the clock was ahead of the server's when they were compared.
    pub clock_offset_s: Option<i64>,
    /// How sure the wallet is of its clock.
    pub clock_confidence: Option<ClockConfidence>,
    /// What the customer should know.
    pub hints: Vec<Hint>,
}

impl State {
    /// How the wallet stands at the phone's time `now`. Asks nobody.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Status {
        let phase = match &self.stage {
            Stage::New => Phase::New,
            Stage::Activating(_) => Phase::Activating,
            Stage::Enrolled(_) => Phase::Enrolled,
        };
        let enrolled = self.enrolled().ok();
        let bundle = enrolled.and_then(|enrolled| enrolled.bundle_as_accepted(&self.realm).ok());
        let active = |method: &&MethodView| method.state == MethodStateName::Active;
        Status {
            phase,
            realm: self.realm.realm.to_string(),
            server_url: self.realm.server_url.clone(),
            enrolment: self.enrolment(),
            customer_name: enrolled.and_then(|e| e.customer_name.as_ref()).map(ToString::to_string),
            standing: enrolled.map(|e| e.standing),
            pin_tries_left: enrolled.and_then(|e| e.pin_tries_left),
            app_version: self.realm.app.version.clone(),
            app: enrolled.and_then(|e| e.app.clone()),
            rules_version: self.rules_version(),
            counter: self.counter().0,
            methods: self.methods().iter().filter(active).cloned().collect(),
            confirmed_through: self.confirmed_through(),
            last_online_at: enrolled.map(|e| e.last_online_at),
            activated_at: enrolled.map(|e| e.activated_at),
            certificate_ends_at: enrolled.and_then(Enrolled::certificate_ends_at),
            keys_expire_at: bundle.as_ref().map(|bundle| bundle.expires_at),
            keys_sequence: bundle.as_ref().map(|bundle| bundle.sequence),
            clock_offset_s: enrolled.map(|e| e.clock.offset_s()),
            clock_confidence: enrolled.map(|e| e.clock.confidence(now)),
            hints: enrolled.zip(bundle.as_ref()).map_or_else(Vec::new, |(e, bundle)| hints(e, bundle, now)),
        }
    }
}

/// What the customer should know at `now`.
pub(crate) fn hints(enrolled: &Enrolled, bundle: &KeyBundle, now: Timestamp) -> Vec<Hint> {
    let mut hints = Vec::new();
    if !matches!(
        enrolled.standing,
        EnrolmentStatusName::Active | EnrolmentStatusName::Unsynchronised | EnrolmentStatusName::Revoked
    ) {
        hints.push(Hint::Locked { status: enrolled.standing });
    }
    let server_now = enrolled.server_time(now);
    if let Some(until) = enrolled.pin_blocked_until.filter(|until| server_now < *until) {
        hints.push(Hint::PinBlocked { until });
    }
    if let Some(at) = enrolled.certificate_ends_at().filter(|_| enrolled.is_renewal_due(server_now)) {
        hints.push(Hint::CertificateEndsSoon { at });
    }
    if enrolled.changing_pin.is_some() {
        hints.push(Hint::PinChangeUnderWay);
    }
    if enrolled.has_other_pin {
        hints.push(Hint::PinChangedElsewhere);
    }
    hints.extend(enrolled.app.as_ref().and_then(|app| app_hint(app, enrolled.server_time(now))));
    let days = now.ms_since(enrolled.last_online_at).div_euclid(DAY_MS);
    if days >= i64::from(bundle.limits.offline_days_max) {
        hints.push(Hint::OfflineTooLong { days });
    }
    if bundle.expires_at.ms_since(enrolled.server_time(now)) < DAY_MS {
        hints.push(Hint::KeysExpireSoon);
    }
    if enrolled.clock.is_far_off() {
        hints.push(Hint::ClockFarOff { offset_s: enrolled.clock.offset_s() });
    } else if enrolled.clock.confidence(now) == ClockConfidence::Unknown {
        hints.push(Hint::ClockUnsure);
    }
    hints
}

/// What the customer should know of the app. A time that has passed since the server's word has passed offline, too.
fn app_hint(app: &AppNotice, server_time: Timestamp) -> Option<Hint> {
    match (app.state, app.needed_before_ms.map(Timestamp::from_ms)) {
        (AppStateName::UpToDate, _) => None,
        (AppStateName::UpdateAvailable, _) => Some(Hint::AppUpdateAvailable),
        (AppStateName::UpdateNeeded, Some(before)) if server_time < before => {
            Some(Hint::AppUpdateNeeded { before })
        }
        (AppStateName::UpdateNeeded | AppStateName::Blocked, _) => Some(Hint::AppBlocked),
    }
}
