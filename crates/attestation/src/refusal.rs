//! Why an attestation is refused, and what to do about it.

use thiserror::Error;

/// Why an attestation is not taken. The texts are for logs and support staff; they hold no secret. A phone is told
/// only that its attestation was refused.
///
/// Certificates are numbered as they stand in a chain: 1 is the attested key's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    // -- what was sent is not what it says to be
    /// More bytes than any genuine one has.
    #[error("the {0} is too long to be genuine; look at what the app sends")]
    TooLong(&'static str),
    /// Not in the form that the platform gives.
    #[error("the {part} is malformed: {why}; the app must send what the platform gave it, unchanged")]
    Malformed {
        /// Which part.
        part: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Too few or too many certificates.
    #[error("the chain has {0} certificates; the app must send all that the platform gave it, and no others")]
    ChainLength(usize),
    /// The first certificate attests nothing.
    #[error("certificate 1 holds no attestation; the app must give a challenge when it makes the key")]
    NotAttested,
    /// Another certificate attests, too: a phone's key has signed it.
    #[error("certificate {0} holds an attestation, too: an attested key has made itself an authority")]
    AttestedTwice(usize),

    // -- the chain is not a platform's
    /// It does not end at a root that is believed.
    #[error("the chain ends at no root that is believed; if the platform has published another one, add it")]
    UnknownRoot,
    /// A certificate that does not belong there.
    #[error("certificate {0} does not belong into the chain")]
    ExtraCertificate(usize),
    /// The next certificate is not the issuer's.
    #[error("certificate {0} names another issuer than the one that follows; some are missing or swapped")]
    OtherIssuer(usize),
    /// The issuer is no authority.
    #[error("certificate {0} is no authority's, but another one is issued under it")]
    NotAuthority(usize),
    /// More authorities than the issuer allows.
    #[error("certificate {0} allows fewer authorities below it")]
    PathTooLong(usize),
    /// The issuer did not sign it.
    #[error("certificate {0} was not signed by its issuer: it was forged or changed")]
    BadSignature(usize),
    /// Dated ahead.
    #[error("certificate {0} is not valid yet; compare this machine's clock")]
    NotYetValid(usize),
    /// Out of date.
    #[error("certificate {0} has expired; the phone must attest anew")]
    Expired(usize),
    /// On the list of revoked certificates.
    #[error("the certificate with serial number {0} is revoked: keys of such phones are known to strangers")]
    Revoked(String),

    // -- what the operator has to supply
    /// No list of revoked certificates.
    #[error("there is no list of revoked certificates; fetch it from the platform")]
    NoRevocationList,
    /// One that is out of date.
    #[error("the list of revoked certificates is {0} s old; fetch it anew")]
    OldRevocationList(i64),
    /// One from the future.
    #[error("the list of revoked certificates is dated ahead; compare this machine's clock")]
    FutureRevocationList,
    /// One that cannot be read.
    #[error("the list of revoked certificates is not usable: {0}; fetch it anew")]
    BadRevocationList(&'static str),
    /// Roots that cannot be read.
    #[error("the roots are not usable: {0}; they must be certificates in PEM")]
    BadRoots(String),
    /// Keys of the developer console that cannot be read.
    #[error("the {0} key is not usable; copy it anew from the developer console")]
    BadConsoleKey(&'static str),

    // -- it is genuine, but of something else
    /// It answers another question.
    #[error("it is bound to another challenge: it was recorded before, or made for somebody else")]
    OtherChallenge,
    /// It is about another key.
    #[error("it is about another key than the one that the phone shows")]
    OtherKey,
    /// It is of another app.
    #[error("it is of another app ({0}); if it is yours, add it to the apps that are expected")]
    OtherApp(String),
    /// The app was signed by somebody else.
    #[error(
        "the app is signed by another key ({0}): it was repackaged, or the key is missing in what is expected"
    )]
    OtherSigner(String),
    /// It was made too long ago, or ahead of time.
    #[error("it was made {0} s ago; the app must ask for a new one")]
    NotFresh(i64),

    // -- it is genuine, but not good enough
    /// The key is not kept well enough.
    #[error("the key is not kept as well as expected; the phone can be enrolled with less trust")]
    LevelTooLow,
    /// Nothing says which system was started.
    #[error("it does not say which system was started; the phone can be enrolled with less trust")]
    NoRootOfTrust,
    /// Whoever has the phone can change its system.
    #[error("the phone's boot loader is unlocked; lock it, or enrol the phone with less trust")]
    Unlocked,
    /// Not the maker's system.
    #[error("the phone did not start a system that its maker verified")]
    BootNotVerified,
    /// Security updates are missing.
    #[error("the phone's security updates are of {found:?}, and {least} is the least; update the phone")]
    OldPatchLevel {
        /// Year and month as a number, if it says so.
        found: Option<u64>,
        /// The least, likewise.
        least: u32,
    },
    /// The key is not one that may pay.
    #[error("the key does not suit: {0}; make it as the wallet SDK does")]
    UnsuitableKey(&'static str),
    /// Made for trying out.
    #[error("it is of the platform's environment for development, or a test answer")]
    ForDevelopment,
    /// Made for the store, where development was expected.
    #[error("it is of the platform's production environment, and one for development is expected")]
    ForProduction,
    /// The counter did not rise.
    #[error("the counter is {found}, after {before}: an assertion was repeated, or the key is used twice")]
    CounterNotRising {
        /// The last one seen.
        before: u32,
        /// This one.
        found: u32,
    },
    /// A new key has a counter of 0.
    #[error("the counter of a new key is {0}, not 0: it was used before")]
    CounterNotZero(u32),
    /// The assertion is not the key's.
    #[error("the assertion was not made by the enrolled key, or not about this request")]
    BadAssertion,
    /// The token does not open, or Google did not sign it.
    #[error("the token is not from Google for this app; compare the keys with the developer console")]
    BadToken,
    /// A token was asked for, and none came.
    #[error(
        "the app sent no integrity token beside its key's attestation; the phone can be enrolled with less trust"
    )]
    NoIntegrityToken,
    /// Google does not know the app as its own store's.
    #[error("the app is not one that Google Play knows ({0})")]
    AppNotRecognised(String),
    /// Google does not vouch for the device.
    #[error("Google does not vouch for the device as expected")]
    DeviceNotRecognised,
}

impl Refusal {
    pub(crate) const fn malformed(part: &'static str, why: &'static str) -> Self {
        Self::Malformed { part, why }
    }
}
