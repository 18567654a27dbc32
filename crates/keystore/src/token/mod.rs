//! Private halves in a PKCS#11 token (2.40 or later): an HSM, or a software token that behaves like one. They are made
//! in it, never leave it, and cannot be taken out of it. The register of keys lies in it, too.
//!
//! In the token: every signature, the key agreement of every payment code and activation request, AES-256-GCM over
//! PIN keys and webhook secrets, HMAC over challenges. In this process: hashes, the rest of HPKE (the agreed value
//! comes out, as HPKE needs it), and every check with a public key.

mod link;
mod objects;

use std::{
    collections::HashMap,
    fmt,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use crypto::{
    CryptoError, Random, Secret, SecretBytes, SecretString,
    hash::sha256,
    hpke::{Decapsulate, PublicKey},
    p256::{Sign, Signature, VerifyingKey},
};
use cryptoki::{
    mechanism::{
        Mechanism,
        aead::GcmParams,
        elliptic_curve::{EcKdf, Ecdh1DeriveParams},
    },
    object::ObjectHandle,
    session::Session,
};
use protocol::realm::Realm;

use crate::{
    Algorithm, KeyEntry, KeyName, KeyStoreError, Register,
    keyring::{sealed_to, verifying_key},
    place::Place,
};
use link::{Link, Trouble};

const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;

/// How a token is reached.
pub struct TokenAddress {
    /// The PKCS#11 library of the token's maker.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The user's PIN.
    pub pin: SecretString,
}

impl fmt::Debug for TokenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenAddress({}, {}, redacted)", self.module.display(), self.token)
    }
}

/// One realm's keys in a token.
pub(crate) struct TokenPlace {
    realm: Realm,
    link: Arc<Link>,
    found: RwLock<HashMap<KeyName, ObjectHandle>>,
}

impl TokenPlace {
    /// Connects. Whether there are keys of the realm is not asked.
    pub(crate) fn connect(address: TokenAddress, realm: Realm) -> Result<Self, KeyStoreError> {
        Ok(Self { realm, link: Arc::new(Link::open(address)?), found: RwLock::default() })
    }

    /// The register that the token keeps.
    pub(crate) fn read_register(&self) -> Result<Register, KeyStoreError> {
        let found = self.told(self.link.with(|session| objects::read_register(session, &self.realm)))?;
        let json = found.ok_or_else(|| {
            self.link.explain("it holds no keys of this realm; make them with `batzen admin keys ceremony`")
        })?;
        let damaged =
            || self.link.explain("its register of keys is not what was written; restore the token's backup");
        let register: Register = serde_json::from_slice(&json).map_err(|_| damaged())?;
        if register.realm == self.realm { Ok(register) } else { Err(damaged()) }
    }

    /// Keeps this register in place of the one before; refuses where another has been kept meanwhile.
    pub(crate) fn write_register(&self, register: &Register) -> Result<(), KeyStoreError> {
        let json =
            serde_json::to_vec(register).map_err(|_| KeyStoreError::Unusable("the register is not JSON"))?;
        let written =
            self.link.with(|session| objects::write_register(session, &self.realm, register.revision, &json));
        match self.told(written)? {
            true => Ok(()),
            false => {
                Err(self.link.explain("its keys were changed by somebody else at the same time; try again"))
            }
        }
    }

    /// Refuses a token that has anything of this realm.
    pub(crate) fn refuse_if_used(&self) -> Result<(), KeyStoreError> {
        let is_used = self.told(self.link.with(|session| {
            Ok(objects::read_register(session, &self.realm)?.is_some()
                || !objects::private_labels(session, &self.realm)?.is_empty())
        }))?;
        if is_used {
            return Err(self.link.explain("it has keys of this realm already; they are not replaced"));
        }
        Ok(())
    }

    /// Destroys all keys of this realm.
    pub(crate) fn clear(&self) -> Result<(), KeyStoreError> {
        self.told(self.link.with(|session| objects::clear(session, &self.realm)))
    }

    /// Refuses a token that misses a key which this register names.
    pub(crate) fn refuse_if_incomplete(&self, register: &Register) -> Result<(), KeyStoreError> {
        let labels = self.labels()?;
        let is_missing = |name: KeyName| !labels.contains(&objects::label(&self.realm, name));
        let named = register.keys.iter().filter(|entry| entry.is_in_place()).map(KeyEntry::name);
        match named.into_iter().find(|name| is_missing(*name)) {
            None => Ok(()),
            Some(name) => Err(self.link.explain(&format!(
                "the key {name}, which its register names, is not in it; restore the token's backup"
            ))),
        }
    }

    /// The labels of all private halves of this realm.
    fn labels(&self) -> Result<Vec<String>, KeyStoreError> {
        self.told(self.link.with(|session| objects::private_labels(session, &self.realm)))
    }

    /// Keys of this realm that the register does not know: what is left of a change that was cut off.
    pub(crate) fn strays(&self, register: &Register) -> Result<Vec<String>, KeyStoreError> {
        let known = |label: &String| {
            register.keys.iter().any(|entry| objects::label(&self.realm, entry.name()) == *label)
        };
        Ok(self.labels()?.into_iter().filter(|label| !known(label)).collect())
    }

    fn told<T>(&self, result: Result<T, Trouble>) -> Result<T, KeyStoreError> {
        result.map_err(|trouble| self.link.explain(&trouble.to_string()))
    }

