import { array } from '../../../postgres/array.ts';
import { indexes } from '../../../postgres/indexes.ts';
import type { Statement } from '../../../postgres/pool.ts';
import type { LaneGroup } from '../../port.ts';
import { laneArrays, laneColumns, lanePlaces } from './rows.ts';

/**
 * First in every transaction that moves lanes, so it also says how to plan the statements that follow.
 * One call of the fence; the second group of a lane needs the first to be there, so it comes in a call of its own.
 */
export function advances(groups: readonly LaneGroup[]): Statement[] {
  const layers: LaneGroup[][] = [];
  const depth = new Map<string, number>();
  for (const group of groups) {
    const id = JSON.stringify(laneColumns.map((column) => group.lane[column]));
    const layer = depth.get(id) ?? 0;
    depth.set(id, layer + 1);
    layers[layer] ??= [];
    layers[layer].push(group);
  }
  return layers.map((layer) => ({
    text: `select aorta_advance(${lanePlaces}, $5::int8[], $6::int8[], $7::int8[], $8::int8[], $9::text[], $10::text[]), ${indexes}`,
    values: [
      ...laneArrays(layer.map((group) => group.lane)),
      array(
        'int8',
        layer.map((group) => group.epoch),
      ),
      array(
        'int8',
        layer.map((group) => group.group),
      ),
      array(
        'int8',
        layer.map((group) => group.sentThrough),
      ),
      array(
        'int8',
        layer.map((group) => group.applied.watermark),
      ),
      array(
        'text',
        layer.map((group) => JSON.stringify(group.applied.runs)),
      ),
      array(
        'text',
        layer.map((group) => JSON.stringify(group.applied.hops)),
      ),
    ],
    prepared: true,
  }));
}
