-- Version 1 of the store. Mailboxes and messages; the queue has its own file.

CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

-- AUTOINCREMENT: the number of a deleted mailbox is never given again, so a watch or a view cannot meet a stranger.
CREATE TABLE mailbox (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    account       TEXT NOT NULL,
    name          TEXT NOT NULL,
    selectable    INTEGER NOT NULL,
    uidvalidity   INTEGER NOT NULL,
    uidnext       INTEGER NOT NULL DEFAULT 1,
    highestmodseq INTEGER NOT NULL DEFAULT 1,
    -- Messages from this UID on have not been shown as \Recent to any session.
    recent_from   INTEGER NOT NULL DEFAULT 1,
    UNIQUE (account, name)
);

-- The greatest UIDVALIDITY a name had when its mailbox was deleted or renamed away.
CREATE TABLE former_name (
    account     TEXT NOT NULL,
    name        TEXT NOT NULL,
    uidvalidity INTEGER NOT NULL,
    PRIMARY KEY (account, name)
) WITHOUT ROWID;

CREATE TABLE subscription (
    account TEXT NOT NULL,
    name    TEXT NOT NULL,
    PRIMARY KEY (account, name)
) WITHOUT ROWID;

-- The bytes of messages, in chunks so that no message is ever whole in memory only to be stored.
-- refs counts the messages and queue entries that have them; COPY adds one.
CREATE TABLE blob (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    size INTEGER NOT NULL,
    refs INTEGER NOT NULL,
    -- What POP3 adds so that every line ends with CRLF: LFs without a CR before them, and the end of the last line.
    bare_lf INTEGER NOT NULL DEFAULT 0,
    last    INTEGER
);

CREATE TABLE blob_chunk (
    blob  INTEGER NOT NULL REFERENCES blob ON DELETE CASCADE,
    start INTEGER NOT NULL,
    data  BLOB NOT NULL,
    PRIMARY KEY (blob, start)
);

CREATE TABLE message (
    mailbox     INTEGER NOT NULL REFERENCES mailbox,
    uid         INTEGER NOT NULL,
    modseq      INTEGER NOT NULL,
    flags       INTEGER NOT NULL,
    keywords    TEXT NOT NULL,
    date        INTEGER NOT NULL,
    -- Of the internal date, in seconds east of UTC.
    date_offset INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    blob        INTEGER NOT NULL REFERENCES blob,
    PRIMARY KEY (mailbox, uid)
) WITHOUT ROWID;

CREATE INDEX message_by_modseq ON message (mailbox, modseq);

CREATE TABLE vanished (
    mailbox INTEGER NOT NULL REFERENCES mailbox,
    uid     INTEGER NOT NULL,
    modseq  INTEGER NOT NULL,
    PRIMARY KEY (mailbox, uid)
) WITHOUT ROWID;

CREATE INDEX vanished_by_modseq ON vanished (mailbox, modseq);
