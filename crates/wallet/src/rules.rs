//! What the sensors of this phone look for: a signed list that the shell keeps beside the state, since it is large and no
//! secret. The state keeps only which version was taken last, so that an older one is refused.

use model::Timestamp;
use protocol::rule_list::{RuleDelta, RuleList, RuleListTrust};

use crate::{State, WalletError};

/// A question for the server: `GET /v1/rules`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RulesWanted {
    /// The version to start from; none for the whole list.
    pub from: Option<u32>,
}

impl State {
    /// The list that was kept, if it still may be used at the phone's time `now`: signed by a key of the present bundle,
    /// not expired, and not older than the last one taken. Whatever else is in the file is as good as nothing.
    #[must_use]
    pub fn kept_rules(&self, kept: &[u8], now: Timestamp) -> Option<RuleList> {
        self.with_trust(now, |trust| RuleList::verify(kept, trust)).ok()?.ok()
    }

    /// What to ask the server for, going by what it announced when it was last asked how the wallet stands; none if there
    /// is no news.
    #[must_use]
    pub fn rules_wanted(&self, kept: Option<&RuleList>) -> Option<RulesWanted> {
        let announced = self.enrolled().ok()?.rules_announced?;
        let here = kept.and_then(|list| list.head().ok()).map(|head| head.list_version);
        (here != Some(announced)).then_some(RulesWanted { from: here })
    }

    /// Takes the server's answer: a list, or what leads to one from the one that is kept. Store the state and what is given
    /// back afterwards. If a delta is refused, ask for the whole list.
    ///
    /// # Errors
    /// [`WalletError::Refused`] for what is not signed, expired, older than what was taken before, or does not lead to what
    /// was signed: nothing is changed then. [`WalletError::NotActivated`].
    pub fn take_rules(
        &mut self,
        answer: &[u8],
        kept: Option<&RuleList>,
        now: Timestamp,
    ) -> Result<RuleList, WalletError> {
        let list = self.with_trust(now, |trust| match (RuleDelta::from_json(answer), kept) {
            (Ok(delta), Some(kept)) => delta.apply(kept, trust),
            _ => RuleList::verify(answer, trust),
        })??;
        let (enrolled, _) = self.enrolled_mut()?;
        enrolled.rules_taken = list.head()?.list_version;
        Ok(list)
    }

    /// The version of the list that was taken last; none if none was.
    #[must_use]
    pub fn rules_version(&self) -> Option<u32> {
        self.enrolled().ok().map(|enrolled| enrolled.rules_taken).filter(|version| *version > 0)
    }

    fn with_trust<T>(
        &self,
        now: Timestamp,
        what: impl FnOnce(&RuleListTrust<'_>) -> T,
    ) -> Result<T, WalletError> {
        let enrolled = self.enrolled()?;
        let bundle = enrolled.bundle_as_accepted(&self.realm)?;
        let keys: Vec<_> = bundle.rule_keys.into_iter().map(|key| key.public_key).collect();
        Ok(what(&RuleListTrust {
            keys: &keys,
            realm: &self.realm.realm,
            at: enrolled.server_time(now),
            last_version: enrolled.rules_taken,
        }))
    }
}
