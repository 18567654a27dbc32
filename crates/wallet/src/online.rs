//! What the server's answers to an online phone change: keys, counter, clock, standing, methods.

use api::app::{AppNotice, CustomerTexts};
use api::phone::{EnrolmentView, MethodPage, MethodStateName, MethodView, ResyncRequest};
use model::{Counter, MethodSlot, Timestamp};
use protocol::key_bundle::{KeyBundle, SignedKeyBundle};
use protocol::payment_code::PinGeneration;
use protocol::short_text::is_showable;

use crate::{METHODS_MAX, State, WalletError};

/// The most characters of a message to the customer that is kept.
const MESSAGE_CHARS_MAX: usize = 280;

/// What an [`EnrolmentView`] changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnrolmentChange {
    /// Whether the server's keys or limits are others now.
    pub has_new_keys: bool,
    /// Whether the server had seen higher counters than this wallet knew of: it was restored from a backup.
    pub was_behind: bool,
    /// How many confirmations wait at the server.
    pub confirmations_waiting: u32,
}

/// The notice, without words that could steer a screen, or that are no message any more.
fn showable(mut notice: AppNotice) -> AppNotice {
    let fits = |text: &String| text.chars().count() <= MESSAGE_CHARS_MAX && text.chars().all(is_showable);
    let has_words =
        |texts: &CustomerTexts| [&texts.en, &texts.de, &texts.fr, &texts.it].into_iter().all(fits);
    notice.message = notice.message.filter(has_words);
    notice.cause = notice.cause.filter(fits);
    notice
}

impl State {
    /// Takes the server's word on the enrolment, asked for at `sent_at`, both times by the phone's clock. Store the
    /// state afterwards.
    ///
    /// The counter never goes back, and neither does the key bundle's sequence.
    ///
    /// # Errors
    /// [`WalletError::Refused`] for a key bundle that is not the root's, of another realm, expired or rolled back:
    /// nothing is changed then. [`WalletError::NotActivated`].
    pub fn apply_enrolment(
        &mut self,
        view: &EnrolmentView,
        sent_at: Timestamp,
        now: Timestamp,
    ) -> Result<EnrolmentChange, WalletError> {
        let (enrolled, realm) = self.enrolled_mut()?;
        let server_time = Timestamp::from_ms(view.server_time_ms);
        let json = serde_json::to_vec(&view.key_bundle).expect("a JSON value can be written");
        let signed = SignedKeyBundle::from_json(&json)?;
        let known = enrolled.key_bundle_sequence;
        let bundle = KeyBundle::verify(&signed, &realm.root_public_key, &realm.realm, server_time, known)?;
        let has_new_keys = enrolled.key_bundle != signed && enrolled.bundle_as_accepted(realm)? != bundle;
        enrolled.key_bundle = signed;
        enrolled.key_bundle_at = server_time;
        enrolled.key_bundle_sequence = bundle.sequence;
        let was_behind = enrolled.counter.0 < view.counter;
        enrolled.counter = Counter(enrolled.counter.0.max(view.counter));
        enrolled.standing = view.status;
        enrolled.standing_at = server_time;
        enrolled.pin_tries_left = Some(view.pin_tries_left);
        enrolled.pin_blocked_until = view.pin_blocked_until_ms.map(Timestamp::from_ms);
        enrolled.renewable_until =
            Some(view.certificate_renewable_until_ms).filter(|ms| *ms > 0).map(Timestamp::from_ms);
        enrolled.rules_announced = view.rule_list;
        enrolled.app = view.app.clone().map(showable);
        enrolled.learn_pin_generation(PinGeneration(view.pin_generation));
        enrolled.clock.compare(server_time, sent_at, now);
        enrolled.last_online_at = now;
        let confirmations_waiting = view.last_confirmation.saturating_sub(enrolled.confirmations.through());
        Ok(EnrolmentChange { has_new_keys, was_behind, confirmations_waiting })
    }

    /// What to ask a resynchronisation with. Its answer goes to [`State::apply_enrolment`].
    ///
    /// # Errors
    /// [`WalletError::NotActivated`].
    pub fn resync_request(&self) -> Result<ResyncRequest, WalletError> {
        Ok(ResyncRequest { counter: self.enrolled()?.counter.0 })
    }

    /// Takes the server's list of methods in place of the one that is here. Store the state afterwards.
    ///
    /// # Errors
    /// [`WalletError::Contradiction`] for slots that cannot be; [`WalletError::NotActivated`].
    pub fn apply_methods(&mut self, page: MethodPage) -> Result<(), WalletError> {
        let (enrolled, _) = self.enrolled_mut()?;
        let mut methods = page.methods;
        methods.retain(|method| method.state != MethodStateName::Removed);
        methods.sort_by_key(|method| method.slot);
        let twice = methods.windows(2).any(|pair| pair[0].slot == pair[1].slot);
        if twice || methods.len() > METHODS_MAX || methods.iter().any(|method| method.slot.0 == 0) {
            return Err(WalletError::Contradiction("the list of methods is not one that can be"));
        }
        enrolled.methods = methods;
        Ok(())
    }

    /// Takes the server's word on one method: added, proved or removed. Store the state afterwards.
    ///
    /// # Errors
    /// As [`State::apply_methods`].
    pub fn apply_method(&mut self, method: MethodView) -> Result<(), WalletError> {
        let mut methods = self.enrolled()?.methods.clone();
        methods.retain(|known| known.slot != method.slot);
        methods.push(method);
        self.apply_methods(MethodPage { methods, providers: Vec::new() })
    }

    /// Forgets a method that the server removed. Store the state afterwards.
    ///
    /// # Errors
    /// [`WalletError::NotActivated`].
    pub fn forget_method(&mut self, slot: MethodSlot) -> Result<(), WalletError> {
        let (enrolled, _) = self.enrolled_mut()?;
        enrolled.methods.retain(|known| known.slot != slot);
        Ok(())
    }
}
