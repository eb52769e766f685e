//! Which addresses a user may send mail as.

/// What submission servers do about the addresses a message names as its sender (RFC 6409 §6.1, §6.3, §8.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Senders {
    /// Users write what they like
    #[default]
    Any,
    /// A Sender field names the user where From does not
    Named,
    /// From, Sender and the reverse-path must be the user's own address
    Own,
}
