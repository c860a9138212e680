import { array } from '../../../postgres/array.ts';
import type { Statement } from '../../../postgres/pool.ts';
import type { LaneGroup, StateWrite } from '../../port.ts';
import { deleteEach } from './delete.ts';
import { lastOf } from './rows.ts';

type Write = StateWrite & { readonly flow: string };

export function states(groups: readonly LaneGroup[]): Statement[] {
  const all = lastOf(
    groups.flatMap(({ lane: { flow }, states: writes }) => writes.map((write): Write => ({ ...write, flow }))),
    // Joined: there are hundreds in a group, and PostgreSQL takes no null character in a text.
    ({ flow, store, key }) => `${flow}\u0000${store}\u0000${key}`,
  );
  const kept = all.filter(({ value }) => value !== null);
  const gone = all.filter(({ value }) => value === null);
  const statements: Statement[] = [];
  // One as a rule: a process writes for one flow at a time, of one version.
  for (const writes of Object.values(Object.groupBy(kept, writerOf)) as Write[][]) statements.push(upsert(writes));
  if (gone.length > 0) {
    statements.push({
      text: deleteEach(
        'aorta_state',
        '$1::text[], $2::text[], $3::text[]',
        'flow, store, key',
        't.flow = g.flow and t.store = g.store and t.key = g.key',
      ),
      values: [
        array(
          'text',
          gone.map(({ flow }) => flow),
        ),
        ...keys(gone),
      ],
      prepared: true,
    });
  }
  return statements;
}

const upsert = (writes: readonly Write[]): Statement => {
  const { flow, source } = writes[0] as Write;
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

const keys = (writes: readonly Write[]): Buffer[] => [
  array(
    'text',
    writes.map(({ store }) => store),
  ),
  array(
    'text',
    writes.map(({ key }) => key),
  ),
];

const writerOf = ({ flow, source }: Write): string => `${flow}\u0000${source.flowHash}\u0000${source.version}`;
