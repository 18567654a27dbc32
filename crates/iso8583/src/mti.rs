//! Message type identifiers.

use crate::error::Fault;
use std::fmt;
use std::str::FromStr;

/// Four digits: version, class, function, origin.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageType([u8; 4]);

impl MessageType {
    /// The message type whose digits are these, each 0 to 9.
    ///
    /// # Errors
    /// [`Fault::MessageType`].
    pub fn new(digits: [u8; 4]) -> Result<Self, Fault> {
        if digits.iter().all(|digit| *digit <= 9) { Ok(Self(digits)) } else { Err(Fault::MessageType) }
    }

    /// 0: 1987, 1: 1993, 2: 2003.
    #[must_use]
    pub const fn version(self) -> u8 {
        self.0[0]
    }

    /// 1: authorisation, 2: financial, 4: reversal, 8: network management, and others.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.0[1]
    }

    /// 0: request, 1: its response, 2: advice, 3: its response, 4: notification, and others.
    #[must_use]
    pub const fn function(self) -> u8 {
        self.0[2]
    }

    /// Even: sent the first time; odd: sent again.
    #[must_use]
    pub const fn origin(self) -> u8 {
        self.0[3]
    }

    /// Whether it answers another message.
    #[must_use]
    pub const fn is_response(self) -> bool {
        matches!(self.function(), 1 | 3)
    }

    /// Whether it was sent before.
    #[must_use]
    pub const fn is_repeat(self) -> bool {
        self.origin() % 2 == 1
    }

    /// What answers it: 0110 to 0100 and to 0101, 0430 to 0420. None answers a response or a notification.
    #[must_use]
    pub const fn response(self) -> Option<Self> {
        let [version, class, function, origin] = self.0;
        match function {
            0 | 2 => Some(Self([version, class, function + 1, origin - origin % 2])),
            _ => None,
        }
    }

    /// The same, sent again: 0401 of 0400.
    #[must_use]
    pub const fn repeat(self) -> Self {
        let [version, class, function, origin] = self.0;
        Self([version, class, function, if origin % 2 == 0 { origin + 1 } else { origin }])
    }
}

impl FromStr for MessageType {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let bytes: [u8; 4] = text.as_bytes().try_into().map_err(|_| Fault::MessageType)?;
        Self::new(bytes.map(|byte| byte.wrapping_sub(b'0')))
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| write!(f, "{digit}"))
    }
}

impl fmt::Debug for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_four_digits_and_answer_each_other() {
        let of = |text: &str| text.parse::<MessageType>().unwrap();
        for text in ["", "010", "01000", "01a0", "0-10", "١٢٣٤"] {
            assert_eq!(text.parse::<MessageType>(), Err(Fault::MessageType), "{text}");
        }
        assert_eq!((of("0100").class(), of("1804").version(), of("1804").origin()), (1, 1, 4));
        for (request, response) in [("0100", "0110"), ("0101", "0110"), ("0420", "0430"), ("1804", "1814")] {
            assert_eq!(of(request).response(), Some(of(response)));
            assert!(of(response).is_response() && of(response).response().is_none());
        }
        assert_eq!((of("0400").repeat(), of("0401").repeat()), (of("0401"), of("0401")));
        assert!(of("0401").is_repeat() && !of("0400").is_repeat());
        assert_eq!(of("0400").to_string(), "0400");
    }
}
