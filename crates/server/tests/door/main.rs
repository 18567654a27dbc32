//! The payment server from outside: everything is asked over HTTP, as tills, phones, operators and strangers do.

mod activation;
mod apps;
mod attestation;
mod books;
mod certificates;
mod checks;
mod codes;
mod confirmations;
mod customers;
mod devices;
mod limits;
mod openapi;
mod pages;
mod payments;
mod pin;
mod pin_reset;
mod policy;
mod requests;
mod rules;
mod secrecy;
mod steps;
mod strangers;
mod suites;
mod support;
mod vectors;
mod webhooks;
