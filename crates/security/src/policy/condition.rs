//! What a rule asks of a payment: each condition alone, how it reads in a file, and how it is told in words.

use std::fmt;

use model::{MerchantCategory, Money, ProviderId};
use protocol::evidence::Evidence;
use records::{Facts, Spent, TrustLevel, Window};
use serde::{Deserialize, Serialize};

use super::Amounts;

/// The most entries that one list of a condition may have.
const LIST_MAX: usize = 64;

/// Conditions that must all hold. None at all hold always.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Conditions(Vec<Condition>);

/// One thing that is asked of a payment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// The phone keeps its keys in one of these ways.
    Levels(Vec<TrustLevel>),
    /// The phone claims one of these.
    Evidence(Claims),
    /// The phone proved its level longer ago than this, seconds.
    AttestedAbove(u64),
    /// The phone was last heard of longer ago than this, seconds.
    OfflineAbove(u64),
    /// The payment is above this; in a currency that is not named it is not.
    AmountAbove(Amounts),
    /// With this one there are more payments of this phone in a window.
    PaymentsAbove(Window, u32),
    /// With this one, payments of this phone in a window sum up to more, in the payment's currency.
    SumAbove(Window, Amounts),
    /// The method is of one of these providers.
    Providers(Vec<ProviderId>),
    /// The merchant is of one of these categories.
    Categories(Vec<Category>),
    /// Whether the code is bound to the till.
    Bound(bool),
}

/// Claimed evidence that is asked for. All of it is bad news: whoever claims more of it meets no fewer rules, so a claim
/// never gains anything.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Claims {
    /// Any of these bits.
    pub threats: Evidence,
    /// That the sensors did not all run.
    pub no_sensors: bool,
    /// That anything at all is not as it should be.
    pub doubtful: bool,
}

/// Merchants' categories from one to another, or of merchants whose category is not known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Category {
    /// Both included.
    Range(MerchantCategory, MerchantCategory),
    /// None was set.
    Unknown,
}

impl Conditions {
    /// These.
    #[must_use]
    pub fn new(conditions: Vec<Condition>) -> Self {
        Self(conditions)
    }

    /// Whether all hold.
    #[must_use]
    pub fn hold(&self, amount: Money, facts: &Facts) -> bool {
        self.0.iter().all(|condition| condition.holds(amount, facts))
    }

    /// Each of them, with the fact that it was held against.
    pub(super) fn words(&self, amount: Money, facts: &Facts) -> Vec<String> {
        self.0.iter().map(|condition| condition.words(amount, facts)).collect()
    }

    /// Each of them.
    #[must_use]
    pub fn as_slice(&self) -> &[Condition] {
        &self.0
    }

    pub(super) fn ask_for_velocity(&self) -> bool {
        let asks = |one: &Condition| matches!(one, Condition::PaymentsAbove(..) | Condition::SumAbove(..));
        self.0.iter().any(asks)
    }

    pub(super) fn ask_for_claims(&self) -> bool {
        self.0.iter().any(|condition| matches!(condition, Condition::Evidence(_)))
    }
}

impl Condition {
    /// Whether it holds.
    #[must_use]
    pub fn holds(&self, amount: Money, facts: &Facts) -> bool {
        let above = |amounts: &Amounts, minor| amounts.of(amount.currency).is_some_and(|most| minor > most);
        match self {
            Self::Levels(levels) => levels.contains(&facts.level),
            Self::Evidence(claims) => claims.are_in(Evidence::from_bits_retain(facts.evidence)),
            Self::AttestedAbove(most_s) => facts.attested_s > *most_s,
            Self::OfflineAbove(most_s) => facts.offline_s > *most_s,
            Self::AmountAbove(most) => above(most, amount.amount_minor),
            Self::PaymentsAbove(window, most) => with_this(*window, amount, facts).payments > *most,
            Self::SumAbove(window, most) => above(most, with_this(*window, amount, facts).sum_minor),
            Self::Providers(providers) => providers.contains(&facts.provider),
            Self::Categories(categories) => categories.iter().any(|one| one.has(facts.category)),
            Self::Bound(asked) => facts.is_bound == *asked,
        }
    }

