import { array } from '../../../postgres/array.ts';
import type { Statement } from '../../../postgres/pool.ts';
import type { LaneGroup } from '../../port.ts';

export function redrives(groups: readonly LaneGroup[]): Statement[] {
  const done = groups.flatMap((group) => group.redrivesDone);
  if (done.length === 0) return [];
  return [{ text: 'delete from aorta_redrive where id = any($1::text[])', values: [array('text', done)], prepared: true }];
}
