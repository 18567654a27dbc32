//! What travels, against its vectors, whatever its content, and where it is garbage.

mod activation;
mod approval;
mod confirmation;
mod http_signature;
mod payment_code_parsers;
mod payment_code_properties;
mod payment_code_vectors;
mod vectors_other;
