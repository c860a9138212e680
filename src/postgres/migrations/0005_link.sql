-- Port Identity: the journal of merged patients.

create table aorta_link (
  id text collate "C" primary key,
  from_patient text collate "C" not null,
  to_patient text collate "C" not null,
  linked_at bigint not null,
  identifiers text not null,
  active integer not null
);
create index aorta_link_from on aorta_link (from_patient);
create index aorta_link_to on aorta_link (to_patient);
