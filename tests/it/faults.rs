//! A suite that stays green with a fault switched on tests nothing: for each fault of the reference server the case that catches it, and
//! that passes without it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use mailspec::outcome::RunResult;
use mailspec::protocol::Limits;
use mailspec::runner::choose::{Selection, choose};
use mailspec::runner::{self, Options, Plan};
use mailspec::snapshot;
use mailspec::suite::{Library, Places, load};
use mailspec::target::baseline::Baseline;
use mailspec::target::{Processes, reference};
use reference_server::faults::Fault;

use crate::workplace::{Workplace, project};

/// Fault, the case that catches it, and how; `--strict` is on, so a broken SHOULD fails.
const CAUGHT: &[(&str, &str, &str)] = &[
    ("smtp/keeps-leading-dot", "smtp/rfc5321/4.5.2-transparency/lone-dot-line-is-kept", "failed"),
    ("smtp/accepts-unknown-recipient", "smtp/rfc5321/3.3-mail-transactions/unknown-recipient", "failed"),
    ("smtp/greets-with-wrong-code", "smtp/rfc5321/3.1-session-initiation/greeting", "failed"),
    ("smtp/no-enhanced-codes", "smtp/rfc2034/enhanced-status-codes/transaction", "failed"),
    ("smtp/bare-lf-ends-data", "robustness/smtp-smuggling/lf-dot-lf", "failed"),
    ("smtp/forgets-rset", "smtp/rfc5321/4.1.1.5-rset/discards-the-sender", "failed"),
    ("smtp/starttls-keeps-buffer", "smtp/rfc3207/6-command-injection/noop-is-not-answered", "failed"),
    ("smtp/starttls-keeps-state", "smtp/rfc3207/4.2-result/transaction-is-gone", "failed"),
    ("smtp/data-without-rcpt", "smtp/rfc5321/4.1.4-order/rcpt-before-mail-changes-nothing", "failed"),
    ("smtp/drops-ehlo-keywords", "smtp/rfc5321/4.1.1.1-ehlo-helo/ehlo-names-the-server", "failed"),
    ("smtp/mail-twice", "smtp/rfc5321/4.1.4-order/nested-mail", "failed"),
    ("smtp/drops-last-line", "smtp/rfc5321/4.5.2-transparency/fixture-arrives-whole", "failed"),
    ("smtp/open-relay", "robustness/smtp-relaying/stranger-to-stranger", "failed"),
    ("smtp/case-sensitive-verbs", "smtp/rfc5321/2.4-syntax/verbs-ignore-case", "failed"),
    ("smtp/ignores-size", "smtp/rfc1870/size/above-maximum-552", "failed"),
    ("smtp/no-received", "smtp/rfc5321/4.4-trace-information/received-at-the-top", "failed"),
    ("smtp/no-return-path", "smtp/rfc5321/4.4-trace-information/return-path", "failed"),
    ("smtp/refuses-null-path", "smtp/rfc5321/4.1.1.2-mail/null-reverse-path", "failed"),
    ("smtp/refuses-postmaster", "smtp/rfc5321/4.1.1.3-rcpt/postmaster-without-domain", "failed"),
    ("smtp/accepts-wrong-password", "smtp/rfc4954/4-auth/another-attempt", "failed"),
    ("smtp/keeps-open-after-quit", "smtp/rfc5321/4.1.1.10-quit/answered-221-and-closed", "failed"),
    ("smtp/noop-argument-refused", "smtp/rfc5321/4.1.1.9-noop/ignores-its-argument", "failed"),
    ("smtp/strips-eighth-bit", "smtp/rfc6152/8bitmime/octets-are-preserved", "failed"),
    ("smtp/bdat-unstuffs", "smtp/rfc3030/2-chunking/no-byte-stuffing", "failed"),
    ("smtp/bdat-error-keeps-chunk", "smtp/rfc3030/2-bdat-refused/before-mail", "failed"),
    ("smtp/data-after-bdat", "smtp/rfc3030/2-chunking/data-after-chunk", "failed"),
    ("smtp/binary-by-data", "smtp/rfc3030/3-binarymime/data", "failed"),
    ("smtp/utf8-undeclared", "smtp/rfc6531/3-mail-and-rcpt/sender-without-parameter", "failed"),
    ("smtp/utf8-untraced", "smtp/rfc6531/4.3-with-protocols/utf8smtp", "failed"),
    ("smtp/notify-never-with-others", "smtp/rfc3461/4-parameters/notify-never-among-others", "failed"),
    ("smtp/accepts-by-zero", "smtp/rfc2852/4-by-parameter/return-in-the-past", "failed"),
    ("smtp/any-priority", "smtp/rfc6710/4.1-mt-priority/wrong-values", "failed"),
    ("smtp/stranger-priority", "smtp/rfc6710/4.1-mt-priority/no-upgrade-in-trace", "failed"),
    ("smtp/requiretls-in-clear", "smtp/rfc8689/2-requiretls/in-clear", "failed"),
    ("smtp/holds-too-long", "smtp/rfc4865/4.2-future-release/interval-too-long", "failed"),
    ("smtp-client/no-dot-stuffing", "smtp/rfc5321/client/4.5.2-content/dot-stuffing", "failed"),
    ("smtp-client/bounces-4yz", "smtp/rfc5321/client/4.5.4-sending/transient-mail", "failed"),
    ("smtp-client/pipelines-untold", "smtp/rfc5321/client/4.3.1-sequence/waits-for-each-reply", "failed"),
    ("smtp-client/raw-8-bit", "smtp/rfc6152/3-client/converted", "failed"),
    ("smtp-client/ignores-preference", "journeys/mail-exchangers/best-first", "failed"),
    ("smtp-client/fixed-order", "journeys/equal-exchangers/shared", "failed"),
    ("smtp-client/one-exchanger", "journeys/mail-exchangers/next-when-the-best-is-off", "failed"),
    ("smtp-client/no-implicit-mx", "journeys/mail-exchangers/no-mx-record", "failed"),
    ("smtp-client/address-beside-mx", "journeys/mail-exchangers/exchanger-does-not-exist", "failed"),
    ("smtp/accepts-null-mx", "smtp/rfc7505/4-null-mx/refused", "failed"),
    ("smtp-client/ignores-null-mx", "smtp/rfc7505/4-null-mx/returned-at-once", "failed"),
    ("smtp-client/waits-for-no-domain", "journeys/mail-exchangers/no-such-domain", "failed"),
    ("smtp-client/bounces-dns-failure", "journeys/mail-exchangers/dns-fails-for-now", "failed"),
    ("smtp-client/forgets-itself", "journeys/mail-exchangers/leads-back-here", "failed"),
    ("smtp-client/forgets-dsn", "smtp/rfc3461/5.2-client/parameters-relayed", "failed"),
    ("smtp-client/requiretls-anywhere", "smtp/rfc8689/4.2.1-client/not-advertised", "failed"),
    ("smtp-client/ignores-deadline", "smtp/rfc2852/4.1.4-client/not-to-a-server-without", "failed"),
    ("smtp-client/deadline-stands-still", "smtp/rfc2852/4.1.4-client/waiting-takes-of-the-time", "failed"),
    ("smtp-client/priority-untold", "smtp/rfc6710/4.2-client/not-to-a-server-without", "failed"),
    ("smtp-client/forgets-priority", "smtp/rfc6710/4.2-client/passed-on", "failed"),
    ("smtp-client/chunks-untold", "smtp/rfc3030/2-client/no-chunks-untold", "failed"),
    ("smtp-client/raw-binary", "smtp/rfc3030/2-client/no-binary-to-others", "failed"),
    ("smtp-client/undeclared-binary", "smtp/rfc3030/2-client/binary-is-declared", "failed"),
    // RFC 9422 makes a client able to keep to limits; the case shows whether it does.
    ("smtp-client/ignores-limits", "smtp/rfc9422/4-client/recipients-of-a-transaction", "observed"),
    ("smtp-client/waits-after-521", "smtp/rfc7504/3-no-mail/returned-at-once", "failed"),
    ("smtp/ignores-message-limit", "smtp/rfc5321/4.2.5-limits/too-large-is-refused-and-gone", "failed"),
    ("smtp/forgets-recipients", "smtp/rfc5321/4.2.5-limits/recipients-over-the-limit", "failed"),
    ("smtp/521-for-strangers", "smtp/rfc7504/3-particular/unknown-recipient", "failed"),
    ("smtp/case-sensitive-domains", "smtp/rfc5321/2.4-syntax/domain-in-upper-case", "failed"),
    ("smtp/counts-no-hops", "journeys/loop/is-stopped-and-told", "failed"),
    ("smtp-client/lowers-names", "smtp/rfc5321/client/2.4-local-part/case-is-kept", "failed"),
    ("smtp/no-mail-takes-mail", "smtp/rfc7504/3-no-mail/nothing-is-accepted", "failed"),
    ("smtp/few-recipients", "smtp/rfc5321/4.5.3.1.8-recipients/hundred-recipients", "failed"),
    ("smtp/etrn-in-transaction", "smtp/rfc1985/5-etrn/in-a-transaction", "failed"),
    ("smtp/vrfy-says-yes", "smtp/rfc5321/3.5-debugging-addresses/vrfy-does-not-confirm-the-unverified", "failed"),
    ("smtp/lmtp-one-reply", "smtp/rfc2033/4-lmtp/three-recipients", "failed"),
    ("smtp/submission-without-auth", "smtp/rfc6409/4-mandatory-actions/mail-before-authentication", "failed"),
    // RFC 6409 §6.3 lets a server check what it likes; the case shows what it does.
    ("smtp/submission-without-from", "smtp/rfc6409/8-message-modifications/without-from", "observed"),
    ("smtp/no-message-id", "smtp/rfc6409/8-message-modifications/message-id-added", "failed"),
    ("pop3/no-dot-stuffing", "pop3/rfc1939/7-top/byte-stuffing", "failed"),
    ("pop3/accepts-wrong-password", "pop3/rfc1939/7-user-pass/wrong-password", "failed"),
    ("pop3/wrong-stat-size", "pop3/rfc1939/5-stat/size-of-one-message", "failed"),
    ("pop3/deletes-without-quit", "pop3/rfc1939/6-update/dropped-connection-removes-nothing", "failed"),
    ("pop3/uidl-changes", "pop3/rfc1939/7-uidl/persists-after-quit", "failed"),
    ("pop3/top-sends-all", "pop3/rfc1939/7-top/one-line", "failed"),
    ("pop3/lists-deleted", "pop3/rfc1939/5-list/deleted-message-is-not-listed", "failed"),
    ("pop3/ignores-rset", "pop3/rfc1939/5-noop-rset/rset-unmarks-all", "failed"),
    // RFC 1939 §4 lets a server without exclusive access be; the case shows what it does.
    ("pop3/no-lock", "pop3/rfc1939/4-maildrop-lock/second-login-is-refused", "observed"),
    ("pop3/case-sensitive-keywords", "pop3/rfc1939/3-basic-operation/keyword-in-any-case", "failed"),
    ("pop3/renumbers-after-dele", "pop3/rfc1939/5-dele/marks-as-deleted", "failed"),
    ("pop3/stls-keeps-buffer", "pop3/rfc2595/4-stls-injection/command-behind-stls-is-not-answered-under-tls", "failed"),
    ("pop3/undeclared-commands", "pop3/rfc2449/6-capabilities/unlisted-top", "failed"),
    ("pop3/repeats-timestamp", "pop3/rfc1939/7-apop/timestamp-differs", "failed"),
    ("pop3/raw-utf8", "pop3/rfc6856/2.1-utf8/not-as-it-is-without", "failed"),
    ("pop3/utf8-after-login", "pop3/rfc6856/2.1-utf8/after-login", "failed"),
    ("pop3/no-saslprep", "pop3/rfc6856/2.2-user/prepared-name-of-apop", "failed"),
    ("pop3/lang-echoes-range", "pop3/rfc6856/3-lang/preferred-language", "failed"),
    ("pop3/lang-takes-any", "pop3/rfc6856/3-lang/unknown-language", "failed"),
    ("pop3/ignores-login-delay", "pop3/rfc2449/6.5-login-delay/enforced", "failed"),
    ("pop3/login-delay-to-user", "pop3/rfc2449/8-response-codes/login-delay-not-to-user", "failed"),
    ("pop3/expires-untold", "pop3/rfc2449/6-capabilities/expire-never", "failed"),
    ("pop3/forgets-pipelined", "pop3/rfc2449/6.6-pipelining/answers-in-order", "failed"),
    ("pop3/capa-shrinks", "pop3/rfc2449/5-capa/top-in-both-states", "failed"),
    ("pop3/no-auth-code", "pop3/rfc3206/5-auth-response-code/wrong-password", "failed"),
    ("pop3/counts-stuffing", "pop3/rfc1939/10-examples/stat-and-list", "failed"),
    ("pop3/short-commands", "pop3/rfc6856/2.2-user/long-name", "failed"),
    ("pop3/deletes-at-once", "pop3/rfc1939/6-update/quit-after-rset-removes-nothing", "failed"),
    ("pop3/keeps-open-after-quit", "pop3/rfc1939/6-update/quit-closes-the-connection", "failed"),
    ("pop3/apop-any-digest", "pop3/rfc1939/7-apop/wrong-digest", "failed"),
    ("imap/expunge-during-fetch", "imap/rfc3501/7-updates/fetch-sends-no-expunge", "failed"),
    ("imap/wrong-uidnext", "imap/rfc3501/6.3.10-status/same-values-as-select", "failed"),
    ("imap/reuses-uids", "imap/rfc3501/2.3.1-message-numbers/expunged-uid-is-not-reused", "failed"),
    ("imap/uidvalidity-changes", "imap/rfc3501/6.3.1-select/uidvalidity-is-stable", "failed"),
    ("imap/accepts-wrong-password", "imap/rfc3501/6.2.3-login/wrong-password", "failed"),
    ("imap/cancel-is-no", "imap/rfc3501/6.2.2-authenticate/cancelled", "failed"),
    ("imap/starttls-keeps-buffer", "imap/rfc3501/6.2.1-starttls/injected-command-is-not-executed", "failed"),
    ("imap/logout-without-bye", "imap/rfc3501/6.1-any-state/logout", "failed"),
    ("imap/inbox-case-sensitive", "imap/rfc3501/5.1-mailbox-naming/inbox-ignores-case", "failed"),
    ("imap/failed-select-keeps-mailbox", "imap/rfc3501/6.3.1-select/failed-select-deselects", "failed"),
    ("imap/examine-allows-store", "imap/rfc3501/6.3.2-examine/store-changes-nothing", "failed"),
    ("imap/examine-takes-recent", "imap/rfc3501/6.3.2-examine/recent-is-kept", "failed"),
    ("imap/percent-matches-like-star", "imap/rfc3501/6.3.8-list/percent-stops-at-delimiters", "failed"),
    ("imap/delete-unsubscribes", "imap/rfc3501/6.3.6-subscribe/survives-delete", "failed"),
    ("imap/status-unseen-counts-all", "imap/rfc3501/6.3.10-status/counts", "failed"),
    ("imap/append-creates", "imap/rfc3501/6.3.11-append/no-automatic-create", "failed"),
    ("imap/append-loses-flags", "imap/rfc3501/6.3.1-select/first-unseen", "failed"),
    ("imap/no-exists-after-append", "imap/rfc3501/6.3.11-append/to-the-selected-mailbox", "failed"),
    ("imap/peek-sets-seen", "imap/rfc3501/6.4.5-fetch/peek-leaves-seen", "failed"),
    ("imap/partial-off-by-one", "imap/rfc3501/6.4.5-fetch-sections/partial", "failed"),
    ("imap/literal-size-off-by-one", "imap/rfc3501/6.4.5-fetch/peek-leaves-seen", "failed"),
    ("imap/uid-fetch-without-uid", "imap/rfc3501/6.4.8-uid/fetch", "failed"),
    ("imap/store-is-never-silent", "imap/rfc3501/6.4.6-store/silent-add", "failed"),
    ("imap/copy-loses-flags", "imap/rfc3501/6.4.7-copy/flags-and-date", "failed"),
    ("imap/search-ignores-not", "imap/rfc3501/6.4.4-search/answered", "failed"),
    ("imap/uid-expunge-ignores-set", "imap/rfc4315/2.1-uid-expunge/range", "failed"),
    ("imap/close-keeps-deleted", "imap/rfc3501/6.4.2-close/removes-deleted-messages", "failed"),
    ("imap/idle-silent", "imap/rfc2177/3-idle/new-message-is-pushed", "failed"),
    ("imap/esearch-without-uid", "imap/rfc4731/3.1-result-options/uids", "failed"),
    ("imap/esearch-all-of-nothing", "imap/rfc4731/3.1-result-options/nothing-found", "failed"),
    ("imap/sort-reverse-reverses-ties", "imap/rfc5256/3-sort/reverse-keeps-ties", "failed"),
    ("imap/search-partial-ignores-range", "imap/rfc5267/4-context-search/partial", "failed"),
    ("imap/context-tells-nothing-new", "imap/rfc5267/4-context-search/new-message", "failed"),
    ("imap/context-removes-late", "imap/rfc5267/4-context-search/expunged", "failed"),
    ("imap/multisearch-tells-of-nothing", "imap/rfc7377/2-esearch/nothing-found", "failed"),
    ("imap/speaks-any-language", "imap/rfc5255/3-language/unsupported", "failed"),
    ("imap/thread-ignores-references", "imap/rfc5256/3-thread-references/discussion", "failed"),
    ("imap/save-keeps-old-result", "imap/rfc5182/2-saved-result/found-nothing-replaces", "failed"),
    ("imap/append-ignores-rights", "imap/rfc4314/4-rights-required/no-insert", "failed"),
    ("imap/expunge-ignores-rights", "imap/rfc4314/4-rights-required/no-expunge", "failed"),
    ("imap/list-ignores-lookup", "imap/rfc4314/4-rights-required/lookup", "failed"),
    ("imap/myrights-of-owner", "imap/rfc4314/4-rights-required/myrights", "failed"),
    ("imap/setacl-ignores-minus", "imap/rfc4314/3-commands/minus", "failed"),
    ("imap/setacl-ignores-unknown", "imap/rfc4314/3-commands/unrecognized-right", "failed"),
    ("imap/rights-without-obsolete", "imap/rfc4314/3-commands/d-expands", "failed"),
    ("imap/setquota-ignored", "imap/rfc9208/4.1-commands/setquota", "failed"),
    ("imap/setquota-keeps-others", "imap/rfc9208/4.1-commands/limits-that-are-not-listed", "failed"),
    ("imap/quota-usage-stale", "imap/rfc9208/4.1-commands/message-usage-is-exact", "failed"),
    ("imap/metadata-nil-ignored", "imap/rfc5464/4-mailbox-annotations/nil-removes", "failed"),
    ("imap/metadata-private-shared", "imap/rfc5464/4-mailbox-annotations/private-is-private", "failed"),
    ("imap/metadata-maxsize-ignored", "imap/rfc5464/4-mailbox-annotations/maxsize", "failed"),
    ("imap/metadata-depth-ignored", "imap/rfc5464/4-mailbox-annotations/depth", "failed"),
    ("imap/list-metadata-hides-nil", "imap/rfc9590/3-list-metadata/without-a-value", "failed"),
    ("imap/list-metadata-of-others", "imap/rfc9590/3-list-metadata/only-children-match", "failed"),
    ("imap/metadata-half-done", "imap/rfc5464/4-server-annotations/all-or-nothing", "failed"),
    ("imap/metadata-short-values", "imap/rfc5464/4-mailbox-annotations/a-thousand-octets", "failed"),
    ("imap/metadata-limit-untold", "imap/rfc5464/4-mailbox-annotations/too-long", "observed"),
    ("imap/login-though-disabled", "imap/rfc3501/7.2.1-capability-response/logindisabled", "failed"),
    ("imap/metadata-count-untold", "imap/rfc5464/4-mailbox-annotations/too-many", "observed"),
    ("imap/metadata-takes-nine", "imap/rfc5464/4-mailbox-annotations/ten-entries", "failed"),
    ("imap/filter-unchecked", "imap/rfc5466/3-filters/incomplete-criterion", "failed"),
    ("imap/undefined-filter-finds-all", "imap/rfc5466/3-filters/undefined", "failed"),
    ("imap/filter-in-any-charset", "imap/rfc5466/3-filters/other-charset", "failed"),
    ("imap/ignores-shared-filters", "imap/rfc5466/3.2-shared-filters/for-everybody", "failed"),
    ("imap/shared-filter-first", "imap/rfc5466/3.2-shared-filters/private-first", "failed"),
    ("imap/filters-do-not-nest", "imap/rfc5466/3-filters/three-levels", "failed"),
    ("imap/namespace-without-shared", "imap/rfc2342/5-namespace/shared-namespace", "observed"),
    ("imap/append-takes-utf8-header", "imap/rfc6855/4-append/header-without-enable", "failed"),
    ("imap/shows-utf8-headers", "imap/rfc6855/8-legacy-clients/no-header-in-utf8", "failed"),
    ("imap/downgrades-silently", "imap/rfc6855/8-legacy-clients/downgraded", "observed"),
    ("imap/utf8-only-serves-all", "imap/rfc6855/6-utf8-only/before-enable", "failed"),
    ("imap/utf8-only-beside-accept", "imap/rfc6855/3-utf8-accept/never-both", "failed"),
    ("imap/utf7-names-after-enable", "imap/rfc6855/6-utf8-only/names", "failed"),
    ("imap/utf8-search-takes-charset", "imap/rfc6855/3-utf8-accept/search-with-charset", "failed"),
    ("imap/list-stays-utf7", "imap/rfc6855/3-utf8-accept/mailbox-name", "failed"),
    ("imap/quoted-in-any-octets", "imap/rfc6855/3-utf8-accept/malformed", "failed"),
    ("imap/move-keeps-original", "imap/rfc6851/3.3-move/moves-to-the-end", "failed"),
    ("imap/move-sets-deleted", "imap/rfc6851/3.3-move/no-deleted-flag", "failed"),
    ("imap/move-tells-copyuid-late", "imap/rfc6851/3.2-uid-move/example", "failed"),
    ("imap/multiappend-keeps-part", "imap/rfc3502/6.3.11-multiappend/cancelled", "failed"),
    ("imap/ignores-append-limit", "imap/rfc7889/appendlimit/too-big", "failed"),
    ("imap/literal-minus-unlimited", "imap/rfc7888/5-literal-minus/long-append", "failed"),
    ("imap/replace-inherits-flags", "imap/rfc8508/3-replace/nothing-is-inherited", "failed"),
    ("imap/replace-needs-room-for-both", "imap/rfc8508/3-replace/in-a-full-account", "failed"),
    ("imap/replace-keeps-original", "imap/rfc8508/3-replace/into-another-mailbox", "failed"),
    ("imap/binary-stays-encoded", "imap/rfc3516/4.2-fetch/quoted-printable", "failed"),
    ("imap/binary-size-is-encoded", "imap/rfc3516/4.2-fetch/size", "failed"),
    ("imap/binary-guesses-encoding", "imap/rfc3516/4.2-fetch/unknown-encoding", "failed"),
    ("imap/savedate-is-internaldate", "imap/rfc8514/4-savedate/not-the-date-of-append", "failed"),
    ("imap/preview-stays-encoded", "imap/rfc8970/3-preview/decoded", "failed"),
    ("imap/catenate-skips-bad-url", "imap/rfc4469/3-catenate/missing-message", "failed"),
    ("imap/url-accepts-any-token", "imap/rfc4467/7-urlauth/wrong-token", "failed"),
    ("imap/url-never-expires", "imap/rfc4467/7-urlauth/expired", "failed"),
    ("imap/url-for-any-user", "imap/rfc4467/7-urlauth/for-one-user", "failed"),
    ("imap/resetkey-keeps-keys", "imap/rfc4467/7-urlauth/key-of-the-mailbox-is-reset", "failed"),
    ("imap/compress-stays-clear", "imap/rfc4978/3-compress/lower-case", "failed"),
    ("imap/part-keeps-line-end", "imap/rfc2046/5.1-multipart/example", "failed"),
    ("imap/unauthenticate-stays-selected", "imap/rfc8437/3-unauthenticate/ends-the-login", "failed"),
    ("imap/ignores-unchangedsince", "imap/rfc7162/3.1.3-store/some-fail", "failed"),
    ("imap/conditional-store-is-silent", "imap/rfc7162/3.1.3-store/all-pass", "failed"),
    ("imap/changedsince-takes-equal", "imap/rfc7162/3.1.4-fetch/changedsince-the-present", "failed"),
    ("imap/no-modseq-unasked", "imap/rfc7162/3.1-mod-sequences/change-of-another-session", "failed"),
    ("imap/search-without-modseq", "imap/rfc7162/3.1.5-search/equal-or-greater", "failed"),
    ("imap/qresync-without-enable", "imap/rfc7162/3.2.3-enable/select-parameter-without-enable", "failed"),
    ("imap/resync-forgets-expunges", "imap/rfc7162/3.2.5-resynchronization/flags-and-expunges", "failed"),
    ("imap/expunge-instead-of-vanished", "imap/rfc7162/3.2.10-vanished/expunge", "failed"),
    ("imap/messagelimit-from-lowest", "imap/rfc9738/3-messagelimit/fetch", "failed"),
    ("imap/messagelimit-untold", "imap/rfc9738/3-messagelimit/store", "failed"),
    ("imap/messagelimit-copies-part", "imap/rfc9738/3-messagelimit/copy", "failed"),
    ("imap/messagelimit-appends-part", "imap/rfc9738/3-messagelimit/append", "failed"),
    ("imap/messagelimit-in-expunge", "imap/rfc9738/3-messagelimit/expunge", "failed"),
    ("imap/messagelimit-counts-matches", "imap/rfc9738/3-messagelimit/search-counts-what-it-looks-at", "failed"),
    ("imap/messagelimit-saves-all", "imap/rfc9738/3-messagelimit/saved-result", "failed"),
    ("imap/messagelimit-cuts-partial", "imap/rfc9738/3-messagelimit/partial-range-over-the-limit", "failed"),
    ("imap/inprogress-of-another-tag", "imap/rfc9585/4-inprogress/search", "failed"),
    ("imap/inprogress-goes-back", "imap/rfc9585/4-inprogress/search", "failed"),
    ("imap/inprogress-at-once", "imap/rfc9585/4-quick-commands/search", "failed"),
    ("imap/inprogress-with-goal-zero", "imap/rfc9585/4-inprogress/search", "failed"),
    ("imap/inprogress-at-goal", "imap/rfc9585/4-inprogress/short-of-the-goal", "failed"),
    ("imap/inprogress-bracket-in-tag", "imap/rfc9585/4-inprogress/tag-with-bracket", "failed"),
    ("imap/inprogress-tagged", "imap/rfc9585/4-inprogress/not-tagged", "failed"),
    ("imap/inprogress-afterwards", "imap/rfc9585/4-changes/nothing-afterwards", "failed"),
    ("imap/inprogress-changes-goal", "imap/rfc9585/4-changes/copy", "failed"),
    ("imap/uidafter-includes", "imap/rfc9738/3-messagelimit/uidafter-and-uidbefore", "failed"),
    ("imap/uidonly-takes-numbers", "imap/rfc9586/3-uidonly/prohibited-commands", "failed"),
    ("imap/uidonly-searches-numbers", "imap/rfc9586/3-uidonly/numbers-in-search", "failed"),
    ("imap/uidonly-takes-matches", "imap/rfc9586/3-uidonly/match-data", "failed"),
    ("imap/uidonly-without-code", "imap/rfc9586/3-uidonly/star-is-a-number", "failed"),
    ("imap/uidonly-sends-fetch", "imap/rfc9586/3-uidonly/store", "failed"),
    ("imap/uidfetch-by-number", "imap/rfc9586/3-uidonly/fetch", "failed"),
    ("imap/uidonly-sends-expunge", "imap/rfc9586/3-uidonly/expunge", "failed"),
    ("imap/uidonly-tells-unseen", "imap/rfc9586/3-uidonly/first-unseen", "failed"),
    ("imap/select-without-list", "imap/rfc9051/6.3.2-select/untagged-data", "failed"),
    ("imap/unasked-without-uid", "imap/rfc9051/E-changes/change-of-another-session", "failed"),
    ("imap/narrow-numbers", "imap/rfc9051/E-changes/large-sizes", "failed"),
    ("imap/no-oldname", "imap/rfc9051/6.3.9.7-oldname/select", "failed"),
    ("imap/any-unicode-name", "imap/rfc9051/E-changes/denormalized-name", "failed"),
    ("imap/select-without-closed", "imap/rfc7162/3.1.2-select/closed", "failed"),
    ("imap/list-ignores-selection", "imap/rfc5258/3.1-selection-options/subscribed", "failed"),
    ("imap/list-hides-non-existence", "imap/rfc5258/3.1-selection-options/subscribed-name-without-mailbox", "failed"),
    ("imap/recursivematch-alone", "imap/rfc5258/3.1-selection-options/recursivematch-alone", "failed"),
    ("imap/no-childinfo", "imap/rfc5258/5-examples/example-8", "failed"),
    ("imap/create-forgets-use", "imap/rfc6154/3-create/archive", "failed"),
    ("imap/useattr-creates", "imap/rfc6154/3-create/unknown-use", "failed"),
    ("imap/status-size-in-kilobytes", "imap/rfc8438/3-status-size/not-less-than-the-message", "failed"),
    ("imap/mailboxid-of-name", "imap/rfc8474/4-mailboxid/rename", "failed"),
    ("imap/emailid-of-place", "imap/rfc8474/5-emailid-and-threadid/emailid-of-a-copy", "failed"),
    ("imap/every-message-a-thread", "imap/rfc8474/5-emailid-and-threadid/threadid", "failed"),
    ("imap/notify-only-with-commands", "imap/rfc5465/5-selected/new-message", "failed"),
    ("imap/notify-tells-own-changes", "imap/rfc5465/3-notify/own-changes", "failed"),
    ("imap/notify-takes-half-a-pair", "imap/rfc5465/3-notify/half-a-pair", "failed"),
    ("imap/notify-bad-for-unknown-event", "imap/rfc5465/3-notify/unknown-event", "failed"),
    ("imap/notify-none-goes-on", "imap/rfc5465/3-notify/none", "failed"),
    ("imap/notify-without-status", "imap/rfc5465/3-notify/status", "failed"),
    ("imap/notify-without-modseq", "imap/rfc5465/5-elsewhere/modseq-of-new", "failed"),
    ("imap/notify-hides-no-access", "imap/rfc5465/5-acl/no-access", "failed"),
    ("imap/notify-forgets-oldname", "imap/rfc5465/5-names/renamed", "failed"),
    ("imap/notify-forgets-parents", "imap/rfc5465/5-names/parent", "failed"),
    ("imap/notify-forgets-new-mailboxes", "imap/rfc5465/6-mailboxes/personal", "failed"),
    ("imap/notify-means-all-mailboxes", "imap/rfc5465/6-mailboxes/wildcards", "failed"),
    ("imap/notify-shows-hidden", "imap/rfc5465/5-acl/hidden-names", "failed"),
    ("imap/notify-delays-nothing", "imap/rfc5465/5-selected/delayed-expunge", "failed"),
    ("imap/notify-fetches-nothing", "imap/rfc5465/3-notify/example", "failed"),
    ("imap/notify-fetches-own", "imap/rfc5465/5-selected/own-message", "failed"),
    ("imap/notify-fetches-before-addto", "imap/rfc5465/5-selected/exists-before-addto", "failed"),
    ("imap/notify-flags-without-uid", "imap/rfc5465/5-selected/flags", "failed"),
    ("imap/notify-selected-anyway", "imap/rfc5465/5-selected/not-named", "failed"),
    ("imap/notify-idle-forgets", "imap/rfc5465/5-selected/idle-tells-the-same", "failed"),
    ("imap/notify-overflows-silently", "imap/rfc5465/3-notify/overflow", "failed"),
    ("imap/update-fetches-nothing", "imap/rfc5465/7-update/example", "failed"),
    ("sasl/accepts-any-proof", "smtp/rfc5802/5-refused/zero-proof", "failed"),
    ("sasl/accepts-other-nonce", "smtp/rfc5802/5-refused/nonce-longer", "failed"),
    ("sasl/repeats-nonce", "smtp/rfc5802/5-exchange/nonce-differs", "failed"),
    ("sasl/ignores-channel-binding", "imap/rfc7677/3-scram-sha-256/bound-to-another-channel", "failed"),
    ("sasl/ignores-downgrade", "smtp/rfc5802/6-channel-binding/downgraded", "failed"),
    ("sasl/ignores-mandatory-extensions", "smtp/rfc5802/5-refused/mandatory-extension-last", "failed"),
    ("sasl/wrong-server-signature", "pop3/rfc7677/3-scram-sha-256/right-password", "failed"),
    ("sasl/accepts-any-token", "smtp/rfc7628/3-oauthbearer/token-of-another", "failed"),
    ("sasl/no-oauth-error", "imap/rfc7628/3-oauthbearer/wrong-token", "failed"),
    ("sasl/external-acts-for-anyone", "smtp/rfc4422/A-external/other-identity", "failed"),
];

