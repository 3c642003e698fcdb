-- Version 5: after a change, only what belongs to it is parsed, compared and joined.

-- Fingerprints of what the last complete read had of each upstream id, as JSON.
CREATE TABLE read_parts (
  source_key TEXT NOT NULL,
  data {BINARY} NOT NULL,
  PRIMARY KEY (source_key),
  FOREIGN KEY (source_key) REFERENCES sources ("key") ON DELETE CASCADE
);

-- All but the payload, which is most of the table.
CREATE INDEX events_without_payload ON events (
  source_key, uid, upstream_id, content_hash, cancelled_since, ends_at, missing_since
);

-- What the entries of each event were made from, besides the definition and form of the feed.
CREATE TABLE freshness (
  slug VARCHAR(64) NOT NULL,
  event_uid VARCHAR(255) NOT NULL,
  source_key TEXT NOT NULL,
  -- Empty: not all entries could be made, or by an earlier version.
  content_hash VARCHAR(64) NOT NULL,
  cancelled_since BIGINT,
  -- The feed shows the event from another source.
  is_copy BOOLEAN NOT NULL,
  -- The first day on which the entries may differ although the event is the same.
  until DATE,
  -- Keys by which copies in other sources are found. Empty in a feed that shows all.
  duplicate_keys TEXT NOT NULL,
  PRIMARY KEY (slug, event_uid),
  FOREIGN KEY (slug) REFERENCES feeds (slug) ON DELETE CASCADE
);
INSERT INTO freshness (slug, event_uid, source_key, content_hash, is_copy, duplicate_keys)
SELECT slug, event_uid, '', '', false, '' FROM shapes
UNION
SELECT slug, event_uid, '', '', false, '' FROM entries WHERE gone IS FALSE;
DROP TABLE shapes;

CREATE INDEX entries_in_order ON entries (slug, gone, sort_key, zones);
CREATE INDEX entries_by_event ON entries (slug, event_uid);

-- The plain bytes are those of the gzip. Its blocks have other names now.
ALTER TABLE documents DROP COLUMN body;
UPDATE documents SET blocks = NULL;

-- What a warning is about is read from the events.
ALTER TABLE sources DROP COLUMN held_hash;
