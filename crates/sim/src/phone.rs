//! A customer's phone: the real wallet core, its keys in memory, its requests signed.

use crypto::Random;
use http::{Method, Request, header};
use https::Bytes;
use model::Timestamp;
use protocol::evidence::Evidence;
use protocol::http_signature::{HttpRequest, sign_request};
use protocol::payment_code::Pin;
use std::collections::BTreeMap;
use std::sync::Arc;
use wallet::{CodeRequest, MemoryVault, State, Vault, WalletError};

pub(crate) const RIGHT_PIN: &str = "482916";
pub(crate) const WRONG_PIN: &str = "482917";

/// A phone.
#[derive(Clone)]
pub(crate) struct Phone {
    pub(crate) state: State,
    pub(crate) vault: Arc<MemoryVault>,
    /// Of each code made: whether its PIN was right, by the code's hash.
    pub(crate) codes: BTreeMap<[u8; 32], bool>,
    /// How many answers with the right PIN were made; the server has taken each once at most.
    pub(crate) pins_proven: usize,
    /// An older state, as a backup has it.
    backup: Option<State>,
}

impl Phone {
    pub(crate) fn new(state: State, vault: Arc<MemoryVault>) -> Self {
        Self { state, vault, codes: BTreeMap::new(), pins_proven: 0, backup: None }
    }

    /// The digits of the next code.
    pub(crate) fn make_code(
        &mut self,
        is_pin_right: bool,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<String, WalletError> {
        let pin = Pin::parse(if is_pin_right { RIGHT_PIN } else { WRONG_PIN }).map_err(WalletError::Pin)?;
        let (pending, _) =
            self.state.make_code(&pin, &CodeRequest::default(), Evidence::SENSORS_RAN, now, random)?;
        let shown = pending.stored().sign(&*self.vault)?;
        self.codes.insert(shown.code.hash().0, is_pin_right);
        if self.backup.is_none() {
            self.backup = Some(self.state.clone());
        }
        Ok(shown.code.to_digits())
    }

    /// Goes back to an older state, if there is one: its next counters were used before.
    pub(crate) fn restore(&mut self) -> bool {
        self.backup.take().map(|backup| self.state = backup).is_some()
    }

    /// A signed request.
    pub(crate) fn request(
        &self,
        method: &Method,
        path_and_query: &str,
        body: Vec<u8>,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Option<Request<Bytes>> {
        let (path, query) = path_and_query
            .split_once('?')
            .map_or((path_and_query, None), |(path, query)| (path, Some(query)));
        let signed = HttpRequest { method: method.as_str(), path, query, body: &body };
        let mut nonce = [0; 16];
        random.fill(&mut nonce);
        let created_s = self.state.server_time(now).s();
        let fields =
            sign_request(&signed, self.state.enrolment()?, created_s, &nonce, self.vault.online_key())
                .ok()?;
        let mut request = Request::builder().method(method).uri(path_and_query);
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in fields {
            request = request.header(name, value);
        }
        request.body(Bytes::from(body)).ok()
    }
}
