//! The keys of a realm in a PKCS#11 token, with its root kept offline.

use crypto::{Random, p256::SigningKey};
use model::Timestamp;
use protocol::realm::Realm;
use std::sync::Arc;

use crate::{
    Algorithm, KeyStoreError, RealmKeys, TokenAddress,
    home::Home,
    make::{Maker, RootAt},
    token::TokenPlace,
};

impl RealmKeys {
    /// Makes all keys of a realm in a token, under a root that is brought along and stays outside.
    ///
    /// # Errors
    /// [`KeyStoreError::Token`] if the token is not there or has keys of this realm already.
    pub fn create_in_token(
        address: TokenAddress,
        realm: &Realm,
        root: &SigningKey,
        now: Timestamp,
        random: &mut dyn Random,
    ) -> Result<Self, KeyStoreError> {
        let token = Arc::new(TokenPlace::connect(address, realm.clone())?);
        token.refuse_if_used()?;
        let mut maker = Maker { place: &token, agreement: Algorithm::EcdhP256, now, random };
        let register = maker.register(realm, RootAt::Hand(root));
        let kept = register.and_then(|register| token.write_register(&register));
        if let Err(error) = kept {
            // Half a set of keys is of no use, and would stand in the way of another try.
            let _ = token.clear();
            return Err(error);
        }
        Self::at(Home::Token(token))
    }

    /// Opens the keys of a realm in a token.
    ///
    /// # Errors
    /// [`KeyStoreError::Token`] if the token is not there, has no keys of this realm, or misses one.
    pub fn open_in_token(address: TokenAddress, realm: &Realm) -> Result<Self, KeyStoreError> {
        let token = Arc::new(TokenPlace::connect(address, realm.clone())?);
        let keys = Self::at(Home::Token(token.clone()))?;
        token.refuse_if_incomplete(&keys.ring().register)?;
        Ok(keys)
    }

    /// Destroys every key of this realm in its token, and the register: nothing of the realm works afterwards.
    ///
    /// # Errors
    /// [`KeyStoreError::Refused`] for keys in a file, which is removed instead; [`KeyStoreError::Token`].
    pub fn destroy(&self) -> Result<(), KeyStoreError> {
        match &self.home {
            Home::File(_) => Err(KeyStoreError::Refused("remove the file")),
            Home::Token(token) => token.clear(),
        }
    }

    /// Private halves of this realm in the token that its register does not know, by label: what is left of a change
    /// that was cut off. None in a file.
    ///
    /// # Errors
    /// [`KeyStoreError::Token`].
    pub fn strays(&self) -> Result<Vec<String>, KeyStoreError> {
        match &self.home {
            Home::File(_) => Ok(Vec::new()),
            Home::Token(token) => token.strays(&self.ring().register),
        }
    }
}
