//! Extensions of the protocols that can be switched off, so that suites and peers meet a server without them.
//!
//! The table is closed: an extension is one line here and one look at the set where it is announced or used. What is
//! switched off is not announced, and its commands and parameters are unknown.

use std::fmt;
use std::str::FromStr;

macro_rules! extensions {
    ($($extension:ident = $name:literal $(needs $($needed:ident)+)?, $line:literal;)*) => {
        /// Something a protocol can do beyond its base.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Extension {
            $(#[doc = $line] $extension,)*
        }

        impl Extension {
            /// Every extension, in the order of the table.
            pub const ALL: &'static [Extension] = &[$(Extension::$extension,)*];

            /// The name on the command line: the protocol, and the name the server announces it by.
            pub fn name(self) -> &'static str {
                match self {
                    $(Extension::$extension => $name,)*
                }
            }

            /// The name in the list of capabilities that the protocol announces.
            pub fn keyword(self) -> &'static str {
                self.name().split_once('/').map_or("", |(_, keyword)| keyword)
            }

            /// What it is for and where it is defined, in one line.
            pub fn description(self) -> &'static str {
                match self {
                    $(Extension::$extension => $line,)*
                }
            }

            /// The extensions without which this one cannot be.
            fn needs(self) -> &'static [Extension] {
                match self {
                    $($(Extension::$extension => &[$(Extension::$needed),+],)?)*
                    _ => &[],
                }
            }
        }
    };
}

