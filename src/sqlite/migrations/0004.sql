-- Port State: ids that dedupe nodes have let pass.

CREATE TABLE aorta_processed (
  flow TEXT NOT NULL, node TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL,
  coordinate TEXT NOT NULL,
  at INTEGER NOT NULL,
  source_event TEXT NOT NULL, source_flow TEXT NOT NULL, source_version TEXT NOT NULL,
  PRIMARY KEY (flow, node, key, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX aorta_processed_age ON aorta_processed (flow, node, at);

-- Port Keyed: quotas go on over a restart.
CREATE TABLE aorta_bucket (
  bucket TEXT NOT NULL PRIMARY KEY,
  until REAL NOT NULL              -- milliseconds since 1970 of the next place
) STRICT, WITHOUT ROWID;
