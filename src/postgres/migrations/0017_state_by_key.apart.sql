-- The key of a state's row begins with the patient. Flow and store are the same for all rows of a transaction, so each step of
-- a search compared them in vain, and had to read over both to come to the patient. Statements name the columns: those of
-- workers of the version before find the new index as they found the old one.

create unique index concurrently aorta_state_key on aorta_state (key, store, flow)

do $$
begin
  if not exists (select from pg_constraint where conrelid = 'aorta_state'::regclass and conname = 'aorta_state_key') then
    alter table aorta_state drop constraint aorta_state_pkey, add constraint aorta_state_key primary key using index aorta_state_key;
  end if;
end $$
