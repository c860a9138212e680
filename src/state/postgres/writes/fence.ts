import { array } from '../../../postgres/array.ts';
import type { Statement } from '../../../postgres/pool.ts';
import type { LaneFence, LaneGroup } from '../../port.ts';
import { laneArrays, laneColumns, lanePlaces } from './rows.ts';

/** What groups name besides their own lanes: nothing for a flow with one source and no independent lanes. */
export function fence(groups: readonly LaneGroup[]): Statement[] {
  if (groups.every((group) => !group.fence?.length)) return [];
  // The groups' own lanes too: all locks are taken in one order.
  const lanes = new Map<string, LaneFence>();
  for (const { lane, epoch, fence: others = [] } of groups)
    for (const named of [{ lane, epoch }, ...others])
      lanes.set(JSON.stringify([...laneColumns.map((c) => named.lane[c]), named.epoch]), named);
  const all = [...lanes.values()];
  return [
    {
      text: `select aorta_fence(${lanePlaces}, $5::int8[])`,
      values: [
        ...laneArrays(all.map(({ lane }) => lane)),
        array(
          'int8',
          all.map(({ epoch }) => epoch),
        ),
      ],
      prepared: true,
    },
  ];
}
