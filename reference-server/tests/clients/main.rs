//! Programs that people read and fetch their mail with, against the reference server: curl, mbsync, fetchmail, getmail and
//! NeoMutt. What each does to the mailboxes is looked at afterwards, octet for octet, by a client of the tests' own.
//!
//! ```console
//! # apt-get install curl isync fetchmail getmail6 neomutt tmux
//! $ cargo test -p reference-server --test clients -- --ignored
//! ```
//!
//! They need no rights and no ports of their own, and what they write is in a directory that goes with the test.

// Helpers of tests may panic as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod curl;
mod fetchmail;
mod getmail;
mod letter;
mod maildir;
mod mbsync;
mod neomutt;
mod program;
mod server;
mod witness;
