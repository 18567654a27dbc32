//! A bank that does as it is told: it keeps real books, and answers them, loses them, or lets callers wait.

use model::{CaptureId, Currency, DeclineReason, LinkId, Money, PaymentId, RefundId, Timestamp};
use payments::{
    Authorisation, BookingAnswer, HoldRequest, LinkAnswer, LinkedAccount, Provider, ProviderFuture,
};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// How the bank takes the next call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Does it and says so.
    Honest,
    /// Does not even hear of it.
    Deaf,
    /// Does it, and the answer is lost.
    Mute,
    /// Hears of it only when the gate opens.
    LateToHear,
    /// Does it at once, and answers when the gate opens.
    LateToAnswer,
    /// Refuses an authorisation.
    Refuses(DeclineReason),
    /// Refuses a booking for good.
    RefusesBooking(&'static str),
    /// Holds the amount until this moment.
    HoldsUntil(Timestamp),
}

/// What reached the bank, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Hold(PaymentId),
    Capture(PaymentId, i64),
    Release(PaymentId),
    Refund(PaymentId, i64),
}

#[derive(Default)]
struct Hold {
    amount_minor: i64,
    captures: HashMap<CaptureId, i64>,
    refunds: HashMap<RefundId, i64>,
    is_released: bool,
    is_refused: bool,
}

impl Hold {
    fn open_minor(&self) -> i64 {
        if self.is_released || self.is_refused {
            return 0;
        }
        self.amount_minor - self.captures.values().sum::<i64>()
    }
}

#[derive(Default)]
struct Books {
    moods: VecDeque<Mood>,
    heard: Vec<Heard>,
    holds: HashMap<PaymentId, Hold>,
    /// Holds placed, repetitions not counted.
    placed: usize,
}

pub(crate) struct ScriptedBank {
    books: Arc<Mutex<Books>>,
    gate: Arc<Semaphore>,
    hold_expires_at: Timestamp,
}

impl ScriptedBank {
    pub(crate) fn new(hold_expires_at: Timestamp) -> Self {
        Self { books: Arc::default(), gate: Arc::new(Semaphore::new(0)), hold_expires_at }
    }

    /// The next calls are taken so; those after them honestly.
    pub(crate) fn expect(&self, moods: &[Mood]) {
        self.books.lock().unwrap().moods.extend(moods.iter().cloned());
    }

    /// Lets everybody through who waits, and who comes.
    pub(crate) fn open_gate(&self) {
        self.gate.add_permits(1_000);
    }

