-- Port State. Times are bigint milliseconds since 1970, json is text, booleans are smallint 0/1, so that the SQLite
-- adapter has the same tables and columns. Keys compare by bytes (collate "C"), as they do there.

create table aorta_lane (
  flow text collate "C" not null,
  lane text collate "C" not null,
  topic text collate "C" not null,
  partition integer not null,
  epoch bigint not null,
  group_number bigint not null,
  sent_through bigint not null,
  watermark bigint not null,
  runs text not null,
  hops text not null,
  clean smallint not null,
  partitions integer not null,
  primary key (flow, lane, topic, partition)
) with (fillfactor = 30);

create table aorta_state (
  flow text collate "C" not null,
  store text collate "C" not null,
  key text collate "C" not null,
  value bytea not null,
  version integer not null,
  source_event text not null,
  source_flow text not null,
  source_version text not null,
  primary key (flow, store, key)
) with (fillfactor = 80);

create table aorta_timer (
  flow text collate "C" not null,
  lane text collate "C" not null,
  topic text collate "C" not null,
  partition integer not null,
  node text collate "C" not null,
  key text collate "C" not null,
  name text collate "C" not null,
  due bigint not null,
  payload bytea,
  event_id text not null,
  primary key (flow, lane, topic, partition, node, key, name)
);
create index aorta_timer_due on aorta_timer (flow, lane, topic, partition, due);

create table aorta_outbox (
  flow text collate "C" not null,
  lane text collate "C" not null,
  topic text collate "C" not null,
  partition integer not null,
  group_number bigint not null,
  records bytea not null,
  primary key (flow, lane, topic, partition, group_number)
);

create table aorta_held (
  flow text collate "C" not null,
  lane text collate "C" not null,
  topic text collate "C" not null,
  partition integer not null,
  key text collate "C" not null,
  seq bigint not null,
  record_offset bigint not null,
  record_time bigint not null,
  event_id text not null,
  record_key bytea,
  value bytea,
  headers text not null,
  resume text not null,
  attempt integer not null,
  due bigint,
  reason text not null,
  error_class text,
  error_code text,
  operator text,
  redrives integer not null,
  primary key (flow, lane, topic, partition, key, seq)
);

create table aorta_suspect (
  flow text collate "C" not null,
  lane text collate "C" not null,
  topic text collate "C" not null,
  partition integer not null,
  record_offset bigint not null,
  attempts integer not null,
  primary key (flow, lane, topic, partition, record_offset)
);

create table aorta_redrive (
  id text collate "C" primary key,
  flow text collate "C" not null,
  key text,
  error_class text,
  action text not null,
  actor text not null,
  requested_at bigint not null
);
create index aorta_redrive_flow on aorta_redrive (flow, id);

-- Ledger of the tables that flows declared; definition is canonical JSON (columns, key, indexes).
create table aorta_table (
  name text collate "C" primary key,
  definition text not null
);

-- The fence. Locks the lanes in order of their key and moves each to its next group; raises AO001 if one of them has
-- another epoch or is not at the group before, which rolls the transaction back without a round trip of its own.
create function aorta_advance(
  flows text[], lanes text[], topics text[], all_partitions integer[], epochs bigint[], groups bigint[],
  sents bigint[], watermarks bigint[], all_runs text[], all_hops text[]
) returns void language plpgsql as $$
declare moved bigint;
begin
  perform 1 from aorta_lane l join unnest(flows, lanes, topics, all_partitions) as g(flow, lane, topic, partition)
    using (flow, lane, topic, partition)
    order by l.flow, l.lane, l.topic, l.partition for update of l;
  update aorta_lane l
    set group_number = g.group_number, sent_through = greatest(l.sent_through, g.sent_through),
        watermark = g.watermark, runs = g.runs, hops = g.hops
    from unnest(flows, lanes, topics, all_partitions, epochs, groups, sents, watermarks, all_runs, all_hops)
      as g(flow, lane, topic, partition, epoch, group_number, sent_through, watermark, runs, hops)
    where l.flow = g.flow and l.lane = g.lane and l.topic = g.topic and l.partition = g.partition
      and l.epoch = g.epoch and l.group_number = g.group_number - 1;
  get diagnostics moved = row_count;
  if moved <> cardinality(flows) then
    raise exception 'a lane is not at the expected epoch and group' using errcode = 'AO001';
  end if;
end $$;
