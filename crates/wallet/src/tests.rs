//! What a customer would miss if it went wrong.

mod activation;
mod app;
mod codes;
mod confirmations;
mod devices;
mod online;
mod rules;
mod sealing;
mod vectors;
