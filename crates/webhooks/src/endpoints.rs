//! Endpoints: registered, listed, disabled, enabled, removed; their secrets made and rotated.

use crate::{WebhookError, Webhooks};
use crypto::Random;
use http::Uri;
use model::{MerchantId, Timestamp, WebhookEndpointId};
use protocol::webhook::WebhookSecret;
use records::{
    Actor, AuditEntry, ChangeWebhookEndpoint, Command, CreateWebhookEndpoint, EndpointStatus, Outcome,
    PreviousSecret, WEBHOOK_ENDPOINTS_MAX, WebhookEndpoint,
};

/// The longest address of an endpoint, in bytes.
pub const URL_BYTES_MAX: usize = 512;
/// How long the secret before a rotation signs beside the new one, in seconds: a day.
pub const SECRET_OVERLAP_S: i64 = 24 * 3_600;

/// How often a change that others overtake is decided anew.
const ATTEMPTS_MAX: usize = 8;

/// An endpoint and its new secret, which is told once.
#[derive(Clone, Debug)]
pub struct NewSecret {
    /// The endpoint.
    pub endpoint: WebhookEndpoint,
    /// The secret.
    pub secret: WebhookSecret,
}

impl Webhooks {
    /// Registers an endpoint of a merchant at `url`.
    ///
    /// # Errors
    /// [`WebhookError`]: no such merchant, too many endpoints, an address that may not be called.
    pub async fn add_endpoint(
        &self,
        merchant: MerchantId,
        url: String,
        actor: Actor,
        random: &mut (dyn Random + Send),
    ) -> Result<NewSecret, WebhookError> {
        self.check_url(&url)?;
        if self.store.merchant(merchant).await?.is_none() {
            return Err(WebhookError::NotFound("merchant"));
        }
        for _ in 0..ATTEMPTS_MAX {
            let expected_others = self.store.webhook_endpoints(merchant).await?.len();
            if expected_others >= WEBHOOK_ENDPOINTS_MAX {
                return Err(WebhookError::TooMany);
            }
            let now = self.clock.now();
            let id = WebhookEndpointId::derive(merchant.shard(), now, draw(random));
            let secret = WebhookSecret::make(random);
            let endpoint = WebhookEndpoint {
                id,
                merchant,
                version: 1,
                url: url.clone(),
                sealed_secret: self.keys.wrap_webhook_secret(id, &secret, random)?,
                previous_secret: None,
                status: EndpointStatus::Enabled,
                created_at: now,
            };
            let audit = entry(&actor, now, "webhook_endpoint.created", id);
            let command = CreateWebhookEndpoint { expected_others, endpoint: endpoint.clone(), audit };
            // If it is not done, somebody added or removed another one, or the id is taken: look again.
            if self.store.commit(Command::CreateWebhookEndpoint(Box::new(command))).await? == Outcome::Done {
                return Ok(NewSecret { endpoint, secret });
            }
        }
        Err(WebhookError::Contended)
    }

    /// All endpoints of a merchant.
    ///
    /// # Errors
    /// [`WebhookError::NotFound`] if there is no such merchant; [`WebhookError::Store`].
    pub async fn endpoints(&self, merchant: MerchantId) -> Result<Vec<WebhookEndpoint>, WebhookError> {
        if self.store.merchant(merchant).await?.is_none() {
            return Err(WebhookError::NotFound("merchant"));
        }
        Ok(self.store.webhook_endpoints(merchant).await?)
    }

    /// Gives an endpoint a new secret. The old one signs beside it for [`SECRET_OVERLAP_S`]; one still older no
    /// longer does.
    ///
    /// # Errors
    /// [`WebhookError`]: no such endpoint.
    pub async fn rotate_secret(
        &self,
        id: WebhookEndpointId,
        actor: Actor,
        random: &mut (dyn Random + Send),
    ) -> Result<NewSecret, WebhookError> {
        let secret = WebhookSecret::make(random);
        let sealed = self.keys.wrap_webhook_secret(id, &secret, random)?;
        let now = self.clock.now();
        let endpoint = self
            .change(id, &actor, "webhook_endpoint.rotated", |endpoint| {
                let old = core::mem::replace(&mut endpoint.sealed_secret, sealed.clone());
                let valid_until = now.plus_s(SECRET_OVERLAP_S);
                endpoint.previous_secret = Some(PreviousSecret { sealed: old, valid_until });
            })
            .await?;
        Ok(NewSecret { endpoint, secret })
    }

