//! Who may pay, over a real store and real keys: activation, codes, devices, apps, policy and audit.

mod activation;
mod apps;
mod devices;
mod judgement;
mod policies;
mod resealing;
mod rules;
mod support;
mod trial;
mod vectors;
mod verification;
