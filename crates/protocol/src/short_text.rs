//! Short texts that people will see: names of customers, models and shops.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::ProtocolError;

/// Whether a character may stand in a text that is shown: no controls, and nothing that reorders or
/// breaks the line it stands in, so that a shop's name cannot imitate the amount beside it.
#[must_use]
pub fn is_showable(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{2028}' | '\u{2029}' | '\u{061C}' | '\u{200E}' | '\u{200F}'
            | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// 1 to 64 characters that can be shown.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ShortText(String);

impl ShortText {
    /// The most characters.
    pub const CHARS_MAX: usize = 64;

    /// Takes a text, or refuses it with [`ProtocolError::Malformed`].
    pub fn new(text: &str) -> Result<Self, ProtocolError> {
        let fits =
            !text.is_empty() && text.len() <= 4 * Self::CHARS_MAX && text.chars().count() <= Self::CHARS_MAX;
        if fits && text.chars().all(is_showable) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ProtocolError::Malformed("short text"))
        }
    }

    /// As much of a text as fits, without what cannot be shown; none if nothing is left.
    #[must_use]
    pub fn shortened(text: &str) -> Option<Self> {
        let text: String = text.chars().filter(|c| is_showable(*c)).take(Self::CHARS_MAX).collect();
        Self::new(&text).ok()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ShortText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl TryFrom<String> for ShortText {
    type Error = ProtocolError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<ShortText> for String {
    fn from(text: ShortText) -> Self {
        text.0
    }
}
