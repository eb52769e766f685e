-- The secrets that URLs are authorized with (RFC 4467 §2.2). The number of a mailbox is never given again, so a key that is
-- left from a mailbox that was deleted opens nothing.
CREATE TABLE url_key (
    account TEXT NOT NULL,
    mailbox INTEGER NOT NULL,
    key     BLOB NOT NULL,
    PRIMARY KEY (account, mailbox)
) WITHOUT ROWID;
