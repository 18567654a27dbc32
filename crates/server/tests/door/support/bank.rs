//! A provider that does what a test tells it, and remembers what it was asked.

use super::ManualClock;
use crypto::p256::Signature;
use model::{CaptureId, Clock, Currency, DeclineReason, LinkId, Money, PaymentId, RefundId};
use payments::{
    Authorisation, BookingAnswer, HoldRequest, LinkAnswer, LinkedAccount, Provider, ProviderFuture,
};
use protocol::authentication_statement::SignedStatement;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// The bank's name for every account: no log and no till may ever see it.
pub(crate) const ACCOUNT_REF: &str = "account-ref-of-the-customer";

/// What the bank shall do next.
#[derive(Clone)]
pub(crate) enum Wish {
    /// Hold, or book.
    Do,
    /// Refuse for this reason; a booking for good.
    Refuse(DeclineReason),
    /// Say nothing.
    Silent,
    /// Break.
    Panic,
    /// Wait for a permit first, then do it.
    Wait(Arc<Semaphore>),
}

/// What the bank was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Authorise(PaymentId, Money),
    Capture(PaymentId, i64),
    Release(PaymentId),
    Refund(PaymentId, i64),
}

pub(crate) struct ScriptedBank {
    clock: Arc<ManualClock>,
    wishes: Mutex<VecDeque<Wish>>,
    asked: Mutex<Vec<Asked>>,
    statement: Mutex<Option<SignedStatement>>,
}

impl ScriptedBank {
    pub(crate) fn new(clock: Arc<ManualClock>) -> Self {
        Self { clock, wishes: Mutex::default(), asked: Mutex::default(), statement: Mutex::default() }
    }

    /// What to do with the next questions; then it does what it is asked again.
    pub(crate) fn will(&self, wishes: impl IntoIterator<Item = Wish>) {
        self.wishes.lock().unwrap().extend(wishes);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// What it was told of the last customer's authentication.
    pub(crate) fn last_statement(&self) -> SignedStatement {
        self.statement.lock().unwrap().clone().unwrap()
    }

    fn hear(&self, asked: Asked) -> Wish {
        self.asked.lock().unwrap().push(asked);
        self.wishes.lock().unwrap().pop_front().unwrap_or(Wish::Do)
    }

    async fn book(&self, asked: Asked) -> BookingAnswer {
        match self.hear(asked) {
            Wish::Do => BookingAnswer::Booked,
            Wish::Refuse(reason) => BookingAnswer::Refused(format!("{reason:?}")),
            Wish::Silent => BookingAnswer::Silent,
            Wish::Panic => panic!("the bank's adapter broke"),
            Wish::Wait(gate) => {
                drop(gate.acquire().await.unwrap());
                BookingAnswer::Booked
            }
        }
    }
}

impl Provider for ScriptedBank {
    fn authorise(&self, request: HoldRequest) -> ProviderFuture<'_, Authorisation> {
        assert_eq!(request.account_ref, ACCOUNT_REF);
        let signature = Signature::from_bytes(&request.signature.try_into().unwrap()).unwrap();
        *self.statement.lock().unwrap() =
            Some(SignedStatement { statement_bytes: request.statement, signature });
        let wish = self.hear(Asked::Authorise(request.payment, request.amount));
        Box::pin(async move {
            match wish {
                Wish::Refuse(reason) => return Authorisation::Refused(reason),
                Wish::Silent => return Authorisation::Silent,
                Wish::Panic => panic!("the bank's adapter broke"),
                Wish::Wait(gate) => drop(gate.acquire().await.unwrap()),
                Wish::Do => {}
            }
            Authorisation::Approved { hold_expires_at: self.clock.now().plus_s(7 * 86_400) }
        })
    }

    fn capture(&self, hold: PaymentId, _: CaptureId, amount: Money) -> ProviderFuture<'_, BookingAnswer> {
        Box::pin(self.book(Asked::Capture(hold, amount.amount_minor)))
    }

    fn release(&self, hold: PaymentId) -> ProviderFuture<'_, BookingAnswer> {
        Box::pin(self.book(Asked::Release(hold)))
    }

    fn refund(&self, hold: PaymentId, _: RefundId, amount: Money) -> ProviderFuture<'_, BookingAnswer> {
        Box::pin(self.book(Asked::Refund(hold, amount.amount_minor)))
    }

    /// A right proof names the account's currency: `proof CHF`.
    fn link<'a>(&'a self, _: LinkId, proof: &'a str) -> ProviderFuture<'a, LinkAnswer> {
        Box::pin(async move {
            if proof == "silent" {
                return LinkAnswer::Silent;
            }
            let currency = proof.strip_prefix("proof ").and_then(|code| code.parse::<Currency>().ok());
            currency.map_or(LinkAnswer::Refused, |currency| {
                LinkAnswer::Linked(LinkedAccount {
                    account_ref: ACCOUNT_REF.to_owned(),
                    currency,
                    label: "CH.. 42".to_owned(),
                })
            })
        })
    }

    fn proof_url(&self) -> &str {
        "https://bank.example/prove"
    }

    fn partner_name(&self) -> &str {
        "shop-payments"
    }
}
