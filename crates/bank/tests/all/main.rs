//! The reference bank from outside: through both its doors, over its page, and after crashes.

mod common;
#[cfg(feature = "failpoints")]
mod crash;
mod customer_door;
mod device_status;
mod durability;
mod page_door;
mod partner_door;