extensions! {
    // SMTP, submission and LMTP
    SmtpPipelining = "smtp/PIPELINING", "several commands in one go (RFC 2920)";
    SmtpSize = "smtp/SIZE", "the size of a message is told before it is sent (RFC 1870)";
    SmtpEightBitMime = "smtp/8BITMIME", "octets above 127 in messages (RFC 6152)";
    SmtpUtf8 = "smtp/SMTPUTF8" needs SmtpEightBitMime, "addresses and header fields in UTF-8 (RFC 6531)";
    SmtpChunking = "smtp/CHUNKING", "messages in chunks of a known size, BDAT (RFC 3030)";
    SmtpBinaryMime = "smtp/BINARYMIME" needs SmtpChunking, "messages of any octets (RFC 3030)";
    SmtpDsn = "smtp/DSN", "senders choose what they are told about their mail (RFC 3461)";
    SmtpEnhancedStatusCodes = "smtp/ENHANCEDSTATUSCODES", "status codes of three numbers in replies (RFC 2034)";
    SmtpDeliverBy = "smtp/DELIVERBY", "mail that is to be delivered in time (RFC 2852)";
    SmtpFutureRelease = "smtp/FUTURERELEASE", "submissions that are held for a while (RFC 4865)";
    SmtpMtPriority = "smtp/MT-PRIORITY", "more and less urgent mail (RFC 6710)";
    SmtpRequireTls = "smtp/REQUIRETLS", "mail that never travels in clear (RFC 8689)";
    SmtpLimits = "smtp/LIMITS", "the limits of a session are announced (RFC 9422)";
    SmtpStartTls = "smtp/STARTTLS", "TLS on a connection that began in clear (RFC 3207)";
    SmtpAuth = "smtp/AUTH", "users log in (RFC 4954)";
    SmtpEtrn = "smtp/ETRN", "a server asks for its waiting mail (RFC 1985)";
    SmtpVrfy = "smtp/VRFY", "asks whether a mailbox exists (RFC 5321 §3.5)";
    SmtpExpn = "smtp/EXPN", "asks who is on a list (RFC 5321 §3.5)";
    SmtpHelp = "smtp/HELP", "shows the commands (RFC 5321 §4.1.1.8)";
    // POP3
    Pop3Capa = "pop3/CAPA", "the server says what it can do (RFC 2449 §5)";
    Pop3Top = "pop3/TOP", "the beginning of a message (RFC 1939 §7)";
    Pop3Uidl = "pop3/UIDL", "unique-ids of messages (RFC 1939 §7)";
    Pop3User = "pop3/USER", "users log in with name and password (RFC 1939 §7)";
    Pop3Apop = "pop3/APOP", "users log in with a digest of the greeting's timestamp (RFC 1939 §7)";
    Pop3Sasl = "pop3/SASL", "users log in by AUTH (RFC 5034)";
    Pop3Stls = "pop3/STLS", "TLS on a connection that began in clear (RFC 2595 §4)";
    Pop3RespCodes = "pop3/RESP-CODES" needs Pop3Capa, "response codes in front of texts (RFC 2449 §8)";
    Pop3AuthRespCode = "pop3/AUTH-RESP-CODE" needs Pop3RespCodes, "the response code AUTH for wrong credentials (RFC 3206 §6)";
    Pop3Pipelining = "pop3/PIPELINING" needs Pop3Capa, "several commands in one go (RFC 2449 §6.6)";
    Pop3Utf8 = "pop3/UTF8" needs Pop3Capa, "names, passwords and messages in UTF-8 (RFC 6856 §2)";
    Pop3Lang = "pop3/LANG" needs Pop3Capa, "the client chooses the language of texts (RFC 6856 §3)";
    Pop3LoginDelay = "pop3/LOGIN-DELAY" needs Pop3Capa, "logins that come too early are refused, if so configured (RFC 2449 §6.5)";
    Pop3Expire = "pop3/EXPIRE" needs Pop3Capa, "how long messages are kept is announced, and kept to (RFC 2449 §6.7)";
    Pop3Implementation = "pop3/IMPLEMENTATION" needs Pop3Capa, "the server says what it is (RFC 2449 §6.9)";
    // IMAP; CAPABILITY announces them in this order
    ImapStartTls = "imap/STARTTLS", "TLS on a connection that began in clear (RFC 3501 §6.2.1)";
    ImapSaslIr = "imap/SASL-IR", "AUTHENTICATE with the first message of the exchange (RFC 4959)";
    ImapLiteralPlus = "imap/LITERAL+", "literals that need not be asked for (RFC 7888)";
    ImapLiteralMinus = "imap/LITERAL-", "short literals need not be asked for; announced without LITERAL+ (RFC 7888)";
    ImapEnable = "imap/ENABLE", "extensions that change responses are asked for (RFC 5161)";
    ImapId = "imap/ID", "client and server say who they are (RFC 2971)";
    ImapIdle = "imap/IDLE", "news without asking (RFC 2177)";
    ImapNotify = "imap/NOTIFY", "news of all mailboxes without asking (RFC 5465)";
    ImapNamespace = "imap/NAMESPACE", "where whose mailboxes are (RFC 2342)";
    ImapChildren = "imap/CHILDREN", "LIST tells which mailboxes have others below (RFC 3348)";
    ImapUnselect = "imap/UNSELECT", "CLOSE that expunges nothing (RFC 3691)";
    ImapCondStore = "imap/CONDSTORE", "what changed since when, and changes of flags on that condition (RFC 7162)";
    ImapQresync = "imap/QRESYNC" needs ImapCondStore ImapEnable, "a mailbox is resynchronised when it is selected (RFC 7162)";
    ImapUidOnly = "imap/UIDONLY" needs ImapEnable, "messages are named by their UIDs alone (RFC 9586)";
    ImapUidPlus = "imap/UIDPLUS", "UIDs of what was appended, copied and is to be expunged (RFC 4315)";
    ImapEsearch = "imap/ESEARCH", "what a search is to return: MIN, MAX, ALL, COUNT (RFC 4731)";
    ImapSearchRes = "imap/SEARCHRES" needs ImapEsearch, "the result of a search is kept for the next command, $ (RFC 5182)";
    ImapSort = "imap/SORT", "the server sorts what it finds (RFC 5256)";
    ImapSortDisplay = "imap/SORT=DISPLAY" needs ImapSort, "sorts by the names of senders and recipients (RFC 5957)";
    ImapEsort = "imap/ESORT" needs ImapSort, "what a sorted search is to return (RFC 5267)";
    ImapContextSearch = "imap/CONTEXT=SEARCH", "searches whose results are kept up to date, and told in parts (RFC 5267)";
    ImapContextSort = "imap/CONTEXT=SORT" needs ImapSort, "sorted searches whose results are kept up to date (RFC 5267)";
    ImapPartial = "imap/PARTIAL" needs ImapEsearch, "parts of a search's results, from both ends (RFC 9394)";
    ImapSearchFuzzy = "imap/SEARCH=FUZZY", "searches that find what is only like it, and say how like (RFC 6203)";
    ImapThreadOrderedSubject = "imap/THREAD=ORDEREDSUBJECT", "threads by subject (RFC 5256)";
    ImapThreadReferences = "imap/THREAD=REFERENCES", "threads by replies (RFC 5256)";
    ImapMultisearch = "imap/MULTISEARCH" needs ImapEsearch, "one search in several mailboxes (RFC 7377)";
    ImapLanguage = "imap/LANGUAGE" needs ImapNamespace, "which language the texts for people are in (RFC 5255)";
    ImapI18nLevel1 = "imap/I18NLEVEL=1", "texts are compared by the collation i;unicode-casemap (RFC 5255)";
    ImapWithin = "imap/WITHIN", "searches for messages older and younger than so many seconds (RFC 5032)";
    ImapMove = "imap/MOVE", "messages go from one mailbox to another in one step (RFC 6851)";
    ImapReplace = "imap/REPLACE", "a message takes the place of another in one step (RFC 8508)";
    ImapMultiAppend = "imap/MULTIAPPEND", "several messages in one APPEND, all of them or none (RFC 3502)";
    ImapCatenate = "imap/CATENATE", "a message is put together of parts of others (RFC 4469)";
    ImapUrlAuth = "imap/URLAUTH", "URLs that let others read a message (RFC 4467)";
    ImapCompress = "imap/COMPRESS=DEFLATE", "what is said is compressed (RFC 4978)";
    ImapAppendLimit = "imap/APPENDLIMIT", "the size of a message to append is limited, and the limit told (RFC 7889)";
    ImapBinary = "imap/BINARY", "parts of messages are fetched decoded, and messages may have NUL (RFC 3516)";
    ImapSaveDate = "imap/SAVEDATE", "when a message came into its mailbox (RFC 8514)";
    ImapPreview = "imap/PREVIEW", "the beginning of a message as a person reads it (RFC 8970)";
    ImapUnauthenticate = "imap/UNAUTHENTICATE", "another user can log in on the same connection (RFC 8437)";
    ImapRev2 = "imap/IMAP4rev2" needs ImapEnable ImapNamespace ImapUnselect ImapUidPlus ImapIdle ImapSaslIr ImapListExtended ImapListStatus
        ImapSpecialUse ImapStatusSize ImapEsearch ImapSearchRes ImapMove ImapBinary ImapLiteralMinus, "the second revision of IMAP4, with all that it took in (RFC 9051)";
    ImapMessageLimit = "imap/MESSAGELIMIT", "the messages of one command are limited, if so configured (RFC 9738)";
    ImapSaveLimit = "imap/SAVELIMIT", "the messages of one COPY or APPEND are limited, if so configured (RFC 9738)";
    ImapInProgress = "imap/INPROGRESS", "clients are told how far a command is that takes long (RFC 9585)";
    ImapUtf8Accept = "imap/UTF8=ACCEPT" needs ImapEnable, "UTF-8 in quoted strings, mailbox names and headers (RFC 6855)";
    ImapListExtended = "imap/LIST-EXTENDED", "LIST with options and several patterns (RFC 5258)";
    ImapListStatus = "imap/LIST-STATUS" needs ImapListExtended, "LIST that answers with STATUS too (RFC 5819)";
    ImapSpecialUse = "imap/SPECIAL-USE", "LIST tells what mailboxes are for (RFC 6154)";
    ImapCreateSpecialUse = "imap/CREATE-SPECIAL-USE", "CREATE says what a mailbox is for (RFC 6154 §3)";
    ImapQuota = "imap/QUOTA", "how much an account may hold (RFC 9208)";
    ImapQuotaStorage = "imap/QUOTA=RES-STORAGE" needs ImapQuota, "limits on octets (RFC 9208 §5.1)";
    ImapQuotaMessage = "imap/QUOTA=RES-MESSAGE" needs ImapQuota, "limits on the number of messages (RFC 9208 §5.2)";
    ImapQuotaSet = "imap/QUOTASET" needs ImapQuota, "users change the limits of their own account (RFC 9208 §4.1.3)";
    ImapAcl = "imap/ACL", "who may do what with a mailbox, and the mailboxes of other users (RFC 4314)";
    ImapRights = "imap/RIGHTS=kxte" needs ImapAcl, "the rights beyond those of RFC 2086 are announced (RFC 4314 §2.2)";
    ImapListMyRights = "imap/LIST-MYRIGHTS" needs ImapAcl, "LIST that answers with MYRIGHTS too (RFC 8440)";
    ImapMetadata = "imap/METADATA" needs ImapMetadataServer, "annotations of mailboxes and of the server (RFC 5464)";
    ImapMetadataServer = "imap/METADATA-SERVER", "annotations of the server (RFC 5464)";
    ImapFilters = "imap/FILTERS" needs ImapMetadataServer, "searches that are kept under a name (RFC 5466)";
    ImapListMetadata = "imap/LIST-METADATA" needs ImapMetadata ImapListExtended, "LIST that answers with METADATA too (RFC 9590)";
    ImapStatusSize = "imap/STATUS=SIZE", "STATUS tells the size of a mailbox (RFC 8438)";
    ImapObjectId = "imap/OBJECTID", "identifiers of mailboxes, messages and threads that last (RFC 8474)";
}

