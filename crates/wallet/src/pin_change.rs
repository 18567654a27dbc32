//! A new PIN (`spec/pin-change.md`): begun with both secrets stored, ended by the server's word, whatever is lost in
//! between.

use crypto::{Random, Secret};
use protocol::{
    activation_code::ActivationCode,
    payment_code::{Pin, PinError, PinGeneration, PinKey, PinSecret},
    pin_change::PinChange,
    pin_reset::PinReset,
    realm_file::RealmFile,
};
use serde::{Deserialize, Serialize};

use crate::{State, WalletError, secret_text, state::Enrolled};

/// A PIN change whose end is not known yet.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangingPin {
    /// Sent until it is answered: always the same bytes.
    #[serde(with = "secret_text::public")]
    request: Vec<u8>,
    generation: PinGeneration,
    #[serde(with = "secret_text")]
    pin_secret: Secret<32>,
    /// Whether it is a reset by a code, which goes to another address.
    #[serde(default)]
    is_reset: bool,
}

/// What is to be sent to end a PIN change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinRequest<'a> {
    /// A change, by the PIN so far.
    Change(&'a [u8]),
    /// A reset, by a code.
    Reset(&'a [u8]),
}

impl State {
    /// Begins a PIN change. Store the state, then send what [`State::pin_change_under_way`] gives. Whether `present` is
    /// the PIN so far only the server can tell.
    ///
    /// # Errors
    /// [`WalletError::Pin`] for a new PIN that is obvious; [`WalletError::SamePin`]; [`WalletError::PinChangeUnderWay`];
    /// [`WalletError::NotActivated`]; [`WalletError::Refused`] if nothing could be sealed.
    pub fn begin_pin_change(
        &mut self,
        present: &Pin,
        new: &Pin,
        random: &mut dyn Random,
    ) -> Result<(), WalletError> {
        let (enrolled, realm) = self.ready_for(new)?;
        let secret = PinSecret::from_secret(enrolled.pin_secret.clone());
        let present_key = PinKey::derive(&secret, present);
        if present_key == PinKey::derive(&secret, new) {
            return Err(WalletError::SamePin);
        }
        let pin_secret = PinSecret::make(random);
        let generation = enrolled.pin_generation.next();
        let change = PinChange::make(
            &realm.realm,
            enrolled.enrolment,
            generation,
            &present_key,
            &PinKey::derive(&pin_secret, new),
            &realm.activation_key,
            random,
        )?;
        enrolled.changing_pin = Some(ChangingPin {
            request: change.to_json(),
            generation,
            pin_secret: pin_secret.secret().clone(),
            is_reset: false,
        });
        Ok(())
    }

    /// Begins to set the PIN anew by a code that the customer got out of band. Store the state, then send what
    /// [`State::pin_request_under_way`] gives. What is under way is sent first: two that may both have been done could not be
    /// told apart.
    ///
    /// # Errors
    /// [`WalletError::Pin`] for a new PIN that is obvious; [`WalletError::PinChangeUnderWay`];
    /// [`WalletError::NotActivated`]; [`WalletError::Refused`] if nothing could be sealed.
    pub fn begin_pin_reset(
        &mut self,
        code: ActivationCode,
        new: &Pin,
        random: &mut dyn Random,
    ) -> Result<(), WalletError> {
        let (enrolled, realm) = self.ready_for(new)?;
        let pin_secret = PinSecret::make(random);
        let generation = enrolled.pin_generation.next();
        let reset = PinReset::make(
            &realm.realm,
            enrolled.enrolment,
            generation,
            code,
            &PinKey::derive(&pin_secret, new),
            &realm.activation_key,
            random,
        )?;
        enrolled.changing_pin = Some(ChangingPin {
            request: reset.to_json(),
            generation,
            pin_secret: pin_secret.secret().clone(),
            is_reset: true,
        });
        Ok(())
    }

    /// What a new PIN is set in, if it may be that one and none is under way.
    fn ready_for(&mut self, new: &Pin) -> Result<(&mut Enrolled, &RealmFile), WalletError> {
        let (enrolled, realm) = self.enrolled_mut()?;
        if enrolled.changing_pin.is_some() {
            return Err(WalletError::PinChangeUnderWay);
        }
        if new.is_obvious() {
            return Err(WalletError::Pin(PinError::Obvious));
        }
        Ok((enrolled, realm))
    }

    /// What is to be sent to end a PIN change or reset: as [`State::pin_change_under_way`], and where it goes.
    #[must_use]
    pub fn pin_request_under_way(&self) -> Option<PinRequest<'_>> {
        let changing = self.enrolled().ok()?.changing_pin.as_ref()?;
        let request = changing.request.as_slice();
        Some(if changing.is_reset { PinRequest::Reset(request) } else { PinRequest::Change(request) })
    }

    /// What is to be sent to end a PIN change: the same bytes until there is an answer. Codes are made with the PIN so
    /// far meanwhile. The answer, or any later word on the enrolment, goes to
    /// [`State::apply_enrolment`](crate::State::apply_enrolment); a refusal to [`State::roll_back_pin_change`].
    #[must_use]
    pub fn pin_change_under_way(&self) -> Option<&[u8]> {
        let changing = self.enrolled().ok()?.changing_pin.as_ref()?;
        (!changing.is_reset).then_some(changing.request.as_slice())
    }

    /// Ends a PIN change that the server refused, or that was surely not sent: the PIN so far stays. Store the state
    /// afterwards.
    pub fn roll_back_pin_change(&mut self) {
        if let Ok((enrolled, _)) = self.enrolled_mut() {
            enrolled.changing_pin = None;
        }
    }
}

