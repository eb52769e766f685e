//! Named misbehaviours, off unless asked for. A suite that stays green with its fault switched on tests nothing.
//!
//! The table is closed: a fault is one line here and one `faults.on(…)` at the place where the rule is kept.

use std::fmt;
use std::str::FromStr;

macro_rules! faults {
    ($($fault:ident = $name:literal, $line:literal;)*) => {
        /// One way to break a rule.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault {
            $(#[doc = $line] $fault,)*
        }

        impl Fault {
            /// Every fault, in the order of the table.
            pub const ALL: &'static [Fault] = &[$(Fault::$fault,)*];

            /// The name on the command line, `protocol/what-it-does`; `sasl` stands for all three protocols.
            pub fn name(self) -> &'static str {
                match self {
                    $(Fault::$fault => $name,)*
                }
            }

            /// What the server does wrong, in one line.
            pub fn description(self) -> &'static str {
                match self {
                    $(Fault::$fault => $line,)*
                }
            }
        }
    };
}

faults! {
    // SMTP
    SmtpKeepsLeadingDot = "smtp/keeps-leading-dot", "stores the dot that the client stuffed before a leading dot";
    SmtpAcceptsUnknownRecipient = "smtp/accepts-unknown-recipient", "answers 250 to RCPT for a local user that does not exist";
    SmtpGreetsWithWrongCode = "smtp/greets-with-wrong-code", "greets with 250 instead of 220";
    SmtpNoEnhancedCodes = "smtp/no-enhanced-codes", "announces ENHANCEDSTATUSCODES and leaves them out";
    SmtpBareLfEndsData = "smtp/bare-lf-ends-data", "takes LF.LF for the end of the message";
    SmtpForgetsRset = "smtp/forgets-rset", "answers 250 to RSET and keeps the transaction";
    SmtpStarttlsKeepsBuffer = "smtp/starttls-keeps-buffer", "runs after the handshake what was sent in clear before it";
    SmtpStarttlsKeepsState = "smtp/starttls-keeps-state", "remembers EHLO and the transaction across the TLS handshake";
    SmtpDataWithoutRcpt = "smtp/data-without-rcpt", "answers 354 to DATA without a recipient";
    SmtpWrongMultiline = "smtp/wrong-multiline", "writes the last line of a multi-line reply with a hyphen too";
    SmtpDropsEhloKeywords = "smtp/drops-ehlo-keywords", "supports its extensions and announces none in EHLO";
    SmtpMailTwice = "smtp/mail-twice", "accepts a second MAIL inside a transaction";
    SmtpDropsLastLine = "smtp/drops-last-line", "loses the last line of every message";
    SmtpOpenRelay = "smtp/open-relay", "accepts recipients elsewhere from anyone";
    SmtpCaseSensitiveVerbs = "smtp/case-sensitive-verbs", "knows commands in upper case only";
    SmtpIgnoresSizeLimit = "smtp/ignores-size", "accepts a MAIL whose SIZE is over the announced limit";
    SmtpNoReceived = "smtp/no-received", "adds no Received field";
    SmtpNoReturnPath = "smtp/no-return-path", "adds no Return-Path at final delivery";
    SmtpRefusesNullPath = "smtp/refuses-null-path", "answers 550 to MAIL FROM:<>";
    SmtpRefusesPostmaster = "smtp/refuses-postmaster", "answers 550 to RCPT TO:<postmaster>";
    SmtpAcceptsWrongPassword = "smtp/accepts-wrong-password", "answers 235 whatever the password";
    SmtpKeepsOpenAfterQuit = "smtp/keeps-open-after-quit", "answers 221 to QUIT and does not close";
    SmtpRefusesNoopArgument = "smtp/noop-argument-refused", "answers 501 to a NOOP with an argument";
    SmtpBdatUnstuffs = "smtp/bdat-unstuffs", "drops the dots that lines of a chunk begin with, as if BDAT were DATA";
    SmtpBdatErrorKeepsChunk = "smtp/bdat-error-keeps-chunk", "refuses a BDAT and reads its chunk as commands";
    SmtpDataAfterBdat = "smtp/data-after-bdat", "answers 354 to DATA when a chunk of the message has come already";
    SmtpBinaryByData = "smtp/binary-by-data", "answers 354 to DATA after BODY=BINARYMIME";
    SmtpUtf8Undeclared = "smtp/utf8-undeclared", "accepts addresses in UTF-8 without SMTPUTF8";
    SmtpUtf8Untraced = "smtp/utf8-untraced", "writes `with ESMTP` in the Received field of mail that came with SMTPUTF8";
    SmtpNotifyNeverWithOthers = "smtp/notify-never-with-others", "accepts NOTIFY=NEVER,FAILURE";
    SmtpAcceptsByZero = "smtp/accepts-by-zero", "accepts mail that is to be delivered or returned in no time, BY=0;R";
    SmtpHoldsTooLong = "smtp/holds-too-long", "accepts a HOLDFOR that is over the announced limit";
    SmtpAnyPriority = "smtp/any-priority", "accepts MT-PRIORITY=10";
    SmtpStrangerPriority = "smtp/stranger-priority", "lets anyone raise the priority of their mail";
    SmtpRequireTlsInClear = "smtp/requiretls-in-clear", "announces and accepts REQUIRETLS without TLS";
    SmtpIgnoresMessageLimit = "smtp/ignores-message-limit", "takes messages larger than it says, where no SIZE was declared";
    SmtpForgetsRecipients = "smtp/forgets-recipients", "answers 452 to one recipient too many and drops those before it";
    SmtpAcceptsNullMx = "smtp/accepts-null-mx", "accepts recipients of users although their domain says that it takes no mail";
    Smtp521ForStrangers = "smtp/521-for-strangers", "answers 521 to RCPT for a mailbox that does not exist";
    SmtpCaseSensitiveDomains = "smtp/case-sensitive-domains", "knows its domains in lower case only";
    SmtpCountsNoHops = "smtp/counts-no-hops", "takes messages however many Received fields they have";
    SmtpNoMailTakesMail = "smtp/no-mail-takes-mail", "greets with 521 and serves the session all the same";
    SmtpFewRecipients = "smtp/few-recipients", "takes ten recipients, whatever LIMITS says";
    SmtpEtrnInTransaction = "smtp/etrn-in-transaction", "accepts ETRN inside a mail transaction";
    SmtpVrfySaysYes = "smtp/vrfy-says-yes", "answers 250 to VRFY for a user that does not exist";
    SmtpLmtpOneReply = "smtp/lmtp-one-reply", "answers the message once in LMTP, not once for each recipient";
    SmtpSubmissionWithoutAuth = "smtp/submission-without-auth", "takes submissions from anyone";
    SmtpSubmissionWithoutFrom = "smtp/submission-without-from", "takes submissions without a From field";
    SmtpNoMessageId = "smtp/no-message-id", "adds no Message-ID to submissions that lack one";
    SmtpStripsEighthBit = "smtp/strips-eighth-bit", "clears the high bit of a message sent with BODY=8BITMIME";
    // SMTP, the sending side
    SmtpClientNoDotStuffing = "smtp-client/no-dot-stuffing", "sends lines that begin with a dot as they are";
    SmtpClientBounces4yz = "smtp-client/bounces-4yz", "returns mail at once that a server will take later";
    SmtpClientPipelinesUntold = "smtp-client/pipelines-untold", "sends commands in groups to servers without PIPELINING";
    SmtpClientRaw8Bit = "smtp-client/raw-8-bit", "sends octets above 127 to servers without 8BITMIME";
    SmtpClientIgnoresPreference = "smtp-client/ignores-preference", "tries the mail exchangers with the highest preference numbers first";
    SmtpClientFixedOrder = "smtp-client/fixed-order", "tries mail exchangers of one preference in the order of their names";
    SmtpClientOneExchanger = "smtp-client/one-exchanger", "tries the best mail exchanger alone";
    SmtpClientNoImplicitMx = "smtp-client/no-implicit-mx", "returns mail for domains without MX records";
    SmtpClientAddressBesideMx = "smtp-client/address-beside-mx", "tries the domain's own address where its mail exchangers have none";
    SmtpClientIgnoresNullMx = "smtp-client/ignores-null-mx", "takes a null MX for no MX, and tries the domain's own address";
    SmtpClientWaitsForNoDomain = "smtp-client/waits-for-no-domain", "keeps mail for a domain that does not exist, and looks again later";
    SmtpClientBouncesDnsFailure = "smtp-client/bounces-dns-failure", "returns mail at once when the DNS cannot be asked";
    SmtpClientForgetsItself = "smtp-client/forgets-itself", "tries mail exchangers that are no better than itself";
    SmtpClientLowersNames = "smtp-client/lowers-names", "writes local parts of recipients in lower case";
    SmtpClientForgetsDsn = "smtp-client/forgets-dsn", "passes on none of ENVID, RET, NOTIFY and ORCPT";
    SmtpClientRequireTlsAnywhere = "smtp-client/requiretls-anywhere", "sends mail that requires TLS to servers without REQUIRETLS";
    SmtpClientIgnoresDeadline = "smtp-client/ignores-deadline", "sends mail with a deadline to servers that cannot keep it";
    SmtpClientStillsTheClock = "smtp-client/deadline-stands-still", "passes on a deadline as if no time had gone by";
    SmtpClientPriorityUntold = "smtp-client/priority-untold", "sends MT-PRIORITY to servers that do not know it";
    SmtpClientForgetsPriority = "smtp-client/forgets-priority", "passes no MT-PRIORITY on";
    SmtpClientChunksUntold = "smtp-client/chunks-untold", "sends large messages with BDAT to servers without CHUNKING";
    SmtpClientRawBinary = "smtp-client/raw-binary", "sends binary messages as they are to servers without BINARYMIME";
    SmtpClientUndeclaredBinary = "smtp-client/undeclared-binary", "sends binary messages without BODY=BINARYMIME";
    SmtpClientIgnoresLimits = "smtp-client/ignores-limits", "sends more than LIMITS allows";
    SmtpClientWaitsAfter521 = "smtp-client/waits-after-521", "keeps mail for a server that takes none, and tries it again";
    // POP3
    Pop3NoDotStuffing = "pop3/no-dot-stuffing", "sends lines that begin with a dot as they are";
    Pop3AcceptsWrongPassword = "pop3/accepts-wrong-password", "answers +OK to PASS whatever the password";
    Pop3WrongStatSize = "pop3/wrong-stat-size", "counts an octet too many in STAT for each message";
    Pop3DeletesWithoutQuit = "pop3/deletes-without-quit", "removes what DELE marked although the connection broke";
    Pop3UidlChanges = "pop3/uidl-changes", "gives each message another unique-id in each session";
    Pop3TopSendsAll = "pop3/top-sends-all", "sends the whole message whatever number of lines TOP asks for";
    Pop3ListsDeleted = "pop3/lists-deleted", "lists messages that are marked as deleted";
    Pop3IgnoresRset = "pop3/ignores-rset", "answers +OK to RSET and keeps the marks";
    Pop3CapaWithoutEnd = "pop3/capa-without-end", "leaves out the dot that ends the list of capabilities";
    Pop3NoLock = "pop3/no-lock", "opens a maildrop that another session has locked";
    Pop3LowerCaseStatus = "pop3/lower-case-status", "writes +ok and -err in lower case";
    Pop3CaseSensitiveKeywords = "pop3/case-sensitive-keywords", "knows commands in upper case only";
    Pop3RenumbersAfterDele = "pop3/renumbers-after-dele", "gives a message another number when one before it is deleted";
    Pop3StlsKeepsBuffer = "pop3/stls-keeps-buffer", "runs after the handshake what was sent in clear before it";
    Pop3RepeatsTimestamp = "pop3/repeats-timestamp", "greets with the same APOP timestamp each time";
    Pop3UndeclaredCommands = "pop3/undeclared-commands", "supports TOP and UIDL and leaves them out of CAPA";
    Pop3RawUtf8 = "pop3/raw-utf8", "sends internationalized messages to clients that did not say UTF8";
    Pop3Utf8AfterLogin = "pop3/utf8-after-login", "takes UTF8 in the TRANSACTION state";
    Pop3NoSaslprep = "pop3/no-saslprep", "compares names and passwords as they were typed";
    Pop3LangEchoesRange = "pop3/lang-echoes-range", "answers LANG with the range that was asked for, not with the tag of the language";
    Pop3LangTakesAny = "pop3/lang-takes-any", "answers +OK to LANG whatever the language";
    Pop3IgnoresLoginDelay = "pop3/ignores-login-delay", "announces LOGIN-DELAY and lets users log in when they like";
    Pop3LoginDelayToUser = "pop3/login-delay-to-user", "tells LOGIN-DELAY in answer to USER";
    Pop3ExpiresUntold = "pop3/expires-untold", "removes at QUIT what was retrieved, and announces EXPIRE NEVER";
    Pop3ForgetsPipelined = "pop3/forgets-pipelined", "answers the first of commands sent in one go and forgets the others";
    Pop3CapaShrinks = "pop3/capa-shrinks", "leaves TOP and UIDL out of CAPA after the login";
    Pop3NoAuthCode = "pop3/no-auth-code", "refuses wrong credentials without the response code AUTH";
    Pop3CountsStuffing = "pop3/counts-stuffing", "counts the dots that are stuffed in the sizes of messages";
    Pop3ShortCommands = "pop3/short-commands", "refuses commands of more than 47 octets";
    Pop3DeletesAtOnce = "pop3/deletes-at-once", "removes a message when DELE is given";
    Pop3KeepsOpenAfterQuit = "pop3/keeps-open-after-quit", "answers QUIT and does not close";
    Pop3ApopAnyDigest = "pop3/apop-any-digest", "answers +OK to APOP whatever the digest";
    // IMAP
    ImapExpungeDuringFetch = "imap/expunge-during-fetch", "sends EXPUNGE while it answers FETCH, STORE or SEARCH";
    ImapWrongUidnext = "imap/wrong-uidnext", "predicts a UIDNEXT in SELECT that is greater than the next UID";
    ImapReusesUids = "imap/reuses-uids", "gives the UID of an expunged message to the next one";
    ImapUidvalidityChanges = "imap/uidvalidity-changes", "says another UIDVALIDITY on every connection";
    ImapAcceptsWrongPassword = "imap/accepts-wrong-password", "answers OK to LOGIN whatever the password";
    ImapLoginThoughDisabled = "imap/login-though-disabled", "announces LOGINDISABLED and lets LOGIN in";
    ImapCancelIsNo = "imap/cancel-is-no", "answers NO when the client cancels AUTHENTICATE";
    ImapStarttlsKeepsBuffer = "imap/starttls-keeps-buffer", "runs after the handshake what was sent in clear before it";
    ImapTagInWrongCase = "imap/tag-in-wrong-case", "echoes the tag with small and capital letters exchanged";
    ImapLogoutWithoutBye = "imap/logout-without-bye", "answers LOGOUT without BYE";
    ImapInboxCaseSensitive = "imap/inbox-case-sensitive", "knows INBOX in capital letters only";
    ImapFailedSelectKeepsMailbox = "imap/failed-select-keeps-mailbox", "stays in the old mailbox when SELECT fails";
    ImapExamineAllowsStore = "imap/examine-allows-store", "changes flags in a mailbox opened with EXAMINE";
    ImapExamineTakesRecent = "imap/examine-takes-recent", "lets EXAMINE take \\Recent from the messages";
    ImapPercentMatchesLikeStar = "imap/percent-matches-like-star", "lets % of LIST match the hierarchy delimiter";
    ImapDeleteUnsubscribes = "imap/delete-unsubscribes", "removes a deleted mailbox from the subscriptions";
    ImapStatusUnseenCountsAll = "imap/status-unseen-counts-all", "counts seen messages among UNSEEN of STATUS";
    ImapAppendCreates = "imap/append-creates", "creates the mailbox that APPEND names and that does not exist";
    ImapAppendLosesFlags = "imap/append-loses-flags", "ignores the flags of APPEND";
    ImapNoExistsAfterAppend = "imap/no-exists-after-append", "says nothing of a message appended to the selected mailbox";
    ImapPeekSetsSeen = "imap/peek-sets-seen", "sets \\Seen for BODY.PEEK";
    ImapPartialOffByOne = "imap/partial-off-by-one", "starts a partial FETCH one octet too late";
    ImapLiteralSizeOffByOne = "imap/literal-size-off-by-one", "announces literals one octet too long";
    ImapUidFetchWithoutUid = "imap/uid-fetch-without-uid", "leaves the UID out of the answers to UID FETCH";
    ImapStoreIsNeverSilent = "imap/store-is-never-silent", "answers FLAGS.SILENT with the flags";
    ImapCopyLosesFlags = "imap/copy-loses-flags", "copies messages without their flags";
    ImapSearchIgnoresNot = "imap/search-ignores-not", "searches for what stands after NOT";
    ImapUidExpungeIgnoresSet = "imap/uid-expunge-ignores-set", "removes all deleted messages in UID EXPUNGE";
    ImapCloseKeepsDeleted = "imap/close-keeps-deleted", "does not expunge in CLOSE";
    ImapIdleSilent = "imap/idle-silent", "tells nothing of other sessions during IDLE";
    ImapEsearchWithoutUid = "imap/esearch-without-uid", "leaves UID out of the ESEARCH response to UID SEARCH";
    ImapEsearchAllOfNothing = "imap/esearch-all-of-nothing", "answers ALL 0 when nothing is found";
    ImapSortReverseReversesTies = "imap/sort-reverse-reverses-ties", "sorts equal messages backwards where REVERSE is asked for";
    ImapPartialIgnoresRange = "imap/search-partial-ignores-range", "returns all results of a search as PARTIAL";
    ImapContextTellsNothingNew = "imap/context-tells-nothing-new", "adds nothing to a search that is kept up to date";
    ImapContextRemovesLate = "imap/context-removes-late", "sends REMOVEFROM behind EXPUNGE";
    ImapMultisearchTellsOfNothing = "imap/multisearch-tells-of-nothing", "answers ESEARCH for mailboxes in which nothing is found too";
    ImapSpeaksAnyLanguage = "imap/speaks-any-language", "accepts every language and speaks English";
    ImapThreadIgnoresReferences = "imap/thread-ignores-references", "threads by subject alone in THREAD=REFERENCES";
    ImapSaveKeepsOldResult = "imap/save-keeps-old-result", "keeps the saved result when a search with SAVE finds nothing";
    ImapAppendIgnoresRights = "imap/append-ignores-rights", "lets users put messages into mailboxes without the right i";
    ImapExpungeIgnoresRights = "imap/expunge-ignores-rights", "expunges without the right e";
    ImapListIgnoresLookup = "imap/list-ignores-lookup", "lists no mailbox of another user, whatever the rights";
    ImapMyRightsOfOwner = "imap/myrights-of-owner", "tells everybody that they have all rights";
    ImapSetAclIgnoresMinus = "imap/setacl-ignores-minus", "adds the rights that SETACL is to take away";
    ImapSetAclIgnoresUnknown = "imap/setacl-ignores-unknown", "ignores rights that do not exist";
    ImapRightsWithoutObsolete = "imap/rights-without-obsolete", "leaves c and d out of lists of rights";
    ImapSetQuotaIgnored = "imap/setquota-ignored", "answers OK to SETQUOTA and keeps the limits";
    ImapSetQuotaKeepsOthers = "imap/setquota-keeps-others", "keeps the limits that SETQUOTA does not name";
    ImapQuotaUsageStale = "imap/quota-usage-stale", "tells that no quota is used";
    ImapMetadataForgetsNil = "imap/metadata-nil-ignored", "keeps the value of an entry that is set to NIL";
    ImapMetadataPrivateShared = "imap/metadata-private-shared", "shows private annotations to everybody";
    ImapMetadataMaxSizeIgnored = "imap/metadata-maxsize-ignored", "returns values that are longer than MAXSIZE";
    ImapMetadataDepthIgnored = "imap/metadata-depth-ignored", "returns the entries below, whatever DEPTH says";
    ImapListMetadataHidesNil = "imap/list-metadata-hides-nil", "leaves entries without a value out of the METADATA of LIST";
    ImapListMetadataOfOthers = "imap/list-metadata-of-others", "answers LIST with METADATA of names that only have matching children, too";
    ImapMetadataHalfDone = "imap/metadata-half-done", "sets the entries before one that can not be set";
    ImapMetadataShortValues = "imap/metadata-short-values", "takes no values of 1024 octets";
    ImapMetadataLimitUntold = "imap/metadata-limit-untold", "refuses values that are too long and does not tell how long they may be";
    ImapMetadataCountUntold = "imap/metadata-count-untold", "refuses more annotations than it keeps and does not tell that they are too many";
    ImapMetadataTakesNine = "imap/metadata-takes-nine", "takes no tenth annotation";
    ImapFilterUnchecked = "imap/filter-unchecked", "takes for a named filter what is no criterion of a search";
    ImapUndefinedFilterFindsAll = "imap/undefined-filter-finds-all", "finds every message by a filter that is not there";
    ImapFilterInAnyCharset = "imap/filter-in-any-charset", "takes FILTER in a search whose charset is not UTF-8";
    ImapIgnoresSharedFilters = "imap/ignores-shared-filters", "knows no filter but the user's own";
    ImapSharedFilterFirst = "imap/shared-filter-first", "prefers everybody's filter to the user's own of that name";
    ImapFiltersDoNotNest = "imap/filters-do-not-nest", "knows no filter that uses another";
    ImapMoveKeepsOriginal = "imap/move-keeps-original", "copies in MOVE and removes nothing";
    ImapMoveSetsDeleted = "imap/move-sets-deleted", "moves messages with \\Deleted, as if it had been stored";
    ImapMoveTellsCopyUidLate = "imap/move-tells-copyuid-late", "answers MOVE with COPYUID in the tagged OK, behind EXPUNGE";
    ImapMultiAppendKeepsPart = "imap/multiappend-keeps-part", "keeps the messages before the one for which APPEND fails";
    ImapIgnoresAppendLimit = "imap/ignores-append-limit", "accepts messages that are over the announced APPENDLIMIT";
    ImapLiteralMinusUnlimited = "imap/literal-minus-unlimited", "announces LITERAL- in place of LITERAL+ and takes literals with + of any size";
    ImapReplaceInheritsFlags = "imap/replace-inherits-flags", "gives the replacement the flags of the message it replaces";
    ImapReplaceNeedsRoomForBoth = "imap/replace-needs-room-for-both", "replaces a message only if the quota has room for both";
    ImapReplaceKeepsOriginal = "imap/replace-keeps-original", "appends in REPLACE and removes nothing";
    ImapBinaryStaysEncoded = "imap/binary-stays-encoded", "answers BINARY with the octets as they are encoded";
    ImapBinarySizeIsEncoded = "imap/binary-size-is-encoded", "answers BINARY.SIZE with the size of the encoded part";
    ImapBinaryGuessesEncoding = "imap/binary-guesses-encoding", "answers BINARY of a part in an unknown encoding";
    ImapSaveDateIsInternalDate = "imap/savedate-is-internaldate", "answers SAVEDATE with the internal date";
    ImapPreviewStaysEncoded = "imap/preview-stays-encoded", "makes the preview of the part's octets as they are encoded";
    ImapCatenateSkipsBadUrl = "imap/catenate-skips-bad-url", "leaves out the parts whose URL names nothing";
    ImapUrlAcceptsAnyToken = "imap/url-accepts-any-token", "takes any token of an authorized URL";
    ImapUrlNeverExpires = "imap/url-never-expires", "takes authorized URLs that have expired";
    ImapUrlForAnyUser = "imap/url-for-any-user", "lets anyone use a URL that is authorized for one user";
    ImapResetKeyKeepsKeys = "imap/resetkey-keeps-keys", "answers OK to RESETKEY and keeps the keys";
    ImapCompressStaysClear = "imap/compress-stays-clear", "answers OK to COMPRESS and goes on in clear";
    ImapPartKeepsLineEnd = "imap/part-keeps-line-end", "counts the line end before a delimiter to the part";
    ImapUnauthenticateStaysSelected = "imap/unauthenticate-stays-selected", "keeps user and mailbox in UNAUTHENTICATE";
    ImapIgnoresUnchangedSince = "imap/ignores-unchangedsince", "stores flags whatever UNCHANGEDSINCE says";
    ImapConditionalStoreIsSilent = "imap/conditional-store-is-silent", "tells no MODSEQ after a STORE with FLAGS.SILENT";
    ImapChangedSinceTakesEqual = "imap/changedsince-takes-equal", "fetches messages that were last changed at CHANGEDSINCE itself";
    ImapNoModseqUnasked = "imap/no-modseq-unasked", "leaves UID and MODSEQ out of FETCH responses that no FETCH asked for";
    ImapSearchWithoutModseq = "imap/search-without-modseq", "leaves the highest MODSEQ out of the answer to SEARCH MODSEQ";
    ImapQresyncWithoutEnable = "imap/qresync-without-enable", "takes the QRESYNC of SELECT before it is enabled";
    ImapResyncForgetsExpunges = "imap/resync-forgets-expunges", "leaves out what vanished when a mailbox is resynchronised";
    ImapExpungeInsteadOfVanished = "imap/expunge-instead-of-vanished", "sends EXPUNGE although QRESYNC is enabled";
    ImapMessageLimitFromLowest = "imap/messagelimit-from-lowest", "takes the messages with the lowest UIDs where MESSAGELIMIT is exceeded";
    ImapMessageLimitUntold = "imap/messagelimit-untold", "does not tell that a command was done for some messages only";
    ImapMessageLimitCopiesPart = "imap/messagelimit-copies-part", "copies as many messages as MESSAGELIMIT allows and answers OK";
    ImapMessageLimitAppendsPart = "imap/messagelimit-appends-part", "appends as many messages as MESSAGELIMIT allows and answers OK";
    ImapMessageLimitInExpunge = "imap/messagelimit-in-expunge", "limits EXPUNGE as UID EXPUNGE is";
    ImapMessageLimitCountsMatches = "imap/messagelimit-counts-matches", "limits the messages a search finds, and not those it looks at";
    ImapMessageLimitSavesAll = "imap/messagelimit-saves-all", "saves all messages that match, though it looked at some only";
    ImapMessageLimitCutsPartial = "imap/messagelimit-cuts-partial", "fetches some messages of a PARTIAL range that is over MESSAGELIMIT";
    ImapInProgressOfAnotherTag = "imap/inprogress-of-another-tag", "tells how far a command is by a tag that the client did not use";
    ImapInProgressGoesBack = "imap/inprogress-goes-back", "tells of less and less progress once a command is half done";
    ImapInProgressAtOnce = "imap/inprogress-at-once", "tells how far a command is that takes no time";
    ImapInProgressWithGoalZero = "imap/inprogress-with-goal-zero", "tells of progress with 0 as the goal";
    ImapInProgressAtGoal = "imap/inprogress-at-goal", "tells of progress that has reached the goal";
    ImapInProgressBracketInTag = "imap/inprogress-bracket-in-tag", "tells of progress by a tag with ] in it";
    ImapInProgressTagged = "imap/inprogress-tagged", "tells of progress in the completion of the command";
    ImapInProgressAfterwards = "imap/inprogress-afterwards", "tells how far a search is once it is completed";
    ImapInProgressChangesGoal = "imap/inprogress-changes-goal", "tells of progress with a goal that moves away";
    ImapUidAfterIncludes = "imap/uidafter-includes", "finds the message itself by UIDAFTER and UIDBEFORE";
    ImapUidOnlyTakesNumbers = "imap/uidonly-takes-numbers", "runs commands with message numbers although UIDONLY is enabled";
    ImapUidOnlySearchesNumbers = "imap/uidonly-searches-numbers", "searches among message numbers although UIDONLY is enabled";
    ImapUidOnlyTakesMatches = "imap/uidonly-takes-matches", "takes message sequence match data although UIDONLY is enabled";
    ImapUidOnlyWithoutCode = "imap/uidonly-without-code", "refuses message numbers without the response code UIDREQUIRED";
    ImapUidOnlySendsFetch = "imap/uidonly-sends-fetch", "sends FETCH responses although UIDONLY is enabled";
    ImapUidFetchByNumber = "imap/uidfetch-by-number", "sends UIDFETCH responses with message numbers";
    ImapUidOnlySendsExpunge = "imap/uidonly-sends-expunge", "sends EXPUNGE responses although UIDONLY is enabled";
    ImapUidOnlyTellsUnseen = "imap/uidonly-tells-unseen", "tells the number of the first unseen message although UIDONLY is enabled";
    ImapSelectWithoutClosed = "imap/select-without-closed", "does not say CLOSED when SELECT closes a mailbox";
    ImapListIgnoresSelection = "imap/list-ignores-selection", "lists all mailboxes for LIST (SUBSCRIBED) and LIST (SPECIAL-USE)";
    ImapListHidesNonExistence = "imap/list-hides-non-existence", "leaves out \\NonExistent";
    ImapRecursiveMatchAlone = "imap/recursivematch-alone", "accepts RECURSIVEMATCH as the only selection option";
    ImapNoChildInfo = "imap/no-childinfo", "leaves out CHILDINFO";
    ImapCreateForgetsUse = "imap/create-forgets-use", "makes a mailbox and ignores what CREATE says it is for";
    ImapUseAttrCreates = "imap/useattr-creates", "answers NO [USEATTR] and makes the mailbox";
    ImapStatusSizeInKilobytes = "imap/status-size-in-kilobytes", "tells SIZE of STATUS in units of 1024 octets";
    ImapMailboxIdOfName = "imap/mailboxid-of-name", "gives a renamed mailbox another MAILBOXID";
    ImapEmailIdOfPlace = "imap/emailid-of-place", "gives a copy another EMAILID";
    ImapEveryMessageAThread = "imap/every-message-a-thread", "puts each message into a thread of its own";
    ImapSelectWithoutList = "imap/select-without-list", "leaves the LIST response out of SELECT in IMAP4rev2";
    ImapUnaskedWithoutUid = "imap/unasked-without-uid", "leaves the UID out of FETCH responses that nobody asked for in IMAP4rev2";
    ImapNamespaceWithoutShared = "imap/namespace-without-shared", "does not tell of the namespace of mailboxes that belong to nobody";
    ImapAppendTakesUtf8Header = "imap/append-takes-utf8-header", "appends messages with headers in UTF-8 from clients that did not enable it";
    ImapShowsUtf8Headers = "imap/shows-utf8-headers", "shows headers in UTF-8 to clients that did not enable it";
    ImapDowngradesSilently = "imap/downgrades-silently", "does not tell that it shows surrogates of internationalized messages";
    ImapUtf8OnlyServesAll = "imap/utf8-only-serves-all", "announces UTF8=ONLY and serves clients that did not enable UTF-8";
    ImapUtf8OnlyBesideAccept = "imap/utf8-only-beside-accept", "announces UTF8=ONLY beside UTF8=ACCEPT";
    ImapUtf7NamesAfterEnable = "imap/utf7-names-after-enable", "takes names of mailboxes in modified UTF-7 after UTF8=ACCEPT";
    ImapUtf8SearchTakesCharset = "imap/utf8-search-takes-charset", "searches in a named charset after UTF8=ACCEPT";
    ImapListStaysUtf7 = "imap/list-stays-utf7", "lists mailbox names in modified UTF-7 whatever the client enabled";
    ImapQuotedInAnyOctets = "imap/quoted-in-any-octets", "takes quoted strings that are not UTF-8";
    ImapNarrowNumbers = "imap/narrow-numbers", "takes the low 32 bits of numbers of octets that have 63 in IMAP4rev2";
    ImapNoOldName = "imap/no-oldname", "leaves OLDNAME out of LIST responses about names that it has normalized";
    ImapNotifyOnlyWithCommands = "imap/notify-only-with-commands", "tells what NOTIFY asks for at the end of commands and in IDLE only";
    ImapNotifyTellsOwnChanges = "imap/notify-tells-own-changes", "tells a client of what it did itself";
    ImapNotifyTakesHalfAPair = "imap/notify-takes-half-a-pair", "takes MessageNew without MessageExpunge, and FlagChange without both";
    ImapNotifyBadForUnknownEvent = "imap/notify-bad-for-unknown-event", "answers BAD to NOTIFY with an event that it does not support";
    ImapNotifyNoneGoesOn = "imap/notify-none-goes-on", "answers OK to NOTIFY NONE and goes on telling";
    ImapNotifyWithoutStatus = "imap/notify-without-status", "sends no STATUS for NOTIFY SET STATUS";
    ImapNotifyWithoutModseq = "imap/notify-without-modseq", "leaves HIGHESTMODSEQ out of the STATUS responses of NOTIFY";
    ImapNotifyHidesNoAccess = "imap/notify-hides-no-access", "does not tell of mailboxes that NOTIFY can not observe";
    ImapNotifyForgetsOldName = "imap/notify-forgets-oldname", "leaves OLDNAME out when a mailbox is renamed";
    ImapNotifyForgetsNewMailboxes = "imap/notify-forgets-new-mailboxes", "observes the mailboxes there are when NOTIFY is sent, for ever";
    ImapNotifyForgetsParents = "imap/notify-forgets-parents", "tells nothing of the mailbox above one that is made or deleted";
    ImapNotifyMeansAllMailboxes = "imap/notify-means-all-mailboxes", "takes every filter of NOTIFY for all mailboxes";
    ImapNotifyShowsHidden = "imap/notify-shows-hidden", "tells of mailboxes the user may not see";
    ImapNotifyDelaysNothing = "imap/notify-delays-nothing", "takes SELECTED-DELAYED for SELECTED";
    ImapNotifyFetchesNothing = "imap/notify-fetches-nothing", "tells that messages came and fetches nothing of them";
    ImapNotifyFetchesOwn = "imap/notify-fetches-own", "fetches of the messages too that the client itself appended";
    ImapNotifyFetchesBeforeAddTo = "imap/notify-fetches-before-addto", "fetches of new messages before it tells which searches find them";
    ImapNotifyFlagsWithoutUid = "imap/notify-flags-without-uid", "leaves the UID out when flags change";
    ImapNotifySelectedAnyway = "imap/notify-selected-anyway", "tells of the selected mailbox although NOTIFY does not name it";
    ImapNotifyIdleForgets = "imap/notify-idle-forgets", "tells in IDLE of the selected mailbox alone";
    ImapNotifyOverflowsSilently = "imap/notify-overflows-silently", "tells nothing more when too much happens, and does not say so";
    ImapUpdateFetchesNothing = "imap/update-fetches-nothing", "takes the data items of UPDATE and fetches nothing";
    ImapAnyUnicodeName = "imap/any-unicode-name", "makes mailboxes with names that are not Net-Unicode";
    // SASL, in all protocols
    SaslAcceptsAnyProof = "sasl/accepts-any-proof", "lets in who sends any SCRAM proof";
    SaslAcceptsOtherNonce = "sasl/accepts-other-nonce", "takes another nonce in SCRAM's last message than it gave";
    SaslRepeatsNonce = "sasl/repeats-nonce", "adds the same to every client's SCRAM nonce";
    SaslIgnoresChannelBinding = "sasl/ignores-channel-binding", "does not look at the c= of SCRAM";
    SaslIgnoresDowngrade = "sasl/ignores-downgrade", "goes on when a SCRAM client thinks that there is no channel binding";
    SaslIgnoresMandatoryExtensions = "sasl/ignores-mandatory-extensions", "ignores the m= of SCRAM";
    SaslWrongServerSignature = "sasl/wrong-server-signature", "sends SCRAM clients a signature that proves nothing";
    SaslAcceptsAnyToken = "sasl/accepts-any-token", "takes any bearer token for that of whoever is asked for";
    SaslNoOauthError = "sasl/no-oauth-error", "refuses a bearer token without the error message before";
    SaslExternalActsForAnyone = "sasl/external-acts-for-anyone", "lets a client certificate act for any account";
}

