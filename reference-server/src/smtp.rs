//! SMTP as a server speaks it: RFC 5321 with its extensions, as a relay, for submission (RFC 6409), and as LMTP (RFC 2033).
//!
//! [`SmtpSession`] turns bytes into lines and message data, `command/` has one file per command and `extension/` one per
//! extension. An [`intake`] keeps what comes of a message, [`dots`] and [`chunk`] know where it ends, [`heading`] writes
//! what the server puts before it. An accepted message goes to the queue, or with LMTP to the mailboxes, and only then it
//! is answered.

mod chunk;
mod command;
mod conversation;
mod dots;
mod extension;
mod header;
mod heading;
mod intake;
mod lmtp;
mod parameter;
mod path;
mod reply;
mod session;
mod submission;
mod trace;
mod transaction;
mod xtext;

pub use conversation::Role;
pub use session::SmtpSession;

#[cfg(test)]
mod tests;
