-- The queue: messages that were accepted and are not settled for every recipient.

-- AUTOINCREMENT: the number was told to a client and is never given again.
CREATE TABLE queue_entry (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Milliseconds since 1970.
    accepted     INTEGER NOT NULL,
    -- NULL is the null reverse-path.
    reverse_path TEXT,
    eight_bit    INTEGER NOT NULL,
    blob         INTEGER NOT NULL REFERENCES blob
);

-- One row for each recipient that waits; a settled one has none.
CREATE TABLE queue_recipient (
    entry    INTEGER NOT NULL REFERENCES queue_entry ON DELETE CASCADE,
    address  TEXT NOT NULL,
    -- Milliseconds since 1970.
    due      INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (entry, address)
) WITHOUT ROWID;

CREATE INDEX queue_recipient_by_due ON queue_recipient (due);
