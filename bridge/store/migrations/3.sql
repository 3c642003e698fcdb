-- Version 3: events that a read misses are removed when a later read misses them, too. UIDs of hidden
-- events are keyed.

-- Time of the first complete read in a row that missed the event.
ALTER TABLE events ADD COLUMN missing_since BIGINT;

-- Key of the UIDs of events whose details the feed hides. NULL: not used yet.
ALTER TABLE feeds ADD COLUMN salt TEXT;
