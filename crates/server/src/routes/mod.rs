//! The routes, one file for each kind of caller.

pub(crate) mod admin;
pub(crate) mod approvals;
pub(crate) mod apps;
pub(crate) mod books;
pub(crate) mod checks;
pub(crate) mod customers;
pub(crate) mod devices;
pub(crate) mod payments;
pub(crate) mod phone;
pub(crate) mod policy;
pub(crate) mod rules;
pub(crate) mod system;
pub(crate) mod webhooks;