    /// Waits until that much has reached the bank or waits at its gate.
    pub(crate) async fn has_taken_moods(&self) {
        while !self.books.lock().unwrap().moods.is_empty() {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.books.lock().unwrap().heard.clone()
    }

    /// What is still held of the customer's money.
    pub(crate) fn open_minor(&self, payment: PaymentId) -> i64 {
        self.books.lock().unwrap().holds.get(&payment).map_or(0, Hold::open_minor)
    }

    /// What was taken and not given back.
    pub(crate) fn taken_minor(&self, payment: PaymentId) -> i64 {
        let books = self.books.lock().unwrap();
        let hold = books.holds.get(&payment);
        hold.map_or(0, |hold| hold.captures.values().sum::<i64>() - hold.refunds.values().sum::<i64>())
    }

    pub(crate) fn placed(&self) -> usize {
        self.books.lock().unwrap().placed
    }

    fn mood(&self) -> Mood {
        self.books.lock().unwrap().moods.pop_front().unwrap_or(Mood::Honest)
    }

    async fn wait_at_gate(&self) {
        self.gate.acquire().await.unwrap().forget();
    }

    /// Takes a booking: does `act` on the books as the mood says, and answers.
    async fn book(
        &self,
        heard: Heard,
        act: impl FnOnce(&mut Books) -> Result<(), &'static str> + Send,
    ) -> BookingAnswer {
        let mood = self.mood();
        match mood {
            Mood::Deaf => return BookingAnswer::Silent,
            Mood::LateToHear => self.wait_at_gate().await,
            _ => {}
        }
        let done = {
            let mut books = self.books.lock().unwrap();
            books.heard.push(heard);
            if let Mood::RefusesBooking(why) = mood { Err(why) } else { act(&mut books) }
        };
        match mood {
            Mood::Mute => return BookingAnswer::Silent,
            Mood::LateToAnswer => self.wait_at_gate().await,
            _ => {}
        }
        done.map_or_else(|why| BookingAnswer::Refused(why.to_owned()), |()| BookingAnswer::Booked)
    }
}

impl Provider for ScriptedBank {
    fn authorise(&self, request: HoldRequest) -> ProviderFuture<'_, Authorisation> {
        Box::pin(async move {
            let mood = self.mood();
            match mood {
                Mood::Deaf => return Authorisation::Silent,
                Mood::LateToHear => self.wait_at_gate().await,
                _ => {}
            }
            let refused = {
                let mut books = self.books.lock().unwrap();
                books.heard.push(Heard::Hold(request.payment));
                let is_new = !books.holds.contains_key(&request.payment);
                books.placed += usize::from(is_new);
                let hold = books.holds.entry(request.payment).or_insert_with(|| Hold {
                    amount_minor: request.amount.amount_minor,
                    is_refused: matches!(mood, Mood::Refuses(_)),
                    ..Hold::default()
                });
                hold.is_refused || hold.is_released
            };
            match mood {
                Mood::Mute => return Authorisation::Silent,
                Mood::LateToAnswer => self.wait_at_gate().await,
                _ => {}
            }
            match mood {
                Mood::Refuses(reason) => Authorisation::Refused(reason),
                _ if refused => Authorisation::Refused(DeclineReason::ProviderRefused),
                Mood::HoldsUntil(hold_expires_at) => Authorisation::Approved { hold_expires_at },
                _ => Authorisation::Approved { hold_expires_at: self.hold_expires_at },
            }
        })
    }

    fn capture(
        &self,
        hold: PaymentId,
        capture: CaptureId,
        amount: Money,
    ) -> ProviderFuture<'_, BookingAnswer> {
        Box::pin(self.book(Heard::Capture(hold, amount.amount_minor), move |books| {
            let hold = books.holds.get_mut(&hold).ok_or("no such hold")?;
            if hold.captures.contains_key(&capture) {
                return Ok(());
            }
            if amount.amount_minor > hold.open_minor() {
                return Err("more than is held");
            }
            hold.captures.insert(capture, amount.amount_minor);
            Ok(())
        }))
    }

    fn release(&self, hold: PaymentId) -> ProviderFuture<'_, BookingAnswer> {
        Box::pin(self.book(Heard::Release(hold), move |books| {
            books.holds.entry(hold).or_default().is_released = true;
            Ok(())
        }))
    }

    fn refund(&self, hold: PaymentId, refund: RefundId, amount: Money) -> ProviderFuture<'_, BookingAnswer> {
        Box::pin(self.book(Heard::Refund(hold, amount.amount_minor), move |books| {
            let hold = books.holds.get_mut(&hold).ok_or("no such hold")?;
            let left = hold.captures.values().sum::<i64>() - hold.refunds.values().sum::<i64>();
            if !hold.refunds.contains_key(&refund) && amount.amount_minor > left {
                return Err("more than was captured");
            }
            hold.refunds.insert(refund, amount.amount_minor);
            Ok(())
        }))
    }

    fn link<'a>(&'a self, _: LinkId, _: &'a str) -> ProviderFuture<'a, LinkAnswer> {
        let account = LinkedAccount {
            account_ref: "acc-CHF".to_owned(),
            currency: Currency::CHF,
            label: "CH.. 42".to_owned(),
        };
        Box::pin(async { LinkAnswer::Linked(account) })
    }

    fn proof_url(&self) -> &str {
        "https://bank.example"
    }

    fn partner_name(&self) -> &str {
        "shop.example"
    }
}
