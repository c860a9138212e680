import { array } from '../../../postgres/array.ts';
import type { LaneGroup, LaneRef } from '../../port.ts';

export const laneColumns = ['flow', 'lane', 'topic', 'partition'] as const;

/** The four columns of a lane, as arrays. */
export const laneArrays = (lanes: readonly LaneRef[]): Buffer[] => [
  array(
    'text',
    lanes.map((lane) => lane.flow),
  ),
  array(
    'text',
    lanes.map((lane) => lane.lane),
  ),
  array(
    'text',
    lanes.map((lane) => lane.topic),
  ),
  array(
    'int4',
    lanes.map((lane) => lane.partition),
  ),
];
export const lanePlaces = '$1::text[], $2::text[], $3::text[], $4::int4[]';
export const sameLane = 't.flow = g.flow and t.lane = g.lane and t.topic = g.topic and t.partition = g.partition';

/** The last write of each row, in the order of the rows' ids: every transaction locks them in it. */
export function lastOf<T>(writes: readonly T[], idOf: (write: T) => string): T[] {
  const last = new Map<string, T>();
  for (const write of writes) last.set(idOf(write), write);
  return [...last.keys()].sort().map((id) => last.get(id) as T);
}

export type InLane<T> = T & { readonly in: LaneRef };
export const inLanes = <T extends object>(groups: readonly LaneGroup[], of: (group: LaneGroup) => readonly T[]): InLane<T>[] =>
  groups.flatMap((group) => of(group).map((item) => ({ ...item, in: group.lane })));
export const laneKey = ({ in: lane }: InLane<object>): unknown[] => laneColumns.map((column) => lane[column]);
