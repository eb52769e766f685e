//! Suites: the cases, as plain data, and how they are read, checked and named.

mod action;
mod block;
mod build;
pub mod duration;
pub mod form;
pub mod inline;
mod lint;
pub mod load;
pub mod model;
pub mod peer;
mod peering;
pub mod problem;
pub mod relative;
pub mod requirements;
pub mod roles;
mod steering;
mod steps;
pub mod template;
pub mod topologies;
pub mod topology;
pub mod values;
pub mod yaml;

pub use load::{Library, Places, load};
pub use model::*;
pub use steps::unescape;
