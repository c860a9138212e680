import { array } from '../../../postgres/array.ts';
import type { Statement } from '../../../postgres/pool.ts';
import type { LaneGroup, StateWrite } from '../../port.ts';
import { lastOf } from './rows.ts';

export function states(groups: readonly LaneGroup[]): Statement[] {
  const all = lastOf(
    groups.flatMap((group) => group.states.map((write): StateWrite & { flow: string } => ({ ...write, flow: group.lane.flow }))),
    (write) => [write.flow, write.store, write.key],
  );
  const kept = all.filter((write) => write.value !== null);
  const gone = all.filter((write) => write.value === null);
  const keys = (writes: typeof all) => [
    array(
      'text',
      writes.map((write) => write.flow),
    ),
    array(
      'text',
      writes.map((write) => write.store),
    ),
    array(
      'text',
      writes.map((write) => write.key),
    ),
  ];
  const statements: Statement[] = [];
  if (kept.length > 0) {
    statements.push({
      text: `insert into aorta_state (flow, store, key, value, version, source_event, source_flow, source_version)
        select * from unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::int4[], $6::text[], $7::text[], $8::text[])
        on conflict (flow, store, key) do update set value = excluded.value, version = excluded.version,
          source_event = excluded.source_event, source_flow = excluded.source_flow, source_version = excluded.source_version`,
      values: [
        ...keys(kept),
        array(
          'bytea',
          kept.map((write) => write.value),
        ),
        array(
          'int4',
          kept.map((write) => write.version),
        ),
        array(
          'text',
          kept.map((write) => write.source.eventId),
        ),
        array(
          'text',
          kept.map((write) => write.source.flowHash),
        ),
        array(
          'text',
          kept.map((write) => write.source.version),
        ),
      ],
      prepared: true,
    });
  }
  if (gone.length > 0) {
    statements.push({
      text: `delete from aorta_state t using unnest($1::text[], $2::text[], $3::text[]) as g(flow, store, key)
        where t.flow = g.flow and t.store = g.store and t.key = g.key`,
      values: keys(gone),
      prepared: true,
    });
  }
  return statements;
}