impl Enrolled {
    /// Takes the server's word on how often the PIN was set. Only the generation that was waited for ends a change: while
    /// the one before is told, the request may still be on its way.
    pub(crate) fn learn_pin_generation(&mut self, told: PinGeneration) {
        if let Some(changing) = self.changing_pin.take_if(|changing| changing.generation == told) {
            self.pin_generation = changing.generation;
            self.pin_secret = changing.pin_secret;
        }
        self.has_other_pin = told != self.pin_generation;
    }
}

impl core::fmt::Debug for ChangingPin {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ChangingPin({}, redacted)", self.generation.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CodeRequest;
    use crate::Hint;
    use crate::testing::{NOW, PIN, Ready, ready};
    use api::phone::EnrolmentView;
    use crypto::SystemRandom;
    use protocol::evidence::Evidence;

    fn pin(text: &str) -> Pin {
        Pin::parse(text).unwrap()
    }

    fn begun() -> Ready {
        let mut ready = ready();
        ready.state.begin_pin_change(&pin("482916"), &pin("730948"), &mut SystemRandom).unwrap();
        ready
    }

    /// The word of a server at which the PIN was set so often.
    fn hear(ready: &mut Ready, generation: u32) {
        let view = ready.world.view(&ready.world.bundle(5, NOW), 0, NOW);
        let view = EnrolmentView { pin_generation: generation, ..view };
        ready.state.apply_enrolment(&view, NOW, NOW).unwrap();
    }

    #[test]
    fn the_server_s_word_commits_it() {
        let mut ready = begun();
        let enrolled = ready.state.enrolled().unwrap().clone();
        let sent = ready.state.pin_change_under_way().unwrap().to_vec();
        let change = PinChange::parse(&sent).unwrap();
        assert_eq!(change.generation(), PinGeneration(2));
        hear(&mut ready, 2);
        let now = ready.state.enrolled().unwrap();
        assert_eq!(now.pin_generation, PinGeneration(2));
        assert_ne!(now.pin_secret.expose(), enrolled.pin_secret.expose());
        assert!(ready.state.pin_change_under_way().is_none());
    }

    #[test]
    fn a_code_that_is_renewed_across_it_is_still_one_of_the_pin_that_was_entered() {
        let mut ready = begun();
        let request = CodeRequest { method: None, cap: None, terminal: None };
        let code = ready.state.make_code(&pin(PIN), &request, Evidence::empty(), NOW, &mut SystemRandom);
        let (_, mut session) = code.unwrap();
        hear(&mut ready, 2);
        let renewed =
            ready.state.renew_code(&mut session, Evidence::empty(), NOW.plus_s(60), &mut SystemRandom);
        let shown = renewed.unwrap().stored().sign(&ready.vault).unwrap();
        let opened = ready.world.open(&shown.code);
        assert_eq!(opened.fields.flags.pin_generation, PinGeneration::FIRST.bits());
        assert!(opened.pin_matches(&ready.pin_key));
    }

    #[test]
    fn no_answer_decides_nothing_and_the_same_is_sent_again() {
        let mut ready = begun();
        let sent = ready.state.pin_change_under_way().unwrap().to_vec();
        hear(&mut ready, 1);
        assert_eq!(ready.state.pin_change_under_way(), Some(&sent[..]));
        let again = ready.state.begin_pin_change(&pin("482916"), &pin("555123"), &mut SystemRandom);
        assert_eq!(again, Err(WalletError::PinChangeUnderWay));
        assert_eq!(ready.state.enrolled().unwrap().pin_generation, PinGeneration(1));
    }

    #[test]
    fn a_wallet_from_a_backup_learns_that_its_pin_was_changed() {
        let mut ready = ready();
        hear(&mut ready, 2);
        assert!(ready.state.status(NOW).hints.contains(&Hint::PinChangedElsewhere));
        assert_eq!(ready.state.enrolled().unwrap().pin_generation, PinGeneration(1));
    }

    #[test]
    fn a_refusal_rolls_it_back() {
        let mut ready = begun();
        let before = ready.state.enrolled().unwrap().pin_secret.clone();
        ready.state.roll_back_pin_change();
        assert!(ready.state.pin_change_under_way().is_none());
        let enrolled = ready.state.enrolled().unwrap();
        assert_eq!(
            (enrolled.pin_generation, enrolled.pin_secret.expose()),
            (PinGeneration(1), before.expose())
        );
    }

    #[test]
    fn a_pin_that_is_obvious_or_the_same_is_refused_before_anything_is_sent() {
        let mut ready = ready();
        let mut begin = |new| ready.state.begin_pin_change(&pin("482916"), &pin(new), &mut SystemRandom);
        assert_eq!(begin("123456"), Err(WalletError::Pin(PinError::Obvious)));
        assert_eq!(begin("482916"), Err(WalletError::SamePin));
        assert!(ready.state.pin_change_under_way().is_none());
    }
}
