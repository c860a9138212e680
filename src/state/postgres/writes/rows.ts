import { array } from '../../../postgres/array.ts';
import type { LaneGroup, LaneRef } from '../../port.ts';
import type { Source } from '../../table.ts';

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

/** Lists of one flow version each. All have the same as a rule: a process writes for one version. */
export function byWriter<T extends { readonly source: Source }>(writes: readonly T[]): readonly (readonly T[])[] {
  const first = writes[0]?.source;
  if (first === undefined) return [];
  if (writes.every(({ source }) => source.flowHash === first.flowHash && source.version === first.version)) return [writes];
  const lists = Object.groupBy(writes, ({ source: { flowHash, version } }) => `${flowHash}\u0000${version}`);
  return Object.values(lists) as T[][];
}
