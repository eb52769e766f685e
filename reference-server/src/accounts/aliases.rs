//! Addresses that stand for others: aliases and mailing lists (RFC 5321 §3.9).
//!
//! They differ in who hears of mail that cannot be delivered: of an alias the sender, of a list its owner. However they
//! point at each other, an expansion ends, because it enters each of them once.

use std::collections::{HashMap, HashSet};

use anyhow::bail;

use super::{Accounts, canonical};
use crate::config::{AliasConfig, ListConfig};
use crate::mail::Address;

/// An address that stands for others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    address: Address,
    owner: Option<Address>,
    members: Vec<Address>,
}

impl Alias {
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Who answers for the mail sent to the members; `None` is an alias, whose senders answer for it themselves.
    pub fn owner(&self) -> Option<&Address> {
        self.owner.as_ref()
    }

    /// The members as they were given; some may be aliases themselves.
    pub fn listed(&self) -> &[Address] {
        &self.members
    }
}

/// All of them, by lower-case address.
#[derive(Debug, Default)]
pub(super) struct Aliases(HashMap<String, Alias>);

impl Aliases {
    pub fn new(aliases: &[AliasConfig], lists: &[ListConfig]) -> anyhow::Result<Self> {
        let aliases = aliases.iter().map(|alias| (&alias.address, None, &alias.members));
        let lists = lists.iter().map(|list| (&list.address, Some(&list.owner), &list.members));
        let mut all = HashMap::new();
        for (address, owner, members) in aliases.chain(lists) {
            let alias = Alias { address: address.clone(), owner: owner.cloned(), members: members.clone() };
            if all.insert(canonical(address), alias).is_some() {
                bail!("alias {address} is given twice");
            }
        }
        Ok(Self(all))
    }

    /// Whether mail can follow them: from own addresses that are no accounts to addresses that are not missing.
    pub fn check(&self, accounts: &Accounts) -> anyhow::Result<()> {
        for alias in self.0.values() {
            let address = &alias.address;
            if !accounts.is_local(address.domain()) {
                bail!("alias {address} is in none of the domains; add --domain {}", address.domain());
            }
            if accounts.accounts.contains_key(&canonical(address)) {
                bail!("{address} is an account, so it cannot be an alias too");
            }
            if self.expand(alias).is_empty() {
                bail!("alias {address} leads back to itself and to nobody else");
            }
            let missing = |member: &&Address| accounts.is_local(member.domain()) && !accounts.takes(member);
            if let Some(member) = alias.members.iter().chain(&alias.owner).find(missing) {
                bail!("alias {address} leads to {member}, which is neither an account nor an alias");
            }
        }
        Ok(())
    }

    pub fn find(&self, address: &Address) -> Option<&Alias> {
        if self.0.is_empty() { None } else { self.0.get(&canonical(address)) }
    }

    /// Follows aliases to their ends. A list inside an alias stays what it is, because its mail has another sender; inside
    /// a list everything is followed.
    pub fn expand(&self, alias: &Alias) -> Vec<Address> {
        let mut entered = HashSet::from([canonical(&alias.address)]);
        let (mut ends, mut told) = (Vec::new(), HashSet::new());
        let mut open: Vec<&Address> = alias.members.iter().rev().collect();
        while let Some(member) = open.pop() {
            match self.find(member).filter(|inner| inner.owner.is_none() || alias.owner.is_some()) {
                Some(inner) if entered.insert(canonical(member)) => open.extend(inner.members.iter().rev()),
                Some(_) => {}
                None if told.insert(canonical(member)) => ends.push(member.clone()),
                None => {}
            }
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(aliases: &[&str], lists: &[&str]) -> anyhow::Result<Accounts> {
        let given = ["alice@x.org:one", "bob@x.org:two"].map(|text| text.parse().unwrap());
        let aliases: Vec<AliasConfig> = aliases.iter().map(|text| text.parse().unwrap()).collect();
        let lists: Vec<ListConfig> = lists.iter().map(|text| text.parse().unwrap()).collect();
        Accounts::new(&["x.org".into()], &given, &[])?.with_aliases(&aliases, &lists)
    }

    #[track_caller]
    fn check(aliases: &[&str], lists: &[&str], address: &str, expected: &[&str]) {
        let accounts = accounts(aliases, lists).unwrap();
        let alias = accounts.alias(&Address::parse(address).unwrap()).unwrap();
        let members: Vec<String> = accounts.members(alias).iter().map(Address::to_string).collect();
        assert_eq!(members, expected);
    }

    #[test]
    fn aliases_are_followed_to_their_ends() {
        check(&["t@x.org=alice@x.org,Bob@x.org"], &[], "T@x.org", &["alice@x.org", "Bob@x.org"]);
        check(
            &["t@x.org=u@x.org,alice@x.org,a@far.org", "u@x.org=alice@x.org,bob@x.org"],
            &[],
            "t@x.org",
            &["alice@x.org", "bob@x.org", "a@far.org"],
        );
    }

    #[test]
    fn circles_end() {
        let circle = ["t@x.org=u@x.org,alice@x.org", "u@x.org=t@x.org,u@x.org,bob@x.org"];
        check(&circle, &[], "t@x.org", &["bob@x.org", "alice@x.org"]);
        assert!(accounts(&["t@x.org=t@x.org"], &[]).map(|_| ()).unwrap_err().to_string().contains("back to itself"));
    }

    #[test]
    fn a_list_inside_an_alias_keeps_its_sender() {
        let lists = ["n@x.org=alice@x.org:t@x.org,bob@x.org"];
        check(&["t@x.org=n@x.org,alice@x.org"], &lists, "t@x.org", &["n@x.org", "alice@x.org"]);
        check(&["t@x.org=n@x.org,alice@x.org"], &lists, "n@x.org", &["alice@x.org", "bob@x.org"]);
    }

    #[test]
    fn what_leads_nowhere_is_refused() {
        let told = |alias| accounts(&[alias], &[]).map(|_| ()).unwrap_err().to_string();
        assert!(told("t@x.org=nobody@x.org").contains("nobody@x.org"));
        assert!(told("alice@x.org=bob@x.org").contains("is an account"));
        assert!(told("t@y.org=bob@x.org").contains("--domain y.org"));
        assert!(accounts(&["t@x.org=bob@x.org", "T@x.org=bob@x.org"], &[]).is_err());
        assert!(accounts(&["postmaster@x.org=bob@x.org"], &[]).is_ok());
    }
}