// The set is one word of bits.
const _: () = assert!(Extension::ALL.len() <= 128);

/// A set of extensions that are switched off.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Without(u128);

impl Without {
    /// A server that has them all.
    pub const NOTHING: Without = Without(0);

    /// The same and without this extension, too.
    pub fn and(self, extension: Extension) -> Without {
        Without(self.0 | 1 << extension as u32)
    }

    /// Whether the server is to do without this extension, or without one it needs.
    pub fn lacks(self, extension: Extension) -> bool {
        self.0 & (1 << extension as u32) != 0 || extension.needs().iter().any(|needed| self.lacks(*needed))
    }
}

impl FromIterator<Extension> for Without {
    fn from_iter<I: IntoIterator<Item = Extension>>(extensions: I) -> Self {
        extensions.into_iter().fold(Without::NOTHING, Without::and)
    }
}

impl fmt::Debug for Without {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lacked = Extension::ALL.iter().filter(|extension| self.lacks(**extension));
        f.debug_set().entries(lacked.map(|extension| extension.name())).finish()
    }
}

/// A name that is not in the table.
#[derive(Debug, thiserror::Error)]
#[error("there is no extension \"{0}\"; --list-extensions shows the names")]
pub struct UnknownExtension(String);

impl FromStr for Extension {
    type Err = UnknownExtension;