/// Words of bits in a set.
const WORDS: usize = Fault::ALL.len().div_ceil(64);

/// The faults that are switched on.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults([u64; WORDS]);

impl Faults {
    /// A server that keeps every rule.
    pub const NONE: Faults = Faults([0; WORDS]);

    /// Whether the server is asked to break this rule.
    pub fn on(self, fault: Fault) -> bool {
        let number = fault as usize;
        self.0.get(number / 64).is_some_and(|word| word & (1 << (number % 64)) != 0)
    }
}

impl FromIterator<Fault> for Faults {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        let mut set = Faults::NONE;
        for fault in faults {
            let number = fault as usize;
            if let Some(word) = set.0.get_mut(number / 64) {
                *word |= 1 << (number % 64);
            }
        }
        set
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(Fault::ALL.iter().filter(|fault| self.on(**fault)).map(|fault| fault.name())).finish()
    }
}

/// A name that is not in the table.
#[derive(Debug, thiserror::Error)]
#[error("there is no fault \"{0}\"; --list-faults shows the names")]
pub struct UnknownFault(String);

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(name: &str) -> Result<Self, UnknownFault> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name).ok_or_else(|| UnknownFault(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_say_their_protocol() {
        let names: HashSet<_> = Fault::ALL.iter().map(|fault| fault.name()).collect();
        assert_eq!(names.len(), Fault::ALL.len());
        for fault in Fault::ALL {
            let (protocol, what) = fault.name().split_once('/').unwrap();
            assert!(["smtp", "smtp-client", "pop3", "imap", "sasl"].contains(&protocol), "{protocol}");
            assert!(what.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{what}");
            assert_eq!(fault.name().parse::<Fault>().unwrap(), *fault);
        }
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let last = *Fault::ALL.last().unwrap();
        let faults: Faults = [Fault::SmtpKeepsLeadingDot, last].into_iter().collect();
        assert!(faults.on(last) && faults.on(Fault::SmtpKeepsLeadingDot));
        assert!(!faults.on(Fault::SmtpForgetsRset) && !Faults::NONE.on(last));
    }
}
