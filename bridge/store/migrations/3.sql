-- Version 3: events that a read misses are removed when a later read misses them, too.

-- Time of the first complete read in a row that missed the event.
ALTER TABLE events ADD COLUMN missing_since BIGINT;
