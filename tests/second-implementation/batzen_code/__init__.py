"""The payment code, version 1, a second time: written from spec/payment-code.md alone.

It exists to judge the text and the Rust that implements it. It knows nothing of that Rust,
and nobody ships it: it does not wipe secrets and does not hurry.
"""
