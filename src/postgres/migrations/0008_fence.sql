-- Port State: lanes with one owner are fenced together. Locks them in order of their key, those that the transaction
-- moves and those that it only names, and raises AO001 if one has another epoch. A claim waits for the transaction.

create function aorta_fence(flows text[], lanes text[], topics text[], all_partitions integer[], epochs bigint[])
returns void language plpgsql as $$
declare current bigint;
begin
  perform 1 from aorta_lane l join unnest(flows, lanes, topics, all_partitions) as g(flow, lane, topic, partition)
    using (flow, lane, topic, partition)
    order by l.flow, l.lane, l.topic, l.partition for no key update of l;
  select count(*) into current from aorta_lane l
    join unnest(flows, lanes, topics, all_partitions, epochs) as g(flow, lane, topic, partition, epoch)
    using (flow, lane, topic, partition)
    where l.epoch = g.epoch;
  if current <> cardinality(flows) then
    raise exception 'a lane of the same owner has another epoch' using errcode = 'AO001';
  end if;
end $$;
