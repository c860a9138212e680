import { array } from '../../../postgres/array.ts';
import type { Statement } from '../../../postgres/pool.ts';
import type { LaneGroup, TimerWrite } from '../../port.ts';
import { deleteEach } from './delete.ts';
import { inLanes, laneArrays, laneKey, lanePlaces, lastOf, sameLane } from './rows.ts';

export function timers(groups: readonly LaneGroup[]): Statement[] {
  const all = lastOf(
    inLanes<TimerWrite>(groups, (group) => group.timers),
    (write) => JSON.stringify([...laneKey(write), write.node, write.key, write.name]),
  );
  const set = all.filter((write) => write.due !== null);
  const cancelled = all.filter((write) => write.due === null);
  const keys = (writes: typeof all) => [
    ...laneArrays(writes.map((write) => write.in)),
    array(
      'text',
      writes.map((write) => write.node),
    ),
    array(
      'text',
      writes.map((write) => write.key),
    ),
    array(
      'text',
      writes.map((write) => write.name),
    ),
  ];
  const statements: Statement[] = [];
  if (set.length > 0) {
    statements.push({
      text: `insert into aorta_timer (flow, lane, topic, partition, node, key, name, due, payload, event_id)
        select * from unnest(${lanePlaces}, $5::text[], $6::text[], $7::text[], $8::int8[], $9::bytea[], $10::text[])
        on conflict (flow, lane, topic, partition, node, key, name) do update
          set due = excluded.due, payload = excluded.payload, event_id = excluded.event_id`,
      values: [
        ...keys(set),
        array(
          'int8',
          set.map((write) => write.due),
        ),
        array(
          'bytea',
          set.map((write) => write.payload),
        ),
        array(
          'text',
          set.map((write) => write.eventId),
        ),
      ],
      prepared: true,
    });
  }
  if (cancelled.length > 0) {
    statements.push({
      text: deleteEach(
        'aorta_timer',
        `${lanePlaces}, $5::text[], $6::text[], $7::text[]`,
        'flow, lane, topic, partition, node, key, name',
        `${sameLane} and t.node = g.node and t.key = g.key and t.name = g.name`,
      ),
      values: keys(cancelled),
      prepared: true,
    });
  }
  return statements;
}
