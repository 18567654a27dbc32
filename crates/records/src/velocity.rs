//! How much a phone paid lately: small rolling sums, kept beside its enrolment and changed with it.

use model::{Currency, EnrolmentId, Money, Timestamp};
use serde::{Deserialize, Serialize};

/// How far back sums look.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// The last hour, in slices of five minutes.
    Hour,
    /// The last 24 hours, in slices of one hour.
    Day,
    /// The last seven days, in slices of one day.
    Week,
}

impl Window {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Week];

    /// Its name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
        }
    }

    /// How long a slice is, seconds.
    const fn slice_s(self) -> i64 {
        match self {
            Self::Hour => 300,
            Self::Day => 3_600,
            Self::Week => 86_400,
        }
    }

    /// How many slices before the present one count: never less than the window, at most a slice more.
    const fn slices(self) -> i64 {
        match self {
            Self::Hour => 12,
            Self::Day => 24,
            Self::Week => 7,
        }
    }
}

/// Payments counted, and what they sum up to in one currency.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Spent {
    /// How many, in any currency.
    pub payments: u32,
    /// How much, minor units of the currency asked about.
    pub sum_minor: i64,
}

/// What a phone paid in each [`Window`], in their order, before the payment that is judged.
pub type Lately = [Spent; 3];

/// What one phone paid lately, by slices of time. As large as there were slices with payments: at most some 50 for
/// each currency.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Velocity {
    /// Whose.
    pub enrolment: EnrolmentId,
    /// By window, in their order; oldest first.
    slices: [Vec<Slice>; 3],
}

/// What was paid in one currency in one slice of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Slice {
    /// Which slice since the epoch.
    number: i64,
    currency: Currency,
    spent: Spent,
}

impl Velocity {
    /// Nothing was paid.
    #[must_use]
    pub fn nothing(enrolment: EnrolmentId) -> Self {
        Self { enrolment, slices: Default::default() }
    }

    /// What was paid until `now`, sums in this currency.
    #[must_use]
    pub fn until(&self, now: Timestamp, currency: Currency) -> Lately {
        Window::ALL.map(|window| {
            let from = number(window, now).saturating_sub(window.slices());
            let counted = self.slices[window as usize].iter().filter(|slice| slice.number >= from);
            counted.fold(Spent::default(), |sum, slice| Spent {
                payments: sum.payments.saturating_add(slice.spent.payments),
                sum_minor: match slice.currency == currency {
                    true => sum.sum_minor.saturating_add(slice.spent.sum_minor),
                    false => sum.sum_minor,
                },
            })
        })
    }

    /// All that is kept, window by window, oldest first: since when a slice counts, and what was paid in it in a currency.
    pub fn kept(&self) -> impl Iterator<Item = (Window, Timestamp, Currency, Spent)> + '_ {
        let of = |window: Window| {
            let since = move |slice: &Slice| slice.number.saturating_mul(window.slice_s());
            self.slices[window as usize]
                .iter()
                .map(move |slice| (window, Timestamp::from_s(since(slice)), slice.currency, slice.spent))
        };
        Window::ALL.into_iter().flat_map(of)
    }

    /// This and one more payment; slices that no window reaches any more are forgotten.
    #[must_use]
    pub fn with(mut self, amount: Money, now: Timestamp) -> Self {
        for window in Window::ALL {
            let (slices, number) = (&mut self.slices[window as usize], number(window, now));
            slices.retain(|slice| slice.number >= number.saturating_sub(window.slices()));
            let is_same = |slice: &&mut Slice| slice.number == number && slice.currency == amount.currency;
            let spent = match slices.iter_mut().find(is_same) {
                Some(slice) => &mut slice.spent,
                None => {
                    slices.push(Slice { number, currency: amount.currency, spent: Spent::default() });
                    // It was pushed just now.
                    let Some(slice) = slices.last_mut() else { continue };
                    &mut slice.spent
                }
            };
            spent.payments = spent.payments.saturating_add(1);
            spent.sum_minor = spent.sum_minor.saturating_add(amount.amount_minor);
        }
        self
    }
}

fn number(window: Window, at: Timestamp) -> i64 {
    at.s().div_euclid(window.slice_s())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(s: i64) -> Timestamp {
        Timestamp::from_s(1_800_000_000 + s)
    }

    fn paid(times_s: &[i64]) -> Velocity {
        let nothing = Velocity::nothing(EnrolmentId::from_bytes([1; 6]));
        times_s.iter().fold(nothing, |velocity, s| velocity.with(Money::new(100, Currency::CHF), at(*s)))
    }

    #[test]
    fn each_window_counts_what_is_in_it_and_forgets_what_is_not() {
        let velocity = paid(&[0, 10, 4_000]);
        let payments = |s| velocity.until(at(s), Currency::CHF).map(|spent| spent.payments);
        assert_eq!(payments(4_000), [1, 3, 3]);
        let earlier = paid(&[0, 10]).until(at(3_600), Currency::CHF).map(|spent| spent.payments);
        assert_eq!(earlier, [2, 2, 2], "never less than the window");
        assert_eq!(payments(90_001 + 4_000), [0, 0, 3]);
        assert_eq!(payments(9 * 86_400), [0, 0, 0]);
    }

    #[test]
    fn sums_are_of_one_currency_and_counts_of_all() {
        let velocity = paid(&[0, 1]).with(Money::new(7, Currency::EUR), at(2));
        assert_eq!(velocity.until(at(3), Currency::CHF)[0], Spent { payments: 3, sum_minor: 200 });
        assert_eq!(velocity.until(at(3), Currency::EUR)[0], Spent { payments: 3, sum_minor: 7 });
    }

    #[test]
    fn what_is_kept_says_since_when_it_counts() {
        let kept: Vec<_> = paid(&[0, 10, 4_000]).kept().collect();
        let slice = |window, since_s, payments: u32| {
            let sum_minor = 100 * i64::from(payments);
            (window, at(since_s), Currency::CHF, Spent { payments, sum_minor })
        };
        // The day's first slice begins 1,800,000,000 s after the epoch, at a full hour; that day began eight hours before.
        // The first two payments are no longer of the last hour.
        let hours = [slice(Window::Hour, 3_900, 1)];
        let days = [slice(Window::Day, 0, 2), slice(Window::Day, 3_600, 1)];
        assert_eq!(kept, [&hours[..], &days, &[slice(Window::Week, -8 * 3_600, 3)]].concat());
    }

    #[test]
    fn it_stays_small_however_much_is_paid() {
        let often: Vec<i64> = (0..5_000).map(|n| n * 180).collect();
        let slices: usize = paid(&often).slices.iter().map(Vec::len).sum();
        assert!(slices <= 13 + 25 + 8, "{slices}");
    }
}
