//! Rules: a name, what is asked of a payment, and what follows.

use std::fmt;

use records::Ground;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, SeqAccess, Visitor},
};

use super::{Amounts, Conditions, condition::short};

/// The most rules of one policy.
pub const RULES_MAX: usize = 100;
/// The longest name of a rule, bytes.
const NAME_BYTES_MAX: usize = 48;

/// The rules of a policy. Their order decides nothing but which of two that are equally severe is named.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Rules(Vec<Rule>);

/// What follows if a payment is as asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What it is called, for people: 1 to 48 of `a-z`, `0-9` and `-`; once in a policy.
    pub name: String,
    /// What must hold, all of it.
    #[serde(default)]
    pub when: Conditions,
    /// What must not hold, all of it together. Claims of the phone cannot be asked for here: they would gain it something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless: Option<Conditions>,
    /// What follows.
    pub then: Effect,
}

/// What follows from a rule, the mildest first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing but that the rule is named if no other matches.
    Allow,
    /// Payments above this are declined; in a currency that is not named, all are.
    Cap(Amounts),
    /// The payment must be approved on the phone.
    Approve,
    /// The payment is declined.
    Decline(DeclineAs),
    /// The payment is declined and the phone locked.
    Lock,
}

/// What a declined customer's phone is told; the till is told what several causes share.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclineAs {
    /// A rule of the bank's; another method may help.
    PolicyRefused,
    /// Above what may be paid.
    LimitExceeded,
    /// Something about the phone.
    EvidenceRefused,
    /// The phone must be online once.
    OfflineTooLong,
}

impl Rules {
    /// These.
    #[must_use]
    pub fn new(rules: Vec<Rule>) -> Self {
        Self(rules)
    }

    /// Each with its place.
    pub fn iter(&self) -> impl Iterator<Item = (Ground, &Rule)> {
        (0..=u8::MAX).map(Ground::Rule).zip(&self.0)
    }

    /// The rule that a decision names.
    #[must_use]
    pub fn named_by(&self, ground: Ground) -> Option<&Rule> {
        match ground {
            Ground::Rule(place) => self.0.get(usize::from(place)),
            _ => None,
        }
    }

    /// Whether any asks what the phone paid lately.
    #[must_use]
    pub fn ask_for_velocity(&self) -> bool {
        let mut conditions = self.0.iter().flat_map(|rule| [Some(&rule.when), rule.unless.as_ref()]);
        conditions.any(|some| some.is_some_and(Conditions::ask_for_velocity))
    }

    /// What is wrong with them, if something is.
    pub(super) fn fault(&self) -> Option<String> {
        if self.0.len() > RULES_MAX {
            return Some(format!("there are more than {RULES_MAX} rules"));
        }
        self.0.iter().enumerate().find_map(|(place, rule)| {
            let (number, name) = (place + 1, short(&rule.name));
            let is_twice = self.0[..place].iter().any(|other| other.name == rule.name);
            let what = if is_twice { Some("its name is another rule's too") } else { rule.fault() };
            what.map(|what| format!("rule {number} `{name}`: {what}"))
        })
    }
}

impl Rule {
    fn fault(&self) -> Option<&'static str> {
        let letters = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if !(1..=NAME_BYTES_MAX).contains(&self.name.len()) || !self.name.bytes().all(letters) {
            return Some("`name` is 1 to 48 of a-z, 0-9 and -");
        }
        if self.unless.as_ref().is_some_and(Conditions::ask_for_claims) {
            return Some(
                "`unless` may not ask for `evidence`: what a phone claims must never gain it anything",
            );
        }
        if self.unless.as_ref().is_some_and(|unless| unless.as_slice().is_empty()) {
            return Some("`unless` asks for nothing, so that the rule never holds");
        }
        match &self.then {
            Effect::Cap(amounts) if amounts.is_empty() || amounts.has_negative() => {
                Some("`cap` names at least one currency, and no amount below 0")
            }
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;

        impl<'de> Visitor<'de> for Each {
            type Value = Rules;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of rules")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Rules, A::Error> {
                let mut rules = Vec::new();
                loop {
                    let number = rules.len() + 1;
                    let next = list.next_element();
                    match next.map_err(|error| A::Error::custom(format_args!("rule {number}: {error}")))? {
                        Some(_) if number > RULES_MAX => {
                            return Err(A::Error::custom(format_args!(
                                "there are more than {RULES_MAX} rules"
                            )));
                        }
                        Some(rule) => rules.push(rule),
                        None => return Ok(Rules(rules)),
                    }
                }
            }
        }

        deserializer.deserialize_seq(Each)
    }
}
