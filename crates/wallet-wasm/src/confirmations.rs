//! Confirmations: opened with a Diffie-Hellman value that the browser's X25519 key agreed on.

use crate::fault::{Fault, Outcome};
use crate::request::read;
use crate::view::ConfirmationText;
use crate::{Wallet, read_x25519, timestamp};
use api::phone::{ConfirmationPage, ConfirmationView};
use crypto::hpke::{Decapsulate, ENC_LEN, PublicKey};
use crypto::{CryptoError, Secret};
use serde::Serialize;
use wasm_bindgen::prelude::wasm_bindgen;
use zeroize::Zeroizing;

/// What a page of confirmations brought.
#[derive(Serialize)]
struct Brought {
    new: Vec<ConfirmationText>,
    /// Places whose confirmation could not be opened; they are passed over.
    unreadable: Vec<u32>,
    has_more: bool,
}

#[wasm_bindgen]
impl Wallet {
    /// The place up to which all confirmations have come: what to ask the server after.
    #[must_use]
    pub fn confirmed_through(&self) -> u32 {
        self.state.confirmed_through()
    }

    /// Takes a page of confirmations. `agreed` has 32 bytes for each, in their order: what the confirmation key and
    /// the key of [`confirmation_encs`] agree on. Store the state afterwards.
    ///
    /// # Errors
    /// A fault of kind `key_unknown` where the server's present keys must be fetched first, `refused` for a page out
    /// of order; what came before is kept.
    pub fn receive_page(
        &mut self,
        page: &str,
        confirmation_key: &[u8],
        agreed: Vec<u8>,
        now_ms: f64,
    ) -> Outcome<String> {
        let page: ConfirmationPage = read(page)?;
        let agreed = Agreed::new(&page.confirmations, confirmation_key, &Zeroizing::new(agreed))?;
        let outcome = self.state.receive_page(&page.confirmations, &agreed, timestamp(now_ms))?;
        let brought = Brought {
            new: outcome.new.iter().map(ConfirmationText::from).collect(),
            unreadable: outcome.unreadable.iter().map(|(place, _)| *place).collect(),
            has_more: page.has_more,
        };
        Ok(serde_json::to_string(&brought).expect("plain values can be written"))
    }
}

/// The encapsulated keys of a page's confirmations, 32 bytes each, in their order; zeros where there is none.
///
/// # Errors
/// A fault of kind `refused` if the page is not one.
#[wasm_bindgen]
pub fn confirmation_encs(page: &str) -> Outcome<Vec<u8>> {
    let page: ConfirmationPage = read(page)?;
    Ok(page.confirmations.iter().flat_map(|view| enc_of(view).unwrap_or([0; ENC_LEN])).collect())
}

fn enc_of(view: &ConfirmationView) -> Option<[u8; ENC_LEN]> {
    Some(*wallet::unwrap_confirmation(view).ok()?.enc())
}

/// The confirmation key as far as this page needs it: it agrees with the keys that the browser was asked about, and
/// with no others.
struct Agreed {
    public_key: PublicKey,
    by_enc: Vec<([u8; ENC_LEN], Secret<32>)>,
}

impl Agreed {
    fn new(views: &[ConfirmationView], public_key: &[u8], agreed: &[u8]) -> Outcome<Self> {
        let (agreed, rest) = agreed.as_chunks::<32>();
        if agreed.len() != views.len() || !rest.is_empty() {
            return Err(Fault::new("vault", "each confirmation needs 32 agreed bytes"));
        }
        let pairs = views.iter().zip(agreed);
        let by_enc = pairs.filter_map(|(view, agreed)| Some((enc_of(view)?, Secret::from_bytes(*agreed))));
        Ok(Self { public_key: read_x25519(public_key)?.into(), by_enc: by_enc.collect() })
    }
}

impl Decapsulate for Agreed {
    fn public_key(&self) -> PublicKey {
        self.public_key
    }

    /// WebCrypto refuses keys of small order; the page hands in zeros then, which are refused as an agreed value.
    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, CryptoError> {
        let agreed = self.by_enc.iter().find(|(enc, _)| enc == peer.as_bytes());
        agreed.map(|(_, dh)| dh.clone()).ok_or(CryptoError::BadKey)
    }
}