    fn words(&self, amount: Money, facts: &Facts) -> String {
        let currency = amount.currency;
        match self {
            Self::Levels(_) => format!("the phone's level is {}", level_name(facts.level)),
            Self::Evidence(_) => format!("the phone claims {}", claimed(facts.evidence)),
            Self::AttestedAbove(most) => {
                format!("the level was proved {} ago, above {}", time(facts.attested_s), time(*most))
            }
            Self::OfflineAbove(most) => {
                format!("the phone was last heard of {} ago, above {}", time(facts.offline_s), time(*most))
            }
            Self::AmountAbove(most) => format!("the amount is {amount}, above {}", most.words(currency)),
            Self::PaymentsAbove(window, most) => {
                let payments = with_this(*window, amount, facts).payments;
                format!("it is payment {payments} in one {}, above {most}", window.name())
            }
            Self::SumAbove(window, most) => {
                let sum = Money::new(with_this(*window, amount, facts).sum_minor, currency);
                format!("it makes {sum} in one {}, above {}", window.name(), most.words(currency))
            }
            Self::Providers(_) => format!("the method is of {}", facts.provider),
            Self::Categories(_) => format!("the merchant's category is {}", category_name(facts.category)),
            Self::Bound(_) => {
                format!("the code is {}bound to the till", if facts.is_bound { "" } else { "not " })
            }
        }
    }
}

/// What was paid in a window, this payment included.
fn with_this(window: Window, amount: Money, facts: &Facts) -> Spent {
    let before = facts.lately.unwrap_or_default()[window as usize];
    Spent {
        payments: before.payments.saturating_add(1),
        sum_minor: before.sum_minor.saturating_add(amount.amount_minor),
    }
}

impl Claims {
    fn are_in(self, evidence: Evidence) -> bool {
        evidence.intersects(self.threats)
            || (self.no_sensors && !evidence.contains(Evidence::SENSORS_RAN))
            || (self.doubtful && !evidence.is_clean())
    }

    fn from_names(names: &[String]) -> Result<Self, String> {
        let mut claims = Self::default();
        for name in names {
            match name.as_str() {
                "no_sensors" => claims.no_sensors = true,
                "doubtful" => claims.doubtful = true,
                name => claims.threats |= threat(name)?,
            }
        }
        Ok(claims)
    }

    fn names(self) -> Vec<String> {
        let special = [(self.no_sensors, "no_sensors"), (self.doubtful, "doubtful")];
        let special = special.into_iter().filter(|(is_asked, _)| *is_asked).map(|(_, name)| name.to_owned());
        special.chain(self.threats.names()).collect()
    }
}

fn threat(name: &str) -> Result<Evidence, String> {
    let found = (0..16).map(|bit| Evidence::from_bits_retain(1 << bit)).find(|flag| flag.names().eq([name]));
    match found {
        Some(Evidence::SENSORS_RAN) => Err("`evidence` names what is bad: ask for `no_sensors`".to_owned()),
        Some(flag) => Ok(flag),
        None => Err(format!("`evidence` knows no `{}`", short(name))),
    }
}

impl Category {
    fn has(self, category: Option<MerchantCategory>) -> bool {
        match (self, category) {
            (Self::Range(first, last), Some(category)) => (first..=last).contains(&category),
            (Self::Unknown, category) => category.is_none(),
            (Self::Range(..), None) => false,
        }
    }

    fn from_text(text: &str) -> Result<Self, String> {
        if text == "unknown" {
            return Ok(Self::Unknown);
        }
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let range = first.parse().ok().zip(last.parse().ok()).filter(|(first, last)| first <= last);
        range.map(|(first, last)| Self::Range(first, last)).ok_or_else(|| {
            let text = short(text);
            format!("`merchant_categories` has 5411, 5900-5999 or unknown, not `{text}`")
        })
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Range(first, last) if first == last => write!(f, "{first}"),
            Self::Range(first, last) => write!(f, "{first}-{last}"),
        }
    }
}

/// Conditions as a file has them.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    #[serde(skip_serializing_if = "Option::is_none")]
    levels: Option<Vec<TrustLevel>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attested_s_above: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offline_s_above: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount_above_minor: Option<Amounts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    velocity: Option<WrittenVelocity>,
    #[serde(skip_serializing_if = "Option::is_none")]
    providers: Option<Vec<ProviderId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_categories: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    terminal_bound: Option<bool>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenVelocity {
    window: Window,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payments_above: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sum_above_minor: Option<Amounts>,
}

