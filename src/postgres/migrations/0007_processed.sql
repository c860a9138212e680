-- Port State: ids that dedupe nodes have let pass. Written with the turn that they let through, looked up before the next
-- one, and forgotten by age: at least as old as the source's retention, so never while their record can come again.

create table aorta_processed (
  flow text collate "C" not null,
  node text collate "C" not null,
  key text collate "C" not null,
  id text collate "C" not null,
  coordinate text not null,
  at bigint not null,
  source_event text not null,
  source_flow text not null,
  source_version text not null,
  primary key (flow, node, key, id)
);
create index aorta_processed_age on aorta_processed (flow, node, at);
