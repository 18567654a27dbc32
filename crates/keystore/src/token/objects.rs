//! Objects in a token: keys that cannot be taken out, and the register.

use crypto::Secret;
use cryptoki::{
    mechanism::Mechanism,
    object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle},
    session::Session,
};
use protocol::realm::Realm;
use zeroize::Zeroize;

use super::link::Trouble;
use crate::{Algorithm, KeyName};

/// What all our objects are marked with.
const APPLICATION: &str = "batzen";
/// The curve P-256, DER of its object identifier 1.2.840.10045.3.1.7.
const CURVE: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// Bytes of an uncompressed point, and of the DER octet string around it.
const POINT_LEN: usize = 65;
const FRAMED_POINT: [u8; 2] = [0x04, 0x41];
/// Registers are far smaller.
const REGISTER_LEN_MAX: usize = 1 << 20;
/// A register's revision stands before it, so that the latest is found without reading the others as JSON.
const REVISION_LEN: usize = 8;

/// A key's label in the token.
pub(super) fn label(realm: &Realm, name: KeyName) -> String {
    format!("{APPLICATION}/{realm}/{name}")
}

fn label_of(realm: &Realm, name: KeyName) -> Attribute {
    Attribute::Label(label(realm, name).into_bytes())
}

fn register_label(realm: &Realm) -> Attribute {
    Attribute::Label(format!("{APPLICATION}/{realm}/register").into_bytes())
}

/// Makes a key that stays in the token: its public half, empty where there is none.
pub(super) fn make(
    session: &Session,
    realm: &Realm,
    name: KeyName,
    algorithm: Algorithm,
) -> Result<Vec<u8>, Trouble> {
    let is_signing = algorithm == Algorithm::EcdsaP256;
    let common = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        label_of(realm, name),
        Attribute::Id(name.key_id.0.to_be_bytes().to_vec()),
    ];
    match algorithm {
        Algorithm::EcdsaP256 | Algorithm::EcdhP256 => {
            let public = [
                // Not kept in the token: the register has it.
                Attribute::Token(false),
                Attribute::Verify(is_signing),
                Attribute::EcParams(CURVE.to_vec()),
            ];
            let usage = [Attribute::Sign(is_signing), Attribute::Derive(!is_signing)];
            let private = [&common[..], &usage].concat();
            let (public, _) = session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)?;
            read_point(session, public)
        }
        Algorithm::Aes256Gcm => {
            let usage = [Attribute::Encrypt(true), Attribute::Decrypt(true), Attribute::ValueLen(32.into())];
            session.generate_key(&Mechanism::AesKeyGen, &[&common[..], &usage].concat())?;
            Ok(Vec::new())
        }
        Algorithm::HmacSha256 => {
            let usage = [Attribute::Sign(true), Attribute::ValueLen(32.into())];
            session.generate_key(&Mechanism::GenericSecretKeyGen, &[&common[..], &usage].concat())?;
            Ok(Vec::new())
        }
        Algorithm::X25519 => Err(Trouble::Failed("a token's keys agree over P-256".to_owned())),
    }
}

fn read_point(session: &Session, public: ObjectHandle) -> Result<Vec<u8>, Trouble> {
    let found = session.get_attributes(public, &[AttributeType::EcPoint])?;
    let Some(Attribute::EcPoint(bytes)) = found.first() else {
        return Err(Trouble::Failed("it gave no public key".to_owned()));
    };
    // The standard says DER; some tokens give the point alone.
    let point = bytes.strip_prefix(&FRAMED_POINT[..]).filter(|rest| rest.len() == POINT_LEN).unwrap_or(bytes);
    if point.len() == POINT_LEN {
        Ok(point.to_vec())
    } else {
        Err(Trouble::Failed("it gave no P-256 key".to_owned()))
    }
}

/// The key's private or secret object.
pub(super) fn find_key(
    session: &Session,
    realm: &Realm,
    name: KeyName,
) -> Result<Option<ObjectHandle>, Trouble> {
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::SECRET_KEY] {
        let found = session.find_objects(&[Attribute::Class(class), label_of(realm, name)])?;
        if let Some(handle) = found.first() {
            return Ok(Some(*handle));
        }
    }
    Ok(None)
}

