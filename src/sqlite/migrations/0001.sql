-- Tables of State, Identity and Quarantine have the columns of src/postgres/migrations; aorta_topic, aorta_partition,
-- aorta_log, aorta_log_key, aorta_commit and aorta_schema take the place of Kafka and the registry.

CREATE TABLE aorta_lane (
  flow TEXT NOT NULL, lane TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  group_number INTEGER NOT NULL,
  sent_through INTEGER NOT NULL,
  watermark INTEGER NOT NULL,
  runs TEXT NOT NULL,              -- JSON [[first, last], …]
  hops TEXT NOT NULL,              -- JSON {"flow/partition": seq}
  clean INTEGER NOT NULL,
  partitions INTEGER NOT NULL,
  PRIMARY KEY (flow, lane, topic, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE aorta_state (
  flow TEXT NOT NULL, store TEXT NOT NULL, key TEXT NOT NULL,
  value BLOB NOT NULL,
  version INTEGER NOT NULL,
  source_event TEXT NOT NULL, source_flow TEXT NOT NULL, source_version TEXT NOT NULL,
  PRIMARY KEY (flow, store, key)
) STRICT;

CREATE TABLE aorta_timer (
  flow TEXT NOT NULL, lane TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,
  node TEXT NOT NULL, key TEXT NOT NULL, name TEXT NOT NULL,
  due INTEGER NOT NULL,
  payload BLOB,
  event_id TEXT NOT NULL,
  PRIMARY KEY (flow, lane, topic, partition, node, key, name)
) STRICT;
CREATE INDEX aorta_timer_due ON aorta_timer (flow, lane, topic, partition, due);

CREATE TABLE aorta_outbox (
  flow TEXT NOT NULL, lane TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,
  group_number INTEGER NOT NULL,
  records BLOB NOT NULL,           -- each adapter's own encoding
  PRIMARY KEY (flow, lane, topic, partition, group_number)
) STRICT;

CREATE TABLE aorta_held (
  flow TEXT NOT NULL, lane TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,
  key TEXT NOT NULL, seq INTEGER NOT NULL,
  record_offset INTEGER NOT NULL, record_time INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  record_key BLOB, value BLOB, headers TEXT NOT NULL,
  resume TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  due INTEGER,
  reason TEXT NOT NULL,
  error_class TEXT, error_code TEXT, operator TEXT,
  redrives INTEGER NOT NULL,
  PRIMARY KEY (flow, lane, topic, partition, key, seq)
) STRICT;

CREATE TABLE aorta_suspect (
  flow TEXT NOT NULL, lane TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,
  record_offset INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (flow, lane, topic, partition, record_offset)
) STRICT, WITHOUT ROWID;

CREATE TABLE aorta_redrive (
  id TEXT NOT NULL PRIMARY KEY,
  flow TEXT NOT NULL,
  key TEXT,
  error_class TEXT,
  action TEXT NOT NULL,
  actor TEXT NOT NULL,
  requested_at INTEGER NOT NULL
) STRICT;
CREATE INDEX aorta_redrive_flow ON aorta_redrive (flow, id);

CREATE TABLE aorta_table (
  name TEXT NOT NULL PRIMARY KEY,
  definition TEXT NOT NULL         -- JSON: columns, key, indexes
) STRICT;

CREATE TABLE aorta_identifier (
  system TEXT NOT NULL, value TEXT NOT NULL,
  patient_id TEXT NOT NULL,
  PRIMARY KEY (system, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX aorta_identifier_patient ON aorta_identifier (patient_id);

CREATE TABLE aorta_fingerprint (
  sender TEXT NOT NULL, control_id TEXT NOT NULL, digest TEXT NOT NULL,
  event_id TEXT NOT NULL, patient_id TEXT NOT NULL,
  instance TEXT NOT NULL, seq INTEGER NOT NULL,
  admitted_at INTEGER NOT NULL,
  PRIMARY KEY (sender, control_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX aorta_fingerprint_age ON aorta_fingerprint (admitted_at);

CREATE TABLE aorta_owed (
  instance TEXT NOT NULL, seq INTEGER NOT NULL,
  event_id TEXT NOT NULL,
  topic TEXT NOT NULL, partition INTEGER, record_key BLOB, value BLOB, headers TEXT NOT NULL, record_time INTEGER,
  owed_since INTEGER NOT NULL,
  PRIMARY KEY (instance, seq)
) STRICT;

CREATE TABLE aorta_instance (
  instance TEXT NOT NULL PRIMARY KEY,
  last_seq INTEGER NOT NULL,
  settled_through INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE aorta_quarantine (
  id TEXT NOT NULL PRIMARY KEY,
  source TEXT NOT NULL, peer TEXT NOT NULL,
  code TEXT NOT NULL, reason TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  size INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE INDEX aorta_quarantine_age ON aorta_quarantine (received_at);

CREATE TABLE aorta_topic (
  name TEXT NOT NULL PRIMARY KEY,
  partitions INTEGER NOT NULL,
  retention_ms INTEGER NOT NULL,
  compacted INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A slot is the number of one topic's partition; it makes the upper part of aorta_log.id.
CREATE TABLE aorta_partition (
  slot INTEGER PRIMARY KEY,
  topic TEXT NOT NULL, partition INTEGER NOT NULL,
  start_offset INTEGER NOT NULL,
  end_offset INTEGER NOT NULL,
  cleaned_offset INTEGER NOT NULL, -- compaction looked at everything below
  UNIQUE (topic, partition)
) STRICT;

-- id = slot * 2^40 + offset: one B-tree, each partition a range of it, no second index.
CREATE TABLE aorta_log (
  id INTEGER PRIMARY KEY,
  timestamp INTEGER NOT NULL,
  key BLOB, value BLOB, headers TEXT NOT NULL
) STRICT;

-- Newest cleaned record of each key of a compacted partition.
CREATE TABLE aorta_log_key (
  slot INTEGER NOT NULL, key BLOB NOT NULL,
  log_offset INTEGER NOT NULL,
  removed_at INTEGER,              -- timestamp of a record without a value (a tombstone)
  PRIMARY KEY (slot, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX aorta_log_key_removed ON aorta_log_key (slot, removed_at) WHERE removed_at IS NOT NULL;

CREATE TABLE aorta_commit (
  consumer_group TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,
  next_offset INTEGER NOT NULL,
  metadata TEXT NOT NULL,
  PRIMARY KEY (consumer_group, topic, partition)
) STRICT, WITHOUT ROWID;

-- One row a version of a subject; the same schema has the same id under every subject.
CREATE TABLE aorta_schema (
  subject TEXT NOT NULL, version INTEGER NOT NULL,
  id INTEGER NOT NULL,
  fingerprint TEXT NOT NULL,
  schema TEXT NOT NULL,
  PRIMARY KEY (subject, version)
) STRICT;
CREATE INDEX aorta_schema_id ON aorta_schema (id);
CREATE INDEX aorta_schema_fingerprint ON aorta_schema (fingerprint);
