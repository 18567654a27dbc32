//! Floor 1: TLS with our own roots at both ends, a small HTTP/1.1 client and the loop that serves axum routes.
//!
//! The system's trust store is never asked: whoever calls brings the roots. The client tells "surely not sent"
//! from "perhaps received", because whoever moves money must know. This room knows nothing of payments, and
//! nothing of files: callers read PEM bytes and name the file in their own error.
#![forbid(unsafe_code)]

mod body;
mod client;
mod credentials;
mod database;
mod error;
mod patience;
mod peer;
mod reach;
mod serve;
mod sources;
mod tls;

pub use client::{Chunks, Client, Limits, StreamLimits};
pub use credentials::{Identity, PemError, Roots};
pub use database::DatabaseTls;
pub use error::{HttpsError, ServeError};
pub use hyper::body::Bytes;
pub use peer::PeerCertificate;
pub use reach::Reach;
pub use serve::{ServeLimits, ServerTls, serve};
pub use sources::network;
