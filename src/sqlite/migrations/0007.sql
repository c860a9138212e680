-- Port Jobs.

CREATE TABLE aorta_job (
  id TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  patient TEXT NOT NULL,
  client TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  requested_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  appended INTEGER NOT NULL,
  status TEXT NOT NULL,
  phase TEXT,
  progress INTEGER NOT NULL,
  code TEXT,
  draft TEXT,
  provenance TEXT,
  document TEXT,
  approved_by TEXT,
  approved_at INTEGER
) STRICT;
CREATE INDEX aorta_job_owed ON aorta_job (appended, requested_at);
CREATE INDEX aorta_job_client ON aorta_job (client, status);
CREATE INDEX aorta_job_age ON aorta_job (updated_at);
