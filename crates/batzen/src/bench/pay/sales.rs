//! Sales made ready: real payment codes in whole HTTP requests, made before the clock runs.
//!
//! Phones make their codes on hardware of their own, so their making is no part of what a server can do.

use super::scene::{METHOD, Phone, Till};
use crate::failure::Failure;
use api::payment::{CaptureRequest, PaymentRequest};
use crypto::{Random, SystemRandom};
use data_encoding::HEXLOWER;
use model::{Clock, Counter, Money};
use protocol::evidence::Evidence;
use protocol::payment_code::{
    Cap, ClockConfidence, CustomerVerification, Draft, Fields, Flags, PaymentCode, PinGeneration,
    RecipientKey,
};
use std::thread;

/// What is asked for, in minor units.
const AMOUNT_MINOR: i64 = 4_250;

/// One sale at one till: the request that begins it, and all but the address of the one that captures it.
pub(super) struct Sale {
    pub(super) begin: Vec<u8>,
    pub(super) capture: Capture,
}

/// A capture's request without the payment's id, which only the answer to the first brings.
pub(super) struct Capture {
    rest: String,
}

impl Capture {
    /// Writes the whole request for the payment called `id`.
    pub(super) fn write(&self, id: &str, request: &mut Vec<u8>) {
        request.clear();
        for part in ["POST /v1/payments/", id, "/captures HTTP/1.1\r\n", &self.rest] {
            request.extend_from_slice(part.as_bytes());
        }
    }
}

/// Makes `count` sales for each of `connections` connections. Each connection has phones and a till of its own, so
/// that a phone's codes come in the order of their counters.
pub(super) fn make(
    recipient: &RecipientKey,
    phones: &mut [Phone],
    tills: &[Till],
    connections: usize,
    count: usize,
) -> Result<Vec<Vec<Sale>>, Failure> {
    let share = (phones.len() / connections).max(1);
    let lots: Vec<_> = phones.chunks_mut(share).take(connections).zip(tills).collect();
    if lots.len() < connections {
        return Err(Failure::usage("each connection needs a customer of its own: give more --enrolments"));
    }
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let mut lots_of_worker: Vec<Vec<_>> = (0..workers).map(|_| Vec::new()).collect();
    for (place, lot) in lots.into_iter().enumerate() {
        lots_of_worker[place % workers].push(lot);
    }
    thread::scope(|scope| {
        let making: Vec<_> = lots_of_worker
            .into_iter()
            .map(|lots| {
                scope.spawn(move || {
                    let make = |(phones, till)| make_for(recipient, phones, till, count);
                    lots.into_iter().map(make).collect::<Result<Vec<_>, _>>()
                })
            })
            .collect();
        let mut sales = Vec::with_capacity(connections);
        for made in making {
            sales.extend(made.join().map_err(|_| Failure::new("making payment codes panicked"))??);
        }
        Ok(sales)
    })
}

fn make_for(
    recipient: &RecipientKey,
    phones: &mut [Phone],
    till: &Till,
    count: usize,
) -> Result<Vec<Sale>, Failure> {
    let body = serde_json::to_string(&CaptureRequest { amount_minor: None, is_final: true })?;
    let turns = phones.len();
    (0..count)
        .map(|place| {
            let code = make_code(recipient, &mut phones[place % turns], till)?;
            let asked = PaymentRequest {
                code: code.to_digits(),
                amount_minor: AMOUNT_MINOR,
                currency: super::scene::CURRENCY,
                terminal: till.terminal,
            };
            let asked = serde_json::to_string(&asked)?;
            let begin = format!("POST /v1/payments HTTP/1.1\r\n{}", head_and_body(till, &asked));
            let capture = Capture { rest: head_and_body(till, &body) };
            Ok(Sale { begin: begin.into_bytes(), capture })
        })
        .collect()
}

fn make_code(recipient: &RecipientKey, phone: &mut Phone, till: &Till) -> Result<PaymentCode, Failure> {
    phone.counter = Counter(phone.counter.0 + 1);
    let fields = Fields {
        enrolment: phone.id,
        counter: phone.counter,
        device_time_s: u32::try_from(crate::service::SystemClock.now().s())?,
        method: METHOD,
        flags: Flags {
            pin_generation: PinGeneration::FIRST.bits(),
            clock_confidence: ClockConfidence::Day,
            customer_verification: CustomerVerification::Pin,
        },
        claimed_evidence: Evidence::SENSORS_RAN,
        cap: Cap::at_least(AMOUNT_MINOR).ok_or_else(|| Failure::new("the amount is a cap"))?,
        terminal: Some(till.terminal),
    };
    let unsigned = Draft::start(recipient, &fields, &mut SystemRandom)?.with_pin(&phone.pin_key);
    let signature = phone.device.sign(&[unsigned.to_sign()]);
    Ok(unsigned.finish(&signature))
}

fn head_and_body(till: &Till, body: &str) -> String {
    let mut key = [0; 16];
    SystemRandom.fill(&mut key);
    format!(
        "host: localhost\r\nauthorization: Bearer {}\r\nidempotency-key: {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        till.api_key,
        HEXLOWER.encode(&key),
        body.len()
    )
}

/// What all sales are about, to answer them without looking.
pub(super) fn amount() -> Money {
    Money::new(AMOUNT_MINOR, super::scene::CURRENCY)
}
