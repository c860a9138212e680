import type { Flow } from '../flow/flow.ts';
import { mainLane } from '../flow/nodes.ts';
import type { LaneRef } from '../state/port.ts';

/** What the names of a flow's producers depend on. */
export type Emitting = Pick<Flow<unknown>, 'name' | 'sources'>;

/** Who numbers what a lane emits. */
export function producerOf({ name, sources }: Emitting, { lane, topic, partition }: LaneRef): string {
  if (lane !== mainLane) return `${name}/${lane}@${topic}/${partition}`;
  return sources.length === 1 ? `${name}/${partition}` : `${name}/${topic}/${partition}`;
}
