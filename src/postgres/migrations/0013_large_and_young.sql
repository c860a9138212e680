-- Large values. The server's own compression (pglz) costs more than everything else that it does with an outbox row;
-- lz4 costs a third of it and leaves no more bytes. Values that are deleted within seconds stay as they are on a server that
-- was built without lz4; what is kept stays compressed as before there. Values that are stored already are not touched.

do $$
begin
  alter table aorta_outbox alter column records set compression lz4;
  alter table aorta_owed alter column value set compression lz4;
  alter table aorta_state alter column value set compression lz4;
  alter table aorta_timer alter column payload set compression lz4;
  alter table aorta_held alter column value set compression lz4;
  alter table aorta_quarantine alter column body set compression lz4;
exception when feature_not_supported then
  alter table aorta_outbox alter column records set storage external;
  alter table aorta_owed alter column value set storage external;
end $$;

-- Indexes that only their own reader can take. On a table that was never analysed, or analysed when it was empty, the
-- planner holds an index that shares the first columns of the primary key for as good as the primary key, and then reads
-- all rows of a flow or a lane for each row that is looked up by its whole key. An expression matches nothing else.

drop index aorta_processed_age;
create index aorta_processed_age on aorta_processed ((flow || ' ' || node), at);

drop index aorta_timer_due;
create index aorta_timer_due on aorta_timer ((flow || ' ' || lane || ' ' || topic || ' ' || partition::text), due);
