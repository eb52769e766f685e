-- When a message came into its mailbox, in seconds since 1970 (RFC 8514). NULL: before this was written down.
ALTER TABLE message ADD COLUMN saved INTEGER;