/// Faults that no session survives: the sanity probe names them, and the run ends with exit code 3.
const UNTESTABLE: &[(&str, &str)] = &[
    ("smtp/wrong-multiline", "octets of an unfinished reply came: `250-"),
    ("pop3/capa-without-end", "octets of an unfinished reply came: `+OK"),
    ("pop3/lower-case-status", "the set-up failed at the greeting: the server said `+ok"),
    ("imap/tag-in-wrong-case", "expected `p1 OK`"),
];

/// The committed suites, read once.
static LIBRARY: LazyLock<Library> =
    LazyLock::new(|| load(&Places { suites: project().join("suites"), fixtures: project().join("fixtures") }, &[]));

/// Plays cases of the committed suites against a reference server with this fault, as `mailspec run --strict --fault` does.
fn run(fault: Option<&str>, cases: &[&str]) -> RunResult {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let faults: Vec<String> = fault.iter().map(|fault| (*fault).to_owned()).collect();
        let mut reference = reference::start(&faults, &[]).await.unwrap();
        let mut target = reference.target.clone();
        // Some faults leave a client waiting for what never comes.
        if fault.is_some() {
            target.timeouts.step = Duration::from_secs(3);
        }
        let processes = Processes::new(&target, None);
        let patterns = cases.iter().map(|case| (*case).to_owned()).collect();
        let chosen = choose(LIBRARY.cases(), &Selection { patterns, ..Selection::default() });
        let options = Options {
            jobs: Some(4),
            seed: 1,
            strict: true,
            retries: 0,
            fail_fast: false,
            limits: Limits::default(),
            snapshots: snapshot::Mode::Off,
            snapshot_root: PathBuf::new(),
        };
        let plan = Plan {
            library: &LIBRARY,
            chosen: chosen.unwrap_or_else(|nothing| panic!("no case is {}", nothing.0)),
            target: Arc::new(target),
            processes,
            baseline: Baseline::default(),
            options,
        };
        let result = runner::run(plan, std::future::pending(), &mut |_| {}).await.unwrap();
        reference.stop().await;
        result
    })
}

