-- What accounts and mailboxes have beside messages: who else may do what with a mailbox, how much an account may hold,
-- what is noted on a mailbox, and which messages belong together.

-- Without a row for a mailbox its owner has every right and nobody else any (RFC 4314).
CREATE TABLE acl (
    mailbox    INTEGER NOT NULL REFERENCES mailbox,
    -- Of whom: the name of an account or `anyone`, behind `-` if the rights are taken away.
    identifier TEXT NOT NULL,
    -- The letters, in the order of the standard.
    rights     TEXT NOT NULL,
    PRIMARY KEY (mailbox, identifier)
) WITHOUT ROWID;

CREATE INDEX acl_by_identifier ON acl (identifier);

-- The limits of an account; those of the account without a name hold for whoever has none of its own.
CREATE TABLE quota (
    account  TEXT NOT NULL,
    -- STORAGE or MESSAGE.
    resource TEXT NOT NULL,
    -- In units of 1024 octets, or in messages. NULL: without a limit.
    most     INTEGER,
    PRIMARY KEY (account, resource)
) WITHOUT ROWID;

-- What the mailboxes of an account hold together.
CREATE TABLE quota_usage (
    account  TEXT PRIMARY KEY,
    messages INTEGER NOT NULL,
    octets   INTEGER NOT NULL
) WITHOUT ROWID;

INSERT INTO quota_usage (account, messages, octets)
SELECT account, count(*), sum(message.size) FROM message JOIN mailbox ON mailbox.id = message.mailbox GROUP BY account;

CREATE TRIGGER message_is_counted AFTER INSERT ON message BEGIN
    INSERT INTO quota_usage (account, messages, octets)
    SELECT account, 1, NEW.size FROM mailbox WHERE id = NEW.mailbox
    ON CONFLICT (account) DO UPDATE SET messages = messages + 1, octets = octets + NEW.size;
END;

CREATE TRIGGER message_is_discounted AFTER DELETE ON message BEGIN
    UPDATE quota_usage SET messages = messages - 1, octets = octets - OLD.size
    WHERE account = (SELECT account FROM mailbox WHERE id = OLD.mailbox);
END;

-- Annotations (RFC 5464). Mailbox 0 is the server itself; what everybody sees is of the user without a name.
CREATE TABLE annotation (
    mailbox INTEGER NOT NULL,
    user    TEXT NOT NULL,
    -- In small letters.
    entry   TEXT NOT NULL,
    value   BLOB NOT NULL,
    PRIMARY KEY (mailbox, user, entry)
) WITHOUT ROWID;

-- LIST shows the special uses of all mailboxes (RFC 6154 §4).
CREATE INDEX annotation_special_use ON annotation (user) WHERE entry = '/private/specialuse';

-- The thread of a message is that of its bytes, for messages with the same bytes have the same EMAILID (RFC 8474 §5.2). It
-- is found out when it is asked for first, and stays.
CREATE TABLE thread (
    blob   INTEGER PRIMARY KEY,
    thread INTEGER NOT NULL
);

-- The message identifiers that occur in a thread of the account.
CREATE TABLE thread_reference (
    account    TEXT NOT NULL,
    identifier TEXT NOT NULL,
    thread     INTEGER NOT NULL,
    PRIMARY KEY (account, identifier)
) WITHOUT ROWID;

CREATE TRIGGER blob_leaves_its_thread AFTER DELETE ON blob BEGIN
    DELETE FROM thread WHERE blob = OLD.id;
END;