/// The labels of all private halves of a realm.
pub(super) fn private_labels(session: &Session, realm: &Realm) -> Result<Vec<String>, Trouble> {
    let ours = format!("{APPLICATION}/{realm}/");
    let mut labels = Vec::new();
    for class in [ObjectClass::PRIVATE_KEY, ObjectClass::SECRET_KEY] {
        for handle in session.find_objects(&[Attribute::Class(class), Attribute::Token(true)])? {
            let found = session.get_attributes(handle, &[AttributeType::Label])?;
            if let Some(Attribute::Label(label)) = found.first() {
                let label = String::from_utf8_lossy(label).into_owned();
                labels.extend(label.starts_with(&ours).then_some(label));
            }
        }
    }
    Ok(labels)
}

/// Destroys a key, if it is there.
pub(super) fn destroy(session: &Session, realm: &Realm, name: KeyName) -> Result<(), Trouble> {
    while let Some(handle) = find_key(session, realm, name)? {
        session.destroy_object(handle)?;
    }
    Ok(())
}

/// Destroys all private halves of a realm, and its register.
pub(super) fn clear(session: &Session, realm: &Realm) -> Result<(), Trouble> {
    for label in private_labels(session, realm)? {
        for handle in session.find_objects(&[Attribute::Label(label.into_bytes())])? {
            session.destroy_object(handle)?;
        }
    }
    for (_, _, handle) in registers(session, realm)? {
        session.destroy_object(handle)?;
    }
    Ok(())
}

/// The agreed value. It passes through an object of this session, which is gone afterwards.
pub(super) fn derive(
    session: &Session,
    key: ObjectHandle,
    mechanism: &Mechanism<'_>,
) -> Result<Secret<32>, Trouble> {
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::GENERIC_SECRET),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(false),
        Attribute::Extractable(true),
        Attribute::ValueLen(32.into()),
    ];
    let agreed = session.derive_key(mechanism, key, &template)?;
    let value = session.get_attributes(agreed, &[AttributeType::Value]);
    session.destroy_object(agreed)?;
    let mut value = value?;
    let Some(Attribute::Value(bytes)) = value.first_mut() else {
        return Err(Trouble::Failed("it gave no agreed value".to_owned()));
    };
    let secret = <&[u8; 32]>::try_from(bytes.as_slice()).map(|bytes| Secret::from_bytes(*bytes));
    bytes.zeroize();
    secret.map_err(|_| Trouble::Failed("it gave an agreed value of another length".to_owned()))
}

/// The latest register, JSON; none if the token has none of this realm.
pub(super) fn read_register(session: &Session, realm: &Realm) -> Result<Option<Vec<u8>>, Trouble> {
    let all = registers(session, realm)?;
    Ok(all.into_iter().max_by_key(|(revision, ..)| *revision).map(|(_, json, _)| json))
}

/// Writes a register beside the one before, and then takes that one away: one of them is there at every moment. False
/// if there is one of this revision already.
pub(super) fn write_register(
    session: &Session,
    realm: &Realm,
    revision: u64,
    json: &[u8],
) -> Result<bool, Trouble> {
    let before = registers(session, realm)?;
    if before.iter().any(|(other, ..)| *other >= revision) {
        return Ok(false);
    }
    session.create_object(&[
        Attribute::Class(ObjectClass::DATA),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Application(APPLICATION.as_bytes().to_vec()),
        register_label(realm),
        Attribute::Value([&revision.to_be_bytes()[..], json].concat()),
    ])?;
    for (_, _, handle) in before {
        session.destroy_object(handle)?;
    }
    Ok(true)
}

fn registers(session: &Session, realm: &Realm) -> Result<Vec<(u64, Vec<u8>, ObjectHandle)>, Trouble> {
    let mut all = Vec::new();
    for handle in session.find_objects(&[Attribute::Class(ObjectClass::DATA), register_label(realm)])? {
        let found = session.get_attributes(handle, &[AttributeType::Value])?;
        let Some(Attribute::Value(value)) = found.into_iter().next() else { continue };
        if value.len() > REGISTER_LEN_MAX {
            continue;
        }
        if let Some((revision, json)) = value.split_first_chunk::<REVISION_LEN>() {
            all.push((u64::from_be_bytes(*revision), json.to_vec(), handle));
        }
    }
    Ok(all)
}
