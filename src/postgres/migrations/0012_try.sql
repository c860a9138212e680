-- Notes of tries of suspects: one row for each try that nobody has taken back, instead of a number for each record. So an owner
-- that lost its lane and lives takes back exactly its own.
create table aorta_try (
  flow text collate "C" not null,
  lane text collate "C" not null,
  topic text collate "C" not null,
  partition integer not null,
  record_offset bigint not null,
  epoch bigint not null,
  primary key (flow, lane, topic, partition, record_offset, epoch)
);

-- What was counted goes on to count. aorta_suspect stays: workers of the version before may still run and claim.
insert into aorta_try (flow, lane, topic, partition, record_offset, epoch)
  select flow, lane, topic, partition, record_offset, 1 - n from aorta_suspect, generate_series(1, attempts) as n;
