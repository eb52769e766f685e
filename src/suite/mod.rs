//! Suites: the cases, as plain data, and how they are read, checked and named.

pub mod model;
pub mod template;

pub use model::*;