/// The verdicts by name.
fn verdicts(result: &RunResult) -> BTreeMap<String, &'static str> {
    result.outcomes.iter().map(|outcome| (outcome.case.name(), outcome.verdict.word())).collect()
}

/// Plays each fault of one protocol alone against the case that shall catch it.
fn check(protocol: &str) {
    let mut wrong = Vec::new();
    for (fault, case, verdict) in CAUGHT.iter().filter(|(fault, ..)| fault.starts_with(protocol)) {
        let result = run(Some(fault), &[case]);
        let told = verdicts(&result);
        if !told.values().any(|told| told == verdict) {
            wrong.push(format!("{fault} is not caught by {case}: {told:?} {:?}", result.target_failure));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn smtp_faults_are_caught() {
    check("smtp/");
}

#[test]
fn pop3_faults_are_caught() {
    check("pop3/");
}

#[test]
fn imap_faults_are_caught() {
    check("imap/");
}

#[test]
fn sasl_faults_are_caught() {
    check("sasl/");
}

#[test]
fn without_a_fault_the_same_cases_pass() {
    let cases: Vec<&str> = CAUGHT.iter().map(|(_, case, _)| *case).collect();
    let result = run(None, &cases);
    let told = verdicts(&result);
    assert_eq!(result.exit_code(), 0, "{told:?} {:?}", result.target_failure);
    assert!(told.values().all(|verdict| *verdict == "passed"), "{told:?}");
    let passed = |case: &str| told.iter().any(|(name, verdict)| name.starts_with(case) && *verdict == "passed");
    let not_played: Vec<&&str> = cases.iter().filter(|case| !passed(case)).collect();
    assert!(not_played.is_empty(), "{not_played:?}");
}

#[test]
fn faults_that_nothing_survives_end_the_run_with_one_message() {
    for (fault, says) in UNTESTABLE {
        let result = run(Some(fault), &[]);
        let message = result.target_failure.clone().unwrap_or_default();
        assert_eq!(result.exit_code(), 3, "{fault}: {message}");
        assert!(
            message.contains("cannot be tested") && message.contains(says) && result.outcomes.is_empty(),
            "{fault}: {message}"
        );
    }
}

/// The option of the command line switches a fault on.
#[test]
fn a_fault_by_the_command_line() {
    let workplace = Workplace::new();
    let (suites, fixtures) = (project().join("suites"), project().join("fixtures"));
    let (suites, fixtures) = (suites.to_str().unwrap(), fixtures.to_str().unwrap());
    let case = "smtp/rfc5321/4.1.1.9-noop/ignores-its-argument";
    let args = ["run", "--suites", suites, "--fixtures", fixtures, "--snapshots", "off", "--strict", case];
    workplace.mailspec(&args).exits(0);
    workplace.mailspec(&[&args[..], &["--fault", "smtp/noop-argument-refused"]].concat()).exits(1).says("501");
}

/// Every fault is in one of the tables above, once; so a new fault needs a case.
#[test]
fn every_fault_is_spoken_of() {
    let mut spoken: Vec<&str> = CAUGHT.iter().map(|(fault, ..)| *fault).collect();
    spoken.extend(UNTESTABLE.iter().map(|(fault, _)| *fault));
    spoken.sort_unstable();
    let mut all: Vec<&str> = Fault::ALL.iter().map(|fault| fault.name()).collect();
    all.sort_unstable();
    assert_eq!(spoken, all);
    assert!(CAUGHT.len() >= 20);
}
