-- Version 2: agendas, filters, changes, client polls, and state shared by processes.
-- Agenda items of events that are already published are written with the next publication.

-- Created on the admin pages, not by bridge.toml.
ALTER TABLE feeds ADD COLUMN by_admin BOOLEAN DEFAULT false NOT NULL;
-- Time of the last change of labels: filtered documents may change when the feed does not.
ALTER TABLE feeds ADD COLUMN labels_at BIGINT;
-- Blocks that the gzip consists of, for reuse in the next document. NULL: unknown.
ALTER TABLE documents ADD COLUMN blocks {BINARY};
-- A publication of the feed had events of the source: what its first read adds is not a change.
ALTER TABLE feed_sources ADD COLUMN published BOOLEAN DEFAULT false NOT NULL;

-- Agenda items of an entry, with the span of time in which it has occurrences.
CREATE TABLE cards (
  slug VARCHAR(64) NOT NULL,
  uid VARCHAR(255) NOT NULL,
  first BIGINT NOT NULL,
  last BIGINT NOT NULL,
  card {BINARY} NOT NULL,
  PRIMARY KEY (slug, uid),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);
CREATE INDEX cards_by_time ON cards (slug, last);

-- Values that entries are filtered by: categories, tracks, halls, sources.
CREATE TABLE labels (
  slug VARCHAR(64) NOT NULL,
  uid VARCHAR(255) NOT NULL,
  kind VARCHAR(16) NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (slug, uid, kind, value),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);
CREATE INDEX labels_by_value ON labels (slug, kind, value, uid);

-- Recent changes of the entries of a feed.
CREATE TABLE changes (
  id {SERIAL} NOT NULL,
  slug VARCHAR(64) NOT NULL,
  at BIGINT NOT NULL,
  uid VARCHAR(255) NOT NULL,
  kind VARCHAR(16) NOT NULL,
  title TEXT NOT NULL,
  details TEXT NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);
CREATE INDEX changes_of_feed ON changes (slug, at);

-- Polls by client program and day. The link is a token's hash, empty for the public address.
CREATE TABLE readers (
  slug VARCHAR(64) NOT NULL,
  link VARCHAR(64) NOT NULL,
  program VARCHAR(64) NOT NULL,
  day DATE NOT NULL,
  polls INTEGER NOT NULL,
  unchanged INTEGER NOT NULL,
  last_at BIGINT NOT NULL,
  PRIMARY KEY (slug, link, program, day),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);

-- The last comparison of each source of a feed with Zoho.
CREATE TABLE verifications (
  source_key TEXT NOT NULL,
  slug VARCHAR(64) NOT NULL,
  at BIGINT NOT NULL,
  first_day DATE NOT NULL,
  last_day DATE NOT NULL,
  equal INTEGER NOT NULL,
  differing INTEGER NOT NULL,
  details TEXT NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (source_key, slug),
  FOREIGN KEY (source_key) REFERENCES sources ("key") ON DELETE CASCADE
);

-- Rate limit of requests by account and product, shared by all processes.
CREATE TABLE paces (
  account VARCHAR(64) NOT NULL,
  product VARCHAR(16) NOT NULL,
  filled_until BIGINT NOT NULL,
  closed_until BIGINT NOT NULL,
  PRIMARY KEY (account, product)
);

-- Logins to Zoho, with client secret and refresh token encrypted.
CREATE TABLE logins (
  client_id VARCHAR(128) NOT NULL,
  client_secret {BINARY} NOT NULL,
  data_center VARCHAR(8) NOT NULL,
  refresh_token {BINARY} NOT NULL,
  scopes TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (client_id)
);
