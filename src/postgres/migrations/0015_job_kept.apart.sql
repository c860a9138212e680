-- Port Jobs: where the Provenance of a document is, if its EHR has one, and when one that is owed is tried.

alter table aorta_job add column if not exists attested text, add column if not exists attest_due bigint

create index concurrently aorta_job_attest on aorta_job (attest_due) where attest_due is not null

-- What was sent to an EHR is kept for good without its text, so that what is to be forgotten needs an index that
-- has nothing else. A worker of the version before reads the table whole for it, until it is gone.

create index concurrently aorta_job_text on aorta_job (updated_at) where draft is not null

create index concurrently aorta_job_unsent on aorta_job (updated_at) where provenance is null

drop index concurrently if exists aorta_job_age
