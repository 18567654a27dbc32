//! The kinds of faults, and how often each was caused.

/// Something that goes wrong, or somebody who means harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No connection came about.
    ConnectionRefused,
    /// A request never arrived.
    RequestLost,
    /// A request arrived late.
    RequestDelayed,
    /// A request arrived twice.
    RequestDoubled,
    /// A request was carried out and its answer lost.
    AnswerLost,
    /// An answer came late.
    AnswerDelayed,
    /// The bank answers nobody for a while.
    BankSilent,
    /// A process was killed; its disk lived on.
    ProcessKilled,
    /// The power failed and took what was not synced.
    PowerFailed,
    /// The power failed and left a write torn.
    WriteTorn,
    /// The power failed and left some sectors of what was not synced.
    WritesScattered,
    /// The power failed while a store was being opened after another failure.
    PowerFailedAtStart,
    /// A disk failed to sync.
    SyncFailed,
    /// A disk was full for a while.
    DiskFull,
    /// A till lost power before a journal entry was written.
    TillCutBefore,
    /// A till lost power while a journal entry was written.
    TillCutTorn,
    /// A till lost power after a journal entry was written.
    TillCutAfter,
    /// A clock was set.
    ClockSet,
    /// A customer mistyped the PIN.
    WrongPin,
    /// The cashier changed their mind.
    SaleCancelled,
    /// A code was scanned again at the same till, its sale left half-way.
    ScannedAgain,
    /// Nobody came back to a hold.
    HoldForgotten,
    /// A code was shown to a second till.
    CodeReplayed,
    /// A key was used for another amount.
    KeyReused,
    /// A cancel was sent before what it cancels.
    CancelFirst,
    /// A capture was asked for again, or beyond the hold.
    CapturedAgain,
    /// Several wrong PINs were tried at once.
    PinsGuessed,
    /// A payment of another shop was to be captured, voided or refunded.
    ForeignPayment,
    /// A phone was set up again from an old backup.
    PhoneRestored,
    /// A customer closed their account.
    AccountClosed,
    /// A customer refused on the phone.
    ApprovalRefused,
    /// A customer did not answer on the phone.
    ApprovalIgnored,
}

impl Fault {
    /// All kinds.
    pub const ALL: [Self; 32] = [
        Self::ConnectionRefused,
        Self::RequestLost,
        Self::RequestDelayed,
        Self::RequestDoubled,
        Self::AnswerLost,
        Self::AnswerDelayed,
        Self::BankSilent,
        Self::ProcessKilled,
        Self::PowerFailed,
        Self::WriteTorn,
        Self::WritesScattered,
        Self::PowerFailedAtStart,
        Self::SyncFailed,
        Self::DiskFull,
        Self::TillCutBefore,
        Self::TillCutTorn,
        Self::TillCutAfter,
        Self::ClockSet,
        Self::WrongPin,
        Self::SaleCancelled,
        Self::ScannedAgain,
        Self::HoldForgotten,
        Self::CodeReplayed,
        Self::KeyReused,
        Self::CancelFirst,
        Self::CapturedAgain,
        Self::PinsGuessed,
        Self::ForeignPayment,
        Self::PhoneRestored,
        Self::AccountClosed,
        Self::ApprovalRefused,
        Self::ApprovalIgnored,
    ];

    /// The kind in words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::ConnectionRefused => "connections refused",
            Self::RequestLost => "requests lost",
            Self::RequestDelayed => "requests delayed",
            Self::RequestDoubled => "requests doubled",
            Self::AnswerLost => "answers lost",
            Self::AnswerDelayed => "answers delayed",
            Self::BankSilent => "bank silent for a while",
            Self::ProcessKilled => "processes killed",
            Self::PowerFailed => "power cuts, unsynced writes lost",
            Self::WriteTorn => "power cuts, a write torn",
            Self::WritesScattered => "power cuts, writes scattered",
            Self::PowerFailedAtStart => "power cuts during recovery",
            Self::SyncFailed => "disks that failed to sync",
            Self::DiskFull => "disks full for a while",
            Self::TillCutBefore => "tills cut before an entry",
            Self::TillCutTorn => "tills cut inside an entry",
            Self::TillCutAfter => "tills cut after an entry",
            Self::ClockSet => "clocks set",
            Self::WrongPin => "wrong PINs",
            Self::SaleCancelled => "sales cancelled half-way",
            Self::ScannedAgain => "codes scanned again at their till",
            Self::HoldForgotten => "holds forgotten",
            Self::CodeReplayed => "codes shown to a second till",
            Self::KeyReused => "keys used for another amount",
            Self::CancelFirst => "cancels before their request",
            Self::CapturedAgain => "captures again or beyond",
            Self::PinsGuessed => "wrong PINs at once",
            Self::ForeignPayment => "other shops' payments touched",
            Self::PhoneRestored => "phones restored from a backup",
            Self::AccountClosed => "accounts closed",
            Self::ApprovalRefused => "payments refused on the phone",
            Self::ApprovalIgnored => "payments not answered on the phone",
        }
    }
}

/// How often each kind was caused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally([u64; Fault::ALL.len()]);

impl Tally {
    /// Counts one.
    pub fn count(&mut self, fault: Fault) {
        self.0[fault as usize] += 1;
    }

    /// Adds another tally's counts.
    pub fn add(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// How often a kind was caused.
    #[must_use]
    pub const fn of(&self, fault: Fault) -> u64 {
        self.0[fault as usize]
    }

    /// How many faults were caused altogether.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.0.iter().sum()
    }
}
