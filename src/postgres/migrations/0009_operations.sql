-- Port State: what operators decide (brake, redrives); port Quarantine: what became of an entry.

create table aorta_brake (
  flow text collate "C" primary key,
  reason text not null,
  dead_letters integer not null,
  records integer not null,
  tripped_at bigint not null
);

-- One row for each redrive or discard. `letter` is partition-offset of a dead letter, null for a head on the held list.
create table aorta_redriven (
  id text collate "C" primary key,
  flow text collate "C" not null,
  event_id text collate "C" not null,
  action text not null,
  actor text not null,
  redriven_at bigint not null,
  letter text collate "C",
  seq bigint,
  sent smallint not null,
  unique (flow, letter),
  unique (flow, seq)
);
create index aorta_redriven_event on aorta_redriven (flow, event_id, redriven_at);
create index aorta_redriven_age on aorta_redriven (redriven_at);

alter table aorta_quarantine add column resolved_at bigint;
alter table aorta_quarantine add column resolution text;

-- Up to where a flow has settled its source, and one record that it settled there.
create table aorta_landmark (
  flow text collate "C" not null, topic text collate "C" not null, partition integer not null,
  position bigint not null, record_offset bigint not null, record_time bigint not null,
  primary key (flow, topic, partition)
);