    /// Tells an endpoint nothing any more; what waits for it becomes a dead letter.
    ///
    /// # Errors
    /// [`WebhookError`]: no such endpoint.
    pub async fn disable_endpoint(
        &self,
        id: WebhookEndpointId,
        actor: Actor,
    ) -> Result<WebhookEndpoint, WebhookError> {
        let status = EndpointStatus::Disabled { at: self.clock.now(), is_gone: false };
        self.change(id, &actor, "webhook_endpoint.disabled", |endpoint| endpoint.status = status).await
    }

    /// Tells an endpoint of what happens from now on.
    ///
    /// # Errors
    /// [`WebhookError`]: no such endpoint.
    pub async fn enable_endpoint(
        &self,
        id: WebhookEndpointId,
        actor: Actor,
    ) -> Result<WebhookEndpoint, WebhookError> {
        let change = |endpoint: &mut WebhookEndpoint| endpoint.status = EndpointStatus::Enabled;
        self.change(id, &actor, "webhook_endpoint.enabled", change).await
    }

    /// Disables an endpoint that answered that it is gone.
    pub(crate) async fn endpoint_is_gone(&self, id: WebhookEndpointId) -> Result<(), WebhookError> {
        let status = EndpointStatus::Disabled { at: self.clock.now(), is_gone: true };
        let change = |endpoint: &mut WebhookEndpoint| endpoint.status = status;
        match self.change(id, &Actor::Server, "webhook_endpoint.gone", change).await {
            Ok(_) | Err(WebhookError::NotFound(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes an endpoint away; what waits for it becomes a dead letter.
    ///
    /// # Errors
    /// [`WebhookError`]: no such endpoint.
    pub async fn remove_endpoint(&self, id: WebhookEndpointId, actor: Actor) -> Result<(), WebhookError> {
        let audit = entry(&actor, self.clock.now(), "webhook_endpoint.removed", id);
        match self.store.commit(Command::RemoveWebhookEndpoint(id, audit)).await? {
            Outcome::Done => Ok(()),
            _ => Err(WebhookError::NotFound("webhook endpoint")),
        }
    }

    async fn change(
        &self,
        id: WebhookEndpointId,
        actor: &Actor,
        action: &str,
        change: impl Fn(&mut WebhookEndpoint),
    ) -> Result<WebhookEndpoint, WebhookError> {
        for _ in 0..ATTEMPTS_MAX {
            let found = self.store.webhook_endpoint(id).await?;
            let mut endpoint = found.ok_or(WebhookError::NotFound("webhook endpoint"))?;
            let expected_version = endpoint.version;
            change(&mut endpoint);
            endpoint.version += 1;
            let audit = entry(actor, self.clock.now(), action, id);
            let command = ChangeWebhookEndpoint { expected_version, endpoint: endpoint.clone(), audit };
            let command = Command::ChangeWebhookEndpoint(Box::new(command));
            if self.store.commit(command).await? == Outcome::Done {
                return Ok(endpoint);
            }
        }
        Err(WebhookError::Contended)
    }

    /// Whether `url` can be an endpoint's: `https://`, or `http://` on this machine where the client may go there.
    fn check_url(&self, url: &str) -> Result<(), WebhookError> {
        let bad = |cause: &str| Err(WebhookError::BadUrl(cause.to_owned()));
        if url.len() > URL_BYTES_MAX {
            return bad("it is too long");
        }
        if url.contains('#') {
            return bad("it has a fragment");
        }
        let Ok(uri) = url.parse::<Uri>() else { return bad("it is no address; write https://HOST/PATH") };
        self.client.check_address(&uri).map_err(|error| WebhookError::BadUrl(error.to_string()))
    }
}

fn draw(random: &mut dyn Random) -> u64 {
    let mut bytes = [0; 8];
    random.fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

pub(crate) fn entry(actor: &Actor, at: Timestamp, action: &str, subject: impl ToString) -> AuditEntry {
    let (actor, action) = (actor.clone(), action.to_owned());
    AuditEntry { at, actor, action, subject: subject.to_string(), detail: String::new() }
}
