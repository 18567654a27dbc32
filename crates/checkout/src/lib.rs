//! Floor 2: the till. What a checkout reads, writes down, sends and concludes, as a core without I/O.
//!
//! A sale's course is a [`Run`]: it says what to do [`Next`] (store an entry, send a request, wait), and is told
//! what came of it. The order is in the types: a [`Request`] that moves money is given out only after the
//! journal has confirmed the entry that announces it, and a sale is paid only once its capture is in the
//! journal. Whatever is cut off in between is ended by a later run from the journal alone.
//!
//! This room must not know files, sockets, clocks or randomness (they are handed in), nor anything of what is
//! inside a payment code.
#![forbid(unsafe_code)]

mod answer;
mod begin;
mod book;
mod event;
mod id;
pub mod journal;
mod outcome;
pub mod policy;
mod request;
mod run;
mod sale;
mod scan;

pub use answer::{Answer, answer_of};
pub use begin::{Begin, BeginError, Order};
pub use book::{Book, SaleRef};
pub use event::{Action, CancelReason, Entry, Event, Failure, Opening, Operation, Plan, Refusal};
pub use id::{KeyError, SaleNumber, SaleNumberError, make_key};
pub use journal::Journal;
pub use outcome::{Outcome, customer_words};
pub use request::{Method, Request};
pub use run::{End, Next, Run};
pub use sale::{Closing, Done, OutOfPlace, Sale, Stage};
pub use scan::{Misread, ScannedCode};
