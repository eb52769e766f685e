//! The running server, met by clients that are not ours.

mod crash;
mod poplib;
