-- Version 4: the bytes of a blob begin with its head, which is in the row itself, and go on with those of another blob
-- from `skip` on, or with its chunks. A small message is a head and nothing else; a message in a mailbox that came
-- through the queue is a head with its Return-Path, and the queued bytes.
ALTER TABLE blob ADD COLUMN skip INTEGER;
ALTER TABLE blob ADD COLUMN base INTEGER REFERENCES blob;
ALTER TABLE blob ADD COLUMN head BLOB;

-- Without it, removing a blob would look through all others for one that is based on it.
CREATE INDEX blob_by_base ON blob (base) WHERE base IS NOT NULL;

-- For the sweep at the start of a server: what was being received when it stopped.
CREATE INDEX blob_unreferenced ON blob (id) WHERE refs = 0;
