import { array } from '../../../postgres/array.ts';
import type { Statement } from '../../../postgres/pool.ts';
import { LastStates } from '../../last-states.ts';
import type { LaneGroup, StateWrite } from '../../port.ts';
import { deleteEach } from './delete.ts';
import { byWriter } from './rows.ts';

export function states(groups: readonly LaneGroup[]): Statement[] {
  // By flow first, one as a rule: there are hundreds of rows in a group, and nothing is made for each of them that can be said once.
  const flows = new Map<string, LastStates>();
  for (const { lane, states: writes } of groups) {
    const last = flows.get(lane.flow) ?? new LastStates();
    flows.set(lane.flow, last);
    for (const write of writes) last.add(write);
  }
  const statements: Statement[] = [];
  for (const flow of [...flows.keys()].sort()) {
    const all = (flows.get(flow) as LastStates).sorted();
    const gone = all.filter(({ value }) => value === null);
    const kept = gone.length === 0 ? all : all.filter(({ value }) => value !== null);
    for (const writes of byWriter(kept)) statements.push(upsert(flow, writes));
    if (gone.length > 0) statements.push(removal(flow, gone));
  }
  return statements;
}

const removal = (flow: string, writes: readonly StateWrite[]): Statement => ({
  text: deleteEach('aorta_state', '$2::text[], $3::text[]', 'store, key', 't.flow = $1 and t.store = g.store and t.key = g.key'),
  values: [flow, ...keys(writes)],
  prepared: true,
});

const upsert = (flow: string, writes: readonly StateWrite[]): Statement => {
  const { source } = writes[0] as StateWrite;
  return {
    text: `insert into aorta_state (flow, store, key, value, version, source_event, source_flow, source_version)
      select $1, g.store, g.key, g.value, g.version, g.source_event, $2, $3
        from unnest($4::text[], $5::text[], $6::bytea[], $7::int4[], $8::text[]) as g(store, key, value, version, source_event)
      on conflict (flow, store, key) do update set value = excluded.value, version = excluded.version,
        source_event = excluded.source_event, source_flow = excluded.source_flow, source_version = excluded.source_version`,
    values: [
      ...[flow, source.flowHash, source.version],
      ...keys(writes),
      array(
        'bytea',
        writes.map(({ value }) => value),
      ),
      array(
        'int4',
        writes.map(({ version }) => version),
      ),
      array(
        'text',
        writes.map(({ source: { eventId } }) => eventId),
      ),
    ],
    prepared: true,
  };
};

const keys = (writes: readonly StateWrite[]): Buffer[] => [
  array(
    'text',
    writes.map(({ store }) => store),
  ),
  array(
    'text',
    writes.map(({ key }) => key),
  ),
];
