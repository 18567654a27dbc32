//! The test vectors in WebAssembly: the cryptography of a browser is another than a server's, and must give the same.
//! Built by the tests alone, and loaded in Node and in Chromium; never shipped.
#![forbid(unsafe_code)]

use fixtures::{vectors::Vector, vectors_other};
use std::cell::RefCell;
use std::panic;
use wasm_bindgen::prelude::wasm_bindgen;

thread_local! {
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Checks the vector in this file, named as below `spec/vectors`. A vector that comes out otherwise traps: ask
/// [`last_panic`] why, and load the module anew.
///
/// # Panics
/// As said.
#[wasm_bindgen]
pub fn check(path: &str, json: &str) {
    panic::set_hook(Box::new(|info| LAST_PANIC.set(info.to_string())));
    if path.starts_with("payment-code/") {
        let vector: Vector = serde_json::from_str(json).unwrap_or_else(|error| panic!("{path}: {error}"));
        vector.check();
    } else {
        vectors_other::check(path, json);
    }
}

/// Why the last vector trapped.
#[wasm_bindgen]
#[must_use]
pub fn last_panic() -> String {
    LAST_PANIC.with_borrow(Clone::clone)
}
