-- Version 3: events that a read misses are removed when a later read misses them, too. UIDs of hidden
-- events are keyed. Sessions of the admin can be ended.

-- Time of the first complete read in a row that missed the event.
ALTER TABLE events ADD COLUMN missing_since BIGINT;

-- Key of the UIDs of events whose details the feed hides. NULL: not used yet.
ALTER TABLE feeds ADD COLUMN salt TEXT;

-- Sessions of the admin, by the hash of the id in the cookie.
CREATE TABLE sessions (
  id_hash VARCHAR(64) NOT NULL,
  created_at BIGINT NOT NULL,
  -- Time of the last request, up to a minute late.
  used_at BIGINT NOT NULL,
  PRIMARY KEY (id_hash)
);

-- Random part of a token. NULL: the first link of a feed, and links of earlier versions.
ALTER TABLE links ADD COLUMN nonce TEXT;

-- When clients last signed in to the admin pages: others can't slow them down.
CREATE TABLE admin_clients (
  client VARCHAR(64) NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (client)
);
