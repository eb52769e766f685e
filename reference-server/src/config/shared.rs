//! Mailboxes that belong to nobody, as they are given to the server.

use std::str::FromStr;

use crate::mail::{self, Address};

/// `announcements=editor@example.org:lrswipkxtea,anyone:lr`: a mailbox below `Shared/`, and who may do what with it
/// (RFC 4314 §2.1). Whoever is named has these rights whenever the server starts; others may be given by SETACL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedMailboxConfig {
    /// Without the prefix of the namespace.
    pub name: String,
    /// Who, and the letters of the rights.
    pub grants: Vec<(Grantee, String)>,
}

/// The letters of rights, those of RFC 2086 among them (RFC 4314 §2.1, §2.1.1).
const LETTERS: &str = "lrswipkxteacd";

/// Who has rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grantee {
    Anyone,
    Account(Address),
}

impl FromStr for SharedMailboxConfig {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "write it as NAME=WHO:RIGHTS,..., e.g. announcements=editor@example.org:lrswipkxtea,anyone:lr";
        let (name, grants) = text.split_once('=').ok_or(FORM)?;
        let first = name.split('/').next().unwrap_or_default();
        if name.is_empty() || name.contains(['%', '*']) || first.eq_ignore_ascii_case("INBOX") {
            return Err(format!("no shared mailbox can be called \"{name}\""));
        }
        let grants = grants.split(',').map(|grant| {
            let (who, letters) = grant.rsplit_once(':').ok_or(FORM)?;
            if let Some(letter) = letters.chars().find(|letter| !LETTERS.contains(*letter)) {
                return Err(format!("\"{letter}\" is no right; there are lrswipkxtea (RFC 4314 §2.1)"));
            }
            Ok((grantee(who).map_err(|why| format!("{FORM} ({why})"))?, letters.to_owned()))
        });
        Ok(SharedMailboxConfig { name: name.to_owned(), grants: grants.collect::<Result<_, String>>()? })
    }
}

fn grantee(who: &str) -> Result<Grantee, String> {
    if who == "anyone" {
        return Ok(Grantee::Anyone);
    }
    match mail::mailbox(who.as_bytes(), 0) {
        Ok((address, end)) if end == who.len() => Ok(Grantee::Account(address)),
        Ok(_) => Err(format!("{who} is no address")),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_rights_are_read() {
        let shared: SharedMailboxConfig = "news/local=a@x.org:lra,anyone:lr".parse().unwrap();
        assert_eq!(shared.name, "news/local");
        let Some((Grantee::Account(address), first)) = shared.grants.first() else { panic!("{shared:?}") };
        assert_eq!((address.to_string().as_str(), first.as_str()), ("a@x.org", "lra"));
        assert_eq!(shared.grants.last(), Some(&(Grantee::Anyone, "lr".to_owned())));
        for wrong in
            ["news", "=anyone:lr", "inbox/x=anyone:lr", "n*=anyone:lr", "n=anyone", "n=anyone:lq", "n=bob:lr", "n=a@x.org,b:lr"]
        {
            assert!(wrong.parse::<SharedMailboxConfig>().is_err(), "{wrong}");
        }
    }
}
