-- Port Jobs: where the Provenance of a document is, if its EHR has one, and when one that is owed is tried.
ALTER TABLE aorta_job ADD COLUMN attested TEXT;
ALTER TABLE aorta_job ADD COLUMN attest_due INTEGER;
CREATE INDEX aorta_job_attest ON aorta_job (attest_due) WHERE attest_due IS NOT NULL;
-- What was sent to an EHR is kept for good without its text, so that what is to be forgotten needs an index that
-- has nothing else.
CREATE INDEX aorta_job_text ON aorta_job (updated_at) WHERE draft IS NOT NULL;
CREATE INDEX aorta_job_unsent ON aorta_job (updated_at) WHERE provenance IS NULL;
DROP INDEX aorta_job_age;

-- Port Keyed: what was spent in a day is spent after a restart, too.
CREATE TABLE aorta_counter (
  counter TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL,
  until REAL NOT NULL              -- milliseconds since 1970
) STRICT, WITHOUT ROWID;
