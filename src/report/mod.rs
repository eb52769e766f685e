//! Reports: a run's result in, text out, one file per format. Nothing here opens a file or a socket, and nothing here judges:
//! what a verdict is was settled before, in [`crate::outcome`].

pub mod diff;
pub mod excerpt;
pub mod github;
pub mod json;
pub mod junit;
pub mod matrix;
pub mod terminal;

mod style;
mod text;
mod totals;

#[cfg(test)]
pub(crate) mod sample;

pub(crate) use text::plural;
pub use totals::Totals;
