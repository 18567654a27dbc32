//! What the phone was told about its payments (`spec/confirmation.md`): opened, checked, put in order, kept.

use std::collections::BTreeMap;

use api::phone::{ConfirmationView, EnrolmentStatusName};
use crypto::hpke::Decapsulate;
use data_encoding::BASE64URL_NOPAD;
use model::{Counter, Money, PaymentId, TerminalNumber, Timestamp};
use protocol::{
    confirmation::{Cause, Confirmation, ConfirmationKind, SEALED_LEN_MAX, SealedConfirmation},
    error::ProtocolError,
    key_bundle::KeyBundle,
};
use serde::{Deserialize, Serialize};

use crate::{State, WalletError, state::Enrolled};

/// The most confirmations that are kept; older ones make room.
pub const CONFIRMATIONS_KEPT_MAX: usize = 200;

/// A confirmation whose signature was checked when it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptConfirmation {
    /// Its place among this wallet's, from 1.
    pub sequence: u32,
    /// `authorised`, `captured`, `declined`, `voided`, `expired`, `refunded`, `notice`.
    pub kind: String,
    /// The payment; none in a notice.
    pub payment: Option<PaymentId>,
    /// The payment code's number; none in a notice.
    pub counter: Option<Counter>,
    /// The server's clock when it happened.
    pub at: Timestamp,
    /// How much was held, captured, refused or refunded; none in a notice.
    pub amount: Option<Money>,
    /// Why, in a refusal or a notice: the name in the specification, `cause_N` for one that has none.
    pub cause: Option<String>,
    /// The till.
    pub terminal: Option<TerminalNumber>,
    /// The shop; may be empty.
    pub merchant: String,
    /// When it came, by the phone's clock.
    pub received_at: Timestamp,
}

impl KeptConfirmation {
    fn new(confirmation: &Confirmation, received_at: Timestamp) -> Self {
        let is_notice = confirmation.kind == ConfirmationKind::Notice;
        let amount = confirmation.currency.map(|currency| Money::new(confirmation.amount_minor, currency));
        Self {
            sequence: confirmation.sequence,
            kind: confirmation.kind.name().to_owned(),
            payment: (!is_notice).then_some(confirmation.payment),
            counter: (!is_notice).then_some(confirmation.counter),
            at: confirmation.at,
            amount,
            cause: (confirmation.cause != Cause::NONE).then(|| confirmation.cause.to_string()),
            terminal: confirmation.terminal,
            merchant: confirmation.merchant.as_str().to_owned(),
            received_at,
        }
    }
}

/// What one confirmation was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Received {
    /// New, and kept now.
    New {
        /// The confirmation.
        confirmation: KeptConfirmation,
        /// Whether others before it have not come yet: fetch them after [`State::confirmed_through`].
        has_gap: bool,
    },
    /// It had come before.
    Known {
        /// Its place.
        sequence: u32,
    },
}

/// What a page from the server brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageOutcome {
    /// What is new, in order.
    pub new: Vec<KeptConfirmation>,
    /// Places whose confirmation could not be opened, and why. They are passed over.
    pub unreadable: Vec<(u32, WalletError)>,
    /// Places that the server does not have any more.
    pub missing: u32,
}

/// The confirmations that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct History {
    /// All up to here have come, or will never come.
    through: u32,
    kept: BTreeMap<u32, KeptConfirmation>,
}

impl History {
    pub(crate) fn through(&self) -> u32 {
        self.through
    }

    pub(crate) fn kept(&self) -> impl DoubleEndedIterator<Item = &KeptConfirmation> {
        self.kept.values()
    }

    fn has(&self, sequence: u32) -> bool {
        sequence <= self.through || self.kept.contains_key(&sequence)
    }

    fn keep(&mut self, confirmation: KeptConfirmation) {
        self.kept.insert(confirmation.sequence, confirmation);
        while self.kept.len() > CONFIRMATIONS_KEPT_MAX {
            self.kept.pop_first();
        }
        self.advance();
    }

    /// Takes all up to `sequence` as settled.
    fn settle(&mut self, sequence: u32) {
        self.through = self.through.max(sequence);
        self.advance();
    }

    fn advance(&mut self) {
        while let Some(next) = self.through.checked_add(1).filter(|next| self.kept.contains_key(next)) {
            self.through = next;
        }
    }
}

impl State {
    /// Takes one sealed confirmation: pushed by the server, or read from a 2D code at a till. `confirmation_key` is
    /// the vault's, or one that was agreed with elsewhere (a browser's). Store the state afterwards if it was new.
    ///
    /// # Errors
    /// [`WalletError::Refused`] if it is forged, changed, for another wallet or signed with a key that is not known
    /// here (go online for the present keys); [`WalletError::NotActivated`].
    pub fn receive(
        &mut self,
        sealed: SealedConfirmation,
        confirmation_key: &dyn Decapsulate,
        now: Timestamp,
    ) -> Result<Received, WalletError> {
        let keys = self.keys_as_accepted()?;
        let confirmation = self.open_confirmation(&sealed, confirmation_key, &keys)?;
        self.keep(&confirmation, now)
    }

    /// Takes one confirmation as the server's API gives it. Store the state afterwards if it was new.
    ///
    /// # Errors
    /// As [`State::receive`]; [`WalletError::Contradiction`] if its place is another than the one inside.
    pub fn receive_view(
        &mut self,
        view: &ConfirmationView,
        confirmation_key: &dyn Decapsulate,
        now: Timestamp,
    ) -> Result<Received, WalletError> {
        let sealed = unwrap_confirmation(view)?;
        let keys = self.keys_as_accepted()?;
        self.receive_at(view.sequence, &sealed, confirmation_key, &keys, now)
    }

