//! IMAP URLs that name a message or a part of one (RFC 5092), with and without authorization (RFC 4467).

use super::grammar::Cursor;
use super::grammar::fetch::Partial;
use super::grammar::section::Section;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A URL, as far as it names a message or a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// Of an absolute URL: who owns the mailbox, and the host.
    pub server: Option<Server>,
    /// The name of the mailbox, in UTF-8; a relative URL may leave it to its base.
    pub mailbox: Option<String>,
    /// Whether the path begins at the root, so that no base matters.
    pub rooted: bool,
    pub uidvalidity: Option<u32>,
    pub uid: Option<u32>,
    pub section: Section,
    pub partial: Option<Partial>,
    /// After this instant the URL is of no use.
    pub expire: Option<OffsetDateTime>,
    pub access: Option<Access>,
    /// The mechanism and the token of an authorized URL.
    pub proof: Option<Proof>,
}

/// `imap://user@host:port/`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub user: Option<String>,
    pub host: String,
}

/// Who may use an authorized URL (RFC 4467 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// A submission server on behalf of this user.
    Submit(String),
    User(String),
    AuthUser,
    Anonymous,
}

/// What shows that a URL was authorized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub mechanism: String,
    pub token: String,
    /// The URL without the proof and the colon before it: what the token is made of.
    pub rump: String,
}

/// Why a text is no URL of a message, in words that follow "the URL".
pub type Flaw = &'static str;

impl Url {
    /// ```abnf
    /// imapurl           = "imap://" iserver ipath-query          ; RFC 5092 §11
    /// imapurl-rel       = iabsolute-path / irelative-path / ipath-empty
    /// iabsolute-path    = "/" [icommand]
    /// irelative-path    = imessagelist / imsg-or-part
    /// ```
    pub fn parse(text: &str) -> Result<Url, Flaw> {
        let (text, proof) = split_proof(text)?;
        let mut url = Url {
            server: None,
            mailbox: None,
            rooted: true,
            uidvalidity: None,
            uid: None,
            section: Section::default(),
            partial: None,
            expire: None,
            access: None,
            proof,
        };
        let path = match strip_prefix(text, "imap://") {
            Some(rest) => {
                let (server, path) = rest.split_once('/').ok_or("names no message")?;
                url.server = Some(server_of(server)?);
                path
            }
            // A scheme that is not ours; in a path a colon stands behind a semicolon, as in URLAUTH.
            None if text.split(['/', ';']).next().unwrap_or_default().contains(':') => return Err("has another scheme"),
            // `//host/…` leaves out the scheme only (inetwork-path).
            None if text.starts_with("//") => return Err("names another server"),
            None => {
                url.rooted = text.starts_with('/');
                text.strip_prefix('/').unwrap_or(text)
            }
        };
        url.path(path)?;
        Ok(url)
    }

    /// The mailbox of a relative URL, whose base is this mailbox or the server alone. A relative path takes the place of the
    /// base's last segment (RFC 3986 §5.2.3), and one without a mailbox means the base's (RFC 5092 §7.2).
    pub fn mailbox_from(&self, base: Option<&str>) -> Option<String> {
        match (&self.mailbox, base) {
            (Some(mailbox), _) if self.rooted => Some(mailbox.clone()),
            (Some(mailbox), base) => {
                let above = base.and_then(|base| base.rsplit_once('/')).map(|(above, _)| above);
                Some(above.map_or_else(|| mailbox.clone(), |above| format!("{above}/{mailbox}")))
            }
            (None, base) => base.filter(|_| !self.rooted).map(str::to_owned),
        }
    }

    /// ```abnf
    /// imessagepart = imailbox-ref iuid [isection] [ipartial]
    /// imailbox-ref = enc-mailbox [uidvalidity]
    /// uidvalidity  = ";UIDVALIDITY=" nz-number
    /// iuid         = "/;UID=" nz-number
    /// isection     = "/;SECTION=" enc-section
    /// ipartial     = "/;PARTIAL=" partial-range
    /// iurlauth-rump = [expire] ";URLAUTH=" access
    /// expire       = ";EXPIRE=" date-time
    /// ```
    /// A mailbox name may hold slashes, so what it ends with is found first. Each part stands at most once, in this order.
    fn path(&mut self, path: &str) -> Result<(), Flaw> {
        if path.contains('?') {
            return Err("asks for a search");
        }
        let at = path.find(';').unwrap_or(path.len());
        let (mailbox, mut rest) = path.split_at(at);
        let mailbox = mailbox.strip_suffix('/').filter(|_| !starts_with(rest, ";UIDVALIDITY=")).unwrap_or(mailbox);
        if !mailbox.is_empty() {
            self.mailbox = Some(decoded(mailbox)?);
        }
        let mut order = 0;
        while !rest.is_empty() {
            let rank = self.parameter(&mut rest)?;
            if rank <= order {
                return Err("has its parts out of order, or twice");
            }
            order = rank;
        }
        Ok(())
    }

