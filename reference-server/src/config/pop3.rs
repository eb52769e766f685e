//! What a site decides for its POP3 users: how often they may log in, and how long their mail is kept.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The policy of a server's maildrops.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pop3Policy {
    /// The shortest time between two logins of a user (RFC 2449 §6.5); zero: they may log in when they like.
    pub login_delay: Duration,
    pub expire: Expire,
}

/// How long messages are kept for clients that do not delete them (RFC 2449 §6.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Expire {
    /// For ever.
    #[default]
    Never,
    /// Days from when a POP3 session first met the message; 0: what was retrieved goes when the session ends.
    Days(u32),
}

impl fmt::Display for Expire {
    /// As the argument of the EXPIRE capability.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expire::Never => f.write_str("NEVER"),
            Expire::Days(days) => write!(f, "{days}"),
        }
    }
}

impl FromStr for Expire {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("never") {
            return Ok(Expire::Never);
        }
        text.parse().map(Expire::Days).map_err(|_| format!("\"{text}\" is neither a number of days nor never"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_expires_never_or_after_days() {
        assert_eq!(("never".parse(), "0".parse(), "60".parse()), (Ok(Expire::Never), Ok(Expire::Days(0)), Ok(Expire::Days(60))));
        assert!("-1".parse::<Expire>().is_err() && "5d".parse::<Expire>().unwrap_err().contains("5d"));
        assert_eq!([Expire::Never, Expire::Days(7)].map(|expire| expire.to_string()), ["NEVER", "7"]);
    }
}
