//! Addresses that stand for others, as they are given to the server (RFC 5321 §3.9).

use std::str::FromStr;

use crate::mail::{self, Address};

/// `team@example.org=alice@example.org,bob@example.net`: mail goes to each of the members, and the sender hears of what
/// cannot be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasConfig {
    pub address: Address,
    pub members: Vec<Address>,
}

/// `news@example.org=editor@example.org:alice@example.org,bob@example.net`: a mailing list. Its owner, before the colon, is
/// the sender of what goes to the members, and hears of what cannot be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListConfig {
    pub address: Address,
    pub owner: Address,
    pub members: Vec<Address>,
}

impl FromStr for AliasConfig {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str = "write it as ADDRESS=ADDRESS,ADDRESS, e.g. team@example.org=alice@example.org,bob@example.org";
        let (address, rest) = one(text, "=", FORM)?;
        Ok(AliasConfig { address, members: several(rest, FORM)? })
    }
}

impl FromStr for ListConfig {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const FORM: &str =
            "write it as ADDRESS=OWNER:ADDRESS,ADDRESS, e.g. news@example.org=editor@example.org:alice@example.org";
        let (address, rest) = one(text, "=", FORM)?;
        let (owner, rest) = one(rest, ":", FORM)?;
        Ok(ListConfig { address, owner, members: several(rest, FORM)? })
    }
}

/// One address and what stands behind it; quoted local parts may hold the separators.
fn one<'t>(text: &'t str, separator: &str, form: &str) -> Result<(Address, &'t str), String> {
    let (address, end) = mail::mailbox(text.as_bytes(), 0).map_err(|error| format!("{form} ({error})"))?;
    let rest = text.get(end..).and_then(|rest| rest.strip_prefix(separator));
    Ok((address, rest.ok_or_else(|| form.to_owned())?))
}

fn several(text: &str, form: &str) -> Result<Vec<Address>, String> {
    let (mut members, mut at) = (Vec::new(), 0);
    loop {
        let (address, end) = mail::mailbox(text.as_bytes(), at).map_err(|error| format!("{form} ({error})"))?;
        members.push(address);
        match text.as_bytes().get(end) {
            None => return Ok(members),
            Some(b',') => at = end + 1,
            Some(_) => return Err(form.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_separated_by_commas() {
        let shown = |alias: AliasConfig| (alias.address.to_string(), alias.members.iter().map(Address::to_string).collect());
        let check = |text: &str| text.parse::<AliasConfig>().map(shown).ok();
        assert_eq!(check("t@x.org=a@x.org"), Some(("t@x.org".into(), vec!["a@x.org".into()])));
        let quoted = Some(("t@x.org".into(), vec!["\"a,b\"@x.org".into(), "c@y.org".into()]));
        assert_eq!(check("t@x.org=\"a,b\"@x.org,c@y.org"), quoted);
        for wrong in ["t@x.org", "t@x.org=", "t@x.org=a", "t@x.org=a@x.org,", "t=a@x.org", "t@x.org=a@x.org b@x.org"] {
            assert_eq!(check(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_list_has_an_owner() {
        let list: ListConfig = "n@x.org=o@x.org:a@x.org,b@x.org".parse().unwrap();
        assert_eq!((list.owner.to_string().as_str(), list.members.len()), ("o@x.org", 2));
        assert!("n@x.org=a@x.org,b@x.org".parse::<ListConfig>().unwrap_err().contains("OWNER"));
    }
}