    /// The protocol is written in lower case, the name of the extension in any.
    fn from_str(name: &str) -> Result<Self, UnknownExtension> {
        let known = |extension: &Extension| extension.name().eq_ignore_ascii_case(name);
        Self::ALL.iter().copied().find(known).ok_or_else(|| UnknownExtension(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_say_their_protocol() {
        let names: HashSet<_> = Extension::ALL.iter().map(|extension| extension.name()).collect();
        assert_eq!(names.len(), Extension::ALL.len());
        for extension in Extension::ALL {
            let (protocol, _) = extension.name().split_once('/').unwrap();
            assert!(["smtp", "pop3", "imap"].contains(&protocol), "{protocol}");
            assert_eq!(extension.name().parse::<Extension>().unwrap(), *extension);
        }
        assert_eq!("smtp/chunking".parse::<Extension>().unwrap(), Extension::SmtpChunking);
    }

    #[test]
    fn what_an_extension_needs_goes_with_it() {
        let without: Without = [Extension::SmtpChunking].into_iter().collect();
        assert!(without.lacks(Extension::SmtpChunking) && without.lacks(Extension::SmtpBinaryMime));
        assert!(!without.lacks(Extension::SmtpUtf8) && !Without::NOTHING.lacks(Extension::SmtpChunking));
    }
}
