//! Client and server over loopback, with TLS and without: who is trusted, what is bounded, what was surely not sent.

mod plain;
mod tls;
