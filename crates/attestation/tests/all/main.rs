//! What platforms say of a phone: made by us with a bad one for each rule, and recorded from real phones.

mod android;
mod apple;
mod play_integrity;
mod recordings;
mod support;
