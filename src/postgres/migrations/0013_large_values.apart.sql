-- Large values. The server's own compression (pglz) costs more than everything else that it does with an outbox row;
-- lz4 costs a third of it and leaves no more bytes. Values that are deleted within seconds stay as they are on a server that
-- was built without lz4; what is kept stays compressed as before there. Values that are stored already are not touched.

do $$
begin
  alter table aorta_outbox alter column records set compression lz4;
exception when feature_not_supported then
  alter table aorta_outbox alter column records set storage external;
end $$

do $$
begin
  alter table aorta_owed alter column value set compression lz4;
exception when feature_not_supported then
  alter table aorta_owed alter column value set storage external;
end $$

do $$
begin
  alter table aorta_state alter column value set compression lz4;
exception when feature_not_supported then
  null;
end $$

do $$
begin
  alter table aorta_timer alter column payload set compression lz4;
exception when feature_not_supported then
  null;
end $$

do $$
begin
  alter table aorta_held alter column value set compression lz4;
exception when feature_not_supported then
  null;
end $$

do $$
begin
  alter table aorta_quarantine alter column body set compression lz4;
exception when feature_not_supported then
  null;
end $$
