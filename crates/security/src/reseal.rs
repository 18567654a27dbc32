//! What was sealed for rest under a former wrapping key is sealed anew under the present one: PIN keys and webhook
//! secrets. Afterwards nothing depends on the former key, and it can be retired.

use crypto::{CryptoError, Random};
use model::Timestamp;
use protocol::payment_code::PinGeneration;
use records::{
    Actor, AuditEntry, ChangeWebhookEndpoint, Command, Enrolment, Outcome, PAGE_LIMIT_MAX, Page, PinState,
    WebhookEndpoint,
};

use crate::{Security, SecurityError, keys::Wrapped};

/// What a walk over everything that is sealed for rest came to.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Resealed {
    /// Enrolments and webhook endpoints whose secrets are under the present keys now.
    pub resealed: u64,
    /// Those that are not: changed by others meanwhile, or not to be opened.
    pub left: u64,
}

impl Resealed {
    /// Enrolments and endpoints that still depended on a former key when they were looked at.
    #[must_use]
    pub const fn found(&self) -> u64 {
        self.resealed.saturating_add(self.left)
    }

    fn count(&mut self, one: One) {
        match one {
            One::WasSo => {}
            One::Resealed => self.resealed = self.resealed.saturating_add(1),
            One::Left => self.left = self.left.saturating_add(1),
        }
    }
}

/// How one enrolment or endpoint stands after it was looked at.
enum One {
    /// It was under the present key before.
    WasSo,
    Resealed,
    /// It was changed meanwhile, or cannot be opened or sealed.
    Left,
}

impl One {
    const fn committed(is_done: bool) -> Self {
        if is_done { Self::Resealed } else { Self::Left }
    }
}

impl Security {
    /// Looks at every enrolment and webhook endpoint, and seals anew what is under a former key. Nothing is looked at where
    /// there are no former keys. Servers may do so at once, and payments go on: what was changed meanwhile is left to the
    /// next walk.
    ///
    /// # Errors
    /// [`SecurityError::Store`]; what was done until then is done.
    pub async fn reseal(
        &self,
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<Resealed, SecurityError> {
        let mut sum = Resealed::default();
        if self.keys.has_former(Wrapped::PinKey) {
            self.reseal_pins(&mut sum, random).await?;
        }
        if self.keys.has_former(Wrapped::WebhookSecret) {
            self.reseal_endpoints(&mut sum, now, random).await?;
        }
        Ok(sum)
    }

    async fn reseal_pins(
        &self,
        sum: &mut Resealed,
        random: &mut (dyn Random + Send),
    ) -> Result<(), SecurityError> {
        let mut page = Page::first(PAGE_LIMIT_MAX);
        loop {
            let enrolments = self.store.enrolments(page).await?;
            for seen in &enrolments {
                sum.count(self.reseal_pin(seen, random).await?);
            }
            let Some(last) = enrolments.last() else { return Ok(()) };
            page = Page::after(last.id, PAGE_LIMIT_MAX);
        }
    }

    async fn reseal_endpoints(
        &self,
        sum: &mut Resealed,
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<(), SecurityError> {
        let mut page = Page::first(PAGE_LIMIT_MAX);
        loop {
            let merchants = self.store.merchants(page).await?;
            for merchant in &merchants {
                for seen in self.store.webhook_endpoints(merchant.id).await? {
                    sum.count(self.reseal_endpoint(&seen, now, random).await?);
                }
            }
            let Some(last) = merchants.last() else { return Ok(()) };
            page = Page::after(last.id, PAGE_LIMIT_MAX);
        }
    }

    async fn reseal_pin(
        &self,
        seen: &Enrolment,
        random: &mut (dyn Random + Send),
    ) -> Result<One, SecurityError> {
        let Ok(pin) = self.resealed_pin(seen, random) else { return Ok(One::Left) };
        if pin == seen.pin {
            return Ok(One::WasSo);
        }
        let mut enrolment = Enrolment { pin, ..seen.clone() };
        self.commit_change(seen, &mut enrolment, None, Vec::new()).await.map(One::committed)
    }

    fn resealed_pin(&self, seen: &Enrolment, random: &mut dyn Random) -> Result<PinState, CryptoError> {
        let mut pin = seen.pin.clone();
        let generation = PinGeneration(pin.generation);
        let mut reseal = |generation: PinGeneration, wrapped: &mut Vec<u8>| {
            // That of an erased customer is wiped.
            if !wrapped.is_empty() && !self.keys.is_under_present(Wrapped::PinKey, wrapped) {
                let key = self.keys.unwrap_pin_key(seen.id, generation, wrapped)?;
                *wrapped = self.keys.wrap_pin_key(seen.id, generation, &key, random)?;
            }
            Ok::<_, CryptoError>(())
        };
        reseal(generation, &mut pin.wrapped_key)?;
        if let (Some(replaced), Some(before)) = (&mut pin.previous, generation.previous()) {
            reseal(before, &mut replaced.wrapped_key)?;
        }
        Ok(pin)
    }

    async fn reseal_endpoint(
        &self,
        seen: &WebhookEndpoint,
        now: Timestamp,
        random: &mut (dyn Random + Send),
    ) -> Result<One, SecurityError> {
        let Ok(mut endpoint) = self.resealed_endpoint(seen, random) else { return Ok(One::Left) };
        if endpoint == *seen {
            return Ok(One::WasSo);
        }
        endpoint.version = seen.version.saturating_add(1);
        let audit = AuditEntry {
            at: now,
            actor: Actor::Server,
            action: "webhook_endpoint.resealed".to_owned(),
            subject: seen.id.to_string(),
            detail: String::new(),
        };
        let change = ChangeWebhookEndpoint { expected_version: seen.version, endpoint, audit };
        let outcome = self.store.commit(Command::ChangeWebhookEndpoint(Box::new(change))).await?;
        Ok(One::committed(outcome == Outcome::Done))
    }

    fn resealed_endpoint(
        &self,
        seen: &WebhookEndpoint,
        random: &mut dyn Random,
    ) -> Result<WebhookEndpoint, CryptoError> {
        let mut endpoint = seen.clone();
        let mut reseal = |sealed: &mut Vec<u8>| {
            if !self.keys.is_under_present(Wrapped::WebhookSecret, sealed) {
                let secret = self.keys.unwrap_webhook_secret(seen.id, sealed)?;
                *sealed = self.keys.wrap_webhook_secret(seen.id, &secret, random)?;
            }
            Ok::<_, CryptoError>(())
        };
        reseal(&mut endpoint.sealed_secret)?;
        if let Some(previous) = &mut endpoint.previous_secret {
            reseal(&mut previous.sealed)?;
        }
        Ok(endpoint)
    }
}
