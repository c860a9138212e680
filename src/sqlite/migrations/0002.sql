-- Port Identity: the journal of merged patients.

CREATE TABLE aorta_link (
  id TEXT NOT NULL PRIMARY KEY,
  from_patient TEXT NOT NULL,
  to_patient TEXT NOT NULL,
  linked_at INTEGER NOT NULL,
  identifiers TEXT NOT NULL,       -- JSON [[system, value], …]: what it moved
  active INTEGER NOT NULL          -- 0: undone
) STRICT;
CREATE INDEX aorta_link_from ON aorta_link (from_patient);
CREATE INDEX aorta_link_to ON aorta_link (to_patient);
