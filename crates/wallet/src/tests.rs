//! What a customer would miss if it went wrong.

mod activation;
mod codes;
mod confirmations;
mod devices;
mod online;
mod sealing;
mod vectors;
