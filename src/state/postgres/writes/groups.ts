import type { Statement } from '../../../postgres/pool.ts';
import type { LaneGroup } from '../../port.ts';
import { advances } from './advance.ts';
import { effectStatements } from './effects.ts';
import { fence } from './fence.ts';
import { held } from './held.ts';
import { outbox } from './outbox.ts';
import { redrives } from './redrives.ts';
import { states } from './states.ts';
import { suspects } from './suspects.ts';
import { timers } from './timers.ts';

/** Everything that groups write, as the statements of one transaction; the fence comes first. */
export function groupStatements(groups: readonly LaneGroup[]): Statement[] {
  return [
    ...fence(groups),
    ...advances(groups),
    ...states(groups),
    ...timers(groups),
    ...suspects(groups),
    ...held(groups),
    ...outbox(groups),
    ...redrives(groups),
    ...effectStatements(groups.flatMap((group) => group.effects)),
  ];
}
