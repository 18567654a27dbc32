//! The two doors' routes. Each door has its own callers; what both share is here: forms, problems, limits, logs.

mod customer;
mod gate;
mod page;
mod parsed;
mod partner;
mod problem;

pub(crate) use customer::customer_routes;
pub(crate) use partner::partner_routes;
