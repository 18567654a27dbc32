//! The server's keys in a sealed file and in a PKCS#11 token: what opens them, and what is told where nothing does.

mod software;
mod token;
mod tokens;
