//! Text that must not leak: wiped when dropped, redacted when printed.

use core::fmt;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text over.
            pub fn from_string(text: String) -> Self {
                Self(text)
            }

            /// The text. Where this is called is where it could leak.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )*};
}

secrets! {
    /// A customer's password at the bank.
    Password;
    /// What a customer gives a partner to prove an account: 43 characters, used once, for one link and one
    /// partner, for ten minutes.
    Proof;
    /// A customer's session, sent as `Authorization: Bearer SESSION`: 43 characters, for ten minutes.
    Session;
}
