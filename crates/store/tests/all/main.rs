//! The store from outside, on disks and on real PostgreSQL servers: its rules, and what is left when anything fails.

mod conformance;
mod crash;
mod databases;
mod desk;
mod differential;
mod disk;
mod log;
mod machine;
mod model;
mod opening;
mod postgres;
mod postgres_trouble;
mod steps;
mod trouble;