    /// Uses a key. Its handle is looked up once per connection: another connection has other handles.
    fn using<T>(
        &self,
        name: KeyName,
        work: impl Fn(&Session, ObjectHandle) -> Result<T, Trouble>,
    ) -> Result<T, Trouble> {
        self.link.with_generation(|session, is_fresh| {
            if is_fresh {
                self.found.write().unwrap_or_else(PoisonError::into_inner).clear();
            }
            let known = self.found.read().unwrap_or_else(PoisonError::into_inner).get(&name).copied();
            let handle = match known {
                Some(handle) => handle,
                None => {
                    let handle = objects::find_key(session, &self.realm, name)?.ok_or(Trouble::Absent)?;
                    self.found.write().unwrap_or_else(PoisonError::into_inner).insert(name, handle);
                    handle
                }
            };
            work(session, handle)
        })
    }

    fn used<T>(
        &self,
        name: KeyName,
        work: impl Fn(&Session, ObjectHandle) -> Result<T, Trouble>,
    ) -> Result<T, CryptoError> {
        self.using(name, work).map_err(|trouble| trouble.to_crypto())
    }
}

impl Place for Arc<TokenPlace> {
    fn make(
        &self,
        name: KeyName,
        algorithm: Algorithm,
        _: &mut dyn Random,
    ) -> Result<Vec<u8>, KeyStoreError> {
        if algorithm == Algorithm::X25519 {
            return Err(KeyStoreError::Refused("a token's keys agree over P-256"));
        }
        self.told(self.link.with(|session| objects::make(session, &self.realm, name, algorithm)))
    }

    fn destroy(&self, name: KeyName) -> Result<(), KeyStoreError> {
        self.found.write().unwrap_or_else(PoisonError::into_inner).remove(&name);
        self.told(self.link.with(|session| objects::destroy(session, &self.realm, name)))
    }

    fn signer(&self, entry: &KeyEntry) -> Result<Arc<dyn Sign>, KeyStoreError> {
        Ok(Arc::new(TokenSigner { place: self.clone(), name: entry.name(), public: verifying_key(entry)? }))
    }

    fn recipient(&self, entry: &KeyEntry) -> Result<Arc<dyn Decapsulate>, KeyStoreError> {
        Ok(Arc::new(TokenRecipient { place: self.clone(), name: entry.name(), public: sealed_to(entry)? }))
    }

    fn seal(
        &self,
        name: KeyName,
        random: &mut dyn Random,
        aad: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce);
        let sealed = self.used(name, |session, key| {
            let mut iv = nonce;
            let parameters = GcmParams::new(&mut iv, aad, tag_bits()).map_err(Trouble::from)?;
            Ok(session.encrypt(&Mechanism::AesGcm(parameters), key, plaintext)?)
        })?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn open(&self, name: KeyName, aad: &[u8], sealed: &[u8]) -> Result<SecretBytes, CryptoError> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(CryptoError::Sealed)?;
        if body.len() < TAG_LEN {
            return Err(CryptoError::Sealed);
        }
        self.used(name, |session, key| {
            let mut iv = *nonce;
            let parameters = GcmParams::new(&mut iv, aad, tag_bits()).map_err(Trouble::from)?;
            Ok(SecretBytes::from_vec(session.decrypt(&Mechanism::AesGcm(parameters), key, body)?))
        })
    }

    fn mac(&self, name: KeyName, parts: &[&[u8]]) -> Result<[u8; 32], CryptoError> {
        let text = parts.concat();
        let mac = self.used(name, |session, key| Ok(session.sign(&Mechanism::Sha256Hmac, key, &text)?))?;
        mac.try_into().map_err(|_| CryptoError::KeyStore("the token gave a MAC of another length"))
    }
}

fn tag_bits() -> cryptoki::types::Ulong {
    cryptoki::types::Ulong::from(128)
}

struct TokenSigner {
    place: Arc<TokenPlace>,
    name: KeyName,
    public: VerifyingKey,
}

impl Sign for TokenSigner {
    fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    fn sign(&self, parts: &[&[u8]]) -> Result<Signature, CryptoError> {
        let hash = sha256(parts);
        let raw =
            self.place.used(self.name, |session, key| Ok(session.sign(&Mechanism::Ecdsa, key, &hash)?))?;
        let raw: [u8; 64] = raw
            .try_into()
            .map_err(|_| CryptoError::KeyStore("the token gave a signature of another length"))?;
        let signature = Signature::normalized_from_raw(&raw)?;
        // A token that is about to fail may sign wrongly; nobody else would notice before it has done harm.
        self.public
            .verify(parts, &signature)
            .map_err(|_| CryptoError::KeyStore("the token signed wrongly"))?;
        Ok(signature)
    }
}

struct TokenRecipient {
    place: Arc<TokenPlace>,
    name: KeyName,
    public: PublicKey,
}

impl Decapsulate for TokenRecipient {
    fn public_key(&self) -> PublicKey {
        self.public
    }

    fn agree(&self, peer: &PublicKey) -> Result<Secret<32>, CryptoError> {
        let PublicKey::P256(peer) = peer else { return Err(CryptoError::BadKey) };
        self.place.used(self.name, |session, key| {
            let parameters = Ecdh1DeriveParams::new(EcKdf::null(), peer.as_bytes());
            objects::derive(session, key, &Mechanism::Ecdh1Derive(parameters))
        })
    }
}
