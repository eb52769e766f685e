//! Options of the POP3 service.

use std::time::Duration;

use clap::Args;

use crate::config::{Expire, Pop3Policy};

/// What the site decides for its POP3 users.
#[derive(Args, Clone, Debug)]
pub struct Pop3Args {
    /// Refuse a POP3 login that comes sooner than this many seconds after the last one of the user
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub login_delay: u32,

    /// Remove messages this many days after a POP3 session first met them; 0: when the session ends that retrieved them
    #[arg(long, value_name = "DAYS|never", default_value_t)]
    pub expire: Expire,
}

impl Pop3Args {
    /// The policy these options mean.
    pub fn policy(&self) -> Pop3Policy {
        Pop3Policy { login_delay: Duration::from_secs(self.login_delay.into()), expire: self.expire }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        pop3: Pop3Args,
    }

    #[test]
    fn a_policy_has_options() {
        let policy = |line: &str| Program::try_parse_from(line.split(' ')).map(|program| program.pop3.policy());
        assert_eq!(policy("x").unwrap(), Pop3Policy::default());
        let wanted = Pop3Policy { login_delay: Duration::from_secs(900), expire: Expire::Days(60) };
        assert_eq!(policy("x --login-delay 900 --expire 60").unwrap(), wanted);
        assert!(policy("x --expire soon").unwrap_err().to_string().contains("number of days"));
    }
}
