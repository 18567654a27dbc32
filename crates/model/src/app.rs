//! Which app a phone runs: its name on its platform, and its version as a number that can be compared.

use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What can be wrong with the name or the version of an app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// Not a platform, a colon and an app's name there.
    #[error("an app is PLATFORM:ID, such as android:com.example.wallet: letters, digits, '.', '_' and '-'")]
    Id,
    /// Not numbers with dots between them.
    #[error("an app's version is 1 to 4 numbers with dots between them, such as 2.14.1")]
    Version,
}

/// An app on a platform. Its text form, also in JSON, is `android:com.example.wallet`: the platform as phones name it
/// (`os` in `spec/activation.md`), 1 to 16 characters, and the app's name there, 1 to 64.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppId {
    text: String,
    platform_len: usize,
}

impl AppId {
    /// The most characters of a platform.
    pub const PLATFORM_LEN_MAX: usize = 16;
    /// The most characters of an app's name.
    pub const NAME_LEN_MAX: usize = 64;

    /// The app called `name` on `platform`.
    ///
    /// # Errors
    /// [`AppError::Id`].
    pub fn new(platform: &str, name: &str) -> Result<Self, AppError> {
        let fits = |text: &str, len_max| {
            (1..=len_max).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        };
        if fits(platform, Self::PLATFORM_LEN_MAX) && fits(name, Self::NAME_LEN_MAX) {
            Ok(Self { text: format!("{platform}:{name}"), platform_len: platform.len() })
        } else {
            Err(AppError::Id)
        }
    }

    /// The platform.
    #[must_use]
    pub fn platform(&self) -> &str {
        &self.text[..self.platform_len]
    }

    /// The app's name on its platform.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.text[self.platform_len + 1..]
    }

    /// The text form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for AppId {
    type Err = AppError;

    fn from_str(text: &str) -> Result<Self, AppError> {
        let (platform, name) = text.split_once(':').ok_or(AppError::Id)?;
        Self::new(platform, name)
    }
}

impl fmt::Display for AppId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An app's version: up to four numbers, the first counting most; what is left out is 0, so that 1.4 and 1.4.0 are one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AppVersion([u32; 4]);

impl AppVersion {
    /// Before every version: what a phone has that tells none.
    pub const NONE: Self = Self([0; 4]);
    /// The most digits of one number.
    const DIGITS_MAX: usize = 9;

    /// The version that a phone tells: what stands before the first `-`, `+` or space is read, so that 2.1-beta is 2.1.
    /// None if that is no version.
    #[must_use]
    pub fn of_phone(told: &str) -> Option<Self> {
        told.split(['-', '+', ' ']).next().and_then(|text| text.parse().ok())
    }
}

impl FromStr for AppVersion {
    type Err = AppError;

    fn from_str(text: &str) -> Result<Self, AppError> {
        let mut numbers = [0; 4];
        let mut places = numbers.iter_mut();
        for part in text.split('.') {
            let fits =
                (1..=Self::DIGITS_MAX).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            let place = places.next().filter(|_| fits).ok_or(AppError::Version)?;
            *place = part.parse().map_err(|_| AppError::Version)?;
        }
        Ok(Self(numbers))
    }
}

impl fmt::Display for AppVersion {
    /// Without the zeros at its end, but with two numbers at least.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().rposition(|number| *number > 0).map_or(2, |last| last + 1).max(2);
        for (place, number) in self.0[..shown].iter().enumerate() {
            let dot = if place == 0 { "" } else { "." };
            write!(f, "{dot}{number}")?;
        }
        Ok(())
    }
}

macro_rules! as_text {
    ($($kind:ty),*) => {$(
        impl fmt::Debug for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

as_text!(AppId, AppVersion);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let version = |text: &str| text.parse::<AppVersion>().unwrap();
        let rising = ["0", "0.0.0.1", "0.9", "1", "1.0.1", "1.9", "1.10", "2", "10.0.0.3"];
        assert!(rising.windows(2).all(|pair| version(pair[0]) < version(pair[1])));
        assert_eq!(version("1.4"), version("1.4.0.0"));
        assert_eq!(version("01.4"), version("1.4"));
        for (text, shown) in [("1", "1.0"), ("1.4.0", "1.4"), ("0.0.0.7", "0.0.0.7"), ("2.0.1", "2.0.1")] {
            assert_eq!(version(text).to_string(), shown);
            assert_eq!(version(shown), version(text));
        }
    }

    #[test]
    fn what_is_no_version_is_none() {
        for text in ["", ".", "1.", ".1", "1..2", "1.2.3.4.5", "v1", "1.x", "-1", "1.1234567890", "1 ", "１"]
        {
            assert_eq!(text.parse::<AppVersion>(), Err(AppError::Version), "{text}");
        }
        assert_eq!(AppVersion::of_phone("2.1-beta"), "2.1".parse().ok());
        assert_eq!(AppVersion::of_phone("2.1+7 (debug)"), "2.1".parse().ok());
        assert_eq!(AppVersion::of_phone("debug"), None);
    }

    #[test]
    fn apps_have_one_text_form() {
        let app = AppId::new("android", "com.example.wallet").unwrap();
        assert_eq!((app.platform(), app.name()), ("android", "com.example.wallet"));
        assert_eq!(app.to_string().parse(), Ok(app));
        for (platform, name) in
            [("", "a"), ("a", ""), ("a:b", "c"), ("a", "b:c"), ("a b", "c"), ("a", "b/c"), ("a", "é")]
        {
            assert_eq!(AppId::new(platform, name), Err(AppError::Id), "{platform} {name}");
        }
        assert!(AppId::new(&"a".repeat(16), &"b".repeat(64)).is_ok());
        assert!(AppId::new(&"a".repeat(17), "b").is_err());
        assert!(AppId::new("a", &"b".repeat(65)).is_err());
        assert!("android".parse::<AppId>().is_err());
    }
}
