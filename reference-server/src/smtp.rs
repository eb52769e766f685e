//! SMTP as a server speaks it: RFC 5321 with PIPELINING, SIZE, 8BITMIME, ENHANCEDSTATUSCODES, STARTTLS and AUTH.
//!
//! [`SmtpSession`] turns bytes into lines and message data, `command/` has one file per command, and an accepted
//! message goes to the queue, which answers once it is durable.

mod command;
mod conversation;
mod intake;
mod parameter;
mod path;
mod reply;
mod session;
mod trace;

pub use conversation::Role;
pub use session::SmtpSession;

#[cfg(test)]
mod tests;
