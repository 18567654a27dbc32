//! Server-sent events, as a phone reads them.

use api::approval::QuestionView;
use api::phone::ConfirmationView;
use https::{Chunks, HttpsError};

/// The events of one stream.
pub(crate) struct Events {
    chunks: Chunks,
    text: String,
}

impl Events {
    pub(crate) fn new(chunks: Chunks) -> Self {
        Self { chunks, text: String::new() }
    }

    /// The next confirmation; none once the server ended the stream.
    pub(crate) async fn next(&mut self) -> Option<ConfirmationView> {
        self.try_next().await.unwrap()
    }

    /// The next question; none once the server ended the stream.
    pub(crate) async fn next_question(&mut self) -> Option<QuestionView> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let is_question = event.lines().any(|line| line == "event: approval");
                let data = event.lines().find_map(|line| line.strip_prefix("data: ")).map(str::to_owned);
                self.text = rest.to_owned();
                if is_question {
                    return data.map(|data| serde_json::from_str(&data).unwrap());
                }
            }
            let chunk = self.chunks.next().await.unwrap()?;
            self.text += core::str::from_utf8(&chunk).unwrap();
        }
    }

    pub(crate) async fn try_next(&mut self) -> Result<Option<ConfirmationView>, HttpsError> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let data = event.lines().find_map(|line| line.strip_prefix("data: ")).map(str::to_owned);
                if event.lines().any(|line| line == "event: approval") {
                    self.text = rest.to_owned();
                    continue;
                }
                let id = event.lines().find_map(|line| line.strip_prefix("id: ")).map(str::to_owned);
                self.text = rest.to_owned();
                if let Some(data) = data {
                    let view: ConfirmationView = serde_json::from_str(&data).unwrap();
                    assert_eq!(id.unwrap(), view.sequence.to_string());
                    return Ok(Some(view));
                }
            }
            let Some(chunk) = self.chunks.next().await? else { return Ok(None) };
            self.text += core::str::from_utf8(&chunk).unwrap();
        }
    }
}
