//! A mail server that keeps every rule: SMTP with a durable queue, POP3 and IMAP over one store.
//!
//! Suites run against it to prove themselves, client authors test with it, and CI starts it in milliseconds. Sessions are
//! state machines fed with bytes ([`session::Session`]); only the listener owns sockets. The server shares no protocol
//! code with the harness, so a bug in one cannot hide in the other.

pub mod accounts;
pub mod cli;
pub mod clock;
pub mod config;
mod control;
mod courier;
pub mod extensions;
pub mod faults;
pub mod imap;
mod listener;
pub mod mail;
pub mod mime;
pub mod pop3;
pub mod queue;
pub mod refusals;
pub mod relay;
pub mod sasl;
pub mod server;
pub mod session;
pub mod site;
pub mod smtp;
mod stop;
pub mod store;
mod tls;
mod waiting;