    fn receive_at(
        &mut self,
        sequence: u32,
        sealed: &SealedConfirmation,
        confirmation_key: &dyn Decapsulate,
        keys: &KeyBundle,
        now: Timestamp,
    ) -> Result<Received, WalletError> {
        let confirmation = self.open_confirmation(sealed, confirmation_key, keys)?;
        if confirmation.sequence != sequence {
            return Err(WalletError::Contradiction("a confirmation is not at the place where it belongs"));
        }
        self.keep(&confirmation, now)
    }

    /// Takes what the server has after [`State::confirmed_through`], in its order. Store the state afterwards.
    ///
    /// What cannot be opened is passed over and told, so that one bad confirmation does not stop all later ones.
    ///
    /// # Errors
    /// [`WalletError::Refused`] with `KeyUnknown` where the present key bundle must be fetched first: what came before
    /// is kept, the rest can be fetched again. [`WalletError::Contradiction`] for a page out of order.
    pub fn receive_page(
        &mut self,
        views: &[ConfirmationView],
        confirmation_key: &dyn Decapsulate,
        now: Timestamp,
    ) -> Result<PageOutcome, WalletError> {
        let mut outcome = PageOutcome::default();
        let mut last = self.confirmed_through();
        if views.windows(2).any(|pair| pair[0].sequence >= pair[1].sequence) {
            return Err(WalletError::Contradiction("confirmations are out of order"));
        }
        if views.is_empty() {
            return Ok(outcome);
        }
        let keys = self.keys_as_accepted()?;
        for view in views {
            let received = unwrap_confirmation(view)
                .and_then(|sealed| self.receive_at(view.sequence, &sealed, confirmation_key, &keys, now));
            match received {
                Ok(Received::New { confirmation, .. }) => outcome.new.push(confirmation),
                Ok(Received::Known { .. }) => {}
                Err(error @ WalletError::Refused(ProtocolError::KeyUnknown(_))) => return Err(error),
                // Only what opened is signed; what did not may not make the wallet jump ahead.
                Err(error) if Some(view.sequence) == last.checked_add(1) => {
                    outcome.unreadable.push((view.sequence, error));
                }
                Err(error) => return Err(error),
            }
            outcome.missing += view.sequence.saturating_sub(last).saturating_sub(1);
            last = last.max(view.sequence);
            let (enrolled, _) = self.enrolled_mut()?;
            enrolled.confirmations.settle(view.sequence);
        }
        Ok(outcome)
    }

    /// The place up to which all confirmations have come: what to fetch after.
    #[must_use]
    pub fn confirmed_through(&self) -> u32 {
        self.enrolled().map_or(0, |enrolled| enrolled.confirmations.through())
    }

    /// The confirmations that are kept, oldest first; those of a place above `after` only.
    pub fn confirmations(&self, after: u32) -> impl DoubleEndedIterator<Item = &KeptConfirmation> {
        let history = self.enrolled().ok().map(|enrolled| &enrolled.confirmations);
        history.into_iter().flat_map(|history| history.kept()).filter(move |kept| kept.sequence > after)
    }

    fn keep(&mut self, confirmation: &Confirmation, now: Timestamp) -> Result<Received, WalletError> {
        let (enrolled, _) = self.enrolled_mut()?;
        let sequence = confirmation.sequence;
        if enrolled.confirmations.has(sequence) {
            return Ok(Received::Known { sequence });
        }
        let kept = KeptConfirmation::new(confirmation, now);
        enrolled.confirmations.keep(kept.clone());
        learn_standing(enrolled, confirmation);
        let has_gap = enrolled.confirmations.through() < sequence;
        Ok(Received::New { confirmation: kept, has_gap })
    }

    fn open_confirmation(
        &self,
        sealed: &SealedConfirmation,
        confirmation_key: &dyn Decapsulate,
        keys: &KeyBundle,
    ) -> Result<Confirmation, WalletError> {
        let signing_key = |id| keys.confirmation_key(id);
        Ok(sealed.open(confirmation_key, signing_key, &self.realm.realm)?)
    }
}

/// The sealed confirmation in one that the server's API gave: what a confirmation key that is kept elsewhere has to
/// be asked about beforehand.
///
/// # Errors
/// [`WalletError::Refused`] if it is none.
pub fn unwrap_confirmation(view: &ConfirmationView) -> Result<SealedConfirmation, WalletError> {
    // Four characters hold three bytes.
    if view.sealed.len() > SEALED_LEN_MAX.div_ceil(3) * 4 {
        return Err(WalletError::Refused(ProtocolError::Size("confirmation")));
    }
    let bytes = BASE64URL_NOPAD.decode(view.sealed.as_bytes());
    let bytes = bytes.map_err(|_| ProtocolError::Malformed("confirmation"))?;
    Ok(SealedConfirmation::from_bytes(bytes)?)
}

/// A confirmation is signed, so an offline phone learns of its lock from one that a till hands over.
fn learn_standing(enrolled: &mut Enrolled, confirmation: &Confirmation) {
    if confirmation.at <= enrolled.standing_at {
        return;
    }
    match confirmation.cause {
        Cause::PIN_LOCKED => enrolled.standing = EnrolmentStatusName::LockedPin,
        Cause::ENROLMENT_UNSYNCHRONISED => enrolled.standing = EnrolmentStatusName::Unsynchronised,
        _ => return,
    }
    enrolled.standing_at = confirmation.at;
}
