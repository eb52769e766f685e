-- Version 3: the whole envelope of an entry, what is known of each recipient, and when something is to be done.

-- 0 is 7BIT, 1 8BITMIME, 2 BINARYMIME.
ALTER TABLE queue_entry RENAME COLUMN eight_bit TO body;
ALTER TABLE queue_entry ADD COLUMN smtputf8 INTEGER NOT NULL DEFAULT 0;
-- 1 is REQUIRETLS, 2 is TLS-Required: No.
ALTER TABLE queue_entry ADD COLUMN tls INTEGER NOT NULL DEFAULT 0;
-- 0 is HDRS, 1 FULL.
ALTER TABLE queue_entry ADD COLUMN ret INTEGER;
ALTER TABLE queue_entry ADD COLUMN envid TEXT;
ALTER TABLE queue_entry ADD COLUMN priority INTEGER;
-- Instants are milliseconds since 1970.
ALTER TABLE queue_entry ADD COLUMN hold_until INTEGER;
ALTER TABLE queue_entry ADD COLUMN hold_request TEXT;
ALTER TABLE queue_entry ADD COLUMN submitter TEXT;
ALTER TABLE queue_entry ADD COLUMN by_deadline INTEGER;
-- 0 is Return, 1 Notify.
ALTER TABLE queue_entry ADD COLUMN by_mode INTEGER;
ALTER TABLE queue_entry ADD COLUMN by_trace INTEGER;
-- What the sender was told: 1 that the message is delayed, 2 that its deadline has passed.
ALTER TABLE queue_entry ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
-- When something is to be done about the entry whatever becomes of attempts: a warning, a deadline, the end of its life.
-- NULL: nothing any more.
ALTER TABLE queue_entry ADD COLUMN event INTEGER;
UPDATE queue_entry SET event = accepted;
CREATE INDEX queue_entry_by_event ON queue_entry (event) WHERE event IS NOT NULL;

-- The domain of the address: mail for the same destination travels together.
ALTER TABLE queue_recipient ADD COLUMN destination TEXT NOT NULL DEFAULT '';
ALTER TABLE queue_recipient ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
-- 1 SUCCESS, 2 FAILURE, 4 DELAY; 0 is NEVER, NULL was not said.
ALTER TABLE queue_recipient ADD COLUMN notify INTEGER;
ALTER TABLE queue_recipient ADD COLUMN original_type TEXT;
ALTER TABLE queue_recipient ADD COLUMN original TEXT;
-- 0 waits, 1 is held by somebody, 2 cannot be read; due is at the end of time for the last two.
ALTER TABLE queue_recipient ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
-- The last attempt and what it came to.
ALTER TABLE queue_recipient ADD COLUMN tried INTEGER;
ALTER TABLE queue_recipient ADD COLUMN status TEXT;
ALTER TABLE queue_recipient ADD COLUMN reason TEXT;
ALTER TABLE queue_recipient ADD COLUMN remote TEXT;
ALTER TABLE queue_recipient ADD COLUMN reply TEXT;
-- What follows the last @.
UPDATE queue_recipient SET destination = lower(replace(address, rtrim(address, replace(address, '@', '')), ''));

DROP INDEX queue_recipient_by_due;
CREATE INDEX queue_recipient_by_destination ON queue_recipient (destination, priority, due);
