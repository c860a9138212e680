-- Port Jobs: what was sent to an EHR is kept for good without its text, so that what is to be forgotten needs an index that
-- has nothing else.
CREATE INDEX aorta_job_text ON aorta_job (updated_at) WHERE draft IS NOT NULL;
CREATE INDEX aorta_job_unsent ON aorta_job (updated_at) WHERE provenance IS NULL;
DROP INDEX aorta_job_age;
