//! What one PIN entry allows: a code, and for a short time a few renewals without entering the PIN again.
//!
//! The session holds the derived PIN key, never the PIN, and only in memory. Drop or [`PinSession::wipe`] it when
//! the code is hidden, when the payment's result is there, and when it is over.

use core::fmt;

use model::{MethodSlot, TerminalNumber, Timestamp};
use protocol::payment_code::{Cap, PinGeneration, PinKey};

/// The most renewals of one PIN entry, whatever the server's limits say (`spec/payment-code.md`, chapter 4).
pub const RENEWALS_MAX: u16 = 3;
/// How long after the PIN entry the last renewed code may be made and shown, seconds.
pub const RENEW_WITHIN_S: u16 = 180;

/// One PIN entry.
pub struct PinSession {
    pin_key: Option<PinKey>,
    entered_at: Timestamp,
    until: Timestamp,
    renewals_left: u16,
    pub(crate) choice: Choice,
}

/// What was chosen when the PIN was entered; renewals keep to it.
#[derive(Clone, Copy)]
pub(crate) struct Choice {
    pub(crate) method: MethodSlot,
    pub(crate) cap: Cap,
    pub(crate) terminal: Option<TerminalNumber>,
    /// Of the PIN that was entered: a change meanwhile does not make its key another generation's.
    pub(crate) pin_generation: PinGeneration,
}

impl PinSession {
    pub(crate) fn new(
        pin_key: PinKey,
        choice: Choice,
        entered_at: Timestamp,
        renewals_max: u16,
        total_s_max: u16,
    ) -> Self {
        Self {
            pin_key: Some(pin_key),
            entered_at,
            until: entered_at.plus_s(i64::from(total_s_max.min(RENEW_WITHIN_S))),
            renewals_left: renewals_max.min(RENEWALS_MAX),
            choice,
        }
    }

    /// How many more codes can be made at `now` without entering the PIN.
    #[must_use]
    pub fn renewals_left(&self, now: Timestamp) -> u16 {
        let is_open = self.pin_key.is_some() && self.entered_at <= now && now < self.until;
        if is_open { self.renewals_left } else { 0 }
    }

    /// When the last code of this PIN entry is no longer shown.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// Forgets the PIN key. Nothing can be renewed afterwards.
    pub fn wipe(&mut self) {
        self.pin_key = None;
        self.renewals_left = 0;
    }

    /// The PIN key for one renewal at `now`, if there is one; else it is wiped.
    pub(crate) fn key_for_renewal(&mut self, now: Timestamp) -> Option<PinKey> {
        if self.renewals_left(now) == 0 {
            self.wipe();
        }
        self.pin_key.clone()
    }

    /// Counts a renewal that was made.
    pub(crate) fn count_renewal(&mut self) {
        self.renewals_left = self.renewals_left.saturating_sub(1);
        if self.renewals_left == 0 {
            self.wipe();
        }
    }
}

impl fmt::Debug for PinSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PinSession({} renewals, redacted)", self.renewals_left)
    }
}
