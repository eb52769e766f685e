//! Address lists of the header: mailboxes and groups (RFC 5322 §3.4), with the obsolete routes (§4.4).

use super::cursor::Cursor;

/// An entry of an address list, in the order IMAP shows them: a group is its start, its members, its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A mailbox.
    Mailbox {
        /// The display name, or the comment that serves as one; encoded words are left as they are.
        name: Option<Vec<u8>>,
        /// The obsolete source route, `@a,@b`.
        route: Option<Vec<u8>>,
        /// What is before the `@`, without quotes.
        local: Vec<u8>,
        /// What is after the `@`; empty where the address has none.
        host: Vec<u8>,
    },
    /// A group of this name begins.
    GroupStart(Vec<u8>),
    /// The group ends.
    GroupEnd,
}

/// The most entries one list gives; a longer one is cut.
const MOST: usize = 10_000;

/// Reads an unfolded `address-list`. What is no address is read as well as it can be, never refused.
pub fn addresses(value: &[u8]) -> Vec<Address> {
    let mut cursor = Cursor::new(value);
    let mut list = Vec::new();
    let mut in_group = false;
    while let Some(octet) = cursor.peek() {
        if list.len() >= MOST {
            break;
        }
        match octet {
            b',' => cursor.advance(),
            b';' => {
                cursor.advance();
                if in_group {
                    list.push(Address::GroupEnd);
                    in_group = false;
                }
            }
            _ => {
                let address = entry(&mut cursor, in_group);
                in_group |= matches!(address, Some(Address::GroupStart(_)));
                list.extend(address);
            }
        }
    }
    if in_group {
        list.push(Address::GroupEnd);
    }
    list
}

/// Octets that end a word outside quotes.
const SPECIALS: &[u8] = b"()<>[]:;@,";

/// One mailbox, or the beginning of a group.
fn entry(cursor: &mut Cursor<'_>, in_group: bool) -> Option<Address> {
    cursor.comment = None;
    // The words before `<`, `@` or `:`, as a phrase and, without spaces, as a local part.
    let (mut phrase, mut local) = (Vec::new(), Vec::new());
    loop {
        let spaced = cursor.at_space() && !phrase.is_empty();
        match cursor.peek() {
            Some(b'<') => {
                cursor.advance();
                let name = (!phrase.is_empty()).then_some(phrase);
                return Some(angle(cursor, name));
            }
            Some(b'@') => {
                cursor.advance();
                let host = domain(cursor);
                cursor.peek();
                return Some(Address::Mailbox { name: cursor.comment.take(), route: None, local, host });
            }
            Some(b':') if !in_group => {
                cursor.advance();
                return Some(Address::GroupStart(phrase));
            }
            None | Some(b',' | b';') => {
                let named = !local.is_empty();
                let name = cursor.comment.take();
                return named.then_some(Address::Mailbox { name, route: None, local, host: Vec::new() });
            }
            Some(_) => match cursor.word(SPECIALS) {
                Some(word) => {
                    if spaced {
                        phrase.push(b' ');
                    }
                    phrase.extend_from_slice(&word);
                    local.extend_from_slice(&word);
                }
                // A special that has no business here.
                None => cursor.advance(),
            },
        }
    }
}

/// `angle-addr = "<" [obs-route] addr-spec ">"`, after its `<`.
fn angle(cursor: &mut Cursor<'_>, name: Option<Vec<u8>>) -> Address {
    let mut route = None;
    if cursor.peek() == Some(b'@') {
        route = Some(cursor.until(b":>"));
        cursor.eat(b':');
    }
    let mut local = Vec::new();
    while let Some(octet) = cursor.peek() {
        match octet {
            b'@' | b'>' => break,
            _ => match cursor.word(b"()<>@") {
                Some(word) => local.extend_from_slice(&word),
                None => cursor.advance(),
            },
        }
    }
    let host = if cursor.eat(b'@') { domain(cursor) } else { Vec::new() };
    cursor.until(b">");
    cursor.eat(b'>');
    Address::Mailbox { name, route, local, host }
}

/// `domain = dot-atom / domain-literal`; spaces around the dots (obsolete) are left out.
fn domain(cursor: &mut Cursor<'_>) -> Vec<u8> {
    let mut domain = Vec::new();
    loop {
        if cursor.peek() == Some(b'[') {
            domain.extend_from_slice(&cursor.until(b"]"));
            if cursor.eat(b']') {
                domain.push(b']');
            }
            return domain;
        }
        let Some(word) = cursor.word(SPECIALS) else { return domain };
        domain.extend_from_slice(&word);
        // Another word belongs to the domain only with a dot between.
        if domain.last() != Some(&b'.') && cursor.peek() != Some(b'.') {
            return domain;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str) -> Vec<String> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let optional = |bytes: &Option<Vec<u8>>| bytes.as_deref().map_or("NIL".to_owned(), text);
        let show = |address: &Address| match address {
            Address::Mailbox { name, route, local, host } => {
                format!("{}|{}|{}|{}", optional(name), optional(route), text(local), text(host))
            }
            Address::GroupStart(name) => format!("{}:", text(name)),
            Address::GroupEnd => ";".into(),
        };
        addresses(value.as_bytes()).iter().map(show).collect()
    }

    #[test]
    fn mailboxes_and_groups_are_read() {
        assert_eq!(shown("joe@where.test"), ["NIL|NIL|joe|where.test"]);
        assert_eq!(
            shown("John \"Q.\" Public <jqp@x.test>, Who? <one@y.test>"),
            ["John Q. Public|NIL|jqp|x.test", "Who?|NIL|one|y.test"]
        );
        assert_eq!(shown("pete(his account)@silly.test(his host)"), ["his host|NIL|pete|silly.test"]);
        assert_eq!(
            shown("A Group:Ed <joe@a.test>,joe@b.test;, x@c.test"),
            ["A Group:", "Ed|NIL|joe|a.test", "NIL|NIL|joe|b.test", ";", "NIL|NIL|x|c.test"]
        );
        assert_eq!(shown("Undisclosed recipients:;"), ["Undisclosed recipients:", ";"]);
        assert_eq!(shown("<@a.test,@b.test:joe@c.test>"), ["NIL|@a.test,@b.test|joe|c.test"]);
        assert_eq!(shown("\"a b\"@[127.0.0.1]"), ["NIL|NIL|a b|[127.0.0.1]"]);
        assert_eq!(shown("=?UTF-8?Q?J=C3=B6rg?= <j@a.test>"), ["=?UTF-8?Q?J=C3=B6rg?=|NIL|j|a.test"]);
        assert_eq!(shown("Pete <pete(his account)@silly.test(his host)>"), ["Pete|NIL|pete|silly.test"]);
        assert_eq!(shown("joe . q @ a . test (Joe)"), ["Joe|NIL|joe.q|a.test"]);
    }

    #[test]
    fn what_is_no_address_is_read_all_the_same() {
        assert_eq!(shown("postmaster"), ["NIL|NIL|postmaster|"]);
        assert_eq!(shown(" , ,"), [""; 0]);
        assert_eq!(shown("a b c"), ["NIL|NIL|abc|"]);
        assert_eq!(shown("x <"), ["x|NIL||"]);
        assert_eq!(shown("<>"), ["NIL|NIL||"]);
        assert_eq!(shown("g: a@b.test"), ["g:", "NIL|NIL|a|b.test", ";"]);
        let deep = format!("{}a@b", "(".repeat(100_000));
        assert_eq!(addresses(deep.as_bytes()), []);
        assert!(addresses(&b">]:<@".repeat(1000)).len() <= MOST);
    }
}
