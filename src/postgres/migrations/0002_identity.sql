-- Port Identity.

create table aorta_identifier (
  system text collate "C" not null,
  value text collate "C" not null,
  patient_id text collate "C" not null,
  primary key (system, value)
);
create index aorta_identifier_patient on aorta_identifier (patient_id);

create table aorta_fingerprint (
  sender text collate "C" not null,
  control_id text collate "C" not null,
  digest text collate "C" not null,
  event_id text not null,
  patient_id text not null,
  instance text collate "C" not null,
  seq bigint not null,
  admitted_at bigint not null,
  primary key (sender, control_id, digest)
);
create index aorta_fingerprint_age on aorta_fingerprint (admitted_at);

create table aorta_owed (
  instance text collate "C" not null,
  seq bigint not null,
  event_id text not null,
  topic text not null,
  partition integer,
  record_key bytea,
  value bytea,
  headers text not null,
  record_time bigint,
  owed_since bigint not null,
  primary key (instance, seq)
);
create index aorta_owed_since on aorta_owed (owed_since);

create table aorta_instance (
  instance text collate "C" primary key,
  last_seq bigint not null,
  settled_through bigint not null
);
