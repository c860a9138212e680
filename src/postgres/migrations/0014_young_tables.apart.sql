-- Indexes that only their own readers can take. On a table that was never analysed, or analysed when it was empty, the
-- planner holds an index that shares the first columns of the primary key for as good as the primary key, and then reads
-- all rows of a flow or a lane for each row that is looked up by its whole key. Nothing but a comparison of the last column
-- implies the predicate, so nothing else can take the index; and the statements of workers of the version before do imply it.

create index concurrently aorta_processed_at on aorta_processed (flow, node, at) where at is not null

drop index concurrently if exists aorta_processed_age

create index concurrently aorta_timer_at on aorta_timer (flow, lane, topic, partition, due) where due is not null

drop index concurrently if exists aorta_timer_due
