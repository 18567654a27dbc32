//! (being built)

mod digits;
pub mod emv_cpm;
pub mod error;
pub mod evidence;
pub mod payment_code;
pub mod realm;
pub mod verdict;
