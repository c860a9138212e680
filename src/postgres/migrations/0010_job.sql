-- Port Jobs.

create table aorta_job (
  id text collate "C" primary key,
  type text not null,
  patient text not null,
  client text not null,
  fingerprint text not null,
  requested_at bigint not null,
  updated_at bigint not null,
  appended integer not null,
  status text not null,
  phase text,
  progress integer not null,
  code text,
  draft text,
  provenance text,
  document text,
  approved_by text,
  approved_at bigint
);
create index aorta_job_owed on aorta_job (appended, requested_at);
create index aorta_job_client on aorta_job (client, status);
create index aorta_job_age on aorta_job (updated_at);
