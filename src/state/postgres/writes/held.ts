import { array } from '../../../postgres/array.ts';
import { encodeHeaders } from '../../../postgres/headers.ts';
import type { Statement } from '../../../postgres/pool.ts';
import type { HeldRow, LaneGroup } from '../../port.ts';
import { deleteEach } from './delete.ts';
import { type InLane, laneArrays, laneColumns, lanePlaces, sameLane } from './rows.ts';

const heldColumns = [
  'record_offset',
  'record_time',
  'event_id',
  'record_key',
  'value',
  'headers',
  'resume',
  'attempt',
  'due',
  'reason',
  'error_class',
  'error_code',
  'operator',
  'redrives',
] as const;
const heldTypes = [
  'int8',
  'int8',
  'text',
  'bytea',
  'bytea',
  'text',
  'text',
  'int4',
  'int8',
  'text',
  'text',
  'text',
  'text',
  'int4',
] as const;

export function held(groups: readonly LaneGroup[]): Statement[] {
  // An update that follows an add of the same call is that add with other values; after a removal it finds nothing.
  const last = new Map<string, InLane<{ op: 'add' | 'update' | 'remove'; key: string; seq: number; row: HeldRow | null }>>();
  for (const group of groups) {
    for (const write of group.held) {
      const { key, seq } = write.op === 'remove' ? write : write.row;
      const id = JSON.stringify([...laneColumns.map((column) => group.lane[column]), key, seq]);
      const before = last.get(id);
      if (write.op === 'update' && before?.op === 'remove') continue;
      const op = write.op === 'update' && before?.op === 'add' ? 'add' : write.op;
      last.set(id, { op, key, seq, row: write.op === 'remove' ? null : write.row, in: group.lane });
    }
  }
  const all = [...last.keys()].sort().map((id) => last.get(id) as NonNullable<ReturnType<typeof last.get>>);
  const keys = (rows: typeof all) => [
    ...laneArrays(rows.map((row) => row.in)),
    array(
      'text',
      rows.map((row) => row.key),
    ),
    array(
      'int8',
      rows.map((row) => row.seq),
    ),
  ];
  const values = (rows: typeof all) =>
    heldTypes.map((type, i) =>
      array(
        type,
        rows.map(({ row }) => heldValues(row as HeldRow)[i] ?? null),
      ),
    );
  const valuePlaces = heldTypes.map((type, i) => `$${i + 7}::${type}[]`).join(', ');
  const assignments = (from: string) => heldColumns.map((column) => `${column} = ${from}.${column}`).join(', ');

  const statements: Statement[] = [];
  const removed = all.filter((row) => row.op === 'remove');
  const updated = all.filter((row) => row.op === 'update');
  const added = all.filter((row) => row.op === 'add');
  if (removed.length > 0) {
    statements.push({
      text: deleteEach(
        'aorta_held',
        `${lanePlaces}, $5::text[], $6::int8[]`,
        'flow, lane, topic, partition, key, seq',
        `${sameLane} and t.key = g.key and t.seq = g.seq`,
      ),
      values: keys(removed),
      prepared: true,
    });
  }
  if (updated.length > 0) {
    statements.push({
      // As `deleteEach` finds them.
      text: `update aorta_held h set ${assignments('g')} from unnest(${lanePlaces}, $5::text[], $6::int8[], ${valuePlaces})
        as g(flow, lane, topic, partition, key, seq, ${heldColumns.join(', ')})
        cross join lateral (select t.ctid from aorta_held t where ${sameLane} and t.key = g.key and t.seq = g.seq offset 0) s
        where h.ctid = s.ctid`,
      values: [...keys(updated), ...values(updated)],
      prepared: true,
    });
  }
  if (added.length > 0) {
    statements.push({
      text: `insert into aorta_held (flow, lane, topic, partition, key, seq, ${heldColumns.join(', ')})
        select * from unnest(${lanePlaces}, $5::text[], $6::int8[], ${valuePlaces})
        on conflict (flow, lane, topic, partition, key, seq) do update set ${assignments('excluded')}`,
      values: [...keys(added), ...values(added)],
      prepared: true,
    });
  }
  return statements;
}

const heldValues = (row: HeldRow): (string | number | Buffer | null)[] => [
  row.offset,
  row.timestamp,
  row.eventId,
  row.recordKey,
  row.value,
  encodeHeaders(row.headers),
  row.resume,
  row.attempt,
  row.due,
  row.reason,
  row.errorClass,
  row.errorCode,
  row.operator,
  row.redrives,
];
