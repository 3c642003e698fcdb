-- Version 5: after a change, only what belongs to it is parsed.

-- Fingerprints of what the last complete read had of each upstream id, as JSON.
CREATE TABLE read_parts (
  source_key TEXT NOT NULL,
  data {BINARY} NOT NULL,
  PRIMARY KEY (source_key),
  FOREIGN KEY (source_key) REFERENCES sources ("key") ON DELETE CASCADE
);
