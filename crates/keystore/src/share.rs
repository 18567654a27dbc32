//! Shares of a root key as people keep them: a few lines of text each, on paper or on a stick.

use std::fmt::Write;

use crypto::{
    Random, SecretBytes, SecretString,
    hash::sha256,
    p256::SigningKey,
    shares::{combine, split},
};
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use protocol::{key_bundle::root_key_id, realm::Realm};
use zeroize::Zeroizing;

use crate::KeyStoreError;

const TITLE: &str = "batzen root share 1";
/// Characters between two hyphens: what a person copies at once.
const GROUP: usize = 4;
/// No share comes near this.
const TEXT_LEN_MAX: usize = 4096;

/// One share, read.
pub struct RootShare {
    realm: Realm,
    root: String,
    needed: u8,
    number: u8,
    share: SecretBytes,
}

/// Splits a root key among `count` people, of whom `needed` can act. Each text is one share.
///
/// # Errors
/// [`KeyStoreError::Refused`] for numbers outside 2 ≤ `needed` ≤ `count` ≤ 32.
pub fn split_root(
    root: &SigningKey,
    realm: &Realm,
    needed: u8,
    count: u8,
    random: &mut dyn Random,
) -> Result<Vec<SecretString>, KeyStoreError> {
    let scalar = root.to_scalar();
    let shares = split(scalar.expose(), needed, count, random).map_err(|_| {
        KeyStoreError::Refused(
            "at least 2 shares must be needed, at most as many as there are, and of those 32",
        )
    })?;
    let id = root_key_id(root.verifying_key());
    Ok(shares.iter().map(|share| to_text(realm, &id, needed, share)).collect())
}

/// Puts the root key together again, in memory.
///
/// # Errors
/// [`KeyStoreError::Refused`] if shares are missing, stand twice or are of different roots.
pub fn join_root(shares: &[RootShare]) -> Result<SigningKey, KeyStoreError> {
    let refused = |why| Err(KeyStoreError::Refused(why));
    let Some(first) = shares.first() else { return refused("no share was given") };
    let is_same = |share: &RootShare| {
        (&share.realm, &share.root, share.needed) == (&first.realm, &first.root, first.needed)
    };
    if !shares.iter().all(is_same) {
        return refused("the shares are of different roots");
    }
    let mut numbers: Vec<u8> = shares.iter().map(|share| share.number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.len() < usize::from(first.needed) {
        return refused("more different shares are needed; each says how many");
    }
    let parts: Vec<SecretBytes> = shares.iter().map(|share| share.share.clone()).collect();
    let scalar = combine(&parts, first.needed)?;
    let not_it =
        || KeyStoreError::Refused("the shares do not make the root that they name; one of them is wrong");
    let scalar: &[u8; 32] = scalar.expose().try_into().map_err(|_| not_it())?;
    let root = SigningKey::from_scalar(scalar).map_err(|_| not_it())?;
    if root_key_id(root.verifying_key()) == first.root { Ok(root) } else { Err(not_it()) }
}

fn to_text(realm: &Realm, root: &str, needed: u8, share: &SecretBytes) -> SecretString {
    let number = share.expose().first().copied().unwrap_or(0);
    let data = Zeroizing::new(BASE32_NOPAD.encode(share.expose()));
    // Its room is taken at once, so that growing leaves no copies behind.
    let mut text = String::with_capacity(TEXT_LEN_MAX);
    let _ = write!(text, "{TITLE}\nrealm {realm}\nroot {root}\nneeded {needed}\nshare {number}\ndata ");
    for (at, letter) in data.chars().enumerate() {
        if at > 0 && at % GROUP == 0 {
            text.push('-');
        }
        text.push(letter);
    }
    let check = HEXLOWER.encode(&sha256(&[text.as_bytes()])[..4]);
    let _ = writeln!(text, "\ncheck {check}");
    SecretString::from_string(text)
}

impl RootShare {
    /// Reads a share's text.
    ///
    /// # Errors
    /// [`KeyStoreError::Refused`]; a slip of the pen is told apart from something else.
    pub fn read(text: &str) -> Result<Self, KeyStoreError> {
        let none = KeyStoreError::Refused("this is no share of a root");
        if text.len() > TEXT_LEN_MAX {
            return Err(none);
        }
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let [title, realm, root, needed, number, data, check] = lines[..] else { return Err(none) };
        let value = |line: &'_ str, name: &str| -> Option<String> {
            line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned)
        };
        let read = || -> Option<Self> {
            let data = Zeroizing::new(value(data, "data")?.replace('-', "").to_ascii_uppercase());
            let share = SecretBytes::from_vec(BASE32_NOPAD.decode(data.as_bytes()).ok()?);
            Some(Self {
                realm: Realm::new(&value(realm, "realm")?).ok()?,
                root: value(root, "root")?,
                needed: value(needed, "needed")?.parse().ok()?,
                number: value(number, "share")?.parse().ok()?,
                share,
            })
        };
        let share = (title == TITLE).then(read).flatten().ok_or(none)?;
        let again = to_text(&share.realm, &share.root, share.needed, &share.share);
        let is_number = share.share.expose().first() == Some(&share.number);
        let is_check = again.expose().lines().last() == Some(check);
        if is_number && is_check {
            Ok(share)
        } else {
            Err(KeyStoreError::Refused("the share was miscopied: its check line does not fit"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crypto::SystemRandom;

    fn dealt() -> (SigningKey, Vec<String>) {
        let root = SigningKey::make(&mut SystemRandom);
        let realm = Realm::new("shop.example").unwrap();
        let texts = split_root(&root, &realm, 3, 5, &mut SystemRandom).unwrap();
        (root, texts.iter().map(|text| text.expose().to_owned()).collect())
    }

    fn join(texts: &[&str]) -> Result<SigningKey, KeyStoreError> {
        let shares: Vec<_> = texts.iter().map(|text| RootShare::read(text)).collect::<Result<_, _>>()?;
        join_root(&shares)
    }

    #[test]
    fn three_of_five_make_the_root_and_two_do_not() {
        let (root, texts) = dealt();
        let joined = join(&[&texts[4], &texts[0], &texts[2]]).unwrap();
        assert_eq!(joined.verifying_key(), root.verifying_key());
        let too_few = join(&[&texts[4], &texts[0], &texts[0]]).unwrap_err().to_string();
        assert!(too_few.contains("more different shares"), "{too_few}");
        let (_, others) = dealt();
        let mixed = join(&[&texts[4], &texts[0], &others[1]]).unwrap_err().to_string();
        assert!(mixed.contains("different roots"), "{mixed}");
    }

    #[test]
    fn a_slip_of_the_pen_is_told() {
        let (_, texts) = dealt();
        let text = &texts[1];
        for (at, letter) in text.char_indices().filter(|(_, letter)| letter.is_ascii_alphanumeric()) {
            let other = if letter == '2' { '3' } else { '2' };
            let mut wrong = text.clone();
            wrong.replace_range(at..=at, &other.to_string());
            assert!(RootShare::read(&wrong).is_err(), "{wrong}");
        }
        // Lower case, without hyphens, with blank lines: a person's copy.
        let data = text.lines().nth(5).unwrap();
        let copied = text.replace(data, &format!("\n  {}", data.replace('-', "").to_lowercase()));
        assert!(RootShare::read(&copied).is_ok());
    }
}
