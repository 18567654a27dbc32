//! This room knows how messages are written, and nothing of what they mean: payments, networks and keys are others'.
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod bitmap;
mod coding;
mod content;
mod decode;
mod encode;
mod error;
mod json;
mod message;
mod mti;
mod spec;
mod tlv;

pub use coding::Coding;
pub use content::Content;
pub use decode::{Frame, Tolerance};
pub use error::{CodecError, Fault, Place};
pub use message::{Message, Value};
pub use mti::MessageType;
pub use spec::{FIELDS_MAX, Field, Filler, Length, Part, Parts, Spec, Unit};
pub use tlv::{Tlv, TlvValue};
