//! POP3: a maildrop is listed, read and emptied (RFC 1939, with RFC 2449, 2595, 3206, 5034 and 6856).
//!
//! A [`Pop3Session`] is a state machine that knows neither socket nor clock. Each command is a file of [`command`]; the
//! maildrop as the client sees it is [`opened::Opened`].

mod command;
mod international;
mod language;
mod line;
mod opened;
mod reply;
mod session;
mod text;

#[cfg(test)]
mod tests;

pub use session::Pop3Session;
