-- Port State: what operators decide (brake, redrives); port Quarantine: what became of an entry.

CREATE TABLE aorta_brake (
  flow TEXT NOT NULL PRIMARY KEY,
  reason TEXT NOT NULL,
  dead_letters INTEGER NOT NULL,
  records INTEGER NOT NULL,
  tripped_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row for each redrive or discard. `letter` is partition-offset of a dead letter, null for a head on the held list.
CREATE TABLE aorta_redriven (
  id TEXT NOT NULL PRIMARY KEY,
  flow TEXT NOT NULL,
  event_id TEXT NOT NULL,
  action TEXT NOT NULL,
  actor TEXT NOT NULL,
  redriven_at INTEGER NOT NULL,
  letter TEXT,
  seq INTEGER,
  sent INTEGER NOT NULL,
  UNIQUE (flow, letter),
  UNIQUE (flow, seq)
) STRICT;
CREATE INDEX aorta_redriven_event ON aorta_redriven (flow, event_id, redriven_at);
CREATE INDEX aorta_redriven_age ON aorta_redriven (redriven_at);

ALTER TABLE aorta_quarantine ADD COLUMN resolved_at INTEGER;
ALTER TABLE aorta_quarantine ADD COLUMN resolution TEXT;

-- Up to where a flow has settled its source, and one record that it settled there.
CREATE TABLE aorta_landmark (
  flow TEXT NOT NULL, topic TEXT NOT NULL, partition INTEGER NOT NULL,
  position INTEGER NOT NULL, record_offset INTEGER NOT NULL, record_time INTEGER NOT NULL,
  PRIMARY KEY (flow, topic, partition)
) STRICT, WITHOUT ROWID;
