//! The payment server from outside: everything is asked over HTTP, as tills, phones, operators and strangers do.

mod activation;
mod attestation;
mod books;
mod checks;
mod codes;
mod confirmations;
mod limits;
mod openapi;
mod pages;
mod payments;
mod pin;
mod requests;
mod secrecy;
mod steps;
mod strangers;
mod suites;
mod support;
mod vectors;
mod webhooks;
