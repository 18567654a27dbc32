//! The customer's other devices (`spec/device-life.md`): the list of them, what is asked with the PIN, and what the wallet
//! is told of them.

use api::device::{DevicePage, DeviceView, MoveRequest, NoticeView, RevokeRequest};
use crypto::{Random, hpke::Decapsulate};
use data_encoding::BASE64URL_NOPAD;
use model::{EnrolmentId, Timestamp};
use protocol::{
    error::ProtocolError,
    key_bundle::KeyBundle,
    notice::{NOTICE_LEN_MAX, Notice, NoticeBy, NoticeKind, SealedNotice},
    payment_code::{Pin, PinKey, PinSecret},
    pin_proof::{PinProof, PinProofPurpose},
};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

use crate::{State, WalletError};

/// The most notices that are kept; older ones make room.
pub const NOTICES_KEPT_MAX: usize = 100;
/// The most devices that a list may have.
const DEVICES_MAX: usize = 255;

/// A notice whose signature was checked when it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptNotice {
    /// Its place among the customer's, from 1.
    pub sequence: u32,
    /// What happened.
    pub kind: NoticeKind,
    /// To which device.
    pub about: EnrolmentId,
    /// What that device was called then; empty if nothing.
    pub device_name: String,
    /// By whom.
    pub by: NoticeBy,
    /// The server's clock when it happened.
    pub at: Timestamp,
}

/// The notices that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Notices {
    /// The last that came, or could not be read.
    through: u32,
    /// The last that the customer has looked at.
    #[serde(default)]
    seen: u32,
    kept: VecDeque<KeptNotice>,
}

/// What a page of notices brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticesOutcome {
    /// What is new, in order.
    pub new: Vec<KeptNotice>,
    /// Places whose notice could not be read, and why. They are passed over.
    pub unreadable: Vec<(u32, WalletError)>,
}

impl State {
    /// The last notice that came: what is to be fetched is after it.
    #[must_use]
    pub fn noticed_through(&self) -> u32 {
        self.enrolled().map_or(0, |enrolled| enrolled.notices.through)
    }

    /// The notices that are kept, the oldest first.
    pub fn notices(&self) -> impl DoubleEndedIterator<Item = &KeptNotice> {
        self.enrolled().ok().into_iter().flat_map(|enrolled| &enrolled.notices.kept)
    }

    /// Whether the customer has not looked at a notice yet. What was done on this phone is no news to whoever holds it.
    #[must_use]
    pub fn is_unread(&self, notice: &KeptNotice) -> bool {
        let Ok(enrolled) = self.enrolled() else { return false };
        notice.sequence > enrolled.notices.seen && notice.by != NoticeBy::Device(enrolled.enrolment)
    }

    /// Whether a notice tells of what another may have done in the customer's name to get at the money: another phone
    /// was activated, a PIN set anew by a code, or another phone is to take one's place; and not from this phone.
    #[must_use]
    pub fn is_alarming(&self, notice: &KeptNotice) -> bool {
        let is_way_in =
            matches!(notice.kind, NoticeKind::Activated | NoticeKind::PinReset | NoticeKind::MoveBegun);
        is_way_in && self.enrolment().is_some_and(|own| notice.by != NoticeBy::Device(own))
    }

    /// The customer has looked at the notices up to this one, and no later one. Store the state afterwards.
    ///
    /// # Errors
    /// [`WalletError::NotActivated`].
    pub fn see_notices(&mut self, through: u32) -> Result<(), WalletError> {
        let (enrolled, _) = self.enrolled_mut()?;
        let Notices { seen, through: come, .. } = &mut enrolled.notices;
        *seen = (*seen).max(through.min(*come));
        Ok(())
    }

    /// Takes what the server has after [`State::noticed_through`], in its order. `confirmation_key` is the vault's. Store
    /// the state afterwards.
    ///
    /// What cannot be read is passed over and told, if it was signed for this place or follows what is here.
    ///
    /// # Errors
    /// [`WalletError::Refused`] with `KeyUnknown` where the present key bundle must be fetched first;
    /// [`WalletError::Contradiction`] for a page out of order; [`WalletError::NotActivated`].
    pub fn receive_notices(
        &mut self,
        views: &[NoticeView],
        confirmation_key: &dyn Decapsulate,
    ) -> Result<NoticesOutcome, WalletError> {
        let mut outcome = NoticesOutcome::default();
        let through = self.noticed_through();
        let in_order = views.windows(2).all(|pair| pair[0].sequence < pair[1].sequence);
        if !in_order || views.first().is_some_and(|view| view.sequence <= through) {
            return Err(WalletError::Contradiction("notices are out of order"));
        }
        if views.is_empty() {
            return Ok(outcome);
        }
        let keys = self.keys_as_accepted()?;
        for view in views {
            match self.open_notice(view, confirmation_key, &keys) {
                Ok(notice) => {
                    let kept = kept(notice);
                    outcome.new.push(kept.clone());
                    let (enrolled, _) = self.enrolled_mut()?;
                    enrolled.notices.kept.push_back(kept);
                    if enrolled.notices.kept.len() > NOTICES_KEPT_MAX {
                        enrolled.notices.kept.pop_front();
                    }
                    enrolled.notices.through = view.sequence;
                }
                Err(error @ WalletError::Refused(ProtocolError::KeyUnknown(_))) => return Err(error),
                Err(error) => {
                    outcome.unreadable.push((view.sequence, error));
                    // Only what opened is signed; what did not may not make the wallet jump far ahead.
                    let (enrolled, _) = self.enrolled_mut()?;
                    if Some(view.sequence) == enrolled.notices.through.checked_add(1) {
                        enrolled.notices.through = view.sequence;
                    }
                }
            }
        }
        Ok(outcome)
    }

