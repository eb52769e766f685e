-- Version 8: a mailbox knows how many messages it has, so that STATUS costs the same however many they are.
ALTER TABLE mailbox ADD COLUMN messages INTEGER NOT NULL DEFAULT 0;
-- Those without \Seen (1).
ALTER TABLE mailbox ADD COLUMN unseen   INTEGER NOT NULL DEFAULT 0;
-- Those with \Deleted (8).
ALTER TABLE mailbox ADD COLUMN deleted  INTEGER NOT NULL DEFAULT 0;
ALTER TABLE mailbox ADD COLUMN octets   INTEGER NOT NULL DEFAULT 0;

UPDATE mailbox SET (messages, unseen, deleted, octets) =
    (SELECT count(*), coalesce(sum(flags & 1 = 0), 0), coalesce(sum(flags & 8 <> 0), 0), coalesce(sum(size), 0)
     FROM message WHERE message.mailbox = mailbox.id);

DROP TRIGGER message_is_counted;
DROP TRIGGER message_is_discounted;

CREATE TRIGGER message_is_counted AFTER INSERT ON message BEGIN
    UPDATE mailbox SET messages = messages + 1, unseen = unseen + (NEW.flags & 1 = 0),
        deleted = deleted + (NEW.flags & 8 <> 0), octets = octets + NEW.size
    WHERE id = NEW.mailbox;
    INSERT INTO quota_usage (account, messages, octets)
    SELECT account, 1, NEW.size FROM mailbox WHERE id = NEW.mailbox
    ON CONFLICT (account) DO UPDATE SET messages = messages + 1, octets = octets + NEW.size;
END;

CREATE TRIGGER message_is_discounted AFTER DELETE ON message BEGIN
    UPDATE mailbox SET messages = messages - 1, unseen = unseen - (OLD.flags & 1 = 0),
        deleted = deleted - (OLD.flags & 8 <> 0), octets = octets - OLD.size
    WHERE id = OLD.mailbox;
    UPDATE quota_usage SET messages = messages - 1, octets = octets - OLD.size
    WHERE account = (SELECT account FROM mailbox WHERE id = OLD.mailbox);
END;

-- Only what is counted by flags: 9 is \Seen and \Deleted.
CREATE TRIGGER message_is_recounted AFTER UPDATE OF flags ON message WHEN OLD.flags & 9 <> NEW.flags & 9 BEGIN
    UPDATE mailbox SET unseen = unseen + (NEW.flags & 1 = 0) - (OLD.flags & 1 = 0),
        deleted = deleted + (NEW.flags & 8 <> 0) - (OLD.flags & 8 <> 0)
    WHERE id = NEW.mailbox;
END;
