//! `batzen admin webhook`: where merchants' systems are told of payments, and what could not be delivered.

use super::{OperatorClient, show};
use crate::failure::Failure;
use crate::output::Output;
use api::webhook::{
    DeadWebhookPage, DeadWebhookView, EndpointStatusName, NewSecretView, ResendRequest, ResentView,
    WebhookEndpointList, WebhookEndpointRequest, WebhookEndpointView,
};
use clap::Subcommand;
use model::{MerchantId, Timestamp, WebhookEndpointId, WebhookId};

#[derive(Subcommand)]
pub(super) enum WebhookCommand {
    /// Register an endpoint of a merchant; its secret is printed once.
    Add {
        /// Whose.
        merchant: MerchantId,
        /// Where webhooks are posted to: https://HOST/PATH.
        url: String,
    },
    /// List a merchant's endpoints.
    List {
        /// Whose.
        merchant: MerchantId,
    },
    /// Take an endpoint away; what waits for it becomes a dead letter.
    Remove {
        /// Which.
        endpoint: WebhookEndpointId,
    },
    /// Make a new secret, printed once; the old one signs beside it for a day.
    Rotate {
        /// Which.
        endpoint: WebhookEndpointId,
    },
    /// Tell an endpoint nothing any more; what waits for it becomes a dead letter.
    Disable {
        /// Which.
        endpoint: WebhookEndpointId,
    },
    /// Tell an endpoint of what happens from now on.
    Enable {
        /// Which.
        endpoint: WebhookEndpointId,
    },
    /// List webhooks that were given up.
    Dead {
        /// Those of this endpoint only.
        #[arg(long)]
        endpoint: Option<WebhookEndpointId>,
        /// Those after this one.
        #[arg(long)]
        after: Option<WebhookId>,
    },
    /// Send webhooks again: one, or those that were given up.
    #[command(group = clap::ArgGroup::new("which").required(true).multiple(true))]
    Resend {
        /// This one, given up or delivered.
        #[arg(group = "which", conflicts_with_all = ["all", "endpoint", "since_ms", "include_delivered"])]
        webhook: Option<WebhookId>,
        /// All that were given up.
        #[arg(long, group = "which")]
        all: bool,
        /// Those of this endpoint.
        #[arg(long, group = "which")]
        endpoint: Option<WebhookEndpointId>,
        /// Those that were given up at this moment or later, in milliseconds since 1970.
        #[arg(long, group = "which", value_name = "MS")]
        since_ms: Option<i64>,
        /// Those that were delivered too, for a receiver that lost them.
        #[arg(long, requires = "since_ms")]
        include_delivered: bool,
    },
}

pub(super) async fn run(
    client: &OperatorClient,
    command: WebhookCommand,
    output: &Output,
) -> Result<(), Failure> {
    match command {
        WebhookCommand::Add { merchant, url } => {
            let path = format!("/v1/admin/merchants/{merchant}/webhook-endpoints");
            let made: NewSecretView = client.post(&path, &WebhookEndpointRequest { url }).await?;
            show(output, &made, secret_text(&made));
        }
        WebhookCommand::List { merchant } => {
            let path = format!("/v1/admin/merchants/{merchant}/webhook-endpoints");
            let list: WebhookEndpointList = client.get(&path).await?;
            let lines: Vec<String> = list.endpoints.iter().map(endpoint_line).collect();
            show(output, &list, lines.join("\n"));
        }
        WebhookCommand::Remove { endpoint } => {
            client.delete(&format!("/v1/admin/webhook-endpoints/{endpoint}")).await?;
            show(output, &serde_json::json!({ "removed": endpoint }), format!("{endpoint} is removed"));
        }
        WebhookCommand::Rotate { endpoint } => {
            let path = format!("/v1/admin/webhook-endpoints/{endpoint}/rotate");
            let made: NewSecretView = client.post(&path, &serde_json::json!({})).await?;
            show(output, &made, secret_text(&made));
        }
        WebhookCommand::Disable { endpoint } => turn(client, endpoint, "disable", output).await?,
        WebhookCommand::Enable { endpoint } => turn(client, endpoint, "enable", output).await?,
        WebhookCommand::Dead { endpoint, after } => {
            let endpoint = endpoint.map(|id| format!("endpoint={id}"));
            let after = after.map(|id| format!("after={id}"));
            let query: Vec<String> = endpoint.into_iter().chain(after).collect();
            let page: DeadWebhookPage =
                client.get(&format!("/v1/admin/webhooks/dead?{}", query.join("&"))).await?;
            let lines: Vec<String> = page.webhooks.iter().map(dead_line).collect();
            show(output, &page, lines.join("\n"));
        }
        WebhookCommand::Resend { webhook: Some(webhook), .. } => {
            let path = format!("/v1/admin/webhooks/{webhook}/resend");
            let resent: ResentView = client.post(&path, &serde_json::json!({})).await?;
            show(output, &resent, format!("{webhook} is sent again"));
        }
        WebhookCommand::Resend { webhook: None, all: _, endpoint, since_ms, include_delivered } => {
            let asked = ResendRequest { endpoint, since_ms, include_delivered, until_ms: None };
            let resent = resend_all(client, asked).await?;
            show(output, &resent, format!("{} webhooks are sent again", resent.resent));
        }
    }
    Ok(())
}

/// Asks until there are no more.
async fn resend_all(client: &OperatorClient, mut asked: ResendRequest) -> Result<ResentView, Failure> {
    let mut sum = 0_u32;
    loop {
        let resent: ResentView = client.post("/v1/admin/webhooks/resend", &asked).await?;
        sum = sum.saturating_add(resent.resent);
        if !resent.has_more || resent.resent == 0 {
            return Ok(ResentView { resent: sum, ..resent });
        }
        asked.until_ms = Some(resent.until_ms);
    }
}

async fn turn(
    client: &OperatorClient,
    id: WebhookEndpointId,
    verb: &str,
    output: &Output,
) -> Result<(), Failure> {
    let path = format!("/v1/admin/webhook-endpoints/{id}/{verb}");
    let view: WebhookEndpointView = client.post(&path, &serde_json::json!({})).await?;
    show(output, &view, endpoint_line(&view));
    Ok(())
}

fn secret_text(made: &NewSecretView) -> String {
    format!("{}\nsecret {}", endpoint_line(&made.endpoint), made.secret)
}

fn endpoint_line(view: &WebhookEndpointView) -> String {
    let status = match view.status {
        EndpointStatusName::Enabled => "enabled",
        EndpointStatusName::Disabled => "disabled",
        EndpointStatusName::Gone => "disabled, since it answered that it is gone",
    };
    let until = view.previous_secret_until_ms.map(Timestamp::from_ms);
    let rotated = until.map(|until| format!(", old secret until {until}")).unwrap_or_default();
    format!("{} {}: {status}{rotated}", view.id, view.url)
}

fn dead_line(view: &DeadWebhookView) -> String {
    let at = Timestamp::from_ms(view.at_ms);
    format!(
        "{} to {}: {} of {} at {at}, sent {} times, {}",
        view.id, view.endpoint, view.event_type, view.payment, view.attempts, view.failure
    )
}