    /// Reads one `;NAME=value` with the slash that may stand before or behind it; gives its rank in the order.
    fn parameter(&mut self, rest: &mut &str) -> Result<u8, Flaw> {
        let text = rest.strip_prefix('/').unwrap_or(rest);
        let text = text.strip_prefix(';').ok_or("has something behind a part that is no part")?;
        let (name, value) = text.split_once('=').ok_or("has a part without a value")?;
        // Values of these have slashes and semicolons encoded.
        let end = value.find([';', '/']).unwrap_or(value.len());
        let (value, after) = value.split_at(end);
        *rest = after;
        let number = |value: &str| value.parse().ok().filter(|number| *number != 0).ok_or("has a number that is none");
        let name = name.to_ascii_uppercase();
        match name.as_str() {
            "UIDVALIDITY" => self.uidvalidity = Some(number(value)?),
            "UID" => self.uid = Some(number(value)?),
            "SECTION" => self.section = section(&decoded(value)?)?,
            "PARTIAL" => self.partial = Some(partial(value)?),
            "EXPIRE" => {
                let date = OffsetDateTime::parse(value, &Rfc3339).map_err(|_| "has an EXPIRE that is no date and time")?;
                self.expire = Some(date);
            }
            "URLAUTH" => self.access = Some(access(value)?),
            _ => return Err("has a part that is not known"),
        }
        let rank = ["UIDVALIDITY", "UID", "SECTION", "PARTIAL", "EXPIRE", "URLAUTH"].iter().position(|known| *known == name);
        Ok(rank.unwrap_or(0) as u8 + 1)
    }
}

/// Splits `:<mechanism>:<token>` off: "Removal of the ":<mech>:<token>" portion of the URL MUST be the only operation applied
/// to the URLAUTH-authorized URL to get the rump URL" (RFC 4467 §6).
fn split_proof(text: &str) -> Result<(&str, Option<Proof>), Flaw> {
    let at = text.to_ascii_lowercase().rfind(";urlauth=");
    let Some((rump, proof)) = at.and_then(|at| {
        let colon = at + text.get(at..)?.find(':')?;
        Some((text.get(..colon)?, text.get(colon + 1..)?))
    }) else {
        return Ok((text, None));
    };
    let (mechanism, token) = proof.split_once(':').ok_or("has a mechanism without a token")?;
    // `enc-urlauth = 32*HEXDIG`
    if token.len() < 32 || !token.bytes().all(|octet| octet.is_ascii_hexdigit()) {
        return Err("has a token that is none");
    }
    let proof = Proof { mechanism: mechanism.to_ascii_uppercase(), token: token.to_owned(), rump: rump.to_owned() };
    Ok((rump, Some(proof)))
}

/// `iserver = [iuserinfo "@"] host [":" port]`, `iuserinfo = enc-user [iauth] / [enc-user] iauth`
fn server_of(text: &str) -> Result<Server, Flaw> {
    let (user, host) = match text.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, text),
    };
    let user = user.map(|user| user.split(';').next().unwrap_or_default()).filter(|user| !user.is_empty());
    let host = host.split(':').next().unwrap_or_default();
    if host.is_empty() {
        return Err("names no host");
    }
    Ok(Server { user: user.map(decoded).transpose()?, host: host.to_owned() })
}

/// `access = ("submit+" enc-user) / ("user+" enc-user) / "authuser" / "anonymous"`
fn access(text: &str) -> Result<Access, Flaw> {
    let user = |user: &str| match user {
        "" => Err("has an access identifier without a user"),
        user => decoded(user),
    };
    if let Some(name) = strip_prefix(text, "submit+") {
        return user(name).map(Access::Submit);
    }
    if let Some(name) = strip_prefix(text, "user+") {
        return user(name).map(Access::User);
    }
    match text.to_ascii_lowercase().as_str() {
        "authuser" => Ok(Access::AuthUser),
        "anonymous" => Ok(Access::Anonymous),
        _ => Err("has an access identifier that is not known"),
    }
}

/// What stands between the brackets of `BODY[…]`.
fn section(text: &str) -> Result<Section, Flaw> {
    let text = format!("{text}]");
    let mut cursor = Cursor::new(text.as_bytes());
    let section = cursor.section().and_then(|section| cursor.end().map(|()| section));
    section.map_err(|_| "has a SECTION that is none")
}

/// `partial-range = number64 ["." nz-number64]` (RFC 9051 §9, of 32 bits in RFC 5092 §11): without a length, to the end.
fn partial(text: &str) -> Result<Partial, Flaw> {
    let mut cursor = Cursor::new(text.as_bytes());
    let mut number = || {
        let origin = cursor.number64()?;
        let length = if cursor.eat(b'.') { cursor.number64()? } else { u64::MAX };
        cursor.end().map(|()| Partial { origin, length })
    };
    match number() {
        Ok(Partial { length: 0, .. }) => Err("has a PARTIAL of no octets"),
        Ok(partial) => Ok(partial),
        Err(_) => Err("has a PARTIAL that is none"),
    }
}