impl TryFrom<Written> for Conditions {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let mut all = Vec::new();
        if let Some(levels) = written.levels {
            all.push(Condition::Levels(listed("levels", levels)?));
        }
        if let Some(names) = written.evidence {
            all.push(Condition::Evidence(Claims::from_names(&listed("evidence", names)?)?));
        }
        all.extend(written.attested_s_above.map(Condition::AttestedAbove));
        all.extend(written.offline_s_above.map(Condition::OfflineAbove));
        if let Some(amounts) = written.amount_above_minor {
            all.push(Condition::AmountAbove(named("amount_above_minor", amounts)?));
        }
        if let Some(velocity) = written.velocity {
            if velocity.payments_above.is_none() && velocity.sum_above_minor.is_none() {
                return Err("`velocity` has `payments_above`, `sum_above_minor` or both".to_owned());
            }
            let window = velocity.window;
            all.extend(velocity.payments_above.map(|most| Condition::PaymentsAbove(window, most)));
            if let Some(amounts) = velocity.sum_above_minor {
                all.push(Condition::SumAbove(window, named("sum_above_minor", amounts)?));
            }
        }
        if let Some(providers) = written.providers {
            all.push(Condition::Providers(listed("providers", providers)?));
        }
        if let Some(texts) = written.merchant_categories {
            let texts = listed("merchant_categories", texts)?;
            let categories: Result<_, _> = texts.iter().map(|text| Category::from_text(text)).collect();
            all.push(Condition::Categories(categories?));
        }
        all.extend(written.terminal_bound.map(Condition::Bound));
        Ok(Self(all))
    }
}

impl From<Conditions> for Written {
    fn from(conditions: Conditions) -> Self {
        let mut written = Self::default();
        for condition in conditions.0 {
            match condition {
                Condition::Levels(levels) => written.levels = Some(levels),
                Condition::Evidence(claims) => written.evidence = Some(claims.names()),
                Condition::AttestedAbove(most_s) => written.attested_s_above = Some(most_s),
                Condition::OfflineAbove(most_s) => written.offline_s_above = Some(most_s),
                Condition::AmountAbove(amounts) => written.amount_above_minor = Some(amounts),
                Condition::PaymentsAbove(window, most) => {
                    written.velocity_in(window).payments_above = Some(most);
                }
                Condition::SumAbove(window, amounts) => {
                    written.velocity_in(window).sum_above_minor = Some(amounts);
                }
                Condition::Providers(providers) => written.providers = Some(providers),
                Condition::Categories(all) => {
                    written.merchant_categories = Some(all.iter().map(ToString::to_string).collect());
                }
                Condition::Bound(is_bound) => written.terminal_bound = Some(is_bound),
            }
        }
        written
    }
}

impl Written {
    fn velocity_in(&mut self, window: Window) -> &mut WrittenVelocity {
        let nothing = WrittenVelocity { window, payments_above: None, sum_above_minor: None };
        self.velocity.get_or_insert(nothing)
    }
}

/// A list that says something and is not too long.
fn listed<T>(field: &str, list: Vec<T>) -> Result<Vec<T>, String> {
    if (1..=LIST_MAX).contains(&list.len()) {
        Ok(list)
    } else {
        Err(format!("`{field}` has 1 to {LIST_MAX} entries; without the field it does not matter"))
    }
}

fn named(field: &str, amounts: Amounts) -> Result<Amounts, String> {
    if amounts.is_empty() || amounts.has_negative() {
        return Err(format!("`{field}` names at least one currency, and no amount below 0"));
    }
    Ok(amounts)
}

/// As much of a text from outside as may stand in an error.
pub(super) fn short(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(32).collect()
}

pub(super) const fn level_name(level: TrustLevel) -> &'static str {
    match level {
        TrustLevel::Browser => "browser",
        TrustLevel::Software => "software",
        TrustLevel::Hardware => "hardware",
    }
}

pub(super) fn category_name(category: Option<MerchantCategory>) -> String {
    category.map_or_else(|| "unknown".to_owned(), |category| category.to_string())
}

/// What a phone claims, in the specification's names.
pub(super) fn claimed(evidence: u16) -> String {
    let names: Vec<String> = Evidence::from_bits_retain(evidence).names().collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// Seconds in the largest unit that says enough.
pub(super) fn time(s: u64) -> String {
    match s {
        0..120 => format!("{s} s"),
        120..7_200 => format!("{} min", s / 60),
        7_200..172_800 => format!("{} h", s / 3_600),
        _ => format!("{} days", s / 86_400),
    }
}