    fn open_notice(
        &self,
        view: &NoticeView,
        confirmation_key: &dyn Decapsulate,
        keys: &KeyBundle,
    ) -> Result<Notice, WalletError> {
        let sealed = unwrap_notice(view)?;
        let signing_key = |id| keys.confirmation_key(id);
        let notice = sealed.open(confirmation_key, signing_key, &self.realm.realm)?;
        if notice.sequence != view.sequence {
            return Err(WalletError::Contradiction("a notice is not at the place where it belongs"));
        }
        Ok(notice)
    }

    /// The customer's devices, this one among them, as the server's list says.
    ///
    /// # Errors
    /// [`WalletError::Contradiction`] for a list that cannot be; [`WalletError::NotActivated`].
    pub fn read_devices(&self, page: DevicePage) -> Result<Vec<DeviceView>, WalletError> {
        let own = self.enrolled()?.enrolment;
        let devices = page.devices;
        let is_whole = devices.len() <= DEVICES_MAX
            && devices.iter().all(|device| device.is_this == (device.id == own))
            && devices
                .iter()
                .enumerate()
                .all(|(at, one)| devices[..at].iter().all(|other| other.id != one.id));
        if is_whole {
            Ok(devices)
        } else {
            Err(WalletError::Contradiction("the list of devices is not one that can be"))
        }
    }

    /// What to revoke a device with, for good: `pin` is this phone's. Whether it is right only the server can tell.
    ///
    /// # Errors
    /// [`WalletError::NotActivated`]; [`WalletError::PinChangeUnderWay`]: which PIN is good is not known then.
    pub fn revoke_request(
        &self,
        target: EnrolmentId,
        lost: bool,
        last: bool,
        pin: &Pin,
        random: &mut dyn Random,
    ) -> Result<RevokeRequest, WalletError> {
        let pin_proof = self.pin_proof(PinProofPurpose::Revoke(target), pin, random)?;
        Ok(RevokeRequest { pin_proof, lost, last })
    }

    /// What to ask a code with for the phone that takes this one's place.
    ///
    /// # Errors
    /// As [`State::revoke_request`].
    pub fn move_request(&self, pin: &Pin, random: &mut dyn Random) -> Result<MoveRequest, WalletError> {
        Ok(MoveRequest { pin_proof: self.pin_proof(PinProofPurpose::Move, pin, random)? })
    }

    fn pin_proof(
        &self,
        purpose: PinProofPurpose,
        pin: &Pin,
        random: &mut dyn Random,
    ) -> Result<serde_json::Value, WalletError> {
        let proof = self.make_pin_proof(purpose, pin, random)?;
        Ok(serde_json::to_value(proof).expect("a proof has string keys and no failing parts"))
    }

    /// That `pin` is known here, if it is the right one.
    pub(crate) fn make_pin_proof(
        &self,
        purpose: PinProofPurpose,
        pin: &Pin,
        random: &mut dyn Random,
    ) -> Result<PinProof, WalletError> {
        let enrolled = self.enrolled()?;
        if enrolled.changing_pin.is_some() {
            return Err(WalletError::PinChangeUnderWay);
        }
        let key = PinKey::derive(&PinSecret::from_secret(enrolled.pin_secret.clone()), pin);
        let (realm, generation) = (&self.realm.realm, enrolled.pin_generation);
        Ok(PinProof::make(realm, enrolled.enrolment, purpose, generation, &key, random))
    }
}

/// The sealed bytes in the API's form.
///
/// # Errors
/// [`WalletError::Refused`] for text that is no notice.
pub fn unwrap_notice(view: &NoticeView) -> Result<SealedNotice, WalletError> {
    // Base64 is a third longer than what it holds.
    if view.sealed.len() > NOTICE_LEN_MAX * 2 {
        return Err(ProtocolError::Size("notice").into());
    }
    let bytes = BASE64URL_NOPAD.decode(view.sealed.as_bytes());
    let bytes = bytes.map_err(|_| ProtocolError::Malformed("notice"))?;
    Ok(SealedNotice::from_bytes(bytes)?)
}

fn kept(notice: Notice) -> KeptNotice {
    KeptNotice {
        sequence: notice.sequence,
        kind: notice.kind,
        about: notice.about,
        device_name: notice.device_name.map(String::from).unwrap_or_default(),
        by: notice.by,
        at: notice.at_ms,
    }
}