/// Undoes percent-encoding; what is encoded is UTF-8 (RFC 5092 §3).
fn decoded(text: &str) -> Result<String, Flaw> {
    let digit = |octet: Option<&u8>| octet.and_then(|octet| char::from(*octet).to_digit(16));
    let bytes = text.as_bytes();
    let (mut octets, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while let Some(octet) = bytes.get(at) {
        if *octet == b'%' {
            let (Some(high), Some(low)) = (digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) else {
                return Err("has % without two hexadecimal digits");
            };
            octets.push((high * 16 + low) as u8);
            at += 3;
        } else {
            octets.push(*octet);
            at += 1;
        }
    }
    String::from_utf8(octets).map_err(|_| "is no UTF-8")
}

fn starts_with(text: &str, prefix: &str) -> bool {
    strip_prefix(text, prefix).is_some()
}

/// Without the prefix, whose letters may be of either case.
fn strip_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (begin, rest) = text.split_at_checked(prefix.len())?;
    begin.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::imap::grammar::section::SectionText;
    use rstest::rstest;

    #[test]
    fn the_parts_of_a_url_are_read() {
        let url = Url::parse("/Drafts;UIDVALIDITY=385759045/;UID=20/;section=2.MIME/;partial=0.1024").unwrap();
        assert_eq!((url.mailbox.as_deref(), url.uidvalidity, url.uid), (Some("Drafts"), Some(385_759_045), Some(20)));
        assert_eq!(url.section, Section { part: vec![2], text: Some(SectionText::Mime) });
        assert_eq!(url.partial, Some(Partial { origin: 0, length: 1024 }));
        assert_eq!((url.server, url.access, url.proof), (None, None, None));
        let url = Url::parse("imap://joe;AUTH=*@example.com:143/a%20b/%C3%A9/;uid=20/;section=HEADER.FIELDS%20(TO)").unwrap();
        assert_eq!(url.server, Some(Server { user: Some("joe".to_owned()), host: "example.com".to_owned() }));
        assert_eq!(url.mailbox.as_deref(), Some("a b/é"));
        assert_eq!(url.section.text, Some(SectionText::HeaderFields(vec![b"TO".to_vec()])));
        let url = Url::parse(";UID=4").unwrap();
        assert_eq!((url.mailbox.as_deref(), url.uid), (None, Some(4)));
        assert_eq!(url.mailbox_from(Some("a/b")).as_deref(), Some("a/b"));
        assert_eq!(url.mailbox_from(None), None);
        let relative = Url::parse("c/;UID=4").unwrap();
        assert_eq!(relative.mailbox_from(Some("a/b")).as_deref(), Some("a/c"));
        assert_eq!(relative.mailbox_from(Some("a")).as_deref(), Some("c"));
        assert_eq!(Url::parse("/c/;UID=4").unwrap().mailbox_from(Some("a/b")).as_deref(), Some("c"));
    }

    #[test]
    fn authorization_is_read_and_split_off_whole() {
        let token = "91354a473744909de610943775f92038";
        let rump = "imap://joe@example.com/INBOX/;uid=20/;section=1.2;expire=2006-01-02T03:04:05Z;urlauth=submit+fred";
        let url = Url::parse(&format!("{rump}:internal:{token}")).unwrap();
        assert_eq!(url.access, Some(Access::Submit("fred".to_owned())));
        assert_eq!(url.expire.unwrap().unix_timestamp(), 1_136_171_045);
        let proof = url.proof.unwrap();
        assert_eq!((proof.mechanism.as_str(), proof.token.as_str(), proof.rump.as_str()), ("INTERNAL", token, rump));
        let rump = Url::parse("imap://joe@example.com/INBOX/;uid=20;URLAUTH=anonymous").unwrap();
        assert_eq!((rump.access, rump.proof), (Some(Access::Anonymous), None));
    }

    #[rstest]
    #[case("http://example.com/")]
    #[case("imap://example.com")]
    #[case("imap:///INBOX/;UID=1")]
    #[case("//example.com/INBOX/;UID=1")]
    #[case("/INBOX/;UID=0")]
    #[case("/INBOX/;UID=1/;UID=2")]
    #[case("/INBOX/;SECTION=1/;UID=2")]
    #[case("/INBOX/;UID=1/;SECTION=1.MIME.2")]
    #[case("/INBOX/;UID=1/;PARTIAL=x")]
    #[case("/INBOX/;UID=1;URLAUTH=nobody")]
    #[case("/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL:12")]
    #[case("/INBOX/;UID=1;URLAUTH=anonymous:INTERNAL")]
    #[case("/IN%ZZ/;UID=1")]
    #[case("/INBOX?SUBJECT%20x")]
    #[case("/INBOX/;UID=1/x")]
    fn refused(#[case] text: &str) {
        assert!(Url::parse(text).is_err(), "{text}");
    }
}
