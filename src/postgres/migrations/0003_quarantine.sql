-- Port Quarantine.

create table aorta_quarantine (
  id text collate "C" primary key,
  source text not null,
  peer text not null,
  code text not null,
  reason text not null,
  received_at bigint not null,
  size bigint not null,
  body bytea not null
);
create index aorta_quarantine_age on aorta_quarantine (received_at);
