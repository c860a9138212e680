import { array } from '../../../postgres/array.ts';
import type { Statement } from '../../../postgres/pool.ts';
import type { LaneGroup } from '../../port.ts';
import { deleteEach } from './delete.ts';
import { inLanes, laneArrays, laneKey, lanePlaces, lastOf, sameLane } from './rows.ts';

export function suspects(groups: readonly LaneGroup[]): Statement[] {
  const all = lastOf(
    inLanes(groups, (group) => group.suspects),
    (suspect) => JSON.stringify([...laneKey(suspect), suspect.offset]),
  );
  const kept = all.filter((suspect) => suspect.attempts > 0);
  const gone = all.filter((suspect) => suspect.attempts <= 0);
  const keys = (rows: typeof all) => [
    ...laneArrays(rows.map((row) => row.in)),
    array(
      'int8',
      rows.map((row) => row.offset),
    ),
  ];
  const statements: Statement[] = [];
  if (kept.length > 0) {
    statements.push({
      text: `insert into aorta_suspect (flow, lane, topic, partition, record_offset, attempts)
        select * from unnest(${lanePlaces}, $5::int8[], $6::int4[])
        on conflict (flow, lane, topic, partition, record_offset) do update set attempts = excluded.attempts`,
      values: [
        ...keys(kept),
        array(
          'int4',
          kept.map((suspect) => suspect.attempts),
        ),
      ],
      prepared: true,
    });
  }
  if (gone.length > 0) {
    statements.push({
      text: deleteEach(
        'aorta_suspect',
        `${lanePlaces}, $5::int8[]`,
        'flow, lane, topic, partition, record_offset',
        `${sameLane} and t.record_offset = g.record_offset`,
      ),
      values: keys(gone),
      prepared: true,
    });
  }
  return statements;
}
