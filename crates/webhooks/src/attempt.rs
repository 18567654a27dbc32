//! One attempt: signed, sent once, and judged by the status of the answer alone.

use crate::{WebhookError, Webhooks};
use http::{HeaderMap, Request, StatusCode, header};
use https::{Chunks, StreamLimits};
use model::Timestamp;
use protocol::webhook::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use records::{Webhook, WebhookEndpoint};
use std::time::Duration;
use tokio::time::timeout;

/// The longest that an endpoint may take to answer.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// What of an answer's body is read, so that the connection can be used again; it is not looked at.
const BODY_BYTES_MAX: usize = 16 * 1024;
const BODY_WITHIN: Duration = Duration::from_secs(1);

const USER_AGENT: &str = concat!("batzen/", env!("CARGO_PKG_VERSION"));

/// What an endpoint made of an attempt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It took it.
    Taken,
    /// It wants nothing any more.
    Gone,
    /// It did not take it, or did not answer.
    Failed {
        /// Why, for operators: nothing of the answer's body.
        why: String,
        /// For how many seconds it asked to be left alone.
        retry_after_s: Option<i64>,
    },
}

impl Webhooks {
    /// Sends a webhook once.
    ///
    /// # Errors
    /// For a reason of ours: a secret that does not open.
    pub(crate) async fn attempt(
        &self,
        endpoint: &WebhookEndpoint,
        webhook: &Webhook,
    ) -> Result<Heard, WebhookError> {
        let now = self.clock.now();
        let request = Request::post(&endpoint.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, USER_AGENT)
            .header(ID_HEADER, webhook.id.to_string())
            .header(TIMESTAMP_HEADER, now.s().to_string())
            .header(SIGNATURE_HEADER, self.signatures(endpoint, webhook, now)?)
            .body(webhook.body.clone());
        let Ok(request) = request else { return Ok(failed("its url is no address any more")) };
        let limits = StreamLimits { deadline: ANSWER_WITHIN, idle: BODY_WITHIN };
        Ok(match self.client.send_streaming(request, limits).await {
            Err(error) => failed(error),
            Ok(answer) => {
                let heard = judge(answer.status(), answer.headers());
                read_rest(answer.into_body()).await;
                heard
            }
        })
    }

    /// One signature, or for a while after a rotation two, separated by a space.
    fn signatures(
        &self,
        endpoint: &WebhookEndpoint,
        webhook: &Webhook,
        now: Timestamp,
    ) -> Result<String, WebhookError> {
        let previous = endpoint.previous_secret.as_ref().filter(|previous| now < previous.valid_until);
        let sealed = [Some(&endpoint.sealed_secret), previous.map(|previous| &previous.sealed)];
        let signatures = sealed.into_iter().flatten().map(|sealed| {
            let secret = self.keys.unwrap_webhook_secret(endpoint.id, sealed)?;
            Ok(secret.sign(webhook.id, now, &webhook.body))
        });
        Ok(signatures.collect::<Result<Vec<_>, WebhookError>>()?.join(" "))
    }
}

fn failed(why: impl ToString) -> Heard {
    Heard::Failed { why: why.to_string(), retry_after_s: None }
}

fn judge(status: StatusCode, headers: &HeaderMap) -> Heard {
    if status.is_success() {
        return Heard::Taken;
    }
    if status == StatusCode::GONE {
        return Heard::Gone;
    }
    let retry_after = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let redirected = if status.is_redirection() { "; redirects are not followed" } else { "" };
    Heard::Failed {
        why: format!("it answered with status {}{redirected}", status.as_u16()),
        retry_after_s: retry_after.and_then(|text| text.trim().parse().ok()),
    }
}

/// Reads a short body to its end; a long or slow one is cut off with its connection.
async fn read_rest(mut body: Chunks) {
    let read = async {
        let mut len = 0;
        while let Ok(Some(chunk)) = body.next().await {
            len += chunk.len();
            if len > BODY_BYTES_MAX {
                return;
            }
        }
    };
    let _ = timeout(BODY_WITHIN, read).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, retry_after: Option<&str>) -> Heard {
        let mut headers = HeaderMap::new();
        if let Some(value) = retry_after {
            headers.insert(header::RETRY_AFTER, value.parse().unwrap());
        }
        judge(StatusCode::from_u16(status).unwrap(), &headers)
    }

    #[test]
    fn only_success_is_success() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(judged(status, None), Heard::Taken);
        }
        assert_eq!(judged(410, None), Heard::Gone);
        for status in [301, 302, 307, 400, 404, 429, 500, 503] {
            assert!(matches!(judged(status, None), Heard::Failed { retry_after_s: None, .. }), "{status}");
        }
        let Heard::Failed { why, .. } = judged(302, None) else { panic!("a redirect is no success") };
        assert_eq!(why, "it answered with status 302; redirects are not followed");
    }

    #[test]
    fn seconds_to_wait_are_understood_and_nonsense_is_not() {
        let asked = |text| match judged(503, Some(text)) {
            Heard::Failed { retry_after_s, .. } => retry_after_s,
            other => panic!("{other:?}"),
        };
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked("99999999999999999999"), None);
        assert_eq!(asked("Fri, 31 Dec 1999 23:59:59 GMT"), None);
    }
}
