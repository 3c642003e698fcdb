-- Version 4: what Zoho states about calendars, selections, and agendas that are read by index,
-- occurrence by occurrence. Agenda items of published events are written with the next publication.

-- Profile of a calendar as JSON: category, privilege, color, hidden. NULL: not read yet.
ALTER TABLE sources ADD COLUMN profile TEXT;

DROP TABLE cards;

-- What pages show of an entry of a feed: one row for each way in which its occurrences look.
CREATE TABLE agenda_items (
  slug VARCHAR(64) NOT NULL,
  uid VARCHAR(255) NOT NULL,
  number INTEGER NOT NULL,
  -- Title and place without case and accents, for searches.
  words TEXT NOT NULL,
  item {BINARY} NOT NULL,
  -- The long texts of the event's own page. NULL: the item has all of them.
  texts {BINARY},
  PRIMARY KEY (slug, uid, number),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);

-- Times of agenda items. The primary key answers all questions about a span of time.
CREATE TABLE occurrences (
  slug VARCHAR(64) NOT NULL,
  starts_at BIGINT NOT NULL,
  ends_at BIGINT NOT NULL,
  uid VARCHAR(255) NOT NULL,
  number INTEGER NOT NULL,
  PRIMARY KEY (slug, starts_at, ends_at, uid, number),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);
CREATE INDEX occurrences_by_entry ON occurrences (slug, uid);

-- Keys by which copies of the event in other sources are found. Empty in a feed that shows all.
ALTER TABLE shapes ADD COLUMN duplicate_keys TEXT DEFAULT '' NOT NULL;

-- Links that sign in to the admin pages once, by the hash of their token.
CREATE TABLE admin_links (
  token_hash VARCHAR(64) NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (token_hash)
);

-- Fingerprint of the last good read as JSON. NULL: the next answer is parsed, whatever it is.
ALTER TABLE sources ADD COLUMN reading TEXT;
-- Differs after each read that changed the source's events.
ALTER TABLE sources ADD COLUMN version TEXT;
-- What the sources held when nothing was left to publish, and the day on which something is.
ALTER TABLE feeds ADD COLUMN settled TEXT;
ALTER TABLE feeds ADD COLUMN due DATE;

-- The calendar's ctag as the last probe saw it, and how it has proven itself: see domain/ctag.py.
ALTER TABLE sources ADD COLUMN ctag TEXT;
ALTER TABLE sources ADD COLUMN ctag_told INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE sources ADD COLUMN ctag_idle INTEGER DEFAULT 0 NOT NULL;
ALTER TABLE sources ADD COLUMN ctag_moved_at BIGINT;
ALTER TABLE sources ADD COLUMN ctag_changed_at BIGINT;

-- Webhook: the hash of the token in its address, and the last call, up to a minute late.
ALTER TABLE sources ADD COLUMN hook_hash VARCHAR(64);
ALTER TABLE sources ADD COLUMN hook_called_at BIGINT;
CREATE INDEX sources_by_hook ON sources (hook_hash);

-- A read waits for the bridge's own rate limit until then. That is no failure.
ALTER TABLE sources ADD COLUMN waiting_until BIGINT;

-- Selections that people made of a feed, with a secret address of their own.
CREATE TABLE selections (
  token_hash VARCHAR(64) NOT NULL,
  slug VARCHAR(64) NOT NULL,
  -- Hash of the token of the link that it was made of, empty for a public feed.
  link VARCHAR(64) NOT NULL,
  -- Labels, events and reminder as JSON.
  ticks TEXT NOT NULL,
  -- Keyed hash of the client's address, which is emptied within a day.
  client VARCHAR(64) NOT NULL,
  created_at BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  -- Time of the last poll, up to a minute late.
  used_at BIGINT,
  PRIMARY KEY (token_hash),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);
CREATE INDEX selections_of_link ON selections (slug, link);
CREATE INDEX selections_of_client ON selections (client, created_at);

-- Names of sources in Zoho, as the last discovery found them, also of sources that no feed reads.
CREATE TABLE source_names (
  source_key TEXT NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (source_key)
);
