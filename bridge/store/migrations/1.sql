-- Version 1. Times are microseconds since 1970 in UTC. No semicolons in comments:
-- a semicolon ends a statement.

CREATE TABLE meta (
  schema_version INTEGER NOT NULL
);
INSERT INTO meta (schema_version) VALUES (1);

CREATE TABLE feeds (
  slug VARCHAR(64) NOT NULL,
  title TEXT NOT NULL,
  kind VARCHAR(16) NOT NULL,
  public BOOLEAN NOT NULL,
  definition TEXT NOT NULL,
  position INTEGER NOT NULL,
  active BOOLEAN NOT NULL,
  -- Grows with each publication, so that of two publications at the same time one is rejected.
  revision INTEGER NOT NULL,
  -- Hash of what the documents depend on besides the entries: the definition and its format.
  basis TEXT,
  PRIMARY KEY (slug)
);

CREATE TABLE sources (
  "key" TEXT NOT NULL,
  kind VARCHAR(16) NOT NULL,
  definition TEXT NOT NULL,
  active BOOLEAN NOT NULL,
  next_check_at BIGINT NOT NULL,
  last_attempt BIGINT,
  last_success BIGINT,
  failing_since BIGINT,
  failures INTEGER NOT NULL,
  error TEXT,
  warning TEXT,
  held_hash TEXT,
  held_at BIGINT,
  notes TEXT NOT NULL,
  lease_holder TEXT,
  lease_until BIGINT,
  PRIMARY KEY ("key")
);
CREATE INDEX sources_due ON sources (active, next_check_at);

CREATE TABLE feed_sources (
  slug VARCHAR(64) NOT NULL,
  source_key TEXT NOT NULL,
  position INTEGER NOT NULL,
  -- Removed from the settings, and shown until every configured source was read:
  -- a mistyped id must not empty a feed.
  leaving BOOLEAN NOT NULL,
  PRIMARY KEY (slug, source_key),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE,
  FOREIGN KEY (source_key) REFERENCES sources ("key") ON DELETE CASCADE
);

CREATE TABLE events (
  source_key TEXT NOT NULL,
  uid VARCHAR(255) NOT NULL,
  upstream_id TEXT NOT NULL,
  content_hash VARCHAR(64) NOT NULL,
  payload {BINARY} NOT NULL,
  cancelled_since BIGINT,
  -- End of the last occurrence, NULL for a series without an end.
  ends_at BIGINT,
  PRIMARY KEY (source_key, uid),
  FOREIGN KEY (source_key) REFERENCES sources ("key") ON DELETE CASCADE
);

CREATE TABLE details (
  source_key TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  answer {BINARY} NOT NULL,
  PRIMARY KEY (source_key, name),
  FOREIGN KEY (source_key) REFERENCES sources ("key") ON DELETE CASCADE
);

CREATE TABLE rejections (
  source_key TEXT NOT NULL,
  position INTEGER NOT NULL,
  upstream_id TEXT NOT NULL,
  reason TEXT NOT NULL,
  kept BOOLEAN NOT NULL,
  PRIMARY KEY (source_key, position),
  FOREIGN KEY (source_key) REFERENCES sources ("key") ON DELETE CASCADE
);

CREATE TABLE shapes (
  slug VARCHAR(64) NOT NULL,
  event_uid VARCHAR(255) NOT NULL,
  basis VARCHAR(64) NOT NULL,
  until DATE,
  PRIMARY KEY (slug, event_uid),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);

CREATE TABLE entries (
  slug VARCHAR(64) NOT NULL,
  uid VARCHAR(255) NOT NULL,
  event_uid VARCHAR(255) NOT NULL,
  content_hash VARCHAR(64) NOT NULL,
  changed_at BIGINT NOT NULL,
  sequence INTEGER NOT NULL,
  sort_key TEXT NOT NULL,
  zones TEXT NOT NULL,
  blob {BINARY},
  web_blob {BINARY},
  gone BOOLEAN NOT NULL,
  PRIMARY KEY (slug, uid),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);

CREATE TABLE documents (
  slug VARCHAR(64) NOT NULL,
  variant VARCHAR(16) NOT NULL,
  body {BINARY} NOT NULL,
  gzip {BINARY} NOT NULL,
  etag VARCHAR(64) NOT NULL,
  modified_at BIGINT NOT NULL,
  events INTEGER NOT NULL,
  PRIMARY KEY (slug, variant),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);

CREATE TABLE links (
  token_hash VARCHAR(64) NOT NULL,
  slug VARCHAR(64) NOT NULL,
  label TEXT NOT NULL,
  generation INTEGER NOT NULL,
  created_at BIGINT NOT NULL,
  ends_at BIGINT,
  -- Time of the last poll, up to a minute late: a poll itself writes nothing.
  used_at BIGINT,
  PRIMARY KEY (token_hash),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);
CREATE UNIQUE INDEX links_of_feed ON links (slug, label, generation);

CREATE TABLE access_tokens (
  account VARCHAR(64) NOT NULL,
  value {BINARY},
  expires_at BIGINT,
  lease_holder TEXT,
  lease_until BIGINT,
  PRIMARY KEY (account)
);

CREATE TABLE token_requests (
  id {SERIAL} NOT NULL,
  account VARCHAR(64) NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (id)
);

-- Attempts to sign in to the admin pages, with the client's address as a keyed hash.
CREATE TABLE sign_ins (
  id {SERIAL} NOT NULL,
  client VARCHAR(64) NOT NULL,
  at BIGINT NOT NULL,
  PRIMARY KEY (id)
);
