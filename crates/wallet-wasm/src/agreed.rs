//! What is sealed to the confirmation key, which no script can take out of the browser: the page has the browser agree with
//! each encapsulated key beforehand, and hands the agreed values in.

use crate::fault::{Fault, Outcome};
use crate::read_x25519;
use crypto::hpke::{Decapsulate, ENC_LEN, PublicKey};
use crypto::{CryptoError, Secret};
use zeroize::Zeroizing;

/// Nothing where what came is not of the right form: it keeps its place.
pub(crate) type Enc = Option<[u8; ENC_LEN]>;

/// The encapsulated keys, 32 bytes each, in their order; zeros where there is none.
pub(crate) fn joined(encs: impl Iterator<Item = Enc>) -> Vec<u8> {
    encs.flat_map(|enc| enc.unwrap_or([0; ENC_LEN])).collect()
}

/// The confirmation key as far as one page of what the server sealed needs it: it agrees with the keys that the browser
/// was asked about, and with no others.
pub(crate) struct Agreed {
    public_key: PublicKey,
    by_enc: Vec<([u8; ENC_LEN], Secret<32>)>,
}

impl Agreed {
    /// `agreed` has 32 bytes for each of `encs`, in their order.
    pub(crate) fn new(
        encs: impl ExactSizeIterator<Item = Enc>,
        public_key: &[u8],
        agreed: Vec<u8>,
    ) -> Outcome<Self> {
        let agreed = Zeroizing::new(agreed);
        let (agreed, rest) = agreed.as_chunks::<32>();
        if agreed.len() != encs.len() || !rest.is_empty() {
            return Err(Fault::new("vault", "each sealed message needs 32 agreed bytes"));
        }
        let by_enc = encs.zip(agreed).filter_map(|(enc, agreed)| Some((enc?, Secret::from_bytes(*agreed))));
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
