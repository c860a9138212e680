import { array } from '../../../postgres/array.ts';
import type { PostgresPool, Statement } from '../../../postgres/pool.ts';
import type { LaneGroup, LaneRef } from '../../port.ts';
import { deleteEach } from './delete.ts';
import { type InLane, laneArrays, laneKey, lanePlaces, lastOf, sameLane } from './rows.ts';

const sameRecord = `${sameLane} and t.record_offset = g.record_offset`;

/** What the notes of one record come to: those of its past are removed, and then the one of this epoch stands or does not. */
interface Outcome {
  readonly offset: number;
  readonly epoch: number;
  readonly settled: boolean;
  readonly stands: boolean;
}

export function suspects(groups: readonly LaneGroup[]): Statement[] {
  const all = outcomes(groups);
  const places = (some: typeof all) => [
    ...laneArrays(some.map((each) => each.in)),
    array(
      'int8',
      some.map(({ offset }) => offset),
    ),
  ];
  const withEpochs = (some: typeof all) => [
    ...places(some),
    array(
      'int8',
      some.map(({ epoch }) => epoch),
    ),
  ];
  const settled = all.filter((each) => each.settled);
  const over = all.filter((each) => !each.settled && !each.stands);
  const begun = all.filter((each) => each.stands);
  const statements: Statement[] = [];
  if (settled.length > 0) {
    statements.push({
      text: deleteEach('aorta_try', `${lanePlaces}, $5::int8[]`, 'flow, lane, topic, partition, record_offset', sameRecord),
      values: places(settled),
      prepared: true,
    });
    // Of workers of the version before (migration 0012): an owner of that version would park the record again.
    statements.push({
      text: deleteEach('aorta_suspect', `${lanePlaces}, $5::int8[]`, 'flow, lane, topic, partition, record_offset', sameRecord),
      values: places(settled),
      prepared: true,
    });
  }
  if (over.length > 0) {
    statements.push({
      text: deleteEach(
        'aorta_try',
        `${lanePlaces}, $5::int8[], $6::int8[]`,
        'flow, lane, topic, partition, record_offset, epoch',
        `${sameRecord} and t.epoch = g.epoch`,
      ),
      values: withEpochs(over),
      prepared: true,
    });
  }
  if (begun.length > 0) {
    statements.push({
      text: `insert into aorta_try (flow, lane, topic, partition, record_offset, epoch)
        select * from unnest(${lanePlaces}, $5::int8[], $6::int8[]) on conflict do nothing`,
      values: withEpochs(begun),
      prepared: true,
    });
  }
  return statements;
}

function outcomes(groups: readonly LaneGroup[]): InLane<Outcome>[] {
  const writes = groups.flatMap(({ lane, epoch, suspects: notes }) =>
    notes.map(({ offset, note }) => ({ in: lane, offset, epoch, settled: note === 'settled', stands: note === 'begun' })),
  );
  const idOf = (write: InLane<Outcome>) => JSON.stringify([...laneKey(write), write.offset]);
  const settled = new Set(writes.filter((write) => write.settled).map(idOf));
  return lastOf(writes, idOf).map((write) => ({ ...write, settled: settled.has(idOf(write)) }));
}

/** Notes of an owner that lost the lane and lives. Rows by their place, the order in which the statements above lock them. */
export async function outlived(pool: PostgresPool, { flow, lane, topic, partition }: LaneRef, epoch: number, offsets: readonly number[]) {
  await pool.query({
    text: `delete from aorta_try where ctid = any(array(select ctid from aorta_try
      where flow = $1 and lane = $2 and topic = $3 and partition = $4 and epoch = $5 and record_offset = any($6::int8[])))`,
    values: [flow, lane, topic, partition, epoch, array('int8', offsets)],
    prepared: true,
  });
}
